"""Somebody whom something kept back is looked at again."""

from datetime import date

from cobranza.policy.decision import Book
from cobranza.policy.due import StrategyOf, next_look
from cobranza.policy.promised import raised
from cobranza.store.ledger import Ledger


def wake(ledger: Ledger, book: Book, strategy_of: StrategyOf, first: date) -> None:
    """Plans the next look on the local date `first` or later, when it is time."""
    if look := next_look(book.borrower, book.debts, strategy_of, first=first):
        ledger.look_at(book.borrower.ref, raised(book, strategy_of, look))
