"""The sender: reads everything again, decides again, claims the day, calls WhatsApp, records.

At most one message leaves per borrower and local date: the claim is one conditional write before the call, and an
unclear result is never sent again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from cobranza.flows.confirm import Confirmer
from cobranza.flows.decide_fully import decide_fully
from cobranza.flows.room import Room
from cobranza.flows.stops import Stops
from cobranza.flows.upload_document import DocumentDesk
from cobranza.policy.breaker import Breaker
from cobranza.policy.decision import Book, Defer, Policies, Rest, Send, Skip
from cobranza.policy.due import TOP, Look, StrategyOf, local_date, next_look
from cobranza.policy.feed import PAUSE_LOOK, Feed
from cobranza.policy.message import DEAD_AFTER, MOST_ATTEMPTS, Consumed, Message, State
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.promised import raised
from cobranza.queues import Reminder
from cobranza.store import keys
from cobranza.store.journal import Journal
from cobranza.store.keys import MessageKey
from cobranza.store.ledger import Ledger, Loaded
from cobranza.store.messages import Claim, Messages
from cobranza.whatsapp.client import Accepted, Answer, Refused, Unclear, WhatsApp
from cobranza.whatsapp.errors import Action, ProviderError, scope_of
from cobranza.whatsapp.messages import reminder_components, template_message
from cobranza.whatsapp.templates import announced, stand_ins, with_document

RETRY_SOON = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one reminder. `code` as in the outcome book: SENT, UNKNOWN, SKIPPED_x, DEFERRED_x, FAILED_n;
    empty when nothing was due. `retry_after`: not settled, the reminder must come back in so many seconds.
    `stopped` is the breaker that Meta's answer to it opened, or would have."""

    code: str = ""
    retry_after: int | None = None
    stopped: Breaker | None = None


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
    only_to: frozenset[str] | None = None
    documents: DocumentDesk | None = None

    def remind(self, reminder: Reminder, now: datetime) -> Outcome:
        loaded = self.ledger.load(reminder.borrower)
        if loaded is None or loaded.lease != reminder.lease:
            return Outcome()  # a copy of a reminder that is done, or that somebody else has
        if (outcome := self._settle_dead_claims(reminder, loaded, now)) is not None:
            return outcome
        policies = self._policies(loaded.book, now)
        again = self._confirmer().tell(loaded.book, policies, reminder.trace, now)
        decision = decide_fully(self.ledger, loaded.book, policies, now)
        if isinstance(decision, Send):
            outcome = self._send(reminder, loaded.book, decision, now)
        else:
            outcome = self._do_not_send(reminder, loaded.book, decision, now)
        if again and outcome.retry_after is None:
            self.ledger.look_at(reminder.borrower, Look(again, TOP))
        return outcome

    def _confirmer(self) -> Confirmer:
        return Confirmer(
            self.ledger,
            self.messages,
            self.journal,
            self.whatsapp,
            self.room,
            self.stops,
        )

    def _policies(self, book: Book, now: datetime) -> Policies:
        names = {debt.terms.portfolio for debt in book.debts}
        portfolios = {name: portfolio for name in names if (portfolio := self.portfolio(name))}
        today = local_date(book.borrower, now)
        return Policies(
            portfolios=portfolios,
            strategy_of=self.strategy_of,
            feeds={name: self.feed(name) for name in names},
            templates=announced(),
            stand_ins=stand_ins(),
            with_document=with_document(),
            breakers=self.stops.standing(),
            only_to=self.only_to,
            room={name: self.room.left(one, self._ramp(name), today, now) for name, one in portfolios.items()},
        )

    def _ramp(self, portfolio_id: str) -> Sequence[int]:
        return self.strategy_of(portfolio_id).ramp

    def _do_not_send(
        self, reminder: Reminder, book: Book, decision: Skip | Defer | Rest, now: datetime
    ) -> Outcome:
        match decision:
            case Rest():
                self._journal_message(reminder, book, local_date(book.borrower, now), now)
                self._finish(reminder, book, now)
                return Outcome()
            case Skip():
                again, facts = None, {"debts": decision.debts}
            case Defer():
                again, facts = decision.look, {"debts": decision.debts, "until": decision.until}
                for pause in decision.pauses:  # before the lease ends: whoever resumes finds them, or their lease
                    self.ledger.hold(pause, reminder.borrower, now)
        self._journal(reminder, now, decision.outcome, facts)
        self._finish(reminder, book, now, again)
        return Outcome(decision.outcome)

    def _send(self, reminder: Reminder, book: Book, send: Send, now: datetime) -> Outcome:
        if send.document:
            media_id = self.documents.media_id(reminder.borrower, send, now) if self.documents else ""
            if not media_id:
                debts = {debt.terms.key: "SKIPPED_NO_DOCUMENT" for debt in send.debts} | dict(send.others)
                return self._do_not_send(reminder, book, Skip("NO_DOCUMENT", debts), now)
            send = replace(send, media_id=media_id)
        key = MessageKey(reminder.borrower, send.day)
        message = template_message(
            book.borrower.phone,
            send.template,
            send.language,
            reminder_components(send, book.borrower, key.opaque),
            key.opaque,
        )
        self.whatsapp.access_token()  # a missing one must stop us here, not after the claim
        claim = self.messages.claim(key, send, now)
        if claim is None:
            return Outcome(retry_after=int(DEAD_AFTER.total_seconds()))  # another worker is at it
        answer = self.whatsapp.send(send.portfolio.phone_number_id, message)
        if isinstance(answer, Refused) and answer.action.stops:
            return self._stop(reminder, book, send, claim, answer, now)
        code = self._record(claim, answer, now)
        if isinstance(answer, Accepted | Unclear):
            self.room.take(send.portfolio, self._ramp(send.portfolio.portfolio_id), send.day)
        if isinstance(answer, Accepted) and not (send.is_first_contact or book.borrower.is_known):
            self.ledger.know_at(reminder.borrower, send.phone_ref)
        if code is None:
            return Outcome(retry_after=answer.retry_after if isinstance(answer, Refused) else 0)
        facts = {
            "template": send.template,
            "language": send.language,
            "portfolio": send.portfolio.portfolio_id,
        }
        self._journal(reminder, now, code, {**facts, **_told(send, code)}, day=send.day)
        self._consume(reminder.borrower, send.consumes)
        self._finish(reminder, _with(book, claim.message), now)
        return Outcome(code)

    def _record(self, claim: Claim, answer: Answer, now: datetime) -> str | None:
        """Writes the result down; the outcome's code, or None when Meta surely did not accept and we try again."""
        match answer:
            case Accepted():
                self.messages.accepted(claim.key, answer.wamid, now)
                return "SENT"
            case Unclear():
                self.messages.advance(claim.key, State.UNKNOWN, {"unclear_for": answer.error.reason})
                return "UNKNOWN"
            case Refused(action=Action.RETRY) if claim.message.attempts < MOST_ATTEMPTS:
                self.messages.retry(claim, answer.error.reason)
                return None
            case Refused():
                self.messages.advance(claim.key, State.FAILED, {"reason": answer.error.reason})
                return f"FAILED_{answer.error.code}"

    def _stop(
        self, reminder: Reminder, book: Book, send: Send, claim: Claim, answer: Refused, now: datetime
    ) -> Outcome:
        """Meta did not accept it and will accept no other until somebody has mended it: the breaker opens, and
        this message waits with the others."""
        self.messages.retry(claim, answer.error.reason)
        breaker = self.stops.open(
            scope_of(answer.action, send.portfolio.phone_number_id, send.template), answer.error, now
        )
        debts = {due.debt.terms.key: "DEFERRED_BREAKER" for due in send.dues} | dict(send.others)
        deferred = Defer("BREAKER", now + PAUSE_LOOK, (breaker.pause,), debts)
        return replace(self._do_not_send(reminder, book, deferred, now), stopped=breaker)

    def _settle_dead_claims(self, reminder: Reminder, loaded: Loaded, now: datetime) -> Outcome | None:
        """A worker claimed and died: whether its call left, nobody knows. Never again; a status may tell.

        The reminder's outcome when the dead claim is today's; None when there is nothing in the way."""
        book = loaded.book
        for message in book.messages:
            if message.state is not State.CLAIMED:
                continue
            if now - message.claimed_at < DEAD_AFTER:
                return Outcome(retry_after=int(DEAD_AFTER.total_seconds()))
            reason = ProviderError(0, "Worker died", "the claim was left without a result").reason
            key = MessageKey(reminder.borrower, message.day)
            settled = not self.messages.advance(key, State.UNKNOWN, {"unclear_for": reason}).moved
            if settled:  # a status was faster
                return Outcome(retry_after=RETRY_SOON)
            self._consume(reminder.borrower, message.debts)
            self._journal(
                reminder, now, "UNKNOWN", {"debts": dict.fromkeys(message.debts, "UNKNOWN")}, day=message.day
            )
            if message.day == local_date(book.borrower, now):
                self._finish(reminder, book, now)
                return Outcome("UNKNOWN")
        return None

    def _consume(self, borrower: str, debts: Mapping[str, Consumed]) -> None:
        for debt_key, consumed in debts.items():
            self.ledger.consume(borrower, debt_key, consumed)

    def _finish(self, reminder: Reminder, book: Book, now: datetime, again: Look | None = None) -> None:
        tomorrow = local_date(book.borrower, now) + timedelta(days=1)
        again = again or next_look(book.borrower, book.debts, self.strategy_of, first=tomorrow)
        self.ledger.finish(reminder.borrower, reminder.lease, again and raised(book, self.strategy_of, again))

    def _journal_message(self, reminder: Reminder, book: Book, day: date, now: datetime) -> None:
        """The day's message has an outcome; a worker that died after the answer may not have told the journal."""
        for message in book.messages:
            if message.day == day and message.outcome:
                facts = {"debts": dict.fromkeys(message.debts, message.outcome)}
                self._journal(reminder, now, message.outcome, facts, day=day)

    def _journal(
        self, reminder: Reminder, now: datetime, code: str, facts: dict[str, Any], day: date | None = None
    ) -> None:
        """One outcome for each look, and one for each message: `day` names the message it is of."""
        subject = keys.borrower_pk(reminder.borrower)
        facts = {"code": code, "trace": reminder.trace, **facts}
        self.journal.append(subject, now, "outcome", day.isoformat() if day else reminder.lease, facts)


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


def _with(book: Book, message: Message) -> Book:
    """The book as it is after the claim, which used up its steps."""
    return replace(book, messages=(*book.messages, message))
