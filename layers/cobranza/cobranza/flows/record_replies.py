"""What people wrote to us: the messages of one webhook body, in few calls.

A stop is kept before we look who wrote, and holds for them before anything else is; then messages and lines go
together, and last that they are to be answered. Who dies in between does it all when Meta sends the body again,
and nothing is kept twice.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from cobranza.conversation.buttons import of_button
from cobranza.conversation.identity import four_digits
from cobranza.conversation.intent import Intent, understand
from cobranza.errors import InvalidInput
from cobranza.flows.callers import Callers
from cobranza.flows.hands import by_hands
from cobranza.flows.leave_in_peace import Peace, Stop
from cobranza.flows.record_news import OPTED_OUT, NewsDesk
from cobranza.queues import Queue, ReplyToAnswer
from cobranza.store.case_keys import case_id
from cobranza.store.conversations import MAX_RAW, Conversations, Inbound
from cobranza.store.journal import Journal, Line
from cobranza.store.keys import MessageKey, borrower_pk, chat_pk, event_key
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages, Past, Sent
from cobranza.store.table import READS_A_CALL, ConditionFailed, Item, utc
from cobranza.whatsapp.events import InboundMessage, Media
from cobranza.whatsapp.kinds import NOT_ME, YES
from cobranza.whatsapp.number_news import changed_by

# What nobody answers: a thumb, and what WhatsApp tells of a number or of a chat that was opened. All else is a
# borrower's word, also in a form that nobody has seen yet.
NO_WORD = frozenset({"reaction", "system", "request_welcome"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A message, what it seems to mean, and who wrote it: `phones` are the references of the number it came from,
    `chats` those of whose conversations it belongs to."""

    event: InboundMessage
    intent: Intent
    wamid: str
    phones: list[str]
    borrowers: list[str]
    chats: list[str]

    @property
    def key(self) -> str:
        return event_key(self.event.at, self.wamid)

    @property
    def is_receipt(self) -> bool:
        return self.event.media is not None and _may_be_a_receipt(self.event.type, self.event.media)

    @property
    def stops(self) -> bool:
        """Whether a borrower asks us to stop."""
        return self.intent is Intent.STOP and bool(self.borrowers)

    @property
    def kind(self) -> str:
        """Under which it is counted."""
        if not self.borrowers:
            return "inbound_unknown_number"
        return "receipt" if self.is_receipt else "inbound"


