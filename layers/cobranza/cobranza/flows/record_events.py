"""The webhook: every event that Meta tells is kept, and moves what it is about forward."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from cobranza.conversation.buttons import of_button
from cobranza.conversation.intent import Intent, understand
from cobranza.errors import InvalidInput
from cobranza.ledger.phone import phone_variants
from cobranza.policy.breaker import Breaker
from cobranza.policy.due import Look, local_date, opening
from cobranza.policy.message import State
from cobranza.queues import MediaToFetch, Queue, ReplyToAnswer
from cobranza.refs import References
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.keys import MessageKey, borrower_pk, chat_pk, event_key
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.store.table import ConditionFailed, Item, utc
from cobranza.store.templates import Templates
from cobranza.whatsapp.errors import ProviderError, rule_for, scope_of
from cobranza.whatsapp.events import Event, InboundMessage, Media, OtherEvent, StatusEvent, Unreadable
from cobranza.whatsapp.kinds import NOT_ME, YES
from cobranza.whatsapp.template_news import template_news

STATES = {
    "sent": (State.SENT, "sent_at"),
    "delivered": (State.DELIVERED, "delivered_at"),
    "read": (State.READ, "read_at"),
    "failed": (State.FAILED, "failed_at"),
}
MEDIA = frozenset({"image", "document", "audio", "voice", "video", "sticker"})
# What gets an answer, unless it may be a receipt. Reactions and what WhatsApp tells of a number get none.
ANSWERED = frozenset({"text", "button", "interactive", "location", "contacts", *MEDIA})
MAX_RAW = 100_000  # characters: far below what an item may hold, far above what a message is


@dataclass(frozen=True, slots=True)
class Recorder:
    ledger: Ledger
    conversations: Conversations
    messages: Messages
    journal: Journal
    references: References
    media: Queue[MediaToFetch]
    templates: Templates
    replies: Queue[ReplyToAnswer]

    def record(self, events: Iterable[Event], now: datetime, trace: str) -> Counter[str]:
        """Keeps all events and counts them by kind. One that cannot be stored does not keep the others from it:
        the first storage error is raised at the end, so that Meta sends all again; what is stored is a no-op then.
        """
        counts: Counter[str] = Counter()
        failure: Exception | None = None
        for event in events:
            try:
                counts[self._record(event, now, trace)] += 1
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure
        return counts

    def _record(self, event: Event, now: datetime, trace: str) -> str:
        match event:
            case StatusEvent():
                return self._status(event, now)
            case InboundMessage():
                return self._inbound(event, now, trace)
            case OtherEvent():
                kept = self._keep_raw(event.field, asdict(event), now)
                return "template" if self._tells_of_template(event) else kept
            case Unreadable():
                return self._keep_raw("unreadable", asdict(event), now)

    def _tells_of_template(self, event: OtherEvent) -> bool:
        """What a template has become holds its messages from the next look at it on, or lets them go."""
        news = template_news(event)
        if news:
            self.templates.tell(news.name, news.language, news.told, news.at)
        return news is not None

    def _status(self, event: StatusEvent, now: datetime) -> str:
        if event.status not in STATES:
            return self._keep_raw("status", asdict(event), now)
        state, moment = STATES[event.status]
        facts: Item = {moment: event.at, "wamid": event.wamid}
        if event.errors:
            error = event.errors[0]
            facts["reason"] = {"code": error.code, "title": error.title, "details": error.details}
            facts["unreached"] = error.is_of_phone
        told: Item = {"number": event.phone_number_id, "message": self.references.ref("wamid", event.wamid)}
        if state is State.FAILED:
            told["code"] = f"FAILED_{event.errors[0].code if event.errors else 0}"
        try:
            key = self._message_of(event)
            claim = self.messages.advance(key, state, facts).item
        except (InvalidInput, ConditionFailed):
            self._note_stray(event, told, now)
            return self._keep_raw("stray_status", asdict(event), now)
        told |= {name: claim[name] for name in ("portfolio", "step", "template") if name in claim}
        for error in event.errors[:1]:
            self._stop(event, error, claim["template"])
        if claim.get("unreached"):
            self._know_phone(key, claim, event, now)
        told |= {"debts": sorted(claim["debts"])}
        self._note(borrower_pk(key.borrower), f"message.{event.status}", key.name, event.at, told, now)
        return event.status

    def _stop(self, event: StatusEvent, error: ProviderError, template: str) -> None:
        """Some stops come by status alone: the message was taken, and has failed; the next ones wait."""
        action = rule_for(error.code).action
        if action.stops:
            met = Breaker(scope_of(action, event.phone_number_id, template), utc(event.at), error.code)
            words = {"title": error.title, "details": error.details, "trace": error.trace}
            self.ledger.open_breaker(met, words)

    def _know_phone(self, key: MessageKey, claim: Item, event: StatusEvent, now: datetime) -> None:
        """A message failed because its phone cannot be reached, and has not arrived since. Told again it is no
        news; what arrived after all brings the phone back."""
        phone, failed_at = claim.get("phone_ref"), datetime.fromisoformat(claim["failed_at"])
        if not phone:
            return
        if State(claim["state"]) is not State.FAILED:
            self.ledger.words.reached(key.borrower, phone, max(failed_at, event.at))
            return
        self.ledger.words.not_reached(key.borrower, phone, failed_at, int(claim["reason"]["code"]))
        self._look_again(key, now)

    def _look_again(self, key: MessageKey, now: datetime) -> None:
        """On the next day, which is another one than the message's: there may be another phone."""
        loaded = self.ledger.load(key.borrower)
        if loaded and any(debt.is_open for debt in loaded.book.debts):
            who = loaded.book.borrower
            day = max(key.day, local_date(who, now)) + timedelta(days=1)
            self.ledger.look_at(key.borrower, Look(opening(who.country, who.region, day, 0)))

    def _note_stray(self, event: StatusEvent, told: Item, now: datetime) -> None:
        """Of an answer of ours, or of a message that we forgot: the line says what is known."""
        borrowers = self._borrowers(event.recipient)
        subject = borrower_pk(borrowers[0]) if borrowers else chat_pk(told["message"])
        self._note(subject, f"message.{event.status}", told["message"], event.at, told, now)

    def _message_of(self, event: StatusEvent) -> MessageKey:
        """By our own id, else by the recipient's number and the wamid. Raises InvalidInput when it is not ours."""
        if event.opaque:
            return MessageKey.parse(event.opaque)
        for borrower in self._borrowers(event.recipient):
            for key, _, wamid in self.messages.recent(borrower):
                if wamid == event.wamid:
                    return key
        raise InvalidInput("STRAY_STATUS", "a status of a message that we do not know")

    def _inbound(self, event: InboundMessage, now: datetime, trace: str) -> str:
        stops = (of_button(event.payload) or understand(event.text, event.at.date()).intent) is Intent.STOP
        if stops:
            # Before we look who has the phone: who is imported meanwhile finds the stop.
            for ref in self._phone_refs(event.sender) or [self._stranger(event)]:
                self.ledger.stop_phone(ref, event.at)
        borrowers = self._borrowers(event.sender)
        receipt = event.media is not None and _may_be_a_receipt(event.type, event.media)
        wamid = self.references.ref("wamid", event.wamid)
        content = _content(event, self._phone_refs(event.sender), receipt=receipt)
        chats = borrowers or [self._stranger(event)]
        for chat in chats:
            key = self.conversations.record_inbound(chat, event.at, wamid, content)
            if receipt:
                # Also when it was recorded before: the first try may have died here.
                self.media.put([MediaToFetch(chat, key, trace)])
        if not borrowers:
            self._note_inbound(chat_pk(chats[0]), event, wamid, [], now, stops=False)
            self._ask_for_an_answer(event, chats[0], wamid, trace, receipt=receipt)
            return "inbound_unknown_number"
        failure: ConditionFailed | None = None
        for borrower in borrowers:
            try:
                self._obey(borrower, event.at, stops=stops)
            except ConditionFailed as error:  # a borrower who is being imported keeps nobody else from stopping
                failure = failure or error
            self._identify(borrower, event, wamid, now)
            debts = self._answered(borrower, event)
            self._note_inbound(borrower_pk(borrower), event, wamid, debts, now, stops=stops)
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

    def _obey(self, borrower: str, at: datetime, *, stops: bool) -> None:
        if stops:
            self.ledger.opt_out(borrower, at)
        self.ledger.heard_from(borrower, at)

    def _identify(self, borrower: str, event: InboundMessage, wamid: str, now: datetime) -> None:
        """A button of a first contact was pressed at the phone that it is about, while that is the borrower's."""
        word = _pressed(event.payload, borrower)
        loaded = self.ledger.load(borrower) if word else None
        phone = loaded.book.borrower.phone_ref if loaded else ""
        if not phone or phone not in self._phone_refs(event.sender):
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

    def _note_inbound(
        self, subject: str, event: InboundMessage, wamid: str, debts: list[str], now: datetime, *, stops: bool
    ) -> None:
        """That somebody wrote, and what kind of message; the words stay in the conversation."""
        told: Item = {"type": event.type[:40], "number": event.phone_number_id, "message": wamid, "debts": debts}
        for name in ("reply", "opt_out") if stops else ("reply",):
            self._note(subject, name, wamid, event.at, told, now)

    def _note(self, subject: str, event: str, identity: str, at: datetime, told: Item, now: datetime) -> None:
        self.journal.append(subject, now, event, identity, told, at=at)

    def _stranger(self, event: InboundMessage) -> str:
        if event.sender:
            return self.references.ref("phone", f"+{event.sender}")
        return self.references.ref("bsuid", event.sender_bsuid or "")

    def _borrowers(self, wa_id: str) -> list[str]:
        """Who has this number. Never by last digits."""
        refs = self._phone_refs(wa_id)
        return sorted({borrower for ref in refs for borrower in self.ledger.borrowers_behind(ref)})

    def _phone_refs(self, wa_id: str) -> list[str]:
        """One for each form in which WhatsApp may report this number; none when it is hidden."""
        return [self.references.ref("phone", f"+{form}") for form in phone_variants(wa_id)] if wa_id else []

    def _keep_raw(self, kind: str, content: dict[str, Any], now: datetime) -> str:
        """What we do not act on yet, as it came, once."""
        raw = json.dumps(content, sort_keys=True, default=str)
        digest = self.references.ref("news", raw)
        self.conversations.keep_news(kind[:64], digest, raw[:MAX_RAW], now)
        return kind if kind in ("stray_status", "unreadable") else "other"


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
