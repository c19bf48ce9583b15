"""Promises that were broken: each is told once, by the evening's walk through the book."""

from datetime import datetime, timedelta

from cobranza.ledger.debt import Debt
from cobranza.ledger.promise import Promise
from cobranza.policy.decision import Book, Policies
from cobranza.policy.promised import broken
from cobranza.store.journal import PROMISE_BROKEN, Journal
from cobranza.store.keys import borrower_pk
from cobranza.store.ledger import Ledger
from cobranza.store.table import utc

# A book that is older than that is told of no more; a line that is there costs a write to find out.
_TOLD_WITHIN = timedelta(days=40)


def note_broken(
    journal: Journal, ledger: Ledger, book: Book, portfolio_id: str, policies: Policies, now: datetime
) -> None:
    """Of the portfolio's open debts, with the moment at which the day and its grace were over. `book` may be as of
    a moment ago: what looks broken in it is read again, because a line stays."""
    if not _broken(book, portfolio_id, policies, now):
        return
    loaded = ledger.load(book.borrower.ref)
    for debt, promise, at in _broken(loaded.book, portfolio_id, policies, now) if loaded else ():
        key = debt.terms.key
        told = {"portfolio": portfolio_id, "debts": [key], "until": promise.day.isoformat()}
        identity = f"{key}#{utc(promise.made_at)}"
        journal.append(borrower_pk(book.borrower.ref), now, PROMISE_BROKEN, identity, told, at=at)


def _broken(
    book: Book, portfolio_id: str, policies: Policies, now: datetime
) -> list[tuple[Debt, Promise, datetime]]:
    known_at = policies.feeds[portfolio_id].as_of
    found = broken(book, portfolio_id, policies.strategy_of(portfolio_id), known_at)
    return [(debt, promise, at) for debt, promise, at in found if at > now - _TOLD_WITHIN]
