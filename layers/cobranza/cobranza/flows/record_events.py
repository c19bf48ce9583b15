"""The webhook: every event that Meta tells is kept, and moves what it is about forward."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cobranza.conversation.buttons import of_button
from cobranza.conversation.identity import four_digits
from cobranza.conversation.intent import Intent, understand
from cobranza.errors import InvalidInput
from cobranza.flows.callers import Callers
from cobranza.flows.hands import hands
from cobranza.flows.meet_people import Acquaintance
from cobranza.flows.record_news import NewsDesk
from cobranza.flows.record_statuses import STATES, StatusDesk
from cobranza.queues import MediaToFetch, Queue, ReplyToAnswer
from cobranza.refs import References
from cobranza.store.conversations import MAX_RAW, Conversations
from cobranza.store.journal import Journal
from cobranza.store.keys import MessageKey, borrower_pk, chat_pk, event_key, is_borrower
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.store.table import ConditionFailed, Item
from cobranza.whatsapp.events import Event, InboundMessage, Media, OtherEvent, StatusEvent, Unreadable
from cobranza.whatsapp.kinds import NOT_ME, YES
from cobranza.whatsapp.number_news import changed_by

MEDIA = frozenset({"image", "document", "audio", "voice", "video", "sticker"})
# What gets an answer, unless it may be a receipt. Reactions and what WhatsApp tells of a number get none.
ANSWERED = frozenset({"text", "button", "interactive", "location", "contacts", *MEDIA})


@dataclass(frozen=True, slots=True)
class Recorder:
    """`workers`: by how many hands it keeps what are no statuses. Moments decide, so that their order does not
    matter."""

    ledger: Ledger
    conversations: Conversations
    messages: Messages
    journal: Journal
    references: References
    media: Queue[MediaToFetch]
    news: NewsDesk
    replies: Queue[ReplyToAnswer]
    workers: int = 1

    def record(self, events: Iterable[Event], now: datetime, trace: str) -> Counter[str]:
        """Keeps all events and counts them by kind. One that cannot be stored does not keep the others from it:
        the first storage error is raised at the end, so that Meta sends all again; what is stored is a no-op then.
        """
        events, callers = list(events), Callers(self.ledger, self.references)
        people = [event for event in events if isinstance(event, StatusEvent | InboundMessage)]
        unmet = self._meet(people, callers, now)
        statuses = [event for event in events if isinstance(event, StatusEvent) and event.status in STATES]
        desk = StatusDesk(self.ledger, self.conversations, self.messages, self.journal)
        counts, failed = desk.record(statuses, callers, now)
        failure = unmet or failed
        others = [event for event in events if not (isinstance(event, StatusEvent) and event.status in STATES)]
        with hands(min(self.workers, len(others))) as threads:
            for kind, error in threads.map(lambda event: self._try(event, callers, now, trace), others):
                counts[kind] += not error
                failure = failure or error
        if failure:
            raise failure
        self.news.meet((event.shown_number, event.phone_number_id) for event in people if event.shown_number)
        return +counts

    def _meet(
        self, people: Sequence[StatusEvent | InboundMessage], callers: Callers, now: datetime
    ) -> Exception | None:
        try:
            Acquaintance(callers, self.journal).meet_all(people, now)
        except Exception as error:
            return error
        return None

    def _try(self, event: Event, callers: Callers, now: datetime, trace: str) -> tuple[str, Exception | None]:
        try:
            return self._record(event, callers, now, trace), None
        except Exception as error:
            return "", error

    def _record(self, event: Event, callers: Callers, now: datetime, trace: str) -> str:
        match event:
            case StatusEvent():
                return self._keep_raw("status", asdict(event), now)
            case InboundMessage():
                return self._inbound(event, callers, now, trace)
            case OtherEvent():
                return self.news.record(event, callers, now)
            case Unreadable():
                return self._keep_raw("unreadable", asdict(event), now)

    def _inbound(self, event: InboundMessage, callers: Callers, now: datetime, trace: str) -> str:
        intent = of_button(event.payload) or understand(event.text, event.at.date()).intent
        phones = callers.phones(event.sender, event.user_ids)
        if intent is Intent.STOP:
            # Before we look who has the phone: who is imported meanwhile finds the stop.
            for ref in phones or callers.user_refs(event.user_ids):
                self.ledger.stop_phone(ref, event.at)
        borrowers = callers.borrowers(event.sender, event.user_ids)
        receipt = event.media is not None and _may_be_a_receipt(event.type, event.media)
        wamid = self.references.ref("wamid", event.wamid)
        content = _content(event, phones, receipt=receipt)
        if digits := four_digits(event.text):
            content["last4"] = {ref: self.references.last4(ref, digits) for ref in borrowers}
        chats = borrowers or [self._stranger(event)]
        for chat in chats:
            key = self.conversations.record_inbound(chat, event.at, wamid, content)
            if receipt:
                # Also when it was recorded before: the first try may have died here.
                self.media.put([MediaToFetch(chat, key, trace)])
        if change := changed_by(event):
            self.news.follow(change, callers, now)
        if not borrowers:
            self._note_inbound(chat_pk(chats[0]), event, wamid, {"intent": intent}, now)
            self._ask_for_an_answer(event, chats[0], wamid, trace, receipt=receipt)
            return "inbound_unknown_number"
        failure: ConditionFailed | None = None
        for borrower in borrowers:
            until = None
            try:
                until = self._obey(borrower, event.at, stops=intent is Intent.STOP)
            except ConditionFailed as error:  # a borrower who is being imported keeps nobody else from stopping
                failure = failure or error
            self._identify(borrower, event, callers, wamid, now)
            told: Item = {"intent": intent, "bot_paused": until is not None and now < until}
            told["debts"] = self._answered(borrower, event)
            self._note_inbound(borrower_pk(borrower), event, wamid, told, now)
        if failure:
            raise failure
        self._ask_for_an_answer(event, chats[0], wamid, trace, receipt=receipt)
        return "receipt" if receipt else "inbound"

    def _ask_for_an_answer(
        self, event: InboundMessage, chat: str, wamid: str, trace: str, *, receipt: bool
    ) -> None:
        """Once for a message, in whose conversation ever it is; last, so that a stop is confirmed that is kept."""
        if not receipt and event.type in ANSWERED:
            self.replies.put([ReplyToAnswer(chat, event_key(event.at, wamid), trace)])

    def _obey(self, borrower: str, at: datetime, *, stops: bool) -> datetime | None:
        """Until when a person alone answers them."""
        if stops:
            self.ledger.opt_out(borrower, at)
        return self.ledger.words.heard_from(borrower, at)

    def _identify(self, borrower: str, event: InboundMessage, callers: Callers, wamid: str, now: datetime) -> None:
        """A button of a first contact was pressed at the phone that it is about, while that is the borrower's."""
        word = _pressed(event.payload, borrower)
        loaded = self.ledger.load(borrower) if word else None
        phone = loaded.book.borrower.phone_ref if loaded else ""
        if not phone or phone not in callers.phones(event.sender, event.user_ids):
            return
        if word == YES:
            self.ledger.know_at(borrower, phone)
        else:
            self.ledger.words.deny_number(borrower, event.at)
        name = "identified" if word == YES else "wrong_number"
        debts = sorted(debt.terms.key for debt in loaded.book.debts if debt.is_open) if loaded else []
        told: Item = {"number": event.phone_number_id, "message": wamid, "debts": debts}
        self._note(borrower_pk(borrower), name, wamid, event.at, told, now)

    def _answered(self, borrower: str, event: InboundMessage) -> list[str]:
        """The debts of the message that is answered: of the quoted one, else of the last one before."""
        before = [each for each in self.messages.recent(borrower) if each[1].claimed_at <= event.at]
        quoted = [each for each in before if event.context_wamid and each[2] == event.context_wamid]
        last = max(quoted or before, key=lambda each: each[1].day, default=None)
        return sorted(last[1].debts) if last else []

    def _note_inbound(self, subject: str, event: InboundMessage, wamid: str, told: Item, now: datetime) -> None:
        """That somebody we know or do not know wrote, what kind of message, and what it seems to mean; the words
        stay in the conversation."""
        line: Item = {"type": event.type[:40], "number": event.phone_number_id, "message": wamid, "debts": []}
        stops = told["intent"] is Intent.STOP and is_borrower(subject)
        for name in ("reply", "opt_out") if stops else ("reply",):
            self._note(subject, name, wamid, event.at, line | told, now)

    def _note(self, subject: str, event: str, identity: str, at: datetime, told: Item, now: datetime) -> None:
        self.journal.append(subject, now, event, identity, told, at=at)

    def _stranger(self, event: InboundMessage) -> str:
        if event.sender:
            return self.references.ref("phone", f"+{event.sender}")
        return self.references.ref("bsuid", event.sender_bsuid or "")

    def _keep_raw(self, kind: str, content: dict[str, Any], now: datetime) -> str:
        """What we do not act on yet, as it came, once."""
        self.conversations.keep_raw(kind, content, self.references, now)
        return kind if kind == "unreadable" else "other"


