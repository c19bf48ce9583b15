"""A payment and the balances that come after it: what a balance has seen is not taken off again."""

from decimal import Decimal

import pytest

from tests.integration.rows import (
    apply,
    owed,
)
from tests.integration.test_payments import PAID, Drop, load
from tests.integration.world import World

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def test_a_balance_that_is_declared_later_holds_the_payment(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"}, kind="snapshots")
    apply(world, "payments", PAID | {"amount": "30.00"})
    assert owed(world) == {"F-1": "70.00"}
    load(drop, {"amount": "100.00", "balance": "70.00"}, as_of="2026-11-24T10:00:00-06:00", kind="snapshots")
    assert owed(world) == {"F-1": "70.00"}
    assert apply(world, "payments", PAID | {"amount": "30.00"}).changes == {"unchanged": 1}
    assert owed(world) == {"F-1": "70.00"}


def test_a_balance_of_before_the_payment_does_not_hold_it(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"})
    apply(world, "payments", PAID | {"amount": "30.00"})
    load(drop, {"amount": "100.00", "name": "Lucía Nueva"}, as_of="2026-11-23T20:00:00-06:00")
    assert owed(world) == {"F-1": "70.00"}


@pytest.mark.parametrize("kind", ["debts", "snapshots"])
@pytest.mark.parametrize("is_paid_first", [True, False])
def test_a_balance_that_did_not_move_has_not_seen_the_payment(
    world: World, drop: Drop, kind: str, is_paid_first: bool
) -> None:
    load(drop, {"amount": "100.00"}, kind="snapshots")
    if is_paid_first:
        apply(world, "payments", PAID | {"amount": "30.00"})
    summary = load(drop, {"amount": "100.00"}, as_of="2026-11-24T10:00:00-06:00", kind=kind)
    assert (summary["unchanged"], summary["paid_since"]) == (1, int(is_paid_first))
    if not is_paid_first:
        apply(world, "payments", PAID | {"amount": "30.00"})
    assert owed(world) == {"F-1": "70.00"}


@pytest.mark.parametrize(
    "change",
    [
        {"tags": "vip"},
        {"phone": "+525555550177"},
        {"late_fee": "12.00"},
        {"risk": "B"},
        {"document_last4": "1234"},
    ],
)
def test_a_balance_that_did_not_move_has_not_seen_the_payment_whatever_else_its_row_says(
    world: World, drop: Drop, change: dict[str, str]
) -> None:
    row = {"amount": "140.00", "late_fee": "10.00"}
    load(drop, row, kind="snapshots")
    apply(world, "payments", PAID)
    summary = load(drop, row | change, as_of="2026-11-24T10:00:00-06:00", kind="snapshots")
    assert (summary["updated"], summary["paid_since"]) == (1, 1)
    assert owed(world) == {"F-1": "0.00"}


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"balance": "139.00"}, "149.00"),
        ({"late_fee": "0"}, "140.00"),
        ({"due_date": "2026-12-24"}, "150.00"),
        ({"amount": "141.00", "balance": "140.00"}, "150.00"),
    ],
)
def test_a_balance_that_moved_holds_the_payment(
    world: World, drop: Drop, change: dict[str, str], left: str
) -> None:
    row = {"amount": "140.00", "balance": "140.00", "late_fee": "10.00"}
    load(drop, row, kind="snapshots")
    apply(world, "payments", PAID)
    load(drop, row | change, as_of="2026-11-24T10:00:00-06:00", kind="snapshots")
    assert owed(world) == {"F-1": left}


def test_a_fee_alone_may_be_owed_of_what_was_paid(world: World, drop: Drop) -> None:
    load(drop, {"balance": "0"}, kind="snapshots")
    load(drop, {"balance": "0", "late_fee": "5.00"}, as_of="2026-11-24T10:00:00-06:00", kind="snapshots")
    assert owed(world) == {"F-1": "5.00"}


def test_a_payment_that_the_balance_holds_leaves_no_trace_but_its_own(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"}, as_of="2026-11-24T10:00:00-06:00")
    before = world.items()
    assert apply(world, "payments", PAID).changes == {"created": 1}
    assert owed(world) == {"F-1": "100.00"}
    (saved,) = [item for item in world.items() if item not in before]
    assert saved["pk"].startswith("PAYMENT#")
    assert saved["included"] == Decimal("150.00")


def test_a_payment_with_a_day_alone_is_later_than_any_balance_of_that_day(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"}, as_of="2026-11-23T23:59:59-06:00")
    applied = apply(world, "payments", PAID | {"amount": "30.00", "paid_at": "2026-11-23"})
    assert owed(world) == {"F-1": "70.00"}
    ((moment, _),) = world.item("DEBT#tienda#F-1#")["paid"].values()
    assert moment == "2026-11-23T23:59:59.999999-06:00"
    assert [warning.split(":")[0] for warning in applied.warnings] == ["SAME_DAY"]
