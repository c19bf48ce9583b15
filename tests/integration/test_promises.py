"""A promise that the call centre heard pauses its debt, and is judged on the creditor's next files."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.rows import apply, codes, refused
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

HEARD = {
    "borrower_id": "C1",
    "action": "promesa de pago",
    "at": "2026-11-24T09:00:00-06:00",
    "source": "call centre",
}

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def test_a_promise_pauses_its_debt_and_a_broken_one_gets_the_latest_step_once(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    apply(world, "contacts", HEARD | {"until": "2026-11-27", "debt_id": "F-1"})
    assert codes(world) == ["SKIPPED_PROMISED"]
    world.later(days=3)  # the promised day
    assert codes(world) == ["SKIPPED_PROMISED"]
    world.later(days=4)  # its grace is over, and newer files have told of no payment
    assert codes(world) == ["SENT"]
    world.later(hours=3)
    assert codes(world) == []


def test_a_promise_of_all_debts_holds_for_each(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}, {"debt_id": "F-2"}))
    apply(world, "contacts", HEARD | {"until": "2026-11-30", "promise_amount": "50.00"})
    assert codes(world) == ["SKIPPED_PROMISED"]


@pytest.mark.parametrize("until", ["2026-12-25", "2026-11-20"])
def test_a_promise_too_far_ahead_or_in_the_past_is_refused(world: World, drop: Drop, until: str) -> None:
    drop("debts/tienda/a.csv", debts({}))
    assert refused(apply(world, "contacts", HEARD | {"until": until})) == {2: "BAD_PROMISE"}
    assert codes(world) == ["SENT"]


def test_whoever_broke_a_promise_comes_before_others_once(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    usual = world.item("PROFILE")["priority"]
    apply(world, "contacts", HEARD | {"until": "2026-11-25", "debt_id": "F-1"})
    seen: list[tuple[str, bool]] = []
    for _ in range(7):
        (code,) = codes(world) or [""]
        seen.append((code, world.item("PROFILE").get("priority", usual) > usual))
        world.later(days=1)
    waiting, raised = ("SKIPPED_PROMISED", False), ("SKIPPED_PROMISED", True)
    # The grace of the 25th ends with the 27th; then comes a weekend, and the message of Monday has used it up.
    assert seen == [waiting, waiting, waiting, raised, ("", True), ("", True), ("SENT", False)]


def broken(world: World) -> list[Any]:
    list(world.planning.make_plans(world.now))
    return [item for item in world.items("journal") if item["event"] == "promise.broken"]


@pytest.mark.parametrize("debt_id", ["F-1", ""])
def test_that_a_promise_was_broken_is_noted_once_when_newer_data_tells(
    world: World, drop: Drop, debt_id: str
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    apply(world, "contacts", HEARD | {"until": "2026-11-25", "debt_id": debt_id})
    world.now = world.now.replace(hour=23)  # in the evening, in Mexico too, which is when plans are made
    world.later(days=3)
    assert broken(world) == []  # Friday, the last day of its grace
    world.now += timedelta(days=1)
    assert broken(world) == []  # no newer file has come
    world.later(days=1)
    (line,) = broken(world)
    world.later(days=1)
    assert broken(world) == [line]
    assert (line["debts"], line["until"], line["portfolio"]) == (["tienda#F-1#"], "2026-11-25", "tienda")
    assert line["at"] == "2026-11-28T06:00:00Z"


def test_a_promise_that_was_kept_is_not_broken(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}, {"debt_id": "F-2"}))
    apply(world, "contacts", HEARD | {"until": "2026-11-25", "debt_id": "F-1"})
    world.later(hours=20)
    paid = {"payment_id": "P-1", "borrower_id": "C1", "debt_id": "F-1", "amount": "1234.50", "currency": "MXN"}
    apply(world, "payments", paid | {"paid_at": "2026-11-25"})
    world.now = world.now.replace(hour=23)
    world.later(days=5)
    assert broken(world) == []


class Behind:
    """DynamoDB, of which reads that are not consistent do not know yet what is written from now on."""

    def __init__(self, client: Any) -> None:
        self._client, self._then = client, copy.deepcopy(client)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        is_old = not request.get("ConsistentRead") and "IndexName" not in request
        return (self._then if is_old else self._client).query(**request)


def test_a_payment_that_the_walk_did_not_see_yet_breaks_no_promise(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    apply(world, "contacts", HEARD | {"until": "2026-11-25", "debt_id": "F-1"})
    world.now = world.now.replace(hour=23)
    world.later(days=5)
    behind: dict[str, Any] = {"dynamodb": Behind(world.dynamodb)}
    paid = {"payment_id": "P-1", "borrower_id": "C1", "debt_id": "F-1", "amount": "1234.50", "currency": "MXN"}
    apply(world, "payments", paid | {"paid_at": "2026-11-25"})
    assert broken(replace(world, **behind)) == []
