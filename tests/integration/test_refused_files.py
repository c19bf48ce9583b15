"""What is refused whole has the tag by which the bucket's lifecycle ends it, wherever it lies."""

from collections.abc import Callable
from typing import Any

import pytest

from cobranza.queues import DroppedFile
from cobranza.store.objects import REFUSED, Bucket
from tests.integration.world import World, debts

pytestmark = [pytest.mark.in_memory, pytest.mark.usefixtures("portfolio")]

type Drop = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    "key", ["a.csv", "deudas/tienda/a.csv", "Debts/tienda/a.csv", "portfolios/tienda/people.csv"]
)
def test_what_lies_where_no_file_belongs_ends(world: World, key: str) -> None:
    world.s3.put_object(Bucket="inbox", Key=key, Body=debts({}).encode())
    summary = world.importer.take(Bucket(world.s3, "inbox"), DroppedFile("inbox", key, ""), world.now)
    assert summary
    assert summary.error
    assert world.s3.get_object_tagging(Bucket="inbox", Key=key)["TagSet"] == [REFUSED]


@pytest.mark.parametrize(
    "key", ["mappings/tienda/gente.csv", "strategies/tienda/strategy.yaml", "debts/tienda/a.csv"]
)
def test_the_version_that_is_refused_ends_and_no_other(world: World, drop: Drop, key: str) -> None:
    good = world.s3.put_object(Bucket="inbox", Key=key, Body=b"")["VersionId"]
    assert drop(key, "{people")["error"]
    assert world.s3.get_object_tagging(Bucket="inbox", Key=key)["TagSet"] == [REFUSED]
    assert world.s3.get_object_tagging(Bucket="inbox", Key=key, VersionId=good)["TagSet"] == []


def test_what_is_taken_is_not_tagged(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    assert world.s3.get_object_tagging(Bucket="inbox", Key="debts/tienda/a.csv")["TagSet"] == []