@dataclass(frozen=True, slots=True)
class ReplyDesk:
    """`workers`: by how many hands it asks who wrote. Moments decide, so that their order does not matter."""

    ledger: Ledger
    conversations: Conversations
    messages: Messages
    journal: Journal
    media: Queue[ReplyToAnswer]
    news: NewsDesk
    replies: Queue[ReplyToAnswer]
    workers: int

    def record(
        self, events: Iterable[InboundMessage], callers: Callers, now: datetime, trace: str
    ) -> tuple[Counter[str], Exception | None]:
        """Keeps them all and counts them by kind. Where some cannot be stored together, halves of them are tried;
        the first storage error is given back, and the others are kept."""
        counts: Counter[str] = Counter()
        failure: Exception | None = None
        for together in batched(events, READS_A_CALL, strict=False):
            kept, failed = self._keep(together, callers, now, trace)
            counts += kept
            failure = failure or failed
        return counts, failure

    def _keep(
        self, events: Sequence[InboundMessage], callers: Callers, now: datetime, trace: str
    ) -> tuple[Counter[str], Exception | None]:
        try:
            return self._settle(events, callers, now, trace)
        except Exception as error:
            if len(events) == 1:
                self._keep_at_least_words(events[0], callers)
                return Counter(), error
        half = len(events) // 2
        first, failed = self._keep(events[:half], callers, now, trace)
        second, failed_too = self._keep(events[half:], callers, now, trace)
        return first + second, failed or failed_too

    def _keep_at_least_words(self, event: InboundMessage, callers: Callers) -> None:
        """Meta sends again what could not be done; until then somebody may want to read it."""
        with suppress(Exception):
            reply, profiles = self._read(event, callers), dict[str, Item]()
            with suppress(Exception):
                profiles = _known(self._pasts(reply.borrowers))
            self.conversations.record_inbound(_inbound(reply, callers, profiles))

    def _settle(
        self, events: Sequence[InboundMessage], callers: Callers, now: datetime, trace: str
    ) -> tuple[Counter[str], Exception | None]:
        replies = by_hands(self.workers, lambda event: self._read(event, callers), events)
        failures = self._keep_words(replies, callers, now)
        # Also when they were recorded before: the first try may have died here.
        files = [
            ReplyToAnswer(chat, each.key, trace) for each in replies if each.is_receipt for chat in each.chats
        ]
        self.media.put(dict.fromkeys(files))
        for reply in replies:
            if change := changed_by(reply.event):
                self.news.follow(change, callers, now)
        for_answer = [each for each in replies if each.key not in failures and _is_answered(each)]
        # Once for a message, in whose conversation ever it is; last, so that a stop is confirmed that is kept.
        asked = (ReplyToAnswer(each.chats[0], each.key, trace, utc(now)) for each in for_answer)
        self.replies.put(dict.fromkeys(asked))
        kept = [each for each in replies if each.key not in failures]
        counts = Counter(each.kind for each in kept) + Counter(OPTED_OUT for each in kept if each.stops)
        return counts, next(iter(failures.values()), None)

    def _read(self, event: InboundMessage, callers: Callers) -> Reply:
        intent = of_button(event.payload) or understand(event.text, event.at.date()).intent
        phones = callers.phones(event.sender, event.user_ids)
        if intent is Intent.STOP:
            # Before we look who has the phone: who is imported meanwhile finds the stop.
            for ref in phones or callers.user_refs(event.user_ids):
                self.ledger.stop_phone(ref, event.at)
        borrowers = callers.borrowers(event.sender, event.user_ids)
        wamid = callers.references.ref("wamid", event.wamid)
        return Reply(event, intent, wamid, phones, borrowers, borrowers or [_stranger(event, callers)])

    def _keep_words(self, replies: Sequence[Reply], callers: Callers, now: datetime) -> dict[str, ConditionFailed]:
        """Does what they ask for, then keeps and notes them; why not, by a message's key: a borrower who is being
        imported keeps nobody else from stopping."""
        failures: dict[str, ConditionFailed] = {}
        stopped: dict[str, Mapping[str, Item]] = {}
        for reply in replies:
            if reply.intent is Intent.STOP:
                stopped[reply.key], failure = self._stop(reply, callers, now)
                if failure:
                    failures[reply.key] = failure
        moments = _last_moments(replies)
        pasts = self._pasts(moments)
        lines: list[Line] = []
        for reply in replies:
            for borrower in reply.borrowers:
                profile, sent = pasts[borrower]
                if not profile:
                    failures.setdefault(reply.key, ConditionFailed({}))
                lines += self._identify(borrower, reply, callers)
                told = {"bot_paused": _is_paused(profile, now), "debts": _answered(sent, reply.event)}
                lines.append(_line(borrower_pk(borrower), "reply", reply, told))
                if (scope := stopped.get(reply.key, {}).get(borrower)) is not None:
                    lines.append(_line(borrower_pk(borrower), "opt_out", reply, told | scope))
            if not reply.borrowers:
                phones = {"phones": reply.phones} if reply.intent is Intent.STOP else {}
                lines.append(_line(chat_pk(reply.chats[0]), "reply", reply, phones))
        profiles = _known(pasts)
        words = self.conversations.bundle(each for reply in replies for each in _inbound(reply, callers, profiles))
        unread = {borrower for reply in replies if _is_answered(reply) for borrower in reply.borrowers}
        self.ledger.words.heard_from(profiles, moments, now, [words, self.journal.bundle(lines, now)], unread)
        return failures

    def _stop(
        self, reply: Reply, callers: Callers, now: datetime
    ) -> tuple[Mapping[str, Item], ConditionFailed | None]:
        """As `Peace.follow`, whose lines of the borrowers who wrote are told with what they wrote."""
        asked = Stop(reply.event.at, reply.event.type[:40], reply.wamid)
        return Peace(callers, self.journal).follow(reply.phones, asked, now, noted=reply.borrowers)

    def _pasts(self, borrowers: Iterable[str]) -> dict[str, Past]:
        names = sorted(borrowers)
        return dict(zip(names, by_hands(self.workers, self.messages.past, names), strict=True))

    def _identify(self, borrower: str, reply: Reply, callers: Callers) -> list[Line]:
        """A button of a first contact was pressed at the phone that it is about, while that is the borrower's."""
        event, word = reply.event, _pressed(reply.event.payload, borrower)
        loaded = self.ledger.load(borrower) if word else None
        phone = loaded.book.borrower.phone_ref if loaded else ""
        if not loaded or not phone or phone not in callers.phones(event.sender, event.user_ids):
            return []
        if word == YES:
            self.ledger.know_at(borrower, phone)
        else:
            self.ledger.know_nowhere(borrower)
            self.ledger.words.deny_number(borrower, event.at, case_id(reply.chats[0], reply.key))
        debts = sorted(debt.terms.key for debt in loaded.book.debts if debt.is_open)
        told: Item = {"number": event.phone_number_id, "message": reply.wamid, "debts": debts}
        name = "identified" if word == YES else "wrong_number"
        return [Line(subject=borrower_pk(borrower), event=name, identity=reply.wamid, at=event.at, facts=told)]


