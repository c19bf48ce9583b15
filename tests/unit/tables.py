"""Reading small files in tests."""

from collections.abc import Iterator, Sequence

import pytest

from cobranza.errors import InvalidInput
from cobranza.files.columns import Columns
from cobranza.files.declared import Declared
from cobranza.files.reading import Reading, Survey
from cobranza.files.row import Row

AB = Columns("test", ("a", "b"), ("a", "b"))
DEBT_HEADER = "borrower_id,name,phone,country,debt_id,balance,currency,due_date"

# Of a debts file, in its own formats.
GOOD_ROW = {
    "borrower_id": "C-0001",
    "document_type": "INE",
    "document_id": "X1",
    "name": "Íñigo Pruebas",
    "phone": "55 5555 0120",
    "country": "MX",
    "region": "CMX",
    "language": "es-MX",
    "debt_id": "F-100",
    "instalment": "3/12",
    "amount": "1500.00",
    "balance": "1234.50",
    "currency": "MXN",
    "due_date": "2026-03-05",
    "payment_url": "https://pay.example.com/f/100",
    "consent": "sí",
    "consent_at": "2025-11-20",
    "consent_source": "branch form",
    "consent_text": "Acepto recordatorios",
}


def reading(data: bytes | Sequence[bytes], wanted: Columns = AB, declared: Declared | None = None) -> Reading:
    chunks: Iterator[bytes] = iter([data] if isinstance(data, bytes) else data)
    return Reading(chunks, wanted=wanted, declared=declared or Declared())


def read(data: bytes, wanted: Columns = AB, declared: Declared | None = None) -> tuple[list[Row], Survey]:
    one = reading(data, wanted, declared)
    return list(one.rows()), one.survey()


def cells(data: bytes, wanted: Columns = AB, declared: Declared | None = None) -> list[tuple[str, ...]]:
    return [row.cells for row in read(data, wanted, declared)[0]]


def refusal(data: bytes, wanted: Columns = AB, declared: Declared | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        read(data, wanted, declared)
    return refused.value


def codes(data: bytes, wanted: Columns = AB, declared: Declared | None = None) -> list[str]:
    """The faults of the rows, empty for good ones."""
    return [row.fault.code if row.fault else "" for row in read(data, wanted, declared)[0]]
