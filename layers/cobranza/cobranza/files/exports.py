"""What goes out every day for other systems: payments with where their money went, interactions, ageing.

Each table has its COLUMNS and a function that makes its rows, one after the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from cobranza.files.listings import payment_cells
from cobranza.files.payments import COLUMNS
from cobranza.files.results import exact
from cobranza.ledger.money import Money
from cobranza.ledger.payment import Payment

type Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a payment. `to` is "debt", "credit" (nobody took it) or "in_balance" (a declared balance holds it
    already)."""

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


PAYMENTS_OUT_COLUMNS = (
    "portfolio",
    *COLUMNS.names,
    *("part_to", "part_debt_id", "part_instalment", "part_amount"),
)


def payments_out(payments: Iterable[PaymentOut]) -> Iterator[Row]:
    """One row for each part. Before it stands the payment as its file told it; its `amount` repeats on each row,
    `part_amount` adds up to it."""
    for out in payments:
        told = payment_cells(out.payment)
        for part in out.parts:
            amount = exact(Money(part.amount, out.payment.amount.currency))
            yield out.payment.portfolio, *told, part.to, part.debt_id, part.instalment, amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Something that happened between the creditor and a borrower. `event` is the kind ("message.sent"), `code`
    its outcome, `debts` the debts' ids, `step` in days from the due date, `message` names a WhatsApp message: its
    events have the same."""

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
    message: str = ""


INTERACTION_COLUMNS = (
    *("at", "portfolio", "borrower_id", "event", "channel", "code"),
    *("debts", "step", "template", "detail", "message"),
)


def interactions(told: Iterable[Interaction]) -> Iterator[Row]:
    """One row for each, in their order."""
    for each in told:
        yield (
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
            each.message,
        )


# The last day past due of each bucket, none for the oldest, and what it holds.
BUCKETS: dict[str, tuple[int | None, str]] = {
    "days_0": (0, "sin vencer, o vence este día · not due yet, or due on this day"),
    "days_1_30": (30, "1 a 30 días de atraso · 1 to 30 days past due"),
    "days_31_60": (60, "31 a 60 días de atraso · 31 to 60 days past due"),
    "days_61_90": (90, "61 a 90 días de atraso · 61 to 90 days past due"),
    "days_over_90": (None, "más de 90 días de atraso · more than 90 days past due"),
}
TOTAL = ("total", "suma de las filas de arriba · the rows above, added up")
BOOK = (
    "book",
    "todo lo que se debe en las deudas abiertas; igual a total · all that is owed on open debts; equal to total",
)


@dataclass(frozen=True, slots=True)
class OpenDebt:
    due_date: date
    owed: Money


@dataclass(slots=True)
class Sum:
    """So many debts, and what is owed on them."""

    debts: int = 0
    amount: Decimal = Decimal(0)

    def add(self, amount: Decimal) -> None:
        self.debts += 1
        self.amount += amount


AGEING_COLUMNS = ("day", "portfolio", "currency", "bucket", "definition", "debts", "amount")


@dataclass(slots=True)
class Ageing:
    """Adds up open debts by currency and bucket."""

    portfolio: str
    day: date
    _buckets: dict[str, dict[str, Sum]] = field(default_factory=dict[str, dict[str, Sum]])
    _book: dict[str, Sum] = field(default_factory=dict[str, Sum])

    def add(self, debt: OpenDebt) -> None:
        currency = debt.owed.currency
        if currency not in self._book:
            self._buckets[currency], self._book[currency] = {name: Sum() for name in BUCKETS}, Sum()
        self._buckets[currency][_bucket((self.day - debt.due_date).days)].add(debt.owed.amount)
        self._book[currency].add(debt.owed.amount)

    def rows(self) -> Iterator[Row]:
        """For each currency one row for each bucket, by days past due on the day, and two that must be equal."""
        for currency in sorted(self._book):
            sums = self._buckets[currency]
            rows = [(name, definition, sums[name]) for name, (_, definition) in BUCKETS.items()]
            rows += [(*TOTAL, _added_up(sums.values())), (*BOOK, self._book[currency])]
            for name, definition, told in rows:
                amount = exact(Money(told.amount, currency))
                yield self.day.isoformat(), self.portfolio, currency, name, definition, str(told.debts), amount


def _bucket(days_past_due: int) -> str:
    return next(name for name, (last, _) in BUCKETS.items() if last is None or days_past_due <= last)


def _added_up(sums: Iterable[Sum]) -> Sum:
    total = Sum()
    for each in sums:
        total.debts += each.debts
        total.amount += each.amount
    return total
