"""Payment plans: the instalments of a file replace their debt's schedule, in any order, whatever dies."""

import csv
import io
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cobranza.flows import import_part, read_file
from cobranza.queues import DroppedFile
from tests.integration.fakes import DyingClient, FakeBucket, Killed
from tests.integration.world import TUESDAY, World, debts

type Drop = Callable[..., dict[str, Any]]
type Cells = dict[str, str]

KEY = "debts/tienda/plan.csv"

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def instalment(number: int, **told: str) -> Cells:
    due = {"due_date": f"2026-{number:02}-24", "amount": "400.00", "plan_total": "1200.00"}
    return {"instalment": str(number), **due, **told}


PLAN = [instalment(11), instalment(12), instalment(10)]


def at(hours: float) -> dict[str, str]:
    return {"as-of": (TUESDAY + timedelta(hours=hours)).isoformat()}


def open_debts(world: World) -> dict[str, Decimal]:
    """What is owed on each open debt, by debt and instalment."""
    return {item["sk"].split("#", 2)[2]: item["balance"] for item in world.book() if "book" in item}


def refused(world: World, key: str = KEY) -> list[str]:
    body = world.s3.get_object(Bucket="inbox", Key=f"results/tienda/{key.split('/', 2)[0]}/plan.csv/refused.csv")
    return [row["code"] for row in csv.DictReader(io.StringIO(body["Body"].read().decode("utf-8-sig")))]


def test_the_instalments_of_a_plan_replace_the_debt_and_nobody_is_told_that_they_paid(
    world: World, drop: Drop
) -> None:
    drop("debts/tienda/a.csv", debts({}, {"debt_id": "F-2"}), at(-2))
    summary = drop(KEY, debts(*PLAN), at(-1))
    assert (summary["created"], summary["closed"], summary["refused"]) == (3, 1, 0)
    old = world.item("DEBT#tienda#F-1#")
    assert (old["closed"], old["balance"]) == ("REPLACED_BY_PLAN", Decimal("1234.50"))
    assert open_debts(world) == {"F-2#": Decimal("1234.50")} | {f"F-1#{n}": Decimal(400) for n in (10, 11, 12)}
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    assert "$1,634.50" in str(world.whatsapp.sent[0])


def test_a_new_plan_replaces_the_instalments_that_it_does_not_list(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(*PLAN), at(-2))
    summary = drop(KEY, debts(instalment(12, amount="600.00"), instalment(13 - 12, amount="600.00")), at(-1))
    assert (summary["created"], summary["updated"], summary["closed"]) == (1, 1, 2)
    assert open_debts(world) == {"F-1#12": Decimal(600), "F-1#1": Decimal(600)}


def test_a_later_file_with_some_of_the_instalments_is_plain_changes(world: World, drop: Drop) -> None:
    drop(KEY, debts(*PLAN), at(-2))
    plain = [instalment(11, plan_total="", balance="0"), instalment(12, plan_total="")]
    summary = drop("debts/tienda/b.csv", debts(*plain), at(-1))
    assert (summary["updated"], summary["unchanged"], summary["closed"]) == (1, 1, 0)
    assert open_debts(world) == {"F-1#12": Decimal(400), "F-1#10": Decimal(400)}


@pytest.mark.parametrize("kind", ["debts", "snapshots"])
def test_a_plan_that_does_not_add_up_is_refused_row_by_row_and_the_debt_stays(
    world: World, drop: Drop, kind: str
) -> None:
    others = [{"borrower_id": f"P{n}", "phone": f"+5255555502{n:02}"} for n in range(6)]
    drop("debts/tienda/a.csv", debts({}, *others), at(-2))
    key = f"{kind}/tienda/plan.csv"
    summary = drop(key, debts(*PLAN[:2], *others), at(-1))
    assert (summary["read"], summary["unchanged"], summary["closed"]) == (8, 6, 0)
    assert summary["refused_by_code"] == {"BAD_PLAN": 2}
    assert refused(world, key) == ["BAD_PLAN", "BAD_PLAN"]
    assert world.item("DEBT#tienda#F-1#")["balance"] == Decimal("1234.50")
    assert world.item("DEBT#tienda#F-1#")["refused_row"]


