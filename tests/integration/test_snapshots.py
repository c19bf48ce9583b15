"""Snapshots: what is missing closes, what looks wrong waits for a person, and order does not matter."""

import contextlib
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cobranza.flows import import_part, read_file
from cobranza.flows.import_file import Busy
from cobranza.queues import DroppedFile
from cobranza.store.payments import Payments
from tests.integration.fakes import DyingClient, FakeBucket, Killed
from tests.integration.world import TUESDAY, World, debts

type Drop = Callable[..., dict[str, Any]]

PEOPLE = [{"borrower_id": f"C{n}", "phone": f"+5255555501{n:02}", "debt_id": f"F-{n}"} for n in range(10)]
KEY = "snapshots/tienda/cartera.csv"

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def at(hours: float) -> dict[str, str]:
    return {"as-of": (TUESDAY + timedelta(hours=hours)).isoformat()}


def open_debts(world: World) -> set[str]:
    return {item["debt_id"] for item in world.book() if "book" in item}


def test_what_a_snapshot_does_not_list_closes_and_is_told_nobody(world: World, drop: Drop) -> None:
    drop(KEY, debts(*PEOPLE), at(-2))
    summary = drop(KEY, debts(*PEOPLE[1:]), at(-1))
    assert (summary["unchanged"], summary["closed"], summary["waiting"]) == (9, 1, None)
    closed = world.item("DEBT#tienda#F-0#", "C0")
    assert (closed["closed"], closed["balance"]) == ("NOT_IN_SNAPSHOT", closed["amount"])
    assert open_debts(world) == {f"F-{n}" for n in range(1, 10)}
    reminders = {r.borrower: world.sender.remind(r, world.now).code for r in world.tick()}
    assert reminders[world.ref("C0")] == "SKIPPED_PAID"
    assert len(world.whatsapp.sent) == 9


def test_a_debt_that_a_later_file_lists_again_is_open_again(world: World, drop: Drop) -> None:
    drop(KEY, debts(*PEOPLE), at(-3))
    drop(KEY, debts(*PEOPLE[1:]), at(-2))
    summary = drop(KEY, debts(*PEOPLE), at(-1))
    assert (summary["updated"], summary["unchanged"]) == (1, 9)
    assert "closed" not in world.item("DEBT#tienda#F-0#", "C0")
    assert open_debts(world) == {f"F-{n}" for n in range(10)}


def test_half_a_snapshot_closes_nothing_until_a_person_says_yes(world: World, drop: Drop) -> None:
    drop(KEY, debts(*PEOPLE), at(-2))
    before = world.book()
    summary = drop(KEY, debts(*PEOPLE[5:]), at(-1))
    assert summary["waiting"] == {"open_debts": 10, "would_close": 5, "grown": {}}
    assert (summary["read"], summary["closed"]) == (0, 0)
    assert world.book() == before

    written = take(world, f"{KEY}.confirm", "", 0)
    summary = json.loads(written["results/tienda/snapshots/cartera.csv/summary.json"])
    assert open_debts(world) == {f"F-{n}" for n in range(5, 10)}
    assert (summary["closed"], summary["unchanged"], summary["waiting"]) == (5, 5, None)


def test_a_yes_whose_worker_dies_before_any_write_counts_when_it_comes_again(world: World, drop: Drop) -> None:
    drop(KEY, debts(*PEOPLE), at(-2))
    drop(KEY, debts(*PEOPLE[5:]), at(-1))
    before, at_write, deaths = world.kept(), 0, 0
    while True:
        world.restore(before)
        dying = DyingClient(world.dynamodb, at_write, done=False)
        with contextlib.suppress(Killed):
            take(replace(world, dynamodb=dying), f"{KEY}.confirm", "", 0)
            break
        deaths, at_write = deaths + 1, at_write + 1
        take(world, f"{KEY}.confirm", "", 0)
        assert open_debts(world) == {f"F-{n}" for n in range(5, 10)}, at_write
        assert "holder" not in (world.table.get({"pk": "PORTFOLIO#tienda", "sk": "LEASE"}) or {}), at_write
    assert deaths >= 5