def _content(event: InboundMessage, phones: list[str], *, receipt: bool) -> Item:
    """What the conversation keeps of a message; `phones` are the references of the number it came from."""
    content: Item = {
        "type": event.type,
        "text": event.text,
        "payload": event.payload,
        "context": event.context_wamid or "",
        "phone_number_id": event.phone_number_id,
        "wamid": event.wamid,
        "from": event.sender,
        "user_id": event.sender_bsuid or "",
        "phones": phones,
    }
    if event.media:
        content["media"] = {
            "id": event.media.id,
            "mime_type": event.media.mime_type,
            "sha256": event.media.sha256,
        }
    if receipt:
        content["receipt"] = "TO_FETCH"
    if event.type != "text":
        content["raw"] = json.dumps(event.raw)[:MAX_RAW]
    return content


def _pressed(payload: str, borrower: str) -> str:
    """YES or NOT_ME, where the payload is of a first contact to this borrower; else empty."""
    word, _, opaque = payload.partition(".")
    try:
        is_ours = MessageKey.parse(opaque).borrower == borrower
    except InvalidInput:
        return ""
    return word if is_ours and word in (YES, NOT_ME) else ""


def _may_be_a_receipt(kind: str, media: Media) -> bool:
    """A picture or a PDF that was sent as such; a sticker is a picture too, and no receipt."""
    return kind in ("image", "document") and media.mime_type.startswith(("image/", "application/pdf"))
