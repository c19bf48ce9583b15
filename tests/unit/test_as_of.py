"""The moment that a file's balances speak of."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cobranza.errors import InvalidInput
from cobranza.flows.as_of import as_of

MEXICO = ZoneInfo("America/Mexico_City")
DROPPED = datetime(2026, 11, 24, 17, 0, 30, 500_000, tzinfo=UTC)  # 11:00 in Mexico City
NOW = DROPPED + timedelta(minutes=1)


def moment(file: str = "a.csv", declared: str = "") -> str:
    metadata = {"as-of": declared} if declared else {}
    return as_of(file, metadata, DROPPED, NOW, MEXICO).astimezone(MEXICO).isoformat()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("cartera.csv", "2026-11-24T11:00:30-06:00"),
        ("cartera_2026-11-20.csv", "2026-11-20T23:59:59-06:00"),
        ("20261120.csv", "2026-11-20T23:59:59-06:00"),
        ("cartera 2026_11_20 v2.csv", "2026-11-20T23:59:59-06:00"),
        ("cartera_2026-11-24.csv", "2026-11-24T11:00:30-06:00"),  # never later than when it was dropped
        ("2026-11-01_2026-11-20.csv", "2026-11-24T11:00:30-06:00"),  # two dates decide nothing
        ("folio 1202611201.csv", "2026-11-24T11:00:30-06:00"),
        ("2026-13-40.csv", "2026-11-24T11:00:30-06:00"),
        ("20-11-2026.csv", "2026-11-24T11:00:30-06:00"),  # day first or month first: nobody guesses
    ],
)
def test_a_name_may_date_a_file(file: str, expected: str) -> None:
    assert moment(file) == expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("2026-11-23T18:00:00-06:00", "2026-11-23T18:00:00-06:00"),
        ("2026-11-23T18:00", "2026-11-23T18:00:00-06:00"),
        ("2026-11-23", "2026-11-23T23:59:59-06:00"),
        ("2026-11-24T00:00:00Z", "2026-11-23T18:00:00-06:00"),
    ],
)
def test_what_is_declared_wins_over_the_name(declared: str, expected: str) -> None:
    assert moment("cartera_2026-11-20.csv", declared) == expected


@pytest.mark.parametrize("declared", ["ayer", "2026-02-30", "24/11/2026", "2026-11-24T25:00"])
def test_a_moment_that_cannot_be_read_is_refused(declared: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        moment(declared=declared)
    assert refused.value.code == "BAD_AS_OF"


@pytest.mark.parametrize(("file", "declared"), [("a.csv", "2026-11-24T18:00:00Z"), ("cartera_2026-11-25.csv", "")])
def test_what_has_not_come_yet_is_refused(file: str, declared: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        moment(file, declared)
    assert refused.value.code == "FUTURE_AS_OF"