def _known(pasts: Mapping[str, Past]) -> dict[str, Item]:
    """The profiles of those who have one."""
    return {name: past.profile for name, past in pasts.items() if past.profile}


def _stranger(event: InboundMessage, callers: Callers) -> str:
    if event.sender:
        return callers.references.ref("phone", f"+{event.sender}")
    return callers.references.ref("bsuid", event.sender_bsuid or "")


def _is_answered(reply: Reply) -> bool:
    """A receipt is answered where it is fetched, unless what is written below it must be heard."""
    event = reply.event
    has_words = not reply.is_receipt or understand(event.text, event.at.date()).must_be_heard
    return event.type not in NO_WORD and has_words


def _last_moments(replies: Iterable[Reply]) -> dict[str, datetime]:
    """When each borrower wrote last."""
    found: dict[str, datetime] = {}
    for reply in replies:
        for borrower in reply.borrowers:
            found[borrower] = max(found.get(borrower, reply.event.at), reply.event.at)
    return found


def _is_paused(profile: Item, now: datetime) -> bool:
    """Whether a person alone answers the borrower."""
    until = profile.get("human_until")
    return bool(until) and now < datetime.fromisoformat(until)


def _answered(sent: Iterable[Sent], event: InboundMessage) -> list[str]:
    """The debts of the message that is answered: of the quoted one, else of the last one before."""
    before = [each for each in sent if each.message.claimed_at <= event.at]
    quoted = [each for each in before if event.context_wamid and each.wamid == event.context_wamid]
    last = max(quoted or before, key=lambda each: each.key.day, default=None)
    return sorted(last.message.debts) if last else []


def _line(subject: str, name: str, reply: Reply, told: Item) -> Line:
    """That somebody we know or do not know wrote, what kind of message, and what it seems to mean; the words stay
    in the conversation."""
    event = reply.event
    facts: Item = {"type": event.type[:40], "number": event.phone_number_id, "message": reply.wamid, "debts": []}
    facts |= {"intent": reply.intent, **told}
    return Line(subject=subject, event=name, identity=reply.wamid, at=event.at, facts=facts)


def _inbound(reply: Reply, callers: Callers, profiles: Mapping[str, Item]) -> list[Inbound]:
    """In the conversation of each who has the phone; `profiles` of those whom we know."""
    content = _content(reply)
    if digits := four_digits(reply.event.text):
        content["last4"] = {ref: callers.references.last4(ref, digits) for ref in reply.borrowers}
    first, *others = reply.chats
    shared = content | {"first_chat": first}  # whose picture it is, for all others who have the phone
    found = [(first, content), *((chat, shared) for chat in others)]
    return [
        Inbound(chat, reply.event.at, reply.wamid, told, profiles.get(chat, {}).get("country", ""))
        for chat, told in found
    ]


def _content(reply: Reply) -> Item:
    """What the conversation keeps of a message."""
    event = reply.event
    content: Item = {
        "type": event.type,
        "text": event.text,
        "payload": event.payload,
        "context": event.context_wamid or "",
        "phone_number_id": event.phone_number_id,
        "wamid": event.wamid,
        "from": event.sender,
        "user_id": event.sender_bsuid or "",
        "phones": reply.phones,
    }
    if event.media:
        content["media"] = {
            "id": event.media.id,
            "mime_type": event.media.mime_type,
            "sha256": event.media.sha256,
        }
    if reply.is_receipt:
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
