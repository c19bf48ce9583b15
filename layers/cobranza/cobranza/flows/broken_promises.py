"""Promises that were broken: each is told once, by the evening's walk through the book."""

from datetime import datetime, timedelta

from cobranza.policy.decision import Book, Policies
from cobranza.policy.promised import broken
from cobranza.store.journal import PROMISE_BROKEN, Journal
from cobranza.store.keys import borrower_pk
from cobranza.store.table import utc

# A book that is older than that is told of no more; a line that is there costs a write to find out.
_TOLD_WITHIN = timedelta(days=40)


def note_broken(journal: Journal, book: Book, portfolio_id: str, policies: Policies, now: datetime) -> None:
    """Of the portfolio's open debts, with the moment at which the day and its grace were over."""
    known_at = policies.feeds[portfolio_id].as_of
    for debt, promise, at in broken(book, portfolio_id, policies.strategy_of(portfolio_id), known_at):
        if at > now - _TOLD_WITHIN:
            key = debt.terms.key
            told = {"portfolio": portfolio_id, "debts": [key], "until": promise.day.isoformat()}
            identity = f"{key}#{utc(promise.made_at)}"
            journal.append(borrower_pk(book.borrower.ref), now, PROMISE_BROKEN, identity, told, at=at)
