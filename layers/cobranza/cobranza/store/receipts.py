"""Receipts in the ledger table: each in its borrower's partition, and in the index of the book while it waits."""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from heapq import merge
from itertools import batched, groupby
from operator import itemgetter

from cobranza.ledger.money import Money
from cobranza.ledger.receipt import Decision, Receipt
from cobranza.store import keys
from cobranza.store.table import READS_A_CALL, ConditionFailed, Item, Table, Update, utc

# A receipt that was decided about is known so long: another one within it is looked at by a person.
KEPT = timedelta(days=40)


class Receipts:
    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, receipt: Receipt) -> None:
        """Once: one that is there stays as it is."""
        item = keys.receipt(receipt.borrower, receipt.id) | _told(receipt)
        with contextlib.suppress(ConditionFailed):
            self._table.put_new(item)

    def of(self, borrower: str) -> list[Receipt]:
        """A borrower's, those of the last weeks that were decided about among them."""
        values = {"pk": keys.borrower_pk(borrower), "sk": keys.RECEIPT}
        return [*map(receipt_of, self._table.query("pk = :pk AND begins_with(sk, :sk)", values))]

    def find(self, wanted: Iterable[tuple[str, str]]) -> Iterator[Receipt]:
        """Those that there are of these, each by its borrower and its id."""
        yield from map(receipt_of, self._table.get_all(keys.receipt(*each) for each in wanted))

    def waiting(self, portfolio: str) -> Iterator[Receipt]:
        """Those of a portfolio that nobody has decided about."""
        for some in batched(self._indexed(portfolio), READS_A_CALL, strict=False):
            yield from (each for each in self.find(some) if each.waits)

    def page(self, portfolio: str, after: str, most: int) -> tuple[list[Receipt], str]:
        """Those that wait of the borrowers after the reference `after`, at least `most` and no borrower's in part,
        and the borrower to go on after; empty at the end."""
        found: list[tuple[str, str]] = []
        for borrower, theirs in groupby(self._indexed(portfolio, after), itemgetter(0)):
            found += theirs
            if len(found) >= most:
                return self._waiting_among(found), borrower
        return self._waiting_among(found), ""

    def _waiting_among(self, wanted: Iterable[tuple[str, str]]) -> list[Receipt]:
        """The oldest first."""
        return sorted(
            (each for each in self.find(wanted) if each.waits), key=lambda each: (each.received_at, each.id)
        )

    def _indexed(self, portfolio: str, after: str = "") -> Iterator[tuple[str, str]]:
        """Borrower and id of a portfolio's, those of a borrower together, from the index: as of moments ago."""
        shards = (
            self._table.query(
                "book = :book AND pk > :after",
                {"book": keys.receipts(portfolio, shard), "after": keys.borrower_pk(after)},
                index="book",
            )
            for shard in range(keys.BOOK_SHARDS)
        )
        for item in merge(*shards, key=itemgetter("pk")):
            yield keys.borrower_of(item["pk"]), item["sk"].removeprefix(keys.RECEIPT)

    def prolong(self, receipt: Receipt, until: date) -> bool:
        """Its time is up, and a person has until that day. False where somebody has decided meanwhile."""
        try:
            self._table.update(
                keys.receipt(receipt.borrower, receipt.id),
                {"until": until, "has_case": True},
                add={"rev": 1},
                condition="attribute_exists(#pk) AND attribute_not_exists(#decision)",
            )
        except ConditionFailed:
            return False
        return True


def receipt_of(item: Item) -> Receipt:
    until, decision = item.get("until"), item.get("decision")
    return Receipt(
        id=item["sk"].removeprefix(keys.RECEIPT),
        borrower=keys.borrower_of(item["pk"]),
        event=item["event"],
        portfolio=item["portfolio"],
        state=item["state"],
        file=item.get("file", ""),
        received_at=datetime.fromisoformat(item["received_at"]),
        debts=tuple(item["debts"]),
        currency=item.get("owed_in", ""),
        until=date.fromisoformat(until) if until else None,
        has_case=bool(item.get("has_case")),
        decision=Decision(decision) if decision else None,
    )


def amount_of(item: Item) -> Money | None:
    """What came in, of a receipt that was accepted."""
    return Money(item["amount"], item["currency"]) if "amount" in item else None


def decided(
    item: Item, decision: Decision, amount: Money | None, reason: str, source: str, now: datetime
) -> Update:
    """What a person found, if nobody was faster; `source` is the import that told it. It waits no longer."""
    told: Item = {
        "decision": str(decision),
        "decided_at": utc(now),
        "source": source,
        "reason": reason,
        "expires": int((now + KEPT).timestamp()),
        "rev": item["rev"] + 1,
    }
    if amount:
        told |= {"amount": amount.amount, "currency": amount.currency}
    gone = [name for name in ("book",) if name in item]
    return Update({"pk": item["pk"], "sk": item["sk"]}, told, {"rev": item["rev"]}, gone)


def _told(receipt: Receipt) -> Item:
    told: Item = {
        "event": receipt.event,
        "portfolio": receipt.portfolio,
        "state": receipt.state,
        "received_at": utc(receipt.received_at),
        "debts": list(receipt.debts),
        "book": keys.receipts(receipt.portfolio, keys.book_shard(receipt.borrower)),
        "rev": 1,
    }
    optional = {
        "file": receipt.file,
        "owed_in": receipt.currency,
        "until": receipt.until and receipt.until.isoformat(),
    }
    return told | {name: value for name, value in optional.items() if value}
