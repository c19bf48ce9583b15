"""Rows that cannot be believed: nobody is reminded of a debt that may be paid by them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.loading import counts, load, refused
from tests.integration.rows import codes
from tests.integration.world import World, debts

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
