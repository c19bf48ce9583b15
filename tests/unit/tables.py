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


def reading(data: bytes | Sequence[bytes], wanted: Columns = AB, declared: Declared | None = None) -> Reading:
    chunks: Iterator[bytes] = iter([data] if isinstance(data, bytes) else data)
    return Reading(chunks, file="test.csv", wanted=wanted, declared=declared or Declared())


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
