"""A ledger that was restored has forgotten what came after its moment: what the journal tells of it is put back.

Only what keeps messages back is: who asked us to stop, disputes, holds, promises, recalls, pauses, and that the
message of a day has left. Nothing is lifted. Who wrote, sent a receipt or paid, of which the journal does not have
all, is not reminded for a week. Twice changes nothing more.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from cobranza.conversation.intent import Intent
from cobranza.flows.callers import Callers
from cobranza.ledger.standing import (
    OF_ONE_DEBT,
    WHATSAPP,
    Action,
    DebtStanding,
    RecallKind,
    Word,
    hear,
    hear_of_debt,
    recall,
)
from cobranza.policy.breaker import BY_HAND, Breaker, is_scope
from cobranza.policy.due import local_date
from cobranza.store import keys
from cobranza.store.book import Book
from cobranza.store.controls import Controls
from cobranza.store.journal import PAYMENT_APPLIED, PROMISE_BROKEN, Journal, Line
from cobranza.store.keys import MessageKey
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.store.said import changed, debt_standing_item, debt_standing_of
from cobranza.store.table import Item, exact

HELD = timedelta(days=7)
# A line is noted as of when its function began, and what it tells is written within the longest that one may run.
BEFORE = timedelta(minutes=15)
SOURCE = "restore"
_TOLD_WHOLE = frozenset(
    {
        Action.NO_CONSENT,
        Action.WRONG_NUMBER,
        Action.DISPUTE,
        Action.HOLD,
        Action.PROMISE,
        Action.CHANNEL,
        Action.CALL,
        Action.VISIT,
        Action.ERASE,
        Action.OPT_OUT,
    }
)
_OURS = ("outcome", "confirmation", "answer", "erased", PROMISE_BROKEN)
_RECALL = "recall."


@dataclass(slots=True)
class PutBack:
    """What was done, as numbers of lines by their names: `done` are put back, `left` are not. `files` are those
    that were taken since, by kind and portfolio; `held` the borrowers who wait for a week, `paused`
    what is, by its scope and its line, since when."""

    done: Counter[str] = field(default_factory=Counter[str])
    left: Counter[str] = field(default_factory=Counter[str])
    files: Counter[str] = field(default_factory=Counter[str])
    held: set[str] = field(default_factory=set[str])
    paused: dict[tuple[str, str], datetime] = field(default_factory=dict[tuple[str, str], datetime])


@dataclass(frozen=True, slots=True, kw_only=True)
class Restorer:
    ledger: Ledger
    book: Book
    messages: Messages
    controls: Controls
    journal: Journal
    callers: Callers

    def put_back(self, since: datetime, now: datetime) -> PutBack:
        """What was noted since the moment that the ledger was restored to."""
        told = PutBack()
        erased = self.book.erased()
        for line in self.journal.between(since - BEFORE, now + timedelta(seconds=1)):
            if line.subject.partition("#")[2] not in erased:
                self._take(line, told, now)
        until = datetime.combine(now.date() + HELD, time(), now.tzinfo)
        for borrower in sorted(told.held):
            self.ledger.words.look_into(borrower, until, "", now)
        for (scope, _), at in told.paused.items():
            self._pause(scope, at)
        return told

    def _take(self, line: Line, told: PutBack, now: datetime) -> None:
        if keys.is_portfolio(line.subject):
            _note(line, told)
            return
        is_done = self._put_back(line, now)
        (told.done if is_done else told.left)[line.event] += 1
        if keys.is_borrower(line.subject) and _tells_more(line):
            told.held.add(keys.borrower_of(line.subject))

    def _put_back(self, line: Line, now: datetime) -> bool:
        if not keys.is_borrower(line.subject):
            return self._stop_stranger(line)
        borrower = keys.borrower_of(line.subject)
        if line.event == "outcome":
            return self._claim(borrower, line)
        if line.event == "confirmation":
            return self._confirmed(borrower, line)
        if line.event.startswith(_RECALL):
            return self._recall(borrower, line)
        said = _said(line)
        if said is None:
            return False
        action, word, until = said
        if action is Action.OPT_OUT and self._stop_phones(borrower, line):
            return True
        if action in OF_ONE_DEBT and "source" in line.facts and line.facts["debts"]:
            (debt,) = line.facts["debts"]
            self._mark(borrower, debt, lambda known: hear_of_debt(known, action, word, until))
        else:
            self.ledger.words.hear(borrower, lambda known: hear(known, action, word, until), now)
        return True

    # What was sent.

    def _claim(self, borrower: str, line: Line) -> bool:
        """The message of a day; False for the outcome of a look that sent nothing."""
        try:
            day = date.fromisoformat(line.identity)
        except ValueError:
            return False
        code, loaded = line.facts["code"], self.ledger.load(borrower)
        debts = loaded.book.debts if loaded else ()
        told = {debt.terms.key for debt in debts if line.facts["debts"].get(debt.terms.key) == code}
        # Which step of each debt it was is not noted: all up to that day are used up.
        used = {
            debt.terms.key: [debt.terms.due_date, (day - debt.terms.due_date).days]
            for debt in debts
            if debt.terms.key in told
        }
        facts = {
            name: line.facts[name] for name in ("portfolio", "step", "template", "language") if name in line.facts
        }
        facts |= {"debts": used, "phone_ref": loaded.book.borrower.phone_ref if loaded else ""}
        self.messages.put_back(MessageKey(borrower, day), code, facts, line.at)
        return True

    def _confirmed(self, borrower: str, line: Line) -> bool:
        """What was confirmed is not told again, nor anything else on that day."""
        code = line.facts["code"]
        self.messages.was_told(borrower, line.identity, code, line.at)
        loaded = self.ledger.load(borrower)
        if loaded and not code.startswith("SKIPPED_"):
            day = local_date(loaded.book.borrower, line.at)
            facts: Item = {"confirms": line.identity, "debts": {}, "phone_ref": loaded.book.borrower.phone_ref}
            self.messages.put_back(MessageKey(borrower, day, confirms=True), code, facts, line.at)
        return True

    # What was said.

    def _stop_phones(self, borrower: str, line: Line) -> bool:
        """Whoever has the borrower's phone is left in peace, as when they asked; whether that is all, because
        nobody knows that it was this person."""
        loaded = self.ledger.load(borrower)
        if "message" not in line.facts or not loaded or not loaded.book.borrower.phone:
            return False
        refs = self.callers.phones(loaded.book.borrower.phone.removeprefix("+"))
        for ref in refs:
            self.ledger.stop_phone(ref, line.at)
        if "scope" not in line.facts:
            return False
        self.ledger.words.stop_at(borrower, refs, line.at)
        return True

    def _stop_stranger(self, line: Line) -> bool:
        if line.event != Action.OPT_OUT and (line.event, line.facts.get("intent")) != ("reply", Intent.STOP):
            return False
        for ref in line.facts.get("phones") or [line.subject.partition("#")[2]]:
            self.ledger.stop_phone(ref, line.at)
        return True

    def _recall(self, borrower: str, line: Line) -> bool:
        kind = line.event.removeprefix(_RECALL)
        if kind not in set(RecallKind):
            return False
        (debt,) = line.facts["debts"]
        self._mark(borrower, debt, lambda known: recall(known, RecallKind(kind), line.at, SOURCE))
        return True

    def _mark(self, borrower: str, debt: str, change: Callable[[DebtStanding], DebtStanding]) -> None:
        portfolio, debt_id, _ = debt.split("#")
        there = self.book.known(borrower).mark(portfolio, debt_id)
        before = debt_standing_of(there)
        if (after := change(before)) == before:
            return
        key = keys.debt_mark(borrower, portfolio, debt_id)
        if not all(self.book.write([changed(key, there, debt_standing_item(after), SOURCE)])):
            raise RuntimeError("a debt changed under our hands: run it again")

    def _pause(self, scope: str, at: datetime) -> None:
        if is_scope(scope):
            self.ledger.open_breaker(Breaker(scope, exact(at), BY_HAND), {"title": SOURCE})
        else:
            self.controls.begin(scope, SOURCE, at)


def _note(line: Line, told: PutBack) -> None:
    """Of a portfolio, or of all: pauses that nobody has ended since, and the files that were taken."""
    scope = line.facts.get("scope") or keys.portfolio_of(line.subject)
    match line.event:
        case "paused":
            told.paused[scope, line.identity] = line.at
        case "resumed" | "breaker.closed":
            told.paused.pop((scope, line.identity), None)
        case "import":
            told.files[f"{line.identity.partition('#')[0]}/{scope}"] += 1
        case _:
            told.left[line.event] += 1


def _said(line: Line) -> tuple[Action, Word, date | None] | None:
    """What keeps reminders back of what a line says."""
    until = date.fromisoformat(line.facts["until"]) if "until" in line.facts else None
    is_own = "message" in line.facts
    word = Word(line.at, line.facts.get("to", ""), WHATSAPP if is_own else SOURCE)
    match line.event:
        case "case.closed":
            return (Action.HOLD, word, until) if until else None
        case Action.PHONE:
            # The new one is not in the journal, and the one that the ledger has is theirs no more.
            return Action.WRONG_NUMBER, replace(word, at=line.at - timedelta(seconds=1)), None
        case Action.CHANNEL if word.text == WHATSAPP:
            return None
        case Action.PROMISE if not is_own:
            return None  # it comes with its file, and would be a second one
        case event if event in _TOLD_WHOLE:
            return Action(event), word, until
        case _:
            return None


def _tells_more(line: Line) -> bool:
    """Whether something came of it that neither the line nor a file will bring back."""
    if line.event == PAYMENT_APPLIED:
        return True
    return "source" not in line.facts and not line.event.startswith((*_OURS, "message."))