def test_a_total_that_grew_more_than_threefold_waits(world: World, drop: Drop) -> None:
    drop(KEY, debts(*PEOPLE), at(-2))
    summary = drop(KEY, debts(*(each | {"amount": "3703.51"} for each in PEOPLE)), at(-1))
    assert summary["waiting"]["grown"] == {"MXN": ["12345.00", "37035.10"]}
    assert world.item("DEBT#tienda#F-3#", "C3")["balance"] == 1234.5
    assert drop(KEY, debts(*(each | {"amount": "3703.50"} for each in PEOPLE)), at(-1))["updated"] == 10


@pytest.mark.parametrize(("days", "is_done"), [(7, True), (7.01, False)])
def test_a_yes_that_comes_after_the_week_is_told_so_and_changes_nothing(
    world: World, drop: Drop, days: float, is_done: bool
) -> None:
    drop(KEY, debts(*PEOPLE), at(-2))
    drop(KEY, debts(*PEOPLE[5:]), at(-1))
    before = world.book()
    world.now += timedelta(days=days)
    (summary,) = (text for name, text in take(world, f"{KEY}.confirm", "", 0).items() if name.endswith(".json"))
    assert (json.loads(summary)["error"] is None, world.book() != before) == (is_done, is_done)
    assert "holder" not in (world.table.get({"pk": "PORTFOLIO#tienda", "sk": "LEASE"}) or {})


def test_a_yes_to_nothing_is_told_so(drop: Drop) -> None:
    assert drop(f"{KEY}.confirm", b"")["error"]["code"] == "NOTHING_TO_CONFIRM"


def test_a_refused_row_is_not_missing_and_not_messaged_until_a_good_one_comes(world: World, drop: Drop) -> None:
    drop(KEY, debts(*PEOPLE), at(-3))
    summary = drop(KEY, debts(PEOPLE[0] | {"due_date": "pronto"}, *PEOPLE[1:]), at(-2))
    assert (summary["closed"], summary["refused"]) == (0, 1)
    mine = next(r for r in world.tick() if r.borrower == world.ref("C0"))
    assert world.sender.remind(mine, world.now).code == "SKIPPED_ROW_REFUSED"
    summary = drop(KEY, debts(*PEOPLE), at(-1))
    assert summary["updated"] == 1
    assert "refused_row" not in world.item("DEBT#tienda#F-0#", "C0")


def test_mended_rows_dropped_as_a_snapshot_are_changes_all_the_same(world: World, drop: Drop) -> None:
    bad = PEOPLE[0] | {"phone": "123"}
    drop(KEY, debts(bad, *PEOPLE[1:]), at(-2))
    refused = world.s3.get_object(Bucket="inbox", Key="results/tienda/snapshots/cartera.csv/refused.csv")["Body"]
    mended = refused.read().decode("utf-8-sig").replace(",123,", ",+525555550100,")
    summary = drop("snapshots/tienda/arreglado.csv", mended, at(-1))
    assert (summary["created"], summary["closed"], summary["waiting"]) == (1, 0, None)
    assert open_debts(world) == {f"F-{n}" for n in range(10)}


def test_a_header_alone_is_a_valid_file_and_makes_the_book_fresh(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(*PEOPLE), at(-5))
    summary = drop("debts/tienda/b.csv", debts({}).splitlines()[0] + "\n", at(-1))
    assert (summary["read"], summary["error"]) == (0, None)
    standing = world.table.get({"pk": "PORTFOLIO#tienda", "sk": "STANDING"})
    assert standing
    assert standing["as_of"] == "2026-11-24T16:00:00Z"


def test_a_file_of_the_future_is_refused(drop: Drop) -> None:
    summary = drop("debts/tienda/a.csv", debts({}), at(2))
    assert summary["error"]["code"] == "FUTURE_AS_OF"


def test_the_date_in_a_name_is_the_end_of_that_local_day(drop: Drop) -> None:
    summary = drop("debts/tienda/cartera_2026-11-20.csv", debts({}), {})
    assert summary["as_of"] == "2026-11-21T05:59:59+00:00"


# What the creditor owes borrowers.


def owed_to(world: World, borrower_id: str = "C0") -> tuple[Decimal, str]:
    credit = world.item("CREDIT#tienda#MXN", borrower_id)
    return credit["declared"], credit["as_of"][11:16]


@pytest.fixture
def _credit_of_fifty(drop: Drop) -> None:
    drop(KEY, debts(PEOPLE[0] | {"credit": "50.00"}, *PEOPLE[1:]), at(-4))


