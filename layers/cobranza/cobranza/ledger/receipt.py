"""What a borrower sent as proof of a payment, and what a person found when they looked for the money."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Decision(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`id` stands for the message it came in, `event` names that message in the conversation; `state` is what
    became of fetching it (TO_VERIFY, REVIEW, WRONG_TYPE, TOO_LARGE, GONE), `file` its name in the receipts bucket,
    empty where there was nothing to keep.

    `debts` are the keys of those it may be for, `currency` theirs, empty where they have several; `until` is the
    last day on which it keeps reminders back, None where it keeps back nothing; `has_case` that its time was up
    and a person was asked.
    """

    id: str
    borrower: str
    event: str
    portfolio: str
    state: str
    file: str
    received_at: datetime
    debts: tuple[str, ...]
    currency: str = ""
    until: date | None = None
    has_case: bool = False
    decision: Decision | None = None

    @property
    def waits(self) -> bool:
        """Nobody has decided about it."""
        return self.decision is None


def paused_until(receipts: Iterable[Receipt]) -> date | None:
    """The last day on which those of a borrower that wait keep reminders back."""
    return max((each.until for each in receipts if each.waits and each.until), default=None)