def test_one_bad_row_refuses_its_whole_plan(world: World, drop: Drop) -> None:
    summary = drop(KEY, debts(*PLAN, instalment(9, due_date="pronto"), {"debt_id": "F-2"}), at(-1))
    assert summary["refused_by_code"] == {"BAD_PLAN": 3, "BAD_DATE": 1}
    assert open_debts(world) == {"F-2#": Decimal("1234.50")}


def test_a_snapshot_may_hold_plans(world: World, drop: Drop) -> None:
    rest = [{"debt_id": f"G-{n}"} for n in range(6)]
    drop("snapshots/tienda/a.csv", debts({}, *rest), at(-2))
    summary = drop("snapshots/tienda/b.csv", debts(*PLAN, *rest), at(-1))
    assert (summary["created"], summary["closed"], summary["waiting"]) == (3, 1, None)
    assert world.item("DEBT#tienda#F-1#")["closed"] == "REPLACED_BY_PLAN"


def test_a_plan_whose_rows_lie_far_apart_is_one_plan_also_in_many_parts(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_file, "PART_BYTES", 500)
    monkeypatch.setattr(import_part, "INDEXED_FROM", 5)
    many = [{"borrower_id": f"P{n}", "phone": f"+52555555{n:04}", "debt_id": "F-1"} for n in range(40)]
    drop("debts/tienda/a.csv", debts({}, *many), at(-2))
    summary = drop(KEY, debts(PLAN[0], *many[:20], PLAN[1], *many[20:], PLAN[2]), at(-1))
    assert (summary["created"], summary["unchanged"], summary["closed"]) == (3, 40, 1)
    theirs = {item["sk"] for item in world.book() if "book" in item and item["pk"] == f"B#{world.ref()}"}
    assert theirs == {f"DEBT#tienda#F-1#{n}" for n in (10, 11, 12)}


# Order, repetition, crashes.


def take(world: World, key: str, text: str, hours: float, *, retried: bool = False) -> None:
    bucket = FakeBucket(text.encode(), TUESDAY + timedelta(hours=hours))
    world.importer.take(bucket, DroppedFile("inbox", key, "1"), world.now, retried=retried)  # pyright: ignore[reportArgumentType]


def test_files_in_any_order_and_twice_end_in_the_same_schedule(world: World) -> None:
    """The debt, its plan, a later plan and what the day after tells: whichever comes first."""
    empty = world.kept()
    later = [instalment(11), instalment(1, amount="800.00")]
    files = {
        "debts/tienda/lunes.csv": (debts({}), -9),
        "debts/tienda/plan.csv": (debts(*PLAN), -6),
        "debts/tienda/otro.csv": (debts(*later), -4),
        "debts/tienda/martes.csv": (debts(instalment(11, plan_total="", balance="150.00")), -3),
    }
    # All 24 orders end the same; every fourth begins and ends with other files.
    for order in itertools.islice(itertools.permutations(files), 0, None, 4):
        world.restore(empty)
        for key in (*order, order[0]):
            text, hours = files[key]
            take(world, key, text, hours)
        assert open_debts(world) == {"F-1#11": Decimal(150), "F-1#1": Decimal(800)}, order


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_plan_that_dies_at_any_write_and_comes_again_ends_the_same(world: World, done: bool) -> None:
    take(world, "debts/tienda/a.csv", debts({}, {"instalment": "10", "amount": "9.00"}), -9)
    before = world.kept()

    def end(dies_at: int) -> tuple[Any, int]:
        world.restore(before)
        dying = DyingClient(world.dynamodb, dies_at, done=done)
        try:
            take(replace(world, dynamodb=dying), KEY, debts(*PLAN), -3)
        except Killed:
            take(world, KEY, debts(*PLAN), -3, retried=True)
        return open_debts(world), dying.writes

    undisturbed, writes = end(10_000)
    assert undisturbed == {f"F-1#{n}": Decimal(400) for n in (10, 11, 12)}
    for number in range(writes):
        assert end(number)[0] == undisturbed, f"write {number} of {writes}"