@pytest.mark.usefixtures("_credit_of_fifty")
def test_a_snapshot_that_tells_no_credit_of_somebody_says_that_it_is_nothing(world: World, drop: Drop) -> None:
    assert owed_to(world) == (Decimal(50), "13:00")
    summary = drop(KEY, debts(PEOPLE[0] | {"credit": ""}, PEOPLE[1] | {"credit": "7.00"}, *PEOPLE[2:]), at(-1))
    assert (summary["updated"], summary["unchanged"]) == (2, 8)
    assert owed_to(world) == (Decimal(0), "16:00")
    assert owed_to(world, "C1") == (Decimal(7), "16:00")
    assert world.item("CREDIT#tienda#MXN", "C2") == {}


@pytest.mark.usefixtures("_credit_of_fifty")
def test_a_snapshot_that_repeats_a_credit_holds_what_was_overpaid_before_it(world: World, drop: Drop) -> None:
    credits = Payments(world.table)
    drop(KEY, debts(PEOPLE[0] | {"credit": "50.00"}, *PEOPLE[1:]), at(-1))
    assert owed_to(world) == (Decimal(50), "16:00")
    drop(KEY, debts(PEOPLE[0] | {"credit": "50.00"}, *PEOPLE[1:]), at(-2))
    assert owed_to(world) == (Decimal(50), "16:00")
    assert list(credits.credits("tienda", range(32))) == [(world.ref("C0"), "MXN")]


@pytest.mark.usefixtures("_credit_of_fifty")
@pytest.mark.parametrize("kind", ["snapshots", "debts"])
def test_a_file_without_the_column_and_changes_without_a_credit_say_nothing(
    world: World, drop: Drop, kind: str
) -> None:
    column = {"credit": ""} if kind == "debts" else {}
    drop(f"{kind}/tienda/b.csv", debts(*(each | column for each in PEOPLE)), at(-1))
    assert owed_to(world) == (Decimal(50), "13:00")


@pytest.mark.usefixtures("_credit_of_fifty")
def test_of_whom_a_row_is_refused_the_credit_is_not_known(world: World, drop: Drop) -> None:
    bad = PEOPLE[0] | {"debt_id": "F-99", "due_date": "pronto", "credit": "50.00"}
    drop(KEY, debts(*PEOPLE, bad), at(-1))
    assert owed_to(world) == (Decimal(50), "13:00")


# Order, repetition, crashes.


def test_files_in_any_order_and_twice_end_in_the_same_book(world: World) -> None:
    """A snapshot, changes, a later snapshot: whichever comes first, and whatever comes twice."""
    take(world, "snapshots/tienda/domingo.csv", debts(*PEOPLE[:9]), -20)
    empty = world.kept()
    files = {
        "snapshots/tienda/lunes.csv": (debts(*PEOPLE[:8]), -9),
        "debts/tienda/cambios.csv": (debts(PEOPLE[0] | {"amount": "10.00"}, PEOPLE[8]), -6),
        "snapshots/tienda/martes.csv": (debts(*PEOPLE[1:9]), -3),
    }
    ends: list[Any] = []
    for order in itertools.permutations(files):
        world.restore(empty)
        for key in (*order, order[0]):
            text, hours = files[key]
            take(world, key, text, hours)
        ends.append(_standing(world))
    assert all(end == ends[0] for end in ends)
    assert ends[0] == {"F-0": ("NOT_IN_SNAPSHOT", None)} | {
        f"F-{n}": ("", Decimal("1234.50")) for n in range(1, 9)
    }


def _standing(world: World) -> dict[str, Any]:
    """What is open, and for how much."""
    debts = [item for item in world.book() if item["sk"].startswith("DEBT#")]
    return {
        item["debt_id"]: (item.get("closed", ""), None if item.get("closed") else item["balance"])
        for item in debts
    }


def take(world: World, key: str, text: str, hours: float, *, retried: bool = False) -> dict[str, bytes]:
    bucket = FakeBucket(text.encode(), TUESDAY + timedelta(hours=hours))
    world.importer.take(bucket, DroppedFile("inbox", key, "1"), world.now, retried=retried)  # pyright: ignore[reportArgumentType]
    return bucket.written


