"""A person closes a case: what its message kept back is let go, or its debts are held until a day.

What was held comes first and the case last: who dies in between leaves a case that is still open, and whoever
closes it again writes the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cobranza.flows.wake import wake
from cobranza.ledger.case import Case, Closing, Result, let_go, taken_back
from cobranza.ledger.standing import Action, Standing, Word, hear, hear_of_debt
from cobranza.policy.due import TOP, Look, StrategyOf, local_date
from cobranza.store import keys
from cobranza.store.book import Book, Known
from cobranza.store.cases import Cases
from cobranza.store.journal import Journal, Line
from cobranza.store.ledger import Ledger
from cobranza.store.said import changed, debt_standing_item, debt_standing_of, standing_item, standing_of
from cobranza.store.table import Item, Update, Write, until_written, utc

_KEPT = ("phone_ref", "second_phone_ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCloser:
    book: Book
    ledger: Ledger
    cases: Cases
    journal: Journal
    strategy_of: StrategyOf

    def close(self, case: Case, closing: Closing, source: str, now: datetime, *, by: str = "") -> bool:
        """Closes it for `source`, an import's id, or for `by`, a person; False where somebody was faster."""
        self.journal.append_all([_line(case, closing, source, by, now)], now)
        profiles = [
            self._let_go(borrower, case, closing, source or by, now).profile for borrower in case.borrowers
        ]
        countries = [(profile or {}).get("country", "") for profile in profiles]
        if not case.borrowers and case.taken_until:
            self.ledger.words.hand_back_stranger(case.chat, case.taken_until)
        is_closed = self.cases.close(case, closing, source or by, now, countries)
        self.wake(case, now)
        return is_closed

    def wake(self, case: Case, now: datetime) -> None:
        """Whoever it kept back is looked at when it is time, today if today is the day; now, where there is
        something to confirm."""
        for borrower in case.borrowers:
            if loaded := self.ledger.load(borrower):
                if loaded.book.confirmations:
                    self.ledger.look_at(borrower, Look(now, TOP))
                wake(self.ledger, loaded.book, self.strategy_of, local_date(loaded.book.borrower, now))

    def _let_go(self, borrower: str, case: Case, closing: Closing, source: str, now: datetime) -> Known:
        """The borrower as they were known."""

        def let_go() -> Known | None:
            known = self.book.known(borrower)
            changes = [*_changes(known, case, closing, Word(now, "", source))]
            return known if all(self.book.write(changes)) else None

        return until_written(let_go)


def _line(case: Case, closing: Closing, source: str, by: str, now: datetime) -> Line:
    until = {"until": closing.hold_until.isoformat()} if closing.hold_until else {}
    return Line(
        subject=subject_of(case),
        event="case.closed",
        identity=case.id,
        at=now,
        facts={**facts_of(case, by), "type": closing.result, **({"source": source} if source else {}), **until},
    )


def subject_of(case: Case) -> str:
    """Whose line in the journal it is."""
    return keys.borrower_pk(case.borrowers[0]) if case.borrowers else keys.chat_pk(case.chat)


def facts_of(case: Case, by: str) -> Item:
    """What the journal's lines of a case have in common; `by` is empty for files."""
    told: Item = {
        "portfolio": case.portfolio,
        "case": case.id,
        "code": case.topic,
        "queue": case.queue,
        "message": keys.message_of(case.event),
        "debts": list(case.debts),
    }
    return told | ({"by": by} if by else {})


def _changes(known: Known, case: Case, closing: Closing, word: Word) -> Iterator[Write]:
    yield from _charge(known, case)
    held = _held_debts(known, case) if closing.hold_until else []
    there = known.items.get(keys.STANDING)
    before = standing_of(there)
    after = let_go(before, case)
    if closing.result is Result.RESOLVED:
        after = taken_back(after, case)
    if closing.hold_until and not held:
        after = hear(after, Action.HOLD, word, closing.hold_until)
    if after != before:
        yield _standing(known.borrower, there, after, word)
    for debt_id in held:
        mark = known.mark(case.portfolio, debt_id)
        told = hear_of_debt(debt_standing_of(mark), Action.HOLD, word, closing.hold_until)
        if told != debt_standing_of(mark):
            key = keys.debt_mark(known.borrower, case.portfolio, debt_id)
            yield changed(key, mark, debt_standing_item(told), word.source)


def _standing(borrower: str, there: Item | None, after: Standing, word: Word) -> Write:
    told = standing_item(after, word.at) | {"book": keys.heard(borrower)}
    told |= {name: there[name] for name in _KEPT if there and name in there}
    return changed(keys.said(borrower), there, told, word.source)


def _held_debts(known: Known, case: Case) -> Sequence[str]:
    """The case's debts that are this borrower's, each once for all its instalments."""
    ids = dict.fromkeys(key.split("#")[1] for key in case.debts)
    return [debt_id for debt_id in ids if known.has_debt(case.portfolio, debt_id)]


def _charge(known: Known, case: Case) -> Iterator[Write]:
    """Ends a person's charge that this case has begun, and that no later one has prolonged."""
    profile = known.profile or {}
    ours = [utc(until) for until in (case.in_charge_until, case.taken_until) if until]
    if profile.get("human_until") in ours:
        seen = {name: profile[name] for name in ("rev", "human_until")}
        yield Update(keys.profile(known.borrower), {"rev": profile["rev"] + 1}, seen, ("human_until",))
