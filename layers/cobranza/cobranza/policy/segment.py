"""How a borrower behaves: paid on time until now or not, and what they did with our newest message."""

from collections.abc import Sequence
from datetime import date, datetime

from cobranza.ledger.debt import Debt
from cobranza.policy.message import Message, State
from cobranza.policy.strategy import Last, Segment, Segments


def segment_of(debts: Sequence[Debt], segments: Segments) -> Segment:
    """By the newest debts that payments settled: none late is punctual, the worst within `slight_days` slight,
    else chronic. Unknown where no payment is known; what is open says nothing yet."""
    settled = sorted(
        ((d.terms.due_date, days) for d in debts if (days := _days_late(d)) is not None), reverse=True
    )
    worst = max((days for _, days in settled[: segments.of]), default=None)
    if worst is None:
        return "unknown"
    if worst <= 0:
        return "punctual"
    return "slight" if worst <= segments.slight_days else "chronic"


def last_of(messages: Sequence[Message], heard_at: datetime | None) -> Last:
    """What became of the newest message that may have left; `heard_at` is when the borrower last wrote."""
    told = [message for message in messages if message.state is not State.RETRY]
    if not told:
        return "none"
    newest = max(told, key=lambda message: message.day)
    if heard_at and heard_at >= newest.claimed_at:
        return "replied"
    match newest.state:
        case State.READ:
            return "read"
        case State.DELIVERED:
            return "delivered"
        case _:
            return "not_delivered"


def _days_late(debt: Debt) -> int | None:
    """From the due date to the payment that settled it; None where it is open or no payment is known."""
    if debt.is_open or debt.recalled or not debt.paid:
        return None
    settled: date = max(moment for moment, _ in debt.paid.values()).date()
    return (settled - debt.terms.due_date).days
