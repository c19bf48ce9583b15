"""The customers of a book: where they live, and what they do besides paying. Invented, by a seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from local.replay.book import Invoice


class _Place(NamedTuple):
    phone: str
    region: str
    language: str


# Patterns of mobile numbers. Nothing is sent to them: the provider is a fake of this process.
_PLACES = {
    "MX": _Place("+525555{:06}", "CMX", "es-MX"),
    "CO": _Place("+573005{:06}", "", "es-CO"),
    "BR": _Place("+5511955{:06}", "SP", "pt-BR"),
    "CL": _Place("+569555{:05}", "RM", "es-CL"),
    "PE": _Place("+519555{:05}", "", "es-PE"),
}
_FIRST = ("Lucía", "Mateo", "Valentina", "Tomás", "Renata", "Emilio", "Camila", "Bruno")
_LAST = ("Ejemplo", "Muestra", "Prueba", "Modelo", "Demo", "Ficticia")


@dataclass(frozen=True, slots=True)
class Dispute:
    """Of an invoice, from a day on; until `resolved`, or for good where that is None."""

    since: date
    resolved: date | None


@dataclass(frozen=True, slots=True)
class Promise:
    """Given on the day `made`, to pay an invoice by `until`; kept where it is settled by then."""

    made: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`stops_after`: after so many reminders they write BAJA; None: never. `reads`: whether they read them."""

    customer: str
    name: str
    phone: str
    country: str
    region: str
    language: str
    stops_after: int | None
    reads: bool


def people_of(book: Sequence[Invoice], seed: int) -> dict[str, Person]:
    """By customer."""
    return {person.customer: person for person in _people(book, random.Random(f"{seed} people"))}


def disputes_of(book: Sequence[Invoice], seed: int) -> dict[str, Dispute]:
    """By the number of the disputed invoice: some days after it was issued, and half of them resolved later."""
    chance = random.Random(f"{seed} disputes")
    return {invoice.number: _dispute(invoice, chance) for invoice in book if invoice.disputed}


def promises_of(book: Sequence[Invoice], seed: int) -> dict[str, Promise]:
    """By the number of the invoice: one in six of those that are still unpaid some days after the due date."""
    chance = random.Random(f"{seed} promises")
    promised: dict[str, Promise] = {}
    for invoice in book:
        made = invoice.due + timedelta(days=chance.randint(1, 9))
        if chance.random() < 1 / 6 and invoice.is_owed_on(made):
            promised[invoice.number] = Promise(made, made + timedelta(days=chance.randint(2, 8)))
    return promised


def _people(book: Sequence[Invoice], chance: random.Random) -> Iterator[Person]:
    countries = {invoice.customer: invoice.country for invoice in book}
    for number, (customer, country) in enumerate(sorted(countries.items())):
        place = _PLACES[country]
        yield Person(
            customer=customer,
            name=f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",
            phone=place.phone.format(100 + number),
            country=country,
            region=place.region,
            language=place.language,
            stops_after=chance.randint(1, 5) if chance.random() < 0.1 else None,
            reads=chance.random() < 0.7,
        )


def _dispute(invoice: Invoice, chance: random.Random) -> Dispute:
    since = invoice.issued + timedelta(days=chance.randint(4, 35))
    return Dispute(since, since + timedelta(days=chance.randint(3, 12)) if chance.random() < 0.5 else None)
