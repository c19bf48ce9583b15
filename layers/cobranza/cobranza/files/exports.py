"""What goes out every day for other systems: payments with where their money went, ageing, interactions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cobranza.files.listings import exact, listing, payment_cells
from cobranza.files.payments import COLUMNS
from cobranza.ledger.money import Money
from cobranza.ledger.payment import Payment

# The last day past due of each bucket; none for the oldest.
BUCKETS: dict[str, int | None] = {
    "days_0": 0,
    "days_1_30": 30,
    "days_31_60": 60,
    "days_61_90": 90,
    "days_over_90": None,
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a payment. `to` is "debt", "credit" (nobody took it), "in_balance" (a declared balance holds it
    already) or "unmatched" (it belongs to nobody we know)."""

    to: str
    amount: Decimal
    debt_id: str = ""
    instalment: str = ""


@dataclass(frozen=True, slots=True)
class PaymentOut:
    """A payment and all its parts. Raises ValueError where they do not add up to it."""

    payment: Payment
    parts: Sequence[Part]

    def __post_init__(self) -> None:
        if sum((part.amount for part in self.parts), Decimal(0)) != self.payment.amount.amount:
            raise ValueError(f"the parts of payment {self.payment.payment_id} are not the payment")


def payments_out_csv(payments: Iterable[PaymentOut]) -> bytes:
    """One line for each part. Before it stands the payment as its file told it; its `amount` repeats on each
    line, `part_amount` adds up to it."""

    def lines() -> Iterator[tuple[str, ...]]:
        for out in payments:
            for part in out.parts:
                amount = exact(Money(part.amount, out.payment.amount.currency))
                told = payment_cells(out.payment)
                yield out.payment.portfolio, *told, part.to, part.debt_id, part.instalment, amount

    return listing(
        ("portfolio", *COLUMNS.names, "part_to", "part_debt_id", "part_instalment", "part_amount"), lines()
    )


@dataclass(frozen=True, slots=True)
class OpenDebt:
    portfolio: str
    due_date: date
    owed: Money


def ageing(debts: Iterable[OpenDebt], day: date) -> dict[tuple[str, str], dict[str, Decimal]]:
    """What is owed by days past due on `day`, in the order of BUCKETS, for each portfolio and currency."""
    found: dict[tuple[str, str], dict[str, Decimal]] = {}
    for debt in debts:
        place = (debt.portfolio, debt.owed.currency)
        buckets = found.setdefault(place, dict.fromkeys(BUCKETS, Decimal(0)))
        buckets[_bucket((day - debt.due_date).days)] += debt.owed.amount
    return dict(sorted(found.items()))


def ageing_csv(debts: Iterable[OpenDebt], day: date) -> bytes:
    """One line for each portfolio and currency; `total` is the sum of its balances."""
    return listing(
        ("day", "portfolio", "currency", *BUCKETS, "total"),
        (
            (
                day.isoformat(),
                portfolio,
                currency,
                *(exact(Money(amount, currency)) for amount in buckets.values()),
                exact(Money(sum(buckets.values(), Decimal(0)), currency)),
            )
            for (portfolio, currency), buckets in ageing(debts, day).items()
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Something that happened between the creditor and a borrower. `event` is the kind ("message.sent"), `code`
    its outcome, `debts` the debts' ids, `step` in days from the due date."""

    at: datetime
    portfolio: str
    borrower_id: str
    event: str
    channel: str = "whatsapp"
    code: str = ""
    debts: Sequence[str] = ()
    step: int | None = None
    template: str = ""
    detail: str = ""


def interactions_csv(interactions: Iterable[Interaction]) -> bytes:
    """One line for each, in the order of time."""
    names = ("at", "portfolio", "borrower_id", "event", "channel", "code", "debts", "step", "template", "detail")
    ordered = sorted(interactions, key=lambda each: (each.at, each.borrower_id, each.event))
    return listing(
        names,
        (
            (
                each.at.isoformat(),
                each.portfolio,
                each.borrower_id,
                each.event,
                each.channel,
                each.code,
                "|".join(each.debts),
                "" if each.step is None else str(each.step),
                each.template,
                each.detail,
            )
            for each in ordered
        ),
    )


def _bucket(days_past_due: int) -> str:
    return next(name for name, last in BUCKETS.items() if last is None or days_past_due <= last)
