"""Files that speak of an older moment than what is there: they come late, or once more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.rows import codes
from tests.integration.world import World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

type Drop = Callable[..., dict[str, Any]]

AGREED = {"consent_source": "solicitud", "consent_at": "2026-01-01"}
OLD_PHONE = "+525555550102"
LATE = AGREED | {"debt_id": "F-2", "phone": OLD_PHONE, "due_date": "2026-12-30"}
CROWD = [
    {"borrower_id": f"Z{n}", "phone": f"+5255555{n:05}", "debt_id": f"Z-{n}", "due_date": "2027-03-01"}
    for n in range(600)
]


def ago(world: World, **parts: float) -> dict[str, str]:
    return {"as-of": (world.now - timedelta(**parts)).isoformat()}


# Late.


@pytest.mark.parametrize("newer", [{}, {"balance": "1000"}], ids=["a row that repeats all", "another balance"])
@pytest.mark.parametrize("crowd", [[], CROWD], ids=["few", "with the index"])
def test_a_file_that_comes_late_does_not_bring_back_an_older_phone(
    world: World, drop: Drop, newer: dict[str, str], crowd: list[dict[str, str]]
) -> None:
    drop("debts/tienda/a.csv", debts(AGREED), ago(world, days=9))
    drop("debts/tienda/b.csv", debts(AGREED | newer), ago(world, days=1))
    assert drop("debts/tienda/old.csv", debts(LATE, *crowd), ago(world, days=5))["created"] == 1 + len(crowd)
    assert codes(world) == ["SENT"]
    assert [message["to"] for message in world.whatsapp.sent] == ["+525555550101"]


def test_a_file_that_comes_late_changes_people_whom_no_newer_one_names(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(AGREED), ago(world, days=9))
    drop("debts/tienda/b.csv", debts(CROWD[0]), ago(world, days=1))
    drop("debts/tienda/old.csv", debts(LATE), ago(world, days=5))
    assert world.item("PROFILE")["phone"] == OLD_PHONE


def test_a_no_of_a_file_that_comes_late_counts_and_nothing_else_of_it(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(AGREED), ago(world, days=9))
    drop("debts/tienda/b.csv", debts(AGREED), ago(world, days=1))
    drop("debts/tienda/old.csv", debts(LATE | {"consent": "no"}), ago(world, days=5))
    assert codes(world) == ["SKIPPED_NO_CONSENT"]
    assert world.item("PROFILE")["phone"] == "+525555550101"
    drop("debts/tienda/c.csv", debts(AGREED | {"balance": "1000"}), ago(world, hours=1))
    assert "consent" in world.item("PROFILE")
