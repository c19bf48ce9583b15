"""Nothing personal leaves but to the borrower: a whole day through the doors, and what the detector would hear."""

from collections.abc import Callable
from typing import Any

import pytest

from local import personal
from tests.integration.test_events_walk import heard, walk
from tests.integration.test_handlers import file, ingest, put, record
from tests.integration.world import World, debts
from tests.overheard import Overheard

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

type Drop = Callable[..., dict[str, Any]]

LANDLINE = {"borrower_id": "C2", "name": "Bruno Ejemplo", "phone": "llamar al +52 55 5555 0102", "debt_id": "F-2"}
WITH_DOCUMENT = {"document_type": "CURP", "document_id": personal.DOCUMENTS[0]}


def test_a_day_is_logged_counted_queued_and_announced_without_anybody(
    world: World, drop: Drop, overheard: Overheard
) -> None:
    put(world, "debts/tienda/mala.csv", debts(WITH_DOCUMENT, LANDLINE))
    ingest(world, record("1", file("debts/tienda/mala.csv")), record("2", file("debts/tienda/falta.csv")))
    walk(world, drop)
    heard(world)
    assert {where for where, _ in overheard.said} == {"log", "metric", "queue", "notice", "event"}
    assert personal.find(" ".join(text for _, text in overheard.said)) == []
    # What the borrower was told does have it all: the detector would know.
    assert "Ejemplo" in personal.find(repr(world.whatsapp.sent))