@pytest.mark.all_shards
def test_an_import_of_many_parts_ends_as_one_of_one_part(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [{"borrower_id": f"P{n}", "phone": f"+52555555{n:04}", "debt_id": f"G-{n}"} for n in range(60)]
    bad = people[7] | {"phone": "123", "debt_id": "X"}
    monkeypatch.setattr(read_file, "PART_BYTES", 1_000)
    drop(KEY, debts(*people, bad), at(-2))
    summary = drop(KEY, debts(*people[3:], bad), at(-1))
    counts = {name: summary[name] for name in ("read", "unchanged", "refused", "closed")}
    assert counts == {"read": 58, "unchanged": 57, "refused": 1, "closed": 3}
    imports = [item for item in world.items() if item["sk"].startswith("IMPORT#")]
    assert all(item["parts"] > 4 and item["state"] == "DONE" for item in imports)
    refused = world.s3.get_object(Bucket="inbox", Key="results/tienda/snapshots/cartera.csv/refused.csv")["Body"]
    assert refused.read().decode("utf-8-sig").count("BAD_PHONE") == 1


def test_a_second_import_waits_while_another_writes_the_book(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_file, "PART_BYTES", 200)
    first = FakeBucket(debts(*PEOPLE).encode(), TUESDAY - timedelta(hours=2))
    second = FakeBucket(debts(PEOPLE[0] | {"amount": "1.00"}).encode(), TUESDAY - timedelta(hours=1))
    assert world.importer.take(first, DroppedFile("inbox", KEY, "1"), world.now) is None  # pyright: ignore[reportArgumentType]
    other = DroppedFile("inbox", "debts/tienda/b.csv", "2")
    with pytest.raises(Busy):
        world.importer.take(second, other, world.now)  # pyright: ignore[reportArgumentType]
    assert "DEBT#tienda#F-0#" not in {item["sk"] for item in world.book()}
    lease = world.table.get({"pk": "PORTFOLIO#tienda", "sk": "LEASE"})
    imports = {item["version"]: item["id"] for item in world.items() if item["sk"].startswith("IMPORT#")}
    assert lease
    assert lease["holder"] == imports["1"]


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_snapshot_that_dies_at_any_write_and_comes_again_ends_the_same(world: World, done: bool) -> None:
    take(world, KEY, debts(*PEOPLE[:4]), -9)
    before, now_listed = world.kept(), debts(PEOPLE[0] | {"amount": "9.00"}, *PEOPLE[2:6])

    def end(dies_at: int) -> tuple[Any, int]:
        world.restore(before)
        dying = DyingClient(world.dynamodb, dies_at, done=done)
        key = "debts/tienda/x.csv"
        try:
            take(replace(world, dynamodb=dying), key, now_listed, -3)
        except Killed:
            take(world, key, now_listed, -3, retried=True)
        return _standing(world), dying.writes

    undisturbed, writes = end(10_000)
    for number in range(writes):
        assert end(number)[0] == undisturbed, f"write {number} of {writes}"


@pytest.mark.parametrize("kind", ["debts", "snapshots"])
@pytest.mark.parametrize(("listed", "is_told"), [(10, False), (9, True), (8, True), (7, False)])
def test_changes_that_name_nearly_the_whole_book_are_asked_whether_they_are_a_snapshot(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch, kind: str, listed: int, is_told: bool
) -> None:
    monkeypatch.setattr(import_part, "INDEXED_FROM", 5)
    assert drop("debts/tienda/a.csv", debts(*PEOPLE), at(-3))["warnings"] == []
    bad = PEOPLE[0] | {"phone": "123"}
    summary = drop(f"{kind}/tienda/b.csv", debts(bad, *PEOPLE[1:listed], {"debt_id": "new"}), at(-2))
    told = [warning for warning in summary["warnings"] if "looks like the whole book" in warning]
    assert [warning.split(":")[0] for warning in told] == [str(10 - listed)] * (is_told and kind == "debts")


def test_a_moment_is_kept_to_the_second(drop: Drop) -> None:
    summary = drop("debts/tienda/a.csv", debts({}), {"as-of": "2026-11-24T16:00:00.5Z"})
    assert datetime.fromisoformat(summary["as_of"]) == datetime(2026, 11, 24, 16, tzinfo=UTC)
