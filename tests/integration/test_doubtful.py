"""Rows that cannot be believed: nobody is reminded of a debt that may be paid by them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.flows import read_file
from tests.integration.loading import counts, load, refused
from tests.integration.rows import codes
from tests.integration.world import ROW, World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

type Drop = Callable[..., dict[str, Any]]


def test_a_debt_whose_row_is_refused_is_not_reminded_until_a_good_one_comes(world: World, drop: Drop) -> None:
    first, other = {"borrower_id": "C1"}, {"borrower_id": "C2", "phone": "+525555550102"}
    drop("debts/uno/a.csv", debts(first, other))
    assert drop("debts/uno/b.csv", debts(first | {"amount": "0", "phone": "5555"}))["refused"] == 1
    assert [bool(world.item("DEBT#uno#F-1#", name).get("refused_row")) for name in ("C1", "C2")] == [True, False]
    before = world.book()
    drop("debts/uno/b.csv", debts(first | {"amount": "0", "phone": "5555"}))
    assert world.book() == before
    assert drop("debts/uno/c.csv", debts(first))["updated"] == 1
    assert "refused_row" not in world.item("DEBT#uno#F-1#")


# A debt that a file names twice.


def test_a_debt_twice_in_a_file_is_refused_in_each_row_with_the_line_of_another(world: World) -> None:
    summary, written = load(world, debts({}, {"balance": "0"}, {"balance": "9.00"}))
    assert counts(summary) == (3, 0, 0, 0, 3)
    told = [(row["line"], row["code"], row["reason"].split()[-4]) for row in refused(written)]
    assert told == [("2", "DUPLICATE_ROW", "3"), ("3", "DUPLICATE_ROW", "2"), ("4", "DUPLICATE_ROW", "2")]
    assert world.item("DEBT#tienda#F-1#") == {}


def test_of_rows_that_say_the_same_the_first_is_enough(world: World, drop: Drop) -> None:
    summary, written = load(world, debts({}, {}))
    assert counts(summary) == (2, 1, 0, 0, 1)
    assert [row["line"] for row in refused(written)] == ["3"]
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize("rows", [({"balance": "1000"}, {"balance": "0"}), ({"balance": "pagado"}, {})])
@pytest.mark.parametrize("crowd", [0, 600], ids=["few", "with the index"])
def test_a_known_debt_that_a_file_names_twice_is_not_reminded(
    world: World, drop: Drop, rows: tuple[dict[str, str], ...], crowd: int
) -> None:
    others = [
        {"borrower_id": f"Z{n}", "phone": f"+5255555{n:05}", "debt_id": f"Z-{n}", "due_date": "2027-03-01"}
        for n in range(crowd)
    ]
    drop("debts/tienda/a.csv", debts({}))
    world.later(minutes=10)
    drop("debts/tienda/b.csv", debts(rows[0], *others, rows[1]))
    assert codes(world) == ["SKIPPED_ROW_REFUSED"]


# A row that does not surely say which debt it tells of.

HEADER = "borrower_id,name,phone,country,debt_id,amount,balance,currency,due_date,consent\n"
CROWD = "".join(f"X{n},Nombre Ejemplo,+52555555020{n},MX,X-{n},10.25,10.25,MXN,2027-03-01,si\n" for n in range(8))
MINE = "C1,Lucia Perez,+525555550101,MX,F-1,1234.50,1234.50,MXN,2026-11-24,si\n"
RAGGED = MINE.replace("Lucia Perez", "Perez, Lucia")


def ago(world: World, hours: float) -> dict[str, str]:
    return {"as-of": (world.now - timedelta(hours=hours)).isoformat()}


@pytest.mark.parametrize(
    "row", [RAGGED, MINE.replace("F-1", "1E+05"), MINE.replace("F-1", "").replace("550101", "")]
)
@pytest.mark.parametrize("kind", ["debts", "snapshots"])
def test_a_row_of_somebody_that_does_not_say_which_debt_makes_all_of_theirs_doubtful(
    world: World, drop: Drop, row: str, kind: str
) -> None:
    drop("debts/tienda/a.csv", HEADER + MINE + MINE.replace("F-1", "F-2") + CROWD, ago(world, 24))
    good = MINE.replace("F-1", "F-2").replace("2026-11-24", "2027-03-01")
    summary = drop(f"{kind}/tienda/b.csv", HEADER + row.replace("1234.50", "0") + good + CROWD, ago(world, 1))
    assert (summary["refused"], summary["closed"], summary["warnings"]) == (1, 0, [])
    assert codes(world) == ["SKIPPED_ROW_REFUSED"]
    marked = [bool(world.item(f"DEBT#tienda#{debt}#").get("refused_row")) for debt in ("F-1", "F-2")]
    assert marked == [True, False]


def test_a_new_debt_whose_row_is_refused_silences_no_other(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    world.later(minutes=10)
    drop("debts/tienda/b.csv", debts({"debt_id": "F-9", "due_date": "pronto"}))
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize(
    "row",
    [MINE.replace("C1", ""), MINE.replace("C1", "1E+05"), "Lucia," + MINE, MINE.replace("C1,Lucia", "C,1,Lucia")],
)
def test_a_snapshot_with_a_row_of_nobody_closes_nothing_and_nobody_is_reminded_of_what_is_missing(
    world: World, drop: Drop, row: str
) -> None:
    drop("snapshots/tienda/a.csv", HEADER + MINE + CROWD, ago(world, 24))
    summary = drop("snapshots/tienda/b.csv", HEADER + row + CROWD, ago(world, 2))
    assert (summary["refused"], summary["closed"], summary["waiting"]) == (1, 0, None)
    (warning,) = summary["warnings"]
    assert warning.startswith("1 deudas que no están en la foto siguen abiertas")
    assert codes(world) == ["SKIPPED_ROW_REFUSED"]
    assert drop("snapshots/tienda/c.csv", HEADER + CROWD, ago(world, 1))["closed"] == 1


@pytest.mark.parametrize("row", ["Total,,,,,,1234.50,MXN,,\n", "Exportado el 23/11/2026\n", ",,,,Fin,,,,,\n"])
def test_totals_and_notes_are_no_rows_of_nobody(world: World, drop: Drop, row: str) -> None:
    drop("snapshots/tienda/a.csv", HEADER + MINE + CROWD, ago(world, 24))
    summary = drop("snapshots/tienda/b.csv", HEADER + CROWD + row, ago(world, 2))
    assert (summary["refused"], summary["closed"]) == (1, 1)


def test_a_line_that_is_no_json_may_be_anybodys(world: World, drop: Drop) -> None:
    lines = [json.dumps(ROW | {"borrower_id": f"C{n}", "debt_id": f"F-{n}"}) for n in range(9)]
    drop("snapshots/tienda/a.jsonl", "\n".join(lines), ago(world, 24))
    summary = drop("snapshots/tienda/b.jsonl", "\n".join([*lines[1:], lines[0][:20]]), ago(world, 2))
    assert (summary["refused"], summary["closed"]) == (1, 0)


def test_a_snapshot_with_a_row_of_nobody_says_of_no_credit_that_it_is_nothing(world: World, drop: Drop) -> None:
    header = HEADER.replace("consent", "credit")
    mine, crowd = (text.replace(",si\n", ",\n") for text in (MINE, CROWD))
    drop("snapshots/tienda/a.csv", header + mine.replace("24,\n", "24,50\n") + crowd, ago(world, 24))
    drop("snapshots/tienda/b.csv", header + mine + crowd + mine.replace("C1", ""), ago(world, 2))
    assert world.item("CREDIT#tienda#MXN")["declared"] == 50


@pytest.mark.all_shards
def test_a_row_of_nobody_counts_in_all_parts_of_a_snapshot(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_file, "PART_BYTES", 100)
    monkeypatch.setattr(read_file, "MOST_STRAYS", 0)
    drop("snapshots/tienda/a.csv", HEADER + MINE + CROWD, ago(world, 24))
    summary = drop("snapshots/tienda/b.csv", HEADER + "Lucia," + MINE + CROWD, ago(world, 2))
    assert (summary["closed"], len(summary["warnings"])) == (0, 1)
