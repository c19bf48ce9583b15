"""What is longer than a page of DynamoDB is read to its end."""

from dataclasses import replace
from typing import Any

import pytest

from cobranza.store.journal import Journal, Line
from cobranza.store.keys import SHARDS, due_shard, reference
from cobranza.store.ledger import Ledger
from cobranza.store.objects import Bucket
from cobranza.store.table import Table
from tests.integration.partiql import PartiqlClient
from tests.integration.test_scheduler import plan
from tests.integration.world import TUESDAY, World, of_day


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

    def scan(self, **request: Any) -> Any:
        self.pages += 1
        return self._client.scan(**request, Limit=2)


@pytest.mark.all_shards
@pytest.mark.parametrize(("limit", "found"), [(1, 1), (2, 2), (3, 3), (7, 7), (100, 7)])
def test_a_shard_is_read_over_its_pages_up_to_the_limit(world: World, limit: int, found: int) -> None:
    plan(world, "A", each=7)
    ledger = Ledger(Table(SmallPages(world.dynamodb), "ledger"))
    assert len(list(ledger.due(due_shard("A"), world.now, limit))) == found


@pytest.mark.all_shards
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


def test_a_day_of_the_journal_is_read_over_its_pages(world: World) -> None:
    journal = Journal(Table(SmallPages(PartiqlClient(world.dynamodb)), "journal"))
    numbers = [str(number) for number in range(100, 130)]
    lines = [Line(subject="B#1", event="call", identity=number, at=TUESDAY) for number in numbers]
    journal.append_all(lines, TUESDAY)
    assert [line.identity for line in of_day(journal, TUESDAY.date())] == numbers


def test_a_table_is_scanned_over_its_pages(world: World) -> None:
    for number in range(7):
        world.table.put(reference("R" * 26, f"{number:026}"))
    client = SmallPages(world.dynamodb)
    assert len([*Table(client, "ledger").scan(("pk",))]) == 7
    assert client.pages >= 4


def test_objects_are_erased_over_their_pages(world: World) -> None:
    for number in range(5):
        world.s3.put_object(Bucket="inbox", Key=f"a/{number}", Body=b"x")

    class SmallListings:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.s3, name)

        def list_objects_v2(self, **request: Any) -> Any:
            return world.s3.list_objects_v2(**request, MaxKeys=2)

        def list_object_versions(self, **request: Any) -> Any:
            return world.s3.list_object_versions(**request, MaxKeys=2)

    bucket = Bucket(SmallListings(), "inbox")
    assert bucket.keys("a/") == [f"a/{number}" for number in range(5)]
    assert bucket.erase("a/") == 5
    assert bucket.keys("a/") == []
