"""Who owes what a payment names."""

from collections.abc import Collection
from typing import NamedTuple

from cobranza.flows.applied import Rooms
from cobranza.flows.hands import hands
from cobranza.ledger.payment import Named
from cobranza.refs import References
from cobranza.store import keys


class NamedDebt(NamedTuple):
    """A debt's number, with an instalment's or without; a reference stands for one too."""

    debt_id: str
    instalment: str

    @classmethod
    def of(cls, named: Named) -> "NamedDebt":
        return cls(named.debt_id, named.instalment) if named.debt_id else cls(named.reference, "")


def debt_ref(references: References, portfolio: str, number: str) -> str:
    """Stands for a debt's number, which a bank's reference may be too, and that may have a name in it."""
    return references.ref("debt", f"{portfolio}|{number}")


def owners_of(rooms: Rooms, wanted: Collection[NamedDebt], portfolio: str) -> dict[NamedDebt, set[str]]:
    """The borrowers, by the index of the open book."""

    def look(shard: int) -> list[tuple[NamedDebt, str]]:
        found: list[tuple[NamedDebt, str]] = []
        for entry in rooms.book.open_debts(portfolio, [shard]):
            _, debt_id, instalment = entry.debt.split("#")
            names = {NamedDebt(debt_id, instalment), NamedDebt(debt_id, "")}.intersection(wanted)
            found += [(name, entry.borrower) for name in names]
        return found

    owners: dict[NamedDebt, set[str]] = {}
    with hands(rooms.workers) as many:
        for found in many.map(look, range(keys.BOOK_SHARDS)):
            for name, borrower in found:
                owners.setdefault(name, set()).add(borrower)
    return owners
