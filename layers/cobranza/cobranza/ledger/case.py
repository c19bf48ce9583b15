"""A case: what somebody wrote and a person has to look at, until that person closes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from cobranza.ledger.standing import Action, LookedInto, Standing


class CaseState(StrEnum):
    OPEN = "OPEN"
    TAKEN = "TAKEN"
    CLOSED = "CLOSED"


class CaseQueue(StrEnum):
    """Who of the creditor's team looks at it. UNKNOWN: a number that nobody has."""

    COLLECTIONS = "collections"
    GENERAL = "general"
    UNKNOWN = "unknown"


class Result(StrEnum):
    """RESOLVED: what was said keeps reminders back no more; STANDS: it does, and nothing is left to do. The others
    are no person's word about the case, but what was decided about its receipt."""

    RESOLVED = "resolved"
    STANDS = "stands"
    RECEIPT_ACCEPTED = "receipt_accepted"
    RECEIPT_REJECTED = "receipt_rejected"


@dataclass(frozen=True, slots=True)
class Closing:
    """How a case ends; nobody is reminded of its debts up to and including `hold_until`."""

    result: Result
    hold_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`id` stands for the message it came from, `chat` for the conversation and `event` for the message in it,
    written at `asked_at`; `topic` is an intent (DISPUTE), or what else a person is needed for (MEDIA, ERASE).

    `borrowers` are the references of those who had the phone, none for an unknown number; `debts` the keys of what
    they owed the portfolio. `stops` is what the message stopped, `looked_into` until when it keeps reminders back,
    `in_charge_until` until when a person answers alone. `taken_by` is the taker's name in the creditor's own
    directory, `source` who closed it: an import, or that name.
    """

    id: str
    portfolio: str
    queue: CaseQueue
    topic: str
    chat: str
    event: str
    asked_at: datetime
    opened_at: datetime
    borrowers: Sequence[str] = ()
    debts: Sequence[str] = ()
    stops: Sequence[Action] = ()
    looked_into: datetime | None = None
    in_charge_until: datetime | None = None
    state: CaseState = CaseState.OPEN
    taken_by: str = ""
    taken_until: datetime | None = None
    first_answer_at: datetime | None = None
    closing: Closing | None = None
    closed_at: datetime | None = None
    source: str = ""
    rev: int = field(default=1, compare=False)

    @property
    def is_open(self) -> bool:
        return self.state is not CaseState.CLOSED

    def may_be_taken(self, by: str, now: datetime) -> bool:
        """By anybody whom nobody has come before, or whose time is up."""
        is_free = self.state is CaseState.OPEN or (self.taken_until is not None and self.taken_until <= now)
        return self.is_open and (is_free or self.taken_by == by)


def let_go(standing: Standing, case: Case) -> Standing:
    """The standing without the time for which the case's message keeps reminders back: others have their own. One
    that an earlier version kept has its moment alone."""
    ours = {message for message in standing.looked_into if message.case == case.id}
    ours |= {LookedInto(case.looked_into)} if case.looked_into else set()
    return replace(standing, looked_into=standing.looked_into - ours)


def taken_back(standing: Standing, case: Case) -> Standing:
    """The standing without what the case's message stopped. What anybody else stopped stays, and so does what the
    borrower said in another message."""
    at, stops = case.asked_at, case.stops
    if Action.DISPUTE in stops:
        standing = replace(standing, dispute=standing.dispute.take_back(at, case.id))
    if Action.WRONG_NUMBER in stops:
        standing = replace(standing, wrong_number=standing.wrong_number.take_back(at, case.id))
    if Action.HOLD in stops:
        standing = replace(standing, hold=standing.hold.take_back(at, case.id))
    return standing
