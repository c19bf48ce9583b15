"""Promises to pay: what was promised, and whether it was kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum

from cobranza.ledger.debt import Debt

HORIZON = timedelta(days=30)
MOST_PER_DEBT = 2


class Verdict(StrEnum):
    """PENDING until data from after the day and its grace can tell."""

    PENDING = "PENDING"
    KEPT = "KEPT"
    PARTLY = "PARTLY"
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Promise:
    """To pay by the end of `day`, given at `made_at`: `amount` of the debt, or all of it where that is None."""

    made_at: datetime
    day: date
    amount: Decimal | None = None
    source: str = ""

    @property
    def rank(self) -> tuple[datetime, date, Decimal, str]:
        """Which of two was given first, whatever order they are told in."""
        return self.made_at, self.day, self.amount or Decimal(0), self.source

    @property
    def is_near(self) -> bool:
        """Whether its day lies within 30 days of when it was given."""
        return timedelta(days=-1) <= self.day - self.made_at.date() <= HORIZON


def counted(promises: Iterable[Promise]) -> tuple[Promise, ...]:
    """The first two of a debt; who promises a third time is reminded like everybody else."""
    return tuple(sorted(promises, key=lambda promise: promise.rank))[:MOST_PER_DEBT]


def is_kept(promise: Promise, debt: Debt) -> bool:
    """Whether what was promised has been paid, in time or not."""
    return not debt.is_open or (promise.amount is not None and _given(promise, debt) >= promise.amount)


def _given(promise: Promise, debt: Debt) -> Decimal:
    return sum((amount for moment, amount in debt.paid.values() if moment > promise.made_at), Decimal(0))


def over_at(promise: Promise, grace_days: int, zone: tzinfo) -> datetime:
    """The moment at which the day and its grace have passed."""
    return datetime.combine(promise.day + timedelta(days=grace_days + 1), time(), zone)


def verdict(
    promise: Promise, debt: Debt, grace_days: int, zone: tzinfo, known_at: datetime | None = None
) -> Verdict:
    """Judged only on data from after the day and its grace in the borrower's `zone`: what the creditor has not
    told us yet breaks no promise. `known_at` is the moment of the portfolio's newest file, where that is later
    than the debt's own: a balance that did not change is not written again. What was given are the payments made
    since; a creditor whose files bring balances alone shows a promise of a part as broken."""
    if is_kept(promise, debt):
        return Verdict.KEPT
    if max(debt.terms.as_of, known_at or debt.terms.as_of) < over_at(promise, grace_days, zone):
        return Verdict.PENDING
    return Verdict.PARTLY if _given(promise, debt) > 0 else Verdict.BROKEN


def newest_verdict(
    debt: Debt, promises: Iterable[Promise], grace_days: int, zone: tzinfo, known_at: datetime | None = None
) -> Verdict | None:
    """Of the newest promise that counts; None where there is none."""
    those = counted(promises)
    return verdict(those[-1], debt, grace_days, zone, known_at) if those else None
