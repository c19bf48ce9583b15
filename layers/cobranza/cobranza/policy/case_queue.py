"""Who of the creditor's team a conversation is for: by how long its borrowers have been owing."""

from collections.abc import Iterable
from datetime import datetime

from cobranza.ledger.case import CaseQueue
from cobranza.policy.decision import Book
from cobranza.policy.due import local_date
from cobranza.policy.portfolio import COLLECTIONS_FROM, Portfolio


def queue_of(people: Iterable[Book], portfolio: Portfolio | None, now: datetime) -> CaseQueue:
    """`people` are the borrowers who have the phone; from the portfolio's `collections_from_days` past due of
    their oldest debt on it is one for collections. What the creditor took back counts for nothing."""
    days = [days_past_due(book, now) for book in people]
    if not days:
        return CaseQueue.UNKNOWN
    collections_from = portfolio.collections_from_days if portfolio else COLLECTIONS_FROM
    return CaseQueue.COLLECTIONS if max(days) >= collections_from else CaseQueue.GENERAL


def days_past_due(book: Book, now: datetime) -> int:
    """Of the oldest open debt on the borrower's local date; 0 where nothing is late."""
    today = local_date(book.borrower, now)
    late = ((today - debt.terms.due_date).days for debt in book.debts if debt.is_open and not debt.recalled)
    return max((0, *late))
