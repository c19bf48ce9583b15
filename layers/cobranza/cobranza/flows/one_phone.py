"""The decision with what the borrower's own items do not tell: who else has the phone. The sender and every plan
decide by it."""

from dataclasses import replace
from datetime import datetime

from cobranza.ledger.borrower import Borrower
from cobranza.policy.decision import Book, Decision, Policies, Send, decide
from cobranza.store.ledger import Ledger


def decide_alone(ledger: Ledger, book: Book, policies: Policies, now: datetime) -> Decision:
    """Nobody is written to on a phone that another borrower who owes has too. Only where a message would leave it
    is asked who is behind the phone, and only of those others what they owe."""
    decision = decide(book, policies, now)
    if isinstance(decision, Send) and _shares_phone(ledger, book.borrower):
        return decide(replace(book, borrower=replace(book.borrower, shares_phone=True)), policies, now)
    return decision


def _shares_phone(ledger: Ledger, borrower: Borrower) -> bool:
    others = (ref for ref in ledger.borrowers_behind(borrower.phone_ref) if ref != borrower.ref)
    return any(_owes_at(ledger, other, borrower.phone_ref) for other in others)


def _owes_at(ledger: Ledger, ref: str, phone_ref: str) -> bool:
    """Whether somebody owes and has this phone now: a reference tells also of whoever once had it."""
    loaded = ledger.load(ref)
    if loaded is None:
        return False
    other = loaded.book.borrower
    has_phone = other.phone_ref == phone_ref and not other.wrong_number
    return has_phone and any(debt.is_open and not debt.recalled for debt in loaded.book.debts)
