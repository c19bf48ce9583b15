"""Payments in the ledger table: each once, with where its money went, and what it left at debts and credits.

A payment is saved before it is applied. Whoever finds it saved applies it as it was saved, and decides nothing.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from cobranza.ledger.debt import Debt, Parts
from cobranza.ledger.money import Money
from cobranza.ledger.payment import Allocated, Credit, Named, Payment, Unmatched, book
from cobranza.ledger.receipt import Receipt
from cobranza.policy.retention import expires
from cobranza.store import keys, payment_keys
from cobranza.store.items import credit_of
from cobranza.store.table import ConditionFailed, Insert, Item, Table, Update, Write, until_written, utc

# A part that a balance has known for so long can have no older balance come after it.
KEPT = timedelta(days=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A payment under its reference, and where its money goes. `late` are the debts it was for that the creditor
    had taken back, and why; `source` is the import that brought it. `named` has the
    borrower as its payer."""

    ref: str
    borrower: str
    portfolio: str
    amount: Money
    moment: datetime
    allocated: Allocated
    late: Mapping[str, str] = field(default_factory=dict[str, str])
    source: str
    named: Named

    def apply(self, debts: Iterable[Debt], credit: Credit | None) -> tuple[tuple[Debt, ...], Credit | None]:
        """The debts and the credit with this payment; they are the same where they have it already."""
        payment = Payment(payment_id=self.ref, portfolio=self.portfolio, amount=self.amount, paid_at=self.moment)
        return book(payment, self.allocated, debts, credit)


class Payments:
    def __init__(self, table: Table) -> None:
        self._table = table

    def saved(self, refs: Iterable[str]) -> dict[str, Saved]:
        """Of these references to payments, those that are saved."""
        found = self._table.get_all([payment_keys.payment(ref) for ref in dict.fromkeys(refs)])
        return {saved.ref: saved for saved in map(_saved_of, found)}

    def is_of(self, receipt: Receipt, ref: str) -> bool:
        """Whether the operation that `ref` stands for is this receipt's: it is no other's from then on, and was no
        payment before."""
        if self.saved([ref]):
            return False
        try:
            self._table.update(
                payment_keys.payment(ref) | {"sk": "OPERATION"},
                {"receipt": receipt.id, "borrower": receipt.borrower, "portfolio": receipt.portfolio},
                condition="attribute_not_exists(#receipt) OR #receipt = :receipt",
            )
        except ConditionFailed:
            return False
        return True

    def told(self, refs: Iterable[str], zone: tzinfo) -> dict[str, Payment]:
        """Of these references, the payments as their rows told them; `zone` is where their days were written."""
        found = self._table.get_all([payment_keys.payment(ref) for ref in dict.fromkeys(refs)])
        return {payment_keys.payment_of(item["pk"]): _payment_of(item, zone) for item in found}

    def keep_unmatched(self, ref: str, payment: Payment, code: Unmatched, now: datetime) -> None:
        """A payment that belongs to nobody we know, and why. Once; who sends it again says nothing new."""
        told = _told_of(payment) | {"code": code, "portfolio": payment.portfolio, "saved_at": utc(now)}
        if payment.borrower_id:
            told["borrower_id"] = payment.borrower_id
        with contextlib.suppress(ConditionFailed):
            self._table.put_new(payment_keys.unmatched(ref) | told)

    def unmatched(self, refs: Iterable[str], zone: tzinfo) -> dict[str, tuple[Payment, Unmatched]]:
        """Of these references, the payments that belonged to nobody and were not booked since."""
        wanted = list(dict.fromkeys(refs))
        booked = self.saved(wanted)
        found = self._table.get_all([payment_keys.unmatched(ref) for ref in wanted if ref not in booked])
        return {payment_keys.payment_of(item["pk"]): (_payment_of(item, zone), item["code"]) for item in found}

    def keep_ownerless(self, portfolio: str, paid: Iterable[tuple[str, datetime]]) -> None:
        """The debts of these references were paid at these moments, and nobody owes them yet."""
        items = {(ref, utc(moment)): expires("ownerless", moment) for ref, moment in paid}
        keyed = [payment_keys.ownerless(portfolio, at, ref) | {"expires": end} for (ref, at), end in items.items()]
        self._table.write_all([Insert(item) for item in keyed])

    def ownerless(self, portfolio: str, since: datetime) -> set[str]:
        """The references of debts that were paid after `since`, while nobody owed them."""
        later = self._table.query("pk = :pk AND sk > :sk", payment_keys.ownerless(portfolio, utc(since), ""))
        return {item["sk"].partition("#")[2] for item in later}

    def credits(self, portfolio: str, shards: Iterable[int]) -> Iterator[tuple[str, str]]:
        """Who has ever been owed something in the portfolio, and the currency, from the index."""
        places = (keys.credits(portfolio, shard) for shard in shards)
        for place in places:
            for item in self._table.query("book = :book", {"book": place}, index="book"):
                yield keys.borrower_of(item["pk"]), item["sk"].rpartition("#")[2]

    def declare_credit(
        self, borrower: str, portfolio: str, currency: str, declared: Decimal, as_of: datetime
    ) -> None:
        """What a file of `as_of` says the creditor owes a borrower: overpayments made before it are inside.
        Nothing where a later file has spoken, or where there is nothing to say."""

        def declare() -> bool:
            there = self._table.get(keys.credit(borrower, portfolio, currency))
            write = declared_credit(borrower, portfolio, currency, there, declared, as_of)
            return write is None or all(self._table.write_all([write]))

        until_written(declare)


