"""The scheduler: whoever is due is queued once, and a death costs a lease, never a message."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cobranza.policy.due import Look
from cobranza.policy.pace import LEASE
from cobranza.queues import Queue
from cobranza.store.keys import SHARDS, due_shard, reference
from cobranza.store.ledger import Ledger
from cobranza.store.table import Table
from tests.integration.partiql import PartiqlClient
from tests.integration.world import World

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def plan(world: World, letters: str = LETTERS, *, each: int = 1, minutes: int = -1) -> set[str]:
    """Borrowers who are due, so many for each first letter: two letters make a shard."""
    borrowers = {f"{letter}{number:025}" for letter in letters for number in range(each)}
    for borrower in borrowers:
        moment = (world.now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        item = {"pk": f"B#{borrower}", "sk": "PROFILE", "due_shard": due_shard(borrower), "due_at": moment}
        world.table.put(item)
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
    world.ledger.finish(reminder.borrower, reminder.lease, None)
    world.later(days=400)
    assert world.tick() == []


def test_what_was_missed_for_days_is_queued_oldest_first(world: World) -> None:
    plan(world, "A", minutes=-5)
    plan(world, "Q", minutes=-5000)
    assert [reminder.borrower[0] for reminder in world.tick()] == ["Q", "A"]


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


class SmallPages:
    """DynamoDB whose pages hold two items, as those of a big table hold one megabyte."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.pages = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        assert request.get("Limit", 1) > 0
        self.pages += 1
        return self._client.query(**request | {"Limit": min(2, request.get("Limit", 2))})


@pytest.mark.parametrize(("limit", "found"), [(1, 1), (2, 2), (3, 3), (7, 7), (100, 7)])
def test_a_shard_is_read_over_its_pages_up_to_the_limit(world: World, limit: int, found: int) -> None:
    plan(world, "A", each=7)
    ledger = Ledger(Table(SmallPages(world.dynamodb), "ledger"))
    assert len(list(ledger.due(due_shard("A"), world.now, limit))) == found


def test_a_tick_takes_all_pages(world: World) -> None:
    due = plan(world, "AQ", each=13)
    client = SmallPages(PartiqlClient(world.dynamodb))
    scheduler = replace(world.scheduler, ledger=Ledger(Table(client, "ledger")))
    tick = scheduler.tick(world.now, "trace")
    assert tick.queued == 26
    assert sorted(reminder.borrower for reminder in world.received()) == sorted(due)
    assert client.pages > SHARDS


def test_a_partition_of_more_than_one_page_is_read_whole(world: World) -> None:
    for number in range(7):
        world.table.put(reference("R" * 26, f"{number:026}"))
    ledger = Ledger(Table(SmallPages(world.dynamodb), "ledger"))
    assert len(ledger.borrowers_behind("R" * 26)) == 7
