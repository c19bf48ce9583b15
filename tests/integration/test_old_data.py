"""Who is due and kept back because no file has come raises an alarm."""

from datetime import timedelta

import pytest

from cobranza import telemetry
from cobranza.queues import Queue
from tests.integration.fakes import FakeContext
from tests.integration.replies import Drop
from tests.integration.sending import records
from tests.integration.world import World, debts, function

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


@pytest.mark.parametrize(
    ("days", "told"), [(0, {"OutcomeSent": 1}), (20, {"OutcomeDeferred": 1, "RemindersStale": 1})]
)
def test_reminders_that_old_data_keeps_back_are_counted(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch, days: int, told: dict[str, float]
) -> None:
    counted: dict[str, float] = {}
    monkeypatch.setattr(
        telemetry, "count", lambda name, value=1: counted.update({name: counted.get(name, 0) + value})
    )
    drop("debts/tienda/a.csv", debts({"due_date": (world.now + timedelta(days=days)).date().isoformat()}))
    world.now += timedelta(days=days)
    module = function("send")
    deps = module.Deps(world.sender, Queue(world.sqs, world.queue_url), world.clock)
    module.handler({"Records": records(world.tick())}, FakeContext(), deps=deps)
    assert counted == told
