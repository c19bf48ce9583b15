"""The book: who owes which invoice, when it falls due, and when it is paid."""

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

# Columns of a replay file, and the names that IBM's accounts receivable sample has for them.
_COLUMNS = {
    "customer": "customerID",
    "invoice": "invoiceNumber",
    "issued": "InvoiceDate",
    "due": "DueDate",
    "settled": "SettledDate",
    "amount": "InvoiceAmount",
    "disputed": "Disputed",
    "country": "countryCode",
}
# That sample's codes are numbers without a meaning: each stands for a country with rules of its own.
COUNTRY_CODES = {"391": "MX", "406": "CO", "770": "BR", "818": "CL", "897": "PE"}
_YES = frozenset({"yes", "y", "sí", "si", "true", "1"})

BORROWERS = 60
INVOICES_EACH = 5
_FIRST_DAY = date(2026, 1, 5)
_LAST_ISSUE = 120  # days after the first: the last ones fall due and are settled within the half-year


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """`settled` is the day on which it is paid, None where it never is; `country` that of the customer."""

    customer: str
    number: str
    issued: date
    due: date
    settled: date | None
    amount: Decimal
    disputed: bool
    country: str

    def is_owed_on(self, day: date) -> bool:
        """Whether it is there and unpaid at the end of the day."""
        return self.issued <= day and (self.settled is None or day < self.settled)


def read_csv(path: Path) -> list[Invoice]:
    """Invoices of a CSV file with these columns or IBM's names for them; dates are ISO or month/day/year. A
    customer of several countries has that of most invoices.

    Raises ValueError for a file without a column, with a date or amount that cannot be read, or with a country
    that nothing is known of.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {ours: ours if rows and ours in rows[0] else theirs for ours, theirs in _COLUMNS.items()}
    if missing := [ours for ours, theirs in names.items() if not rows or theirs not in rows[0]]:
        raise ValueError(f"{path.name} has no column {', '.join(missing)}")
    told = [{ours: (row[theirs] or "").strip() for ours, theirs in names.items()} for row in rows]
    return _of_one_country(_invoice(row) for row in told)


def invented(seed: int = 7) -> list[Invoice]:
    """Sixty customers in Mexico, Colombia and Brazil with five invoices each over half a year: most are paid on
    time or some days late, some after weeks, some never."""
    chance = random.Random(seed)
    return [invoice for number in range(BORROWERS) for invoice in _invented(number, chance)]


def days_of(book: Sequence[Invoice]) -> Iterator[date]:
    """From the first invoice to five weeks after the last due or settled date."""
    day = min(invoice.issued for invoice in book)
    last = max(max(invoice.due, invoice.settled or invoice.due) for invoice in book) + timedelta(days=35)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _invented(number: int, chance: random.Random) -> Iterator[Invoice]:
    country = ("MX", "CO", "BR")[number % 3]
    lateness = chance.choice((-6, -1, 2, 8, 20))
    for n in range(INVOICES_EACH):
        issued = _FIRST_DAY + timedelta(days=chance.randrange(_LAST_ISSUE))
        due = issued + timedelta(days=chance.choice((15, 30)))
        settled = max(due + timedelta(days=lateness + chance.randint(-4, 8)), issued + timedelta(days=1))
        yield Invoice(
            customer=f"C-{number:03}",
            number=f"F-{number:03}-{n + 1}",
            issued=issued,
            due=due,
            settled=None if chance.random() < 0.08 else settled,
            amount=Decimal(chance.randrange(10_00, 900_00)).scaleb(-2),
            disputed=chance.random() < 0.08,
            country=country,
        )


def _invoice(row: Mapping[str, str]) -> Invoice:
    country = COUNTRY_CODES.get(row["country"], row["country"])
    if country not in COUNTRY_CODES.values():
        raise ValueError(f"country {country!r}: known are {', '.join(sorted(COUNTRY_CODES.values()))}")
    return Invoice(
        customer=row["customer"],
        number=row["invoice"],
        issued=_day(row["issued"]),
        due=_day(row["due"]),
        settled=_day(row["settled"]) if row["settled"] else None,
        amount=_amount(row["amount"]),
        disputed=row["disputed"].lower() in _YES,
        country=country,
    )


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"amount {text!r}: write it as 1234.50") from error


def _day(text: str) -> date:
    if "/" in text:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a date, no moment
    return date.fromisoformat(text)


def _of_one_country(invoices: Iterable[Invoice]) -> list[Invoice]:
    found = list(invoices)
    countries: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for invoice in found:
        countries[invoice.customer][invoice.country] += 1
    home = {customer: max(sorted(of), key=of.__getitem__) for customer, of in countries.items()}
    return [replace(invoice, country=home[invoice.customer]) for invoice in found]
