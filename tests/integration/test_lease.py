"""A file that comes while a borrower is being looked at is not forgotten."""

from collections.abc import Callable
from typing import Any

import pytest

from cobranza.store.items import Finish
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]
KEY = "debts/tienda/a.csv"


@pytest.mark.usefixtures("portfolio")
def test_a_debt_that_comes_during_a_look_has_its_own_look(world: World, drop: Drop) -> None:
    drop(KEY, debts({"due_date": "2026-11-09"}))  # its last step: nothing comes after it
    (reminder,) = world.tick()
    lease = world.ledger.load(reminder.borrower)
    assert lease
    drop("debts/tienda/b.csv", debts({"debt_id": "F-2", "due_date": "2026-11-30"}))
    world.ledger.finish(Finish(reminder.borrower, reminder.lease, None))  # by the book as it was before
    due = world.item("PROFILE")
    assert due["due_at"].startswith("2026-11-27T")
    assert "wanted" not in due
    assert "lease" not in due


@pytest.mark.usefixtures("portfolio")
def test_the_sooner_of_the_two_looks_is_kept(world: World, drop: Drop) -> None:
    drop(KEY, debts({}))
    (reminder,) = world.tick()
    for debt_id, due_date in (("F-2", "2026-12-10"), ("F-3", "2026-12-04"), ("F-4", "2026-12-20")):
        drop("debts/tienda/b.csv", debts({"debt_id": debt_id, "due_date": due_date}))
    assert world.sender.remind(reminder, world.now).code == "SENT"
    assert world.item("PROFILE")["due_at"].startswith("2026-11-27T")  # the first debt's next step
    world.later(days=3)
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    assert world.item("PROFILE")["due_at"].startswith("2026-12-01T")


@pytest.mark.usefixtures("portfolio")
def test_a_borrower_with_nothing_planned_is_planned_by_the_same_file_again(world: World, drop: Drop) -> None:
    drop(KEY, debts({}))
    (reminder,) = world.tick()
    world.ledger.finish(Finish(reminder.borrower, reminder.lease, None))
    assert "due_at" not in world.item("PROFILE")
    drop(KEY, debts({}))
    assert "due_at" in world.item("PROFILE")
