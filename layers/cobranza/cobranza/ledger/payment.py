"""Payments: to which debts the money goes, and what is left over. Exact, and never guessed.

Who is given the money: the debt that the payment names, all its instalments oldest first; without one, the
borrower's open debts of the same portfolio and currency, oldest due first. A debt takes what it owes and no more.
A balance declared after the payment already holds it and is not reduced again. What nobody takes is a credit.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from cobranza.ledger.debt import Debt, Parts, knows, paid_after
from cobranza.ledger.money import Money

# An older payment is history: it counts, and nobody is told about it.
FRESH = timedelta(days=3)

# Why money belongs to nobody we know.
UNMATCHED = {
    "NO_SUCH_BORROWER": "No borrower has this number",
    "NO_SUCH_DEBT": "The borrower has no such debt in this portfolio",
    "NO_SUCH_REFERENCE": "No debt has this reference",
    "SEVERAL_BORROWERS": "Several borrowers match, and nobody chooses between them",
    "OTHER_CURRENCY": "The borrower owes nothing in this currency",
}
WARNINGS = {
    "SAME_DAY": "A payment of the day of the balance, without a time, was counted as not yet inside it",
    "MIXED_AS_OF": "Some balances are newer than the payment and hold it; only the older ones were reduced",
}

type Unmatched = Literal[
    "", "NO_SUCH_BORROWER", "NO_SUCH_DEBT", "NO_SUCH_REFERENCE", "SEVERAL_BORROWERS", "OTHER_CURRENCY"
]


class Named(NamedTuple):
    """Whose money a payment says that it is; empty is what it does not say. Beside a payer anything is written as
    a reference, and none counts."""

    payer: str
    debt_id: str
    instalment: str
    reference: str

    def is_another(self, other: "Named") -> bool:
        """Whether both say something, and not the same: then one number stands for two payments."""
        return any(one and two and one != two for one, two in zip(self, other, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that came in, as the creditor's file or gateway tells it.

    `paid_at` is aware and in the zone in which its day was written; without `has_time` only its date counts.
    `payment_id` is unique in the portfolio. The payer is named by debt, by reference or by borrower.
    """

    payment_id: str
    portfolio: str
    borrower_id: str = ""
    debt_id: str = ""
    instalment: str = ""
    reference: str = ""
    amount: Money
    paid_at: datetime
    has_time: bool = True
    method: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if self.paid_at.tzinfo is None:
            raise ValueError("paid_at must be aware")
        if self.amount.amount <= 0:
            raise ValueError("a payment is more than nothing")

    @property
    def named(self) -> Named:
        reference = "" if self.borrower_id else self.reference
        return Named(self.borrower_id, self.debt_id, self.instalment, reference)

    @property
    def moment(self) -> datetime:
        """When it was made; a date alone is the end of its day."""
        return (
            self.paid_at if self.has_time else datetime.combine(self.paid_at.date(), time.max, self.paid_at.tzinfo)
        )

    def is_news(self, now: datetime, *, first_load: bool = False) -> bool:
        """Whether it may be confirmed to anybody: not when it is older than three days, nor when it comes with
        a portfolio's first load."""
        return not first_load and now - self.moment <= FRESH


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What the creditor owes a borrower ("saldo a favor") in one portfolio and currency: what a file declared at
    `as_of`, and what payments made later left over, by payment id."""

    portfolio: str
    currency: str
    declared: Decimal = Decimal(0)
    as_of: datetime | None = None
    overpaid: Parts = field(default_factory=dict[str, tuple[datetime, Decimal]])

    @property
    def left(self) -> Money:
        amounts = (amount for _, amount in self.overpaid.values())
        later = paid_after(self.overpaid, self.as_of) if self.as_of else sum(amounts, Decimal(0))
        return Money(max(self.declared + later, Decimal(0)), self.currency)


class Allocated(NamedTuple):
    """Where a payment's money goes: payment = allocations + credit + included, exact, unless `unmatched` or
    `repeated`, where all three are nothing.

    `allocations` map a debt's key to what it is given, oldest first; `credit` is what nobody took; `included` is
    what declared balances already hold. `after_recall`: the debt is not ours any more, somebody must be told.
    `unmatched` says why it belongs to nobody we know; `repeated` that this payment id was booked before.
    """

    allocations: dict[str, Decimal]
    credit: Money
    included: Money
    after_recall: bool = False
    unmatched: Unmatched = ""
    repeated: bool = False
    warnings: tuple[str, ...] = ()


def allocate(
    payment: Payment, debts: Sequence[Debt], *, named: Collection[str] = (), credit: Credit | None = None
) -> Allocated:
    """What this payment does to its borrower's debts.

    `debts` are all of one borrower; `named` the keys of the debts that `payment.reference` stands for. A payment
    id that `debts` or `credit` have booked already does nothing, whatever its row says now.
    """
    ours = [debt for debt in debts if debt.terms.portfolio == payment.portfolio]
    meant = [debt for debt in ours if is_meant(debt, payment, named)]
    alike = [debt for debt in meant if debt.terms.currency == payment.amount.currency]
    if not alike:
        return _none(payment, unmatched=_why_nobody(payment, meant))
    if _is_booked(payment.payment_id, ours, credit):
        return _none(payment, repeated=True)
    if not (payment.debt_id or named):  # money that names no debt goes to those that are still ours
        alike = [debt for debt in alike if not debt.recalled] or alike
    takers = [debt for debt in _oldest_first(alike) if not knows(debt.terms.as_of, payment.moment)]
    left = payment.amount.amount
    allocations: dict[str, Decimal] = {}
    for debt in takers:
        part = min(left, debt.owed.amount)
        if part > 0:
            allocations[debt.terms.key] = part
            left -= part
    is_inside = len(takers) < len(alike)
    return Allocated(
        allocations=allocations,
        credit=Money(Decimal(0) if is_inside else left, payment.amount.currency),
        included=Money(left if is_inside else Decimal(0), payment.amount.currency),
        after_recall=any(debt.recalled for debt in alike),
        warnings=_warnings(payment, takers, mixed=is_inside and bool(allocations)),
    )


def book(
    payment: Payment, allocated: Allocated, debts: Iterable[Debt], credit: Credit | None = None
) -> tuple[tuple[Debt, ...], Credit | None]:
    """The debts and the credit as they are after the payment; booking the same again changes nothing."""

    def with_part(parts: Parts, amount: Decimal) -> Parts:
        return {**parts, payment.payment_id: (payment.moment, amount)}

    paid = allocated.allocations
    after = tuple(
        replace(debt, paid=with_part(debt.paid, paid[debt.terms.key])) if debt.terms.key in paid else debt
        for debt in debts
    )
    if allocated.credit.amount:
        credit = credit or Credit(portfolio=payment.portfolio, currency=payment.amount.currency)
        credit = replace(credit, overpaid=with_part(credit.overpaid, allocated.credit.amount))
    return after, credit


def is_meant(debt: Debt, payment: Payment, named: Collection[str]) -> bool:
    """Whether the payment is for this debt of its borrower's; `named` as of `allocate`."""
    terms = debt.terms
    if payment.debt_id:
        return terms.debt_id == payment.debt_id and payment.instalment in ("", terms.instalment)
    return terms.key in named if named else bool(payment.borrower_id)


