"""Promises to pay: what was promised, and whether it was kept."""

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """To pay `amount` of a debt, or all of it where that is None, by the end of `day`. `debt` is the debt's key,
    `made_at` when it was given, `owed` what the debt was at that moment."""

    debt: str
    day: date
    made_at: datetime
    owed: Decimal
    amount: Decimal | None = None

    def verdict(self, debt: Debt, grace_days: int, zone: tzinfo) -> Verdict:
        """Judged only on a balance from after the day and its grace in the borrower's `zone` (`debt.terms.as_of`):
        what the creditor has not told us yet breaks no promise."""
        wanted = self.owed if self.amount is None else self.amount
        given = self.owed - debt.owed.amount
        if not debt.is_open or given >= wanted:
            return Verdict.KEPT
        end = datetime.combine(self.day + timedelta(days=grace_days + 1), time(), zone)
        if debt.terms.as_of < end:
            return Verdict.PENDING
        return Verdict.PARTLY if given > 0 else Verdict.BROKEN


def newest_verdict(promises: Sequence[Promise], debt: Debt, grace_days: int, zone: tzinfo) -> Verdict | None:
    """Of the newest promise about this debt; None where there is none."""
    about = [promise for promise in promises if promise.debt == debt.terms.key]
    if not about:
        return None
    newest = max(about, key=lambda promise: (promise.made_at, promise.day))
    return newest.verdict(debt, grace_days, zone)


def may_promise(promises: Sequence[Promise], debt: str, day: date, today: date) -> bool:
    """At most two promises a debt, none beyond 30 days or in the past."""
    given = sum(promise.debt == debt for promise in promises)
    return given < MOST_PER_DEBT and today <= day <= today + HORIZON
