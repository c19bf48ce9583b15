"""Imports that die: whatever was done, the next try ends as if nobody had died."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from cobranza.files.results import Summary
from cobranza.queues import DroppedFile
from cobranza.store.imports import Imports
from cobranza.store.objects import Opened
from tests.integration.fakes import DyingClient, FakeBucket, Killed
from tests.integration.loading import KEY, counts, load, take
from tests.integration.world import TUESDAY, World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

SMALL = debts({}, {"debt_id": "F-2", "due_date": "2026-12-31"}, {"borrower_id": "C3", "phone": "muda"})
NEXT = debts(
    {"amount": "10.00", "phone": "+525555550103", "consent": "no"},
    {"debt_id": "F-2", "due_date": "2026-12-31"},
    {"debt_id": "F-3", "due_date": "2026-11-20"},
)


@pytest.mark.parametrize("earlier", ["", SMALL], ids=["first file", "second file"])
def test_an_import_that_dies_before_any_of_its_writes_and_comes_again_ends_like_one_that_did_not(
    world: World, earlier: str
) -> None:
    if earlier:
        load(world, earlier)
    before, text = world.kept(), NEXT if earlier else SMALL

    def imported(dies_at: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
        world.restore(before)
        dying = DyingClient(world.dynamodb, dies_at, done=False)
        try:
            take(replace(world, dynamodb=dying), text, 1, KEY, "crash")
        except Killed:
            take(world, text, 1, KEY, "crash", retried=True)
        assert _next_may_begin(world)
        return _without_revisions(world.book()), world.items("journal"), dying.writes

    *undisturbed, writes = imported(dies_at=10_000)
    for at in range(writes):
        *disturbed, _ = imported(dies_at=at)
        assert disturbed == undisturbed, f"write {at} of {writes}"


def _next_may_begin(world: World) -> bool:
    imports = Imports(world.table)
    return imports.acquire("tienda", "the next", world.now, world.now + timedelta(minutes=16))


def _without_revisions(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name != "rev"} for item in items]


def test_a_second_try_does_not_bring_a_message_twice(world: World) -> None:
    load(world, debts({}))
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    load(world, debts({}))
    assert [world.sender.remind(again, world.now).code for again in world.tick()] in ([], [""])
    assert len(world.whatsapp.sent) == 1


def test_results_that_cannot_be_written_make_the_file_come_again(world: World) -> None:
    class Full(FakeBucket):
        def put(self, key: str, data: bytes, content_type: str) -> None:
            raise OSError("no room")

    bucket = Full(debts({}).encode(), TUESDAY)
    with pytest.raises(OSError, match="no room"):
        world.importer.take(bucket, DroppedFile("inbox", KEY, "1"), world.now)  # pyright: ignore[reportArgumentType]
    summary, _ = take(world, debts({}), 0, KEY, "1", retried=True)
    assert summary
    assert counts(summary) == (1, 1, 0, 0, 0)
    assert world.item("PROFILE")


@dataclass
class Overtaken(FakeBucket):
    """Another worker takes the same event while this one reads the file."""

    other: Callable[[], object] = field(kw_only=True)

    def open(self, key: str, version: str = "") -> Opened:
        self.other()
        return FakeBucket.open(self, key, version)


def overtaken(world: World, key: str, text: str, other: Callable[[], object]) -> Summary | None:
    bucket = Overtaken(text.encode(), TUESDAY, other=other)
    return world.importer.take(bucket, DroppedFile("inbox", key, "1"), world.now)  # pyright: ignore[reportArgumentType]


def test_of_two_workers_with_the_same_event_either_ends_what_the_other_began(world: World) -> None:
    before, told = world.kept(), list[Summary | None]()

    def die_at(number: int) -> DyingClient:
        dying = DyingClient(world.dynamodb, number, done=True)
        with suppress(Killed):
            told.append(take(replace(world, dynamodb=dying), SMALL, 0, KEY, "1")[0])
        return dying

    writes = die_at(10_000).writes
    for number in range(writes + 1):
        world.restore(before)
        told.clear()
        told.append(overtaken(world, KEY, SMALL, partial(die_at, number)))
        assert {counts(summary) for summary in told if summary} <= {(3, 2, 0, 0, 1)}, number
        assert _states(world) == {"1": "DONE"}, number
        assert _next_may_begin(world)


def test_a_slower_worker_does_not_take_back_what_a_person_has_confirmed(world: World) -> None:
    key = "snapshots/tienda/cartera.csv"
    load(world, debts(*({"debt_id": f"F-{n}"} for n in range(6))), key=key, minutes=-60)

    def read_and_confirmed() -> None:
        assert take(world, debts({}), 0, key, "1")[0]
        summary, _ = take(world, "", 1, f"{key}.confirm", "2")
        assert summary
        assert summary.closed == 5

    assert overtaken(world, key, debts({}), read_and_confirmed) is None
    assert _states(world)["1"] == "DONE"


def _states(world: World) -> dict[str, str]:
    """Of each import, by the version of its file."""
    return {item["version"]: item["state"] for item in world.items() if item["sk"].startswith("IMPORT#")}
