"""The two ends of the dashboard's funnel: what was planned, and who stopped."""

import pytest

from cobranza import telemetry
from tests.integration.deliveries import Drop, message, tell
from tests.integration.fakes import FakeContext
from tests.integration.test_day_plans import EVENING, NEVER, in_force
from tests.integration.world import World, debts, function

pytestmark = [pytest.mark.in_memory, pytest.mark.usefixtures("portfolio")]

type Counted = dict[str, int]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    names: Counted = {}
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: names.update({name: names.get(name, 0) + value}))
    return names


def test_what_a_plan_would_send_is_counted(world: World, drop: Drop, counted: Counted) -> None:
    in_force(world, NEVER)
    refused = {"borrower_id": "C3", "phone": "+525555550103", "consent": "no"}
    drop("debts/tienda/a.csv", debts({}, {"borrower_id": "C2", "phone": "+525555550102"}, refused))
    reports = function("reports")
    reports.handler({}, FakeContext(), deps=reports.Deps(world.reports, world.planning, lambda: EVENING))
    assert (counted["PlansMade"], counted["RemindersPlanned"]) == (1, 2)


def test_borrowers_who_stop_are_counted(world: World, drop: Drop, counted: Counted) -> None:
    drop("debts/tienda/a.csv", debts({}, {"borrower_id": "C2", "phone": "+525555550102"}))
    senders = ("525555550101", "525555550102", "525555550199")
    stops = [
        message("text", {"body": "BAJA"}, sender=sender, wamid=f"wamid.{number}")
        for number, sender in enumerate(senders)
    ]
    assert tell(world, messages=[*stops, message("text", {"body": "hola"})]) == 200
    assert counted["OptOuts"] == 2
