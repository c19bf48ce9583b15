"""The sender: reads everything again, decides again, claims the day, calls WhatsApp, records.

At most one message leaves per borrower and local date: the claim is one conditional write before the call, and an
unclear result is never sent again. A message waits for its number's turn before the claim, so that whoever waits
too long, or dies waiting, leaves nothing behind; between claim and call nothing is waited for or computed.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from cobranza.flows.confirm import Confirmer, Told
from cobranza.flows.decide_fully import decide_fully
from cobranza.flows.faults import Faults, nobody_knows
from cobranza.flows.in_force import in_force
from cobranza.flows.pacer import Pacer
from cobranza.flows.room import Room
from cobranza.flows.settle_claim import settle, settle_dead
from cobranza.flows.stops import Stops
from cobranza.flows.upload_document import DocumentDesk
from cobranza.ledger.borrower import Borrower
from cobranza.policy.breaker import Breaker
from cobranza.policy.decision import Book, Defer, Policies, Rest, Send, Skip
from cobranza.policy.due import TOP, Look, StrategyOf, local_date, next_look
from cobranza.policy.feed import PAUSE_LOOK, Feed
from cobranza.policy.message import DEAD_AFTER, Consumed, Message, State
from cobranza.policy.pace import PAIR_PAUSE
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.promised import raised
from cobranza.queues import Reminder
from cobranza.store import keys
from cobranza.store.items import Finish, Taken
from cobranza.store.journal import Journal, Line
from cobranza.store.keys import MessageKey
from cobranza.store.ledger import Ledger, Loaded
from cobranza.store.messages import Messages
from cobranza.store.texts import Text, Texts
from cobranza.whatsapp.client import Accepted, Refused, Unclear, WhatsApp
from cobranza.whatsapp.errors import scope_of
from cobranza.whatsapp.messages import reminder_components, reminder_text, template_message

# What says that the number, or the whole app, sends too fast, and not only to this person.
TOO_FAST = frozenset({4, 80007, 130429})
# Seconds for which a message may wait on the queue for its turn, and how often: the queue gives it six times.
LONGEST_WAIT = 300
MOST_RECEIVES = 4
RATE_LOOK = timedelta(minutes=5)
# A closed debt that is longer past due keeps no step: what is so late is not sent.
STEPS_KEPT = timedelta(days=90)
RETRY_SOON = 5
# So long a message may have been told of by a status and by no line: its worker died, and nobody looked since.
TOLD_AGAIN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a look: its lines in the journal, then the end of the lease. Whoever dies before both are written
    comes again, finds the message, and writes the same."""

    lines: Sequence[Line]
    finish: Finish


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one reminder. `code` as in the outcome book: SENT, UNKNOWN, SKIPPED_x, DEFERRED_x, FAILED_n;
    empty when nothing was due. `retry_after`: not settled, the reminder must come back in so many seconds.
    `stopped` is the breaker that Meta's answer to it opened, or would have; `mend` as of a Defer. `closing` is
    what is still to be written of it: until then it is not settled either."""

    code: str = ""
    retry_after: int | None = None
    stopped: Breaker | None = None
    mend: str = ""
    closing: Closing | None = field(default=None, compare=False)

    def looking_again(self, look: Look) -> "Outcome":
        """The same, where somebody is to be looked at then, or earlier if that was planned."""
        if self.closing is None:
            return self
        planned = self.closing.finish.look
        if planned and planned.at <= look.at:
            return self
        return replace(self, closing=replace(self.closing, finish=replace(self.closing.finish, look=look)))


class _Written(NamedTuple):
    """A message as WhatsApp takes it, and its words as they are kept."""

    message: dict[str, Any]
    words: Text


@dataclass(frozen=True, slots=True)
class Sender:
    ledger: Ledger
    messages: Messages
    journal: Journal
    whatsapp: WhatsApp
    strategy_of: StrategyOf
    portfolio: Callable[[str], Portfolio | None]
    feed: Callable[[str], Feed]
    room: Room
    stops: Stops
    texts: Texts
    only_to: frozenset[str] | None
    documents: DocumentDesk | None = None
    pacer: Pacer | None = None
    faults: Faults = nobody_knows

    def remind(self, reminder: Reminder, now: datetime) -> Outcome:
        """One look from its beginning to its last write."""
        outcome = self.look(reminder, now)
        self.close([outcome.closing] if outcome.closing else [], now)
        return outcome

    def close(self, closings: Iterable[Closing], now: datetime) -> None:
        """Writes the ends of many looks: first all that is told of them, then that they are over. A borrower who
        comes twice, because SQS may give a reminder twice, ends once."""
        by_borrower = {closing.finish.borrower: closing for closing in closings}
        self.journal.append_all((line for closing in by_borrower.values() for line in closing.lines), now)
        for one in self.ledger.finish_all([closing.finish for closing in by_borrower.values()]):
            if one.taken:  # somebody else has the borrower now: the message alone can say that it was taken
                self.messages.accepted(MessageKey(one.borrower, one.taken.day), one.taken.wamid, one.taken.at)

    def look(self, reminder: Reminder, now: datetime, receives: int = 1) -> Outcome:
        """Decides and, if so, sends; `receives` is how often SQS gave the reminder. What comes last is left to
        `close`."""
        loaded = self.ledger.load(reminder.borrower)
        if loaded is None or loaded.lease != reminder.lease:
            return Outcome()  # a copy of a reminder that is done, or that somebody else has
        if (outcome := self._settle_dead_claims(reminder, loaded, now)) is not None:
            return outcome
        policies = self.policies(loaded.book, now)
        told = self._confirm(reminder, loaded, policies, now)
        if told.is_failed:
            loaded = self.ledger.load(reminder.borrower) or loaded
        decision = decide_fully(self.ledger, loaded.book, policies, now)
        if isinstance(decision, Send):
            outcome = self._send_in_turn(reminder, loaded, decision, told.is_sent, now, receives)
        else:
            outcome = self._do_not_send(reminder, loaded.book, decision, now)
        return outcome.looking_again(Look(told.again, TOP)) if told.again else outcome

    def _confirm(self, reminder: Reminder, loaded: Loaded, policies: Policies, now: datetime) -> Told:
        if not loaded.book.confirmations:
            return Told()
        if loaded.was_written_to(now):
            return Told(now + PAIR_PAUSE)
        return self.confirmer.tell(loaded.book, policies, reminder.trace, now)

    @property
    def confirmer(self) -> Confirmer:
        return Confirmer(
            self.ledger, self.messages, self.journal, self.whatsapp, self.room, self.stops, self.texts, self.pacer
        )

    def _send_in_turn(
        self, reminder: Reminder, loaded: Loaded, send: Send, is_told: bool, now: datetime, receives: int
    ) -> Outcome:
        """Sends when the message's turn has come, with its document where it has one, and not within seconds of
        another message to the same person."""
        book = loaded.book
        if is_told or loaded.was_written_to(now):
            return Outcome(retry_after=int(PAIR_PAUSE.total_seconds()))
        if send.document:
            media_id = self.documents.media_id(reminder.borrower, send, now) if self.documents else ""
            if isinstance(media_id, Refused):
                return self._stop(reminder, book, send, media_id, now)
            if not media_id:
                debts = {debt.terms.key: "SKIPPED_NO_DOCUMENT" for debt in send.debts} | dict(send.others)
                return self._do_not_send(reminder, book, Skip("NO_DOCUMENT", debts), now)
            send = replace(send, media_id=media_id)
        written = _written(send, book.borrower, now)  # before the turn: what takes time then makes others late
        if (outcome := self._wait_for_turn(reminder, book, send, now, receives)) is not None:
            return outcome
        return self._send(reminder, book, send, written, now)

    def policies(self, book: Book, now: datetime) -> Policies:
        return in_force(
            book,
            now,
            portfolio=self.portfolio,
            strategy_of=self.strategy_of,
            feed=self.feed,
            breakers=self.stops.standing(),
            faults=self.faults(),
            only_to=self.only_to,
            room=self.room,
        )

    def _do_not_send(
        self, reminder: Reminder, book: Book, decision: Skip | Defer | Rest, now: datetime
    ) -> Outcome:
        match decision:
            case Rest():
                today = (message for message in book.messages if message.day == local_date(book.borrower, now))
                lines = [line for message in today for line in self._message_lines(reminder, message, now)]
                return Outcome(closing=self._closing(reminder, book, now, lines))
            case Skip():
                again, facts = None, {"debts": decision.debts}
            case Defer():
                again, facts = decision.look, {"debts": decision.debts, "until": decision.until}
                for pause in decision.pauses:  # before the lease ends: whoever resumes finds them, or their lease
                    self.ledger.hold(pause, reminder.borrower, now)
        line = _line(reminder, now, decision.outcome, facts)
        mend = decision.mend if isinstance(decision, Defer) else ""
        return Outcome(decision.outcome, mend=mend, closing=self._closing(reminder, book, now, [line], again))

    def _wait_for_turn(
        self, reminder: Reminder, book: Book, send: Send, now: datetime, receives: int
    ) -> Outcome | None:
        """None when it is the message's turn. One that would wait longer than a worker waits goes back to the
        queue, later each time; one that has gone back too often, or would wait for minutes, to the due line."""
        self.whatsapp.access_token()  # a missing one must stop us here, not after the claim
        wait = self.pacer.wait(send.portfolio.phone_number_id) if self.pacer else 0
        if not wait:
            return None
        if wait <= LONGEST_WAIT and receives < MOST_RECEIVES:
            return Outcome(retry_after=wait + random.randrange(2**receives))
        debts = {due.debt.terms.key: "DEFERRED_RATE" for due in send.dues} | dict(send.others)
        again = now + max(timedelta(seconds=wait), RATE_LOOK)
        return self._do_not_send(reminder, book, Defer("RATE", again, (), debts), now)

    def _send(self, reminder: Reminder, book: Book, send: Send, written: _Written, now: datetime) -> Outcome:
        words = written.words
        claim = self.messages.claim(MessageKey(reminder.borrower, send.day), send, words.kept, now)
        if claim is None:
            return Outcome(retry_after=int(DEAD_AFTER.total_seconds()))  # another worker is at it
        answer = self.whatsapp.send(send.portfolio.phone_number_id, written.message)
        if self.pacer and isinstance(answer, Refused) and answer.error.code in TOO_FAST:
            self.pacer.slow_down(send.portfolio.phone_number_id, answer.line_waits)
        message = settle(self.messages, self.ledger.words, claim, answer, now)
        if isinstance(answer, Refused) and answer.action.stops:
            return self._stop(reminder, book, send, answer, now)
        if isinstance(answer, Refused) and message.state is State.RETRY:
            return Outcome(retry_after=answer.retry_after)
        if isinstance(answer, Accepted | Unclear):
            self.room.take(send.portfolio, self.strategy_of(send.portfolio.portfolio_id).ramp, send.day)
        facts = {
            "template": send.template,
            "language": send.language,
            "portfolio": send.portfolio.portfolio_id,
            "text_digest": words.digest,
        }
        code = message.outcome
        line = _line(reminder, now, code, {**facts, **_told(send, code)}, day=send.day)
        closing = self._closing(reminder, replace(book, messages=(*book.messages, message)), now, [line])
        if isinstance(answer, Accepted):  # which is written with the end of the look; until then a status may tell
            known_at = "" if send.is_first_contact else send.phone_ref
            finish = replace(closing.finish, taken=Taken(send.day, answer.wamid, now), known_at=known_at)
            closing = replace(closing, finish=finish)
        return Outcome(code, closing=closing)

    def _stop(self, reminder: Reminder, book: Book, send: Send, answer: Refused, now: datetime) -> Outcome:
        """Meta did not accept it and will accept no other until somebody has mended it: the breaker opens, and
        this message waits with the others."""
        breaker = self.stops.open(
            scope_of(answer.action, send.portfolio.phone_number_id, send.template), answer.error, now
        )
        debts = {due.debt.terms.key: "DEFERRED_BREAKER" for due in send.dues} | dict(send.others)
        deferred = Defer("BREAKER", now + PAUSE_LOOK, (breaker.pause,), debts)
        return replace(self._do_not_send(reminder, book, deferred, now), stopped=breaker)

    def _settle_dead_claims(self, reminder: Reminder, loaded: Loaded, now: datetime) -> Outcome | None:
        """A worker claimed and died.

        The reminder's outcome when the dead claim is today's; None when there is nothing in the way."""
        book, today = loaded.book, local_date(loaded.book.borrower, now)
        for message in book.messages:
            if message.state is not State.CLAIMED:
                if (
                    message.day < today
                    and message.day != loaded.taken_on
                    and now - message.claimed_at < TOLD_AGAIN
                ):
                    self.journal.append_all(self._message_lines(reminder, message, now), now)
                continue
            if now - message.claimed_at < DEAD_AFTER:
                return Outcome(retry_after=int(DEAD_AFTER.total_seconds()))
            told = settle_dead(self.messages, MessageKey(reminder.borrower, message.day))
            if not told.moved:  # a status was faster
                return Outcome(retry_after=RETRY_SOON)
            lines = self._message_lines(reminder, replace(message, state=State.UNKNOWN), now)
            if message.day == today:
                return Outcome("UNKNOWN", closing=self._closing(reminder, book, now, lines))
            self.journal.append_all(lines, now)
        return None

    def _closing(
        self,
        reminder: Reminder,
        book: Book,
        now: datetime,
        lines: Sequence[Line],
        again: Look | None = None,
    ) -> Closing:
        tomorrow = local_date(book.borrower, now) + timedelta(days=1)
        again = again or next_look(book.borrower, book.debts, self.strategy_of, first=tomorrow)
        again = again and raised(book, self.strategy_of, again)
        return Closing(lines, Finish(reminder.borrower, reminder.lease, again, _steps(book, tomorrow)))

    def _message_lines(self, reminder: Reminder, message: Message, now: datetime) -> list[Line]:
        """The message has an outcome; a worker that died after the answer may not have told the journal."""
        if not (code := message.outcome):
            return []
        facts = self.texts.proof(MessageKey(reminder.borrower, message.day))
        facts |= {"portfolio": message.portfolio} if message.portfolio else {}
        facts |= {"debts": dict.fromkeys(message.debts, code)}
        return [_line(reminder, now, code, facts, day=message.day)]


def _written(send: Send, borrower: Borrower, now: datetime) -> _Written:
    key = MessageKey(borrower.ref, send.day)
    components = reminder_components(send, borrower, key.opaque)
    message = template_message(borrower.phone, send.template, send.language, components, key.opaque)
    return _Written(message, Text.of(key, reminder_text(send, borrower), now, borrower.country))


def _line(reminder: Reminder, now: datetime, code: str, facts: dict[str, Any], day: date | None = None) -> Line:
    """One outcome for each look, and one for each message: `day` names the message it is of."""
    return Line(
        subject=keys.borrower_pk(reminder.borrower),
        event="outcome",
        identity=day.isoformat() if day else reminder.lease,
        at=now,
        facts={"code": code, "trace": reminder.trace, **facts},
    )


def _steps(book: Book, day: date) -> dict[str, Consumed]:
    """What is used up of the ladders of open debts, and of closed ones that may open again in time for a step."""
    return {
        debt.terms.key: Consumed(debt.terms.due_date, debt.step)
        for debt in book.debts
        if debt.step is not None and (debt.is_open or day - debt.terms.due_date <= STEPS_KEPT)
    }


def _told(send: Send, code: str) -> dict[str, Any]:
    """What the journal keeps of a message: each due debt's outcome, and the steps that it stands for. A first
    contact told of no debt."""
    superseded = {due.debt.terms.key: list(due.superseded) for due in send.dues if due.superseded}
    if send.is_first_contact:
        code, superseded = "SKIPPED_NOT_IDENTIFIED", {}
    return {
        "strategy": send.strategy,
        "rule": send.lead.rule.name,
        "step": send.lead.step,
        "debts": {due.debt.terms.key: code for due in send.dues} | dict(send.others),
        **({"superseded": superseded} if superseded else {}),
    }
