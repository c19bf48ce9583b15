"""What files say the creditor owes borrowers ("saldo a favor")."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cobranza.flows.person import Person
from cobranza.store.payments import Payments

_NOBODY: Mapping[str, Decimal] = {}


@dataclass(frozen=True, slots=True)
class CreditDesk:
    """Of one import: its portfolio, and the moment it speaks of."""

    payments: Payments
    portfolio: str
    as_of: datetime

    def declare(self, person: Person, none: Mapping[str, Decimal] = _NOBODY) -> None:
        """One amount for each currency, the largest: a person's rows repeat it, or tell it once. `none` are the
        currencies in which nothing is owed where no row tells it."""
        credits = [(row.credit, row.terms.currency) for row in person.rows if row.credit is not None]
        told = {currency: credit for credit, currency in sorted(credits)}
        for currency, credit in {**none, **told}.items():
            self.payments.declare_credit(person.ref, self.portfolio, currency, credit, self.as_of)

    def settle(self, people: Sequence[Person], listed: Iterable[str], shards: Iterable[int]) -> None:
        """A snapshot with a column of credits tells also who has none. `listed` has the borrower of each of its
        rows: of whom one is refused, or a newer file told, it is not known."""
        owed: dict[str, dict[str, Decimal]] = {}
        for borrower, currency in self.payments.credits(self.portfolio, shards):
            owed.setdefault(borrower, {})[currency] = Decimal(0)
        rows = Counter(borrower for borrower in listed if borrower in owed)
        for person in people:
            if person.ref in owed and rows[person.ref] == len(person.rows):
                self.declare(person, owed[person.ref])
