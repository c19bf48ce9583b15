"""The scheduler: whoever is due is queued once, and a death costs a lease, never a message."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cobranza.flows import queue_due
from cobranza.flows.queue_due import Scheduler
from cobranza.policy.due import Look
from cobranza.policy.pace import LEASE, Pace
from cobranza.queues import Queue
from cobranza.store.items import Finish
from cobranza.store.keys import SHARDS, due_shard
from cobranza.store.ledger import Ledger, Waiting
from tests.integration.world import World

pytestmark = [pytest.mark.all_shards, pytest.mark.in_memory]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def plan(
    world: World, letters: str = LETTERS, *, each: int = 1, minutes: int = -1, priority: int = 50
) -> set[str]:
    """Borrowers who are due, so many for each first letter: two letters make a shard."""
    borrowers = {f"{letter}{priority:03}{number:022}" for letter in letters for number in range(each)}
    for borrower in borrowers:
        moment = (world.now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        item = {"pk": f"B#{borrower}", "sk": "PROFILE", "due_shard": due_shard(borrower), "due_at": moment}
        world.table.put(item | {"priority": priority})
    return borrowers


def queued(world: World) -> list[str]:
    return sorted(reminder.borrower for reminder in world.tick())


def test_every_due_borrower_of_all_shards_is_queued_once(world: World) -> None:
    due = plan(world)
    assert {due_shard(borrower) for borrower in due} == set(range(SHARDS))
    assert queued(world) == sorted(due)


def test_whoever_is_not_due_yet_is_left_alone(world: World) -> None:
    plan(world, "AB", minutes=1)
    assert queued(world) == []
    world.later(minutes=1)
    assert len(queued(world)) == 2


def test_a_second_tick_at_once_queues_nobody(world: World) -> None:
    plan(world, "AQ7")
    assert len(queued(world)) == 3
    assert queued(world) == []


def test_a_lease_that_ends_brings_the_borrower_back(world: World) -> None:
    due = plan(world, "A")
    (first,) = world.tick()
    world.now += LEASE - timedelta(seconds=1)
    assert world.tick() == []
    world.later(seconds=1)
    (second,) = world.tick()
    assert {first.borrower, second.borrower} == due
    assert first.lease < second.lease


def test_a_borrower_without_a_plan_is_never_queued(world: World) -> None:
    plan(world, "A")
    (reminder,) = world.tick()
    world.ledger.finish(Finish(reminder.borrower, reminder.lease, None))
    world.later(days=400)
    assert world.tick() == []


def test_what_was_missed_for_days_is_queued_oldest_first(world: World) -> None:
    plan(world, "A", minutes=-5)
    plan(world, "Q", minutes=-5000)
    assert [reminder.borrower[0] for reminder in world.tick()] == ["Q", "A"]


def only(world: World, count: int) -> Scheduler:
    """A scheduler whose senders can do so many until the next tick."""
    return replace(world.scheduler, pace=Pace(count, timedelta(seconds=1)))


def test_the_most_pressing_are_queued_where_not_all_can_be(world: World) -> None:
    plan(world, "AC", priority=20, minutes=-50)
    pressing = plan(world, "BD", priority=80)
    assert only(world, 2).tick(world.now, "trace").queued == 2
    assert {reminder.borrower for reminder in world.received()} == pressing


def test_of_those_as_pressing_the_longest_waiting_is_queued(world: World) -> None:
    plan(world, "A", minutes=-1)
    (longest,) = plan(world, "B", minutes=-60)
    only(world, 1).tick(world.now, "trace")
    assert [reminder.borrower for reminder in world.received()] == [longest]


def test_what_is_pressing_is_found_behind_more_than_a_tick_looks_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_due, "LEAST_READ", 2)
    for priority, minutes in ((0, -50), (25, -30), (74, -20), (75, -10), (100, -5)):
        plan(world, "A", each=2, priority=priority, minutes=minutes)
    for priorities in ({100}, {75}, {74}, {25}, {0}):
        assert only(world, 2).tick(world.now, "trace").queued == 2
        assert {int(reminder.borrower[1:4]) for reminder in world.received()} == priorities


def test_whoever_was_not_queued_stays_due(world: World) -> None:
    due = plan(world)
    assert only(world, 10).tick(world.now, "trace").queued == 10
    first = world.received()
    assert len(first) == 10
    assert {reminder.borrower for reminder in [*first, *world.tick()]} == due


def test_two_schedulers_at_once_queue_each_borrower_once(world: World) -> None:
    due = plan(world, each=3)

    class SeesAll(Ledger):
        """Both have read before either leases."""

        def due(self, shard: int, now: datetime, *_: Any, **__: Any) -> Iterator[Waiting]:
            return iter(seen[shard])

    seen = {shard: list(world.ledger.due(shard, world.now)) for shard in range(SHARDS)}
    late = replace(world.scheduler, ledger=SeesAll(world.table))
    assert late.tick(world.now, "one").queued == len(due)
    assert late.tick(world.now + timedelta(seconds=1), "two").queued == 0
    assert sorted(reminder.borrower for reminder in world.received()) == sorted(due)


def test_the_line_is_spread_over_the_tick(world: World) -> None:
    class Delays:
        def __init__(self) -> None:
            self.of: list[int] = []

        def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
            self.of += [entry.get("DelaySeconds", 0) for entry in Entries]
            return {}

    plan(world, each=8)
    delays = Delays()
    pace = Pace(10, timedelta(minutes=5))
    replace(world.scheduler, queue=Queue(delays, "url"), pace=pace).tick(world.now, "trace")
    assert len(delays.of) == 256
    assert sorted(set(delays.of)) == [0, 5, 10, 15, 20, 25]


def test_a_crash_between_lease_and_queue_costs_no_reminder(world: World) -> None:
    class Unreachable:
        def send_message_batch(self, **request: Any) -> dict[str, Any]:
            raise OSError("no way to SQS")

    due = plan(world, "AQBC")
    with pytest.raises(OSError, match="no way"):
        replace(world.scheduler, queue=Queue(Unreachable(), "url")).tick(world.now, "trace")
    assert queued(world) == []
    world.now += LEASE
    assert queued(world) == sorted(due)


def test_reminders_that_sqs_did_not_take_are_told_and_come_back(world: World) -> None:
    class Full:
        def send_message_batch(self, **request: Any) -> dict[str, Any]:
            return {"Failed": [{"Id": "0"}]}

    plan(world, "A")
    with pytest.raises(RuntimeError, match="refused 1 of 1"):
        replace(world.scheduler, queue=Queue(Full(), "url")).tick(world.now, "trace")
    world.now += LEASE
    assert len(queued(world)) == 1


def test_the_body_of_a_reminder_carries_references_alone(world: World) -> None:
    (borrower,) = plan(world, "A")
    world.scheduler.tick(world.now, "trace-1")
    (message,) = world.sqs.receive_message(QueueUrl=world.queue_url)["Messages"]
    body = json.loads(message["Body"])
    assert body == {"v": 1, "borrower": borrower, "lease": "2026-11-24T18:30:00Z", "trace": "trace-1"}
    assert "MessageAttributes" not in message


def test_two_schedulers_that_see_the_same_borrower_queue_one_reminder(world: World) -> None:
    plan(world, "A")
    (waiting,) = world.ledger.due(due_shard("A"), world.now, 10)
    assert world.ledger.lease([waiting], world.now + LEASE) == [waiting.borrower]
    assert world.ledger.lease([waiting], world.now + LEASE + timedelta(seconds=1)) == []


def test_a_plan_that_changed_since_it_was_read_is_not_leased(world: World) -> None:
    plan(world, "A")
    (waiting,) = world.ledger.due(due_shard("A"), world.now, 10)
    world.ledger.look_at(waiting.borrower, Look(world.now - timedelta(days=1)))
    assert world.ledger.lease([waiting], world.now + LEASE) == []
    assert len(queued(world)) == 1
