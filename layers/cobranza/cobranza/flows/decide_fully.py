"""The decision with what the borrower's own items do not tell: who else has the phone, and whether the text can be
filled in. The sender and every plan decide by it."""

from dataclasses import replace
from datetime import datetime

from cobranza.errors import InvalidInput
from cobranza.ledger.borrower import Borrower
from cobranza.policy.decide import decide
from cobranza.policy.decision import Book, Decision, Policies, Send, Skip
from cobranza.store.ledger import Ledger, Loaded
from cobranza.whatsapp.messages import reminder_components


def decide_fully(
    ledger: Ledger, book: Book, policies: Policies, now: datetime, *, consistent: bool = True
) -> Decision:
    """Nobody is written to on a phone that another borrower who owes has too. Only where a message would leave it
    is asked who is behind the phone, and only of those others what they owe; not `consistent` for a plan alone."""
    decision = decide(book, policies, now)
    if not isinstance(decision, Send):
        return decision
    if not _can_be_filled_in(decision, book.borrower):
        why = Skip("NOT_FILLED_IN")
        return replace(why, debts={debt.terms.key: why.outcome for debt in decision.debts} | dict(decision.others))
    if shares_phone(ledger, book.borrower, consistent=consistent):
        return decide(replace(book, borrower=replace(book.borrower, shares_phone=True)), policies, now)
    return decision


def _can_be_filled_in(send: Send, borrower: Borrower) -> bool:
    """But for the document, which is uploaded only when the message goes."""
    try:
        reminder_components(replace(send, media_id=send.media_id or "0"), borrower)
    except InvalidInput:
        return False
    return True


def shares_phone(ledger: Ledger, borrower: Borrower, *, consistent: bool = True) -> bool:
    """Whether somebody else who owes has the borrower's phone."""
    behind = ledger.borrowers_behind(borrower.phone_ref, consistent=consistent)
    others = (ledger.load(ref, consistent=consistent) for ref in behind if ref != borrower.ref)
    return any(_owes_at(other, borrower.phone_ref) for other in others)


def _owes_at(loaded: Loaded | None, phone_ref: str) -> bool:
    """Whether somebody owes and has this phone now: a reference tells also of whoever once had it."""
    return loaded is not None and loaded.book.owes and loaded.book.borrower.answers_at({phone_ref})