def _none(payment: Payment, *, unmatched: Unmatched = "", repeated: bool = False) -> Allocated:
    nothing = Money(Decimal(0), payment.amount.currency)
    return Allocated(allocations={}, credit=nothing, included=nothing, unmatched=unmatched, repeated=repeated)


def _why_nobody(payment: Payment, meant: Sequence[Debt]) -> Unmatched:
    if meant:
        return "OTHER_CURRENCY"
    by_reference = payment.reference and not payment.debt_id and not payment.borrower_id
    return "NO_SUCH_REFERENCE" if by_reference else "NO_SUCH_DEBT"


def _is_booked(payment_id: str, debts: Sequence[Debt], credit: Credit | None) -> bool:
    return any(payment_id in debt.paid for debt in debts) or (credit is not None and payment_id in credit.overpaid)


def _oldest_first(debts: Iterable[Debt]) -> list[Debt]:
    return sorted(debts, key=lambda debt: (debt.terms.due_date, debt.terms.key))


def _warnings(payment: Payment, takers: Sequence[Debt], *, mixed: bool) -> tuple[str, ...]:
    day, zone = payment.paid_at.date(), payment.paid_at.tzinfo
    same_day = any(debt.terms.as_of.astimezone(zone).date() == day for debt in takers)
    found = {"SAME_DAY": same_day and not payment.has_time, "MIXED_AS_OF": mixed}
    return tuple(code for code in WARNINGS if found[code])
