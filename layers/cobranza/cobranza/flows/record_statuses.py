"""What became of our messages: the statuses of one webhook body, by message, in few calls.

A status of a message whose day is young is one write: its claim moves, and tells others and the day's close. A
failure, and what comes later, goes into the journal before the claim moves: who dies in between finds the same
news, and the same lines, when Meta sends the body again. What the claim knows is not written again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import batched, chain

from cobranza.errors import InvalidInput
from cobranza.flows.callers import Callers
from cobranza.flows.meet_people import Acquaintance
from cobranza.policy.breaker import Breaker
from cobranza.policy.due import Look, local_date, opening
from cobranza.policy.message import State
from cobranza.store.conversations import Conversations, Raw
from cobranza.store.journal import Journal, Line
from cobranza.store.keys import MessageKey, borrower_pk, chat_pk
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages, Progress
from cobranza.store.statuses import RISING, facts_of, is_met, is_young, noted_now
from cobranza.store.table import READS_A_CALL, ConditionFailed, Item, exact
from cobranza.whatsapp.errors import ProviderError, rule_for, scope_of
from cobranza.whatsapp.events import StatusEvent

STATES = {
    "sent": (State.SENT, "sent_at"),
    "delivered": (State.DELIVERED, "delivered_at"),
    "read": (State.READ, "read_at"),
    "failed": (State.FAILED, "failed_at"),
}


@dataclass(frozen=True, slots=True)
class StatusDesk:
    ledger: Ledger
    conversations: Conversations
    messages: Messages
    journal: Journal

    def record(
        self, events: Iterable[StatusEvent], callers: Callers, now: datetime
    ) -> tuple[Counter[str], Exception | None]:
        """Keeps them all and counts them by kind. Messages that cannot be stored together are stored one by one;
        the first storage error is given back, and the others are kept."""
        counts: Counter[str] = Counter()
        failure: Exception | None = None
        for together in batched(_by_message(events), READS_A_CALL, strict=False):
            kept, failed = self._keep(together, callers, now)
            counts += kept
            failure = failure or failed
        return counts, failure

    def _keep(
        self, told: Sequence[Sequence[StatusEvent]], callers: Callers, now: datetime
    ) -> tuple[Counter[str], Exception | None]:
        try:
            return self._settle(told, callers, now), None
        except Exception as error:
            if len(told) == 1:
                return Counter(), error
        alone = [self._keep([one], callers, now) for one in told]
        return sum((kept for kept, _ in alone), Counter[str]()), next((error for _, error in alone if error), None)

    def _settle(self, told: Iterable[Sequence[StatusEvent]], callers: Callers, now: datetime) -> Counter[str]:
        """Each of `told` are statuses of one message."""
        found: dict[MessageKey, list[StatusEvent]] = {}
        strays: list[StatusEvent] = []
        for events in told:
            key = self._message_of(events[0], callers)
            (found.setdefault(key, []) if key else strays).extend(events)
        # Before a claim says that the message was delivered, whose user id it is has been learnt.
        acquaintance = Acquaintance(callers, self.journal)
        acquaintance.meet_all((event for events in found.values() for event in events if _teaches(event)), now)
        claims = self._move(found, callers, now)
        strays += [event for key, events in found.items() if key not in claims for event in events]
        self.journal.append_all([_stray(event, callers) for event in strays], now)
        known = {key: found[key] for key in claims}
        for key, events in known.items():
            self._follow(key, claims[key], events, now)
        untaught = (events for key, events in known.items() if not is_met(claims[key]))
        acquaintance.meet_all([*chain.from_iterable(untaught), *strays], now)
        kept = [Raw("stray_status", asdict(event)) for event in strays]
        self.conversations.keep_raw(kept, callers.references, now)
        return Counter([event.status for events in known.values() for event in events]) + Counter(
            stray_status=len(strays)
        )

    def _move(
        self, found: Mapping[MessageKey, Sequence[StatusEvent]], callers: Callers, now: datetime
    ) -> dict[MessageKey, Item]:
        """The claims as they are then, of those that are there. One that is alone is not read before."""
        if len(found) == 1:
            ((key, events),) = found.items()
            if is_young(key, now) and all(event.status in RISING for event in events):
                return self._move_blindly(_progress(key, {}, events, callers, now))
        claims = self.messages.claims(found)
        known = {key: found[key] for key in claims}
        lines = [line for key, events in known.items() for line in _lines(key, claims[key], events, callers, now)]
        self.journal.append_all(lines, now)
        progress = [_progress(key, claims[key], events, callers, now) for key, events in known.items()]
        return dict(zip(known, self.messages.advance_all(progress), strict=True))

    def _move_blindly(self, told: Progress) -> dict[MessageKey, Item]:
        try:
            return {told.key: self.messages.advance(told.key, told.state, told.facts).item}
        except ConditionFailed:
            return {}

    def _message_of(self, event: StatusEvent, callers: Callers) -> MessageKey | None:
        """By our own id, else by the recipient and the wamid. None when it is not ours."""
        if event.opaque:
            return message_named(event)
        for borrower in callers.borrowers(event.recipient, event.user_ids):
            for key, _, wamid in self.messages.recent(borrower):
                if wamid == event.wamid:
                    return key
        return None

    def _follow(self, key: MessageKey, claim: Item, events: Iterable[StatusEvent], now: datetime) -> None:
        """What else it changes: every time that it is told, since whoever told it before may have died here."""
        for event in events:
            for error in event.errors[:1]:
                self._stop(event, error, claim["template"])
            if claim.get("unreached"):
                self._know_phone(key, claim, event, now)

    def _stop(self, event: StatusEvent, error: ProviderError, template: str) -> None:
        """Some stops come by status alone: the message was taken, and has failed; the next ones wait."""
        action = rule_for(error.code).action
        if action.stops:
            met = Breaker(scope_of(action, event.phone_number_id, template), exact(event.at), error.code)
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


def _teaches(event: StatusEvent) -> bool:
    return event.status == "delivered"


def message_named(event: StatusEvent) -> MessageKey | None:
    """By the id that we sent along. None where it is not ours."""
    try:
        return MessageKey.parse(event.opaque or "")
    except InvalidInput:
        return None


def _by_message(events: Iterable[StatusEvent]) -> list[list[StatusEvent]]:
    found: dict[tuple[str, str], list[StatusEvent]] = {}
    for event in events:
        found.setdefault((event.opaque or "", event.wamid), []).append(event)
    return list(found.values())


def _progress(
    key: MessageKey, claim: Item, events: Iterable[StatusEvent], callers: Callers, now: datetime
) -> Progress:
    """The furthest state of all, and each moment as it was first told."""
    facts: Item = {}
    for event in events:
        facts = _facts(key, event, callers, now) | facts
    return Progress(key, claim, max((STATES[event.status][0] for event in events), key=_rank), facts)


def _rank(state: State) -> int:
    return state.rank


def _facts(key: MessageKey, event: StatusEvent, callers: Callers, now: datetime) -> Item:
    _, moment = STATES[event.status]
    facts: Item = {moment: event.at.isoformat(), "wamid": event.wamid}
    if event.status in RISING and is_young(key, now):
        facts |= noted_now(event.status, now) | _told(event, callers)
    for error in event.errors[:1]:
        facts["reason"] = {"code": error.code, "title": error.title, "details": error.details}
        facts["unreached"] = error.is_of_phone
    return facts


def _told(event: StatusEvent, callers: Callers) -> Item:
    return {"number": event.phone_number_id, "message": callers.references.ref("wamid", event.wamid)}


def _lines(
    key: MessageKey, claim: Item, events: Iterable[StatusEvent], callers: Callers, now: datetime
) -> list[Line]:
    """Of what the claim does not know yet: a line for a failure, and one for how far the message came, unless the
    claim itself tells that."""
    news = {event.status: event for event in reversed([*events]) if STATES[event.status][1] not in claim}
    failed = news.pop("failed", None)
    facts = facts_of(claim)
    rising = sorted(news.values(), key=lambda event: STATES[event.status][0].rank)
    told = [rising] if rising and not is_young(key, now) else []
    told += [[failed]] if failed else []
    return [_line(borrower_pk(key.borrower), key.name, each, facts, callers) for each in told]


def _stray(event: StatusEvent, callers: Callers) -> Line:
    """Of an answer of ours, or of a message that we forgot: the line says what is known."""
    message = callers.references.ref("wamid", event.wamid)
    borrowers = callers.borrowers(event.recipient, event.user_ids)
    subject = borrower_pk(borrowers[0]) if borrowers else chat_pk(message)
    return _line(subject, message, [event], {}, callers)


def _line(
    subject: str, identity: str, rising: Sequence[StatusEvent], facts: Mapping[str, object], callers: Callers
) -> Line:
    """The last of them, and the others with it."""
    last = rising[-1]
    told: Item = {**facts, **_told(last, callers)}
    if last.status == "failed":
        told["code"] = f"FAILED_{last.errors[0].code if last.errors else 0}"
    return Line(
        subject=subject,
        event=f"message.{last.status}",
        identity=identity,
        at=last.at,
        facts=told,
        also={f"message.{event.status}": event.at for event in rising[:-1]},
    )
