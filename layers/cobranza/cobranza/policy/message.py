"""The life of a message: states that only go forward, whatever order Meta's news comes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from cobranza.ledger.confirmation import Subject

# A claim older than this was made by a worker that is dead: it lives at most as long as its Lambda.
DEAD_AFTER = timedelta(minutes=3)
MOST_ATTEMPTS = 5
# Asks who answers at a phone, and says nothing of what is owed.
FIRST_CONTACT = "primer_contacto"


class State(StrEnum):
    """In the order in which one may follow another; a later one always wins.

    RETRY: Meta surely did not accept it, it may be claimed again. UNKNOWN: it may or may not have left, only a
    status settles it and it is never sent again. FAILED stands between SENT and DELIVERED, because a message may
    be sent and fail later, but one that arrived has arrived.
    """

    RETRY = "RETRY"
    CLAIMED = "CLAIMED"
    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"
    SENT = "SENT"
    FAILED = "FAILED"
    DELIVERED = "DELIVERED"
    READ = "READ"

    @property
    def rank(self) -> int:
        return tuple(State).index(self)


class Consumed(NamedTuple):
    """A debt's step that a claim used up, for the due date that it had then."""

    due_date: date
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A borrower's claim of one local date. `debts` maps a debt's key to what the claim consumed of it;
    `failed_for` is Meta's code of a failure, `template` its text, `portfolio` whose it is, `phone_ref` stands for
    the phone it went to and `unreached` that this one gets no WhatsApp; `confirms` what it confirms, of a message
    that asks for nothing.
    """

    day: date
    state: State
    claimed_at: datetime
    attempts: int
    failed_for: int = 0
    unreached: bool = False
    debts: Mapping[str, Consumed]
    template: str = ""
    portfolio: str = ""
    phone_ref: str = ""
    confirms: str = ""

    @property
    def is_first_contact(self) -> bool:
        return self.template == FIRST_CONTACT

    @property
    def is_of_case(self) -> bool:
        """A person wrote it, unasked."""
        return self.confirms.startswith(Subject.CASE)

    @property
    def uses_up_steps(self) -> bool:
        """Not where Meta surely did not take it, nor where the phone that it went to could not be reached."""
        return self.state is not State.RETRY and not self.is_lost

    @property
    def is_lost(self) -> bool:
        """It failed because its phone cannot be reached."""
        return self.state is State.FAILED and self.unreached

    @property
    def outcome(self) -> str:
        """What the outcome book says of it; empty while it may still be sent."""
        match self.state:
            case State.RETRY | State.CLAIMED:
                return ""
            case State.UNKNOWN:
                return "UNKNOWN"
            case State.FAILED:
                return f"FAILED_{self.failed_for}"
            case _:
                return "SENT"
