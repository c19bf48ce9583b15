"""What a promise changes: its debt waits for it, and a broken one is followed up before others, once."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.ledger.promise import Promise, Verdict, counted, newest_verdict, over_at, verdict
from cobranza.policy.contact_rules import zone_of
from cobranza.policy.decision import Book
from cobranza.policy.due import TOP, Look, StrategyOf, local_date
from cobranza.policy.strategy import Strategy

# So long after its end a broken promise makes its borrower pressing: a claim is known for twice that.
_RAISED_FOR = timedelta(days=7)


def promised_for(
    borrower: Borrower, debt: Debt, promises: Iterable[Promise], strategy: Strategy, known_at: datetime | None
) -> date | None:
    """The day of the debt's newest promise that counts, while nobody can tell whether it is kept. `known_at` is
    the moment of the portfolio's newest file."""
    those = counted(promises)
    zone = zone_of(borrower.country, borrower.region)
    newest = newest_verdict(debt, those, strategy.promise_grace_days, zone, known_at)
    return those[-1].day if newest is Verdict.PENDING else None


def broken(
    book: Book, portfolio: str, strategy: Strategy, known_at: datetime | None
) -> Iterator[tuple[Debt, Promise, datetime]]:
    """The promises of a portfolio's open debts that were not kept, or in part, by the end of their grace, each
    with that moment. What the creditor took back is nobody's to keep any more."""
    grace, zone = strategy.promise_grace_days, zone_of(book.borrower.country, book.borrower.region)
    for debt in book.debts:
        if debt.terms.portfolio != portfolio or not debt.is_open or debt.recalled:
            continue
        for promise in counted(book.promises.get(debt.terms.key, ())):
            if verdict(promise, debt, grace, zone, known_at) in (Verdict.BROKEN, Verdict.PARTLY):
                yield debt, promise, over_at(promise, grace, zone)


def raised(book: Book, strategy_of: StrategyOf, look: Look) -> Look:
    """The look, as the most pressing where by then a promise of an open debt is over and nothing was sent since:
    who broke it is written to before others, once."""
    day = local_date(book.borrower, look.at)
    for debt in book.debts:
        those = counted(book.promises.get(debt.terms.key, ()))
        if not debt.is_open or not those:
            continue
        over = those[-1].day + timedelta(days=strategy_of(debt.terms.portfolio).promise_grace_days + 1)
        told = any(message.day >= over for message in book.messages)
        if over <= day < over + _RAISED_FOR and not told:
            return Look(look.at, TOP)
    return look