def new_payment(saved: Saved, payment: Payment, now: datetime) -> Insert:
    """`payment` is as its row tells it, and is kept for those who ask where the money went."""
    allocated = saved.allocated
    told: Item = {
        "portfolio": saved.portfolio,
        "borrower": saved.borrower,
        "allocations": dict(allocated.allocations),
        "credit": allocated.credit.amount,
        "included": allocated.included.amount,
        "source": saved.source,
        "saved_at": utc(now),
    }
    late: Item = {"late": dict(saved.late)} if saved.late else {}
    return Insert(payment_keys.payment(saved.ref) | told | late | _told_of(payment))


def _told_of(payment: Payment) -> Item:
    """A payment as its row tells it, without its payer."""
    told: Item = {
        "payment_id": payment.payment_id,
        "amount": payment.amount.amount,
        "currency": payment.amount.currency,
        "moment": _exact(payment.moment),
        "has_time": payment.has_time,
    }
    optional: Item = {
        "debt_id": payment.debt_id,
        "instalment": payment.instalment,
        "reference": payment.reference,
        "method": payment.method,
        "told_by": payment.source,
    }
    return told | {name: value for name, value in optional.items() if value}


def _saved_of(item: Item) -> Saved:
    currency: str = item["currency"]
    late: dict[str, str] = item.get("late", {})
    allocated = Allocated(
        allocations=item["allocations"],
        credit=Money(item["credit"], currency),
        included=Money(item["included"], currency),
        after_recall=bool(late),
    )
    return Saved(
        ref=payment_keys.payment_of(item["pk"]),
        borrower=item["borrower"],
        portfolio=item["portfolio"],
        amount=Money(item["amount"], currency),
        moment=datetime.fromisoformat(item["moment"]),
        allocated=allocated,
        late=late,
        source=item["source"],
        named=Named(item["borrower"], *(item.get(name, "") for name in ("debt_id", "instalment", "reference"))),
    )


def _payment_of(item: Item, zone: tzinfo) -> Payment:
    return Payment(
        payment_id=item["payment_id"],
        portfolio=item["portfolio"],
        borrower_id=item.get("borrower_id", ""),
        debt_id=item.get("debt_id", ""),
        instalment=item.get("instalment", ""),
        reference=item.get("reference", ""),
        amount=Money(item["amount"], item["currency"]),
        paid_at=datetime.fromisoformat(item["moment"]).astimezone(zone),
        has_time=item["has_time"],
        method=item.get("method", ""),
        source=item.get("told_by", ""),
    )


def paid_debt(borrower: str, there: Item, debt: Debt) -> Update | None:
    """What payments gave a debt; None where the table knows it."""
    paid = parts_item(debt.paid, debt.terms.as_of)
    if paid == there.get("paid", {}):
        return None
    rev = there["rev"]
    return Update(keys.debt(borrower, debt.terms.key), {"paid": paid, "rev": rev + 1}, {"rev": rev})


def changed_credit(borrower: str, there: Item | None, credit: Credit) -> Write | None:
    """What the creditor owes the borrower; None where the table knows it."""
    told: Item = {"declared": credit.declared, "overpaid": parts_item(credit.overpaid, credit.as_of)}
    if credit.as_of:
        told["as_of"] = utc(credit.as_of)
    told["book"] = keys.credits(credit.portfolio, keys.book_shard(borrower))
    key = keys.credit(borrower, credit.portfolio, credit.currency)
    if there is None:
        return Insert({**key, **told, "rev": 1})
    if all(there.get(name) == value for name, value in told.items()):
        return None
    return Update(key, told | {"rev": there["rev"] + 1}, {"rev": there["rev"]})


def declared_credit(
    borrower: str, portfolio: str, currency: str, there: Item | None, declared: Decimal, as_of: datetime
) -> Write | None:
    if there is None:
        if not declared:
            return None
        credit = Credit(portfolio=portfolio, currency=currency)
    else:
        credit = credit_of(there)
    if credit.as_of and utc(credit.as_of) > utc(as_of):
        return None
    return changed_credit(borrower, there, replace(credit, declared=declared, as_of=as_of))


def parts_item(parts: Parts, as_of: datetime | None) -> dict[str, list[Any]]:
    """Parts by payment, without those that the balance of `as_of` has known for long."""
    return {
        payment: [_exact(moment), amount]
        for payment, (moment, amount) in parts.items()
        if as_of is None or moment > as_of - KEPT
    }


def _exact(moment: datetime) -> str:
    """With its microseconds, because a payment without a time is of the last one of its day, and in the zone whose
    day that is."""
    return moment.isoformat()
