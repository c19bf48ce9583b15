"""Who is in the book of a storm, and what each of them does while their reminder is on its way."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from local import samples
from local.simulator.numbers import canonical

BORROWERS = 2000
# Of forty borrowers one each does this before anybody is sent a reminder, and another one while all are.
_EVERY = 40
_SHARE_A_PHONE = range(1200, 1212, 2)


class Does(StrEnum):
    PAY = "pays"
    STOP = "says stop"
    DISPUTE = "disputes"


_WORDS = {
    "MX": {Does.STOP: "BAJA", Does.DISPUTE: "El monto está mal, no debo eso"},
    "CO": {Does.STOP: "No me escriban más", Does.DISPUTE: "No debo eso"},
    "BR": {Does.STOP: "SAIR", Does.DISPUTE: "O valor está errado"},
}


@dataclass(frozen=True, slots=True)
class Borrower:
    """One of the book whose rows are good: `phone` as the simulator writes it."""

    id: str
    phone: str
    country: str
    has_agreed: bool
    owes: tuple[tuple[Decimal, str], ...]
    """Amounts with their currency, of debts that are open."""

    def words(self, does: Does) -> str:
        return _WORDS[self.country][does]


@dataclass(frozen=True, slots=True)
class Cast:
    rows: list[dict[str, str]]
    borrowers: dict[str, Borrower]
    early: dict[Does, list[Borrower]]
    """Those who do it while their reminder lies on the queue and no sender is awake."""
    late: dict[Does, list[Borrower]]
    sharing: frozenset[str]
    """Phones of two borrowers who both owe."""

    @property
    def debts_csv(self) -> str:
        return samples.csv_of(self.rows)


def cast(today: date, borrowers: int = BORROWERS) -> Cast:
    rows = samples.debts(today, seed=11, borrowers=borrowers)
    of: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        of[row["borrower_id"]].append(row)
    known = [f"C-{number:04d}" for number in range(borrowers)]
    shared = [(f"C-{n:04d}", f"C-{n + 3:04d}") for n in _SHARE_A_PHONE if n + 3 < borrowers]
    for one, other in shared:
        for row in of[other]:
            row["phone"] = of[one][0]["phone"]
    book = {name: _borrower(of[name]) for name in known}
    sharing = frozenset(book[one].phone for one, other in shared if book[one].owes and book[other].owes)
    alone = [one for one in book.values() if one.owes and one.phone not in {book[a].phone for a, _ in shared}]
    return Cast(rows, book, _those(alone, 0), _those(alone, len(Does)), sharing)


def payments_csv(payers: Iterable[Borrower], at: datetime) -> str:
    """Each pays all they owe."""
    lines = ["payment_id,borrower_id,amount,currency,paid_at"]
    for one in payers:
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for amount, currency in one.owes:
            amounts[currency] += amount
        lines += [f"P-{one.id}-{c},{one.id},{amount},{c},{at.isoformat()}" for c, amount in amounts.items()]
    return "\n".join([*lines, ""])


def _those(people: Sequence[Borrower], first: int) -> dict[Does, list[Borrower]]:
    return {does: list(people[first + n :: _EVERY]) for n, does in enumerate(Does)}


def _borrower(rows: list[dict[str, str]]) -> Borrower:
    first = rows[0]
    owes = [(Decimal(row["amount"]), row["currency"]) for row in rows if row["balance"] != "0"]
    return Borrower(
        first["borrower_id"], canonical(first["phone"]), first["country"], first["consent"] == "sí", tuple(owes)
    )
