"""Files that wait for another import of their portfolio: each comes back, and says since when it waits."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from cobranza import telemetry
from cobranza.store.imports import Imports
from tests.integration.test_handlers import Delays, failures, file, ingest, put, record, result
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory


@dataclass
class Sqs(Delays):
    """Keeps what is put."""

    put: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.put += Entries
        return {}


def given(entry: dict[str, Any]) -> dict[str, Any]:
    """What Lambda gets of a message that was put."""
    attributes = {name: {"stringValue": told["StringValue"]} for name, told in entry["MessageAttributes"].items()}
    return record(entry["Id"], entry["MessageBody"]) | {"messageAttributes": attributes}


def test_a_file_that_waits_for_another_import_tells_since_when_as_often_as_it_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(telemetry, "measure", lambda name, seconds: told.append((name, seconds)))
    put(world, "debts/tienda/b.csv", debts({}))
    put(world, "contacts/tienda/c.csv", "borrower_id,action,at,source\n")
    asked = [
        record(name, file(key)) for name, key in (("b", "debts/tienda/b.csv"), ("c", "contacts/tienda/c.csv"))
    ]
    Imports(world.table).acquire("tienda", "another", world.now, world.now + timedelta(hours=3))
    for _ in range(3):
        sqs = Sqs()
        assert ingest(world, *asked, delays=sqs) == failures()
        assert [entry["DelaySeconds"] for entry in sqs.put] == [20, 20]
        asked = [given(entry) for entry in sqs.put]
        world.now += timedelta(hours=1)
    assert told == [("WaitingFileAge", hours * 3600.0) for hours in (0, 0, 1, 1, 2, 2)]
    world.now += timedelta(hours=1)
    assert ingest(world, *asked) == failures()
    assert result(world, "tienda/debts/b.csv")["created"] == 1
    assert result(world, "tienda/contacts/c.csv")["read"] == 0
