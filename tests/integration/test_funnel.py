"""The ends of the dashboard's funnel: what was planned, who paid, whoever told it, and who stopped."""

import pytest

from cobranza import telemetry
from tests.integration.deliveries import Drop, message, tell
from tests.integration.fakes import FakeContext
from tests.integration.test_cases_api import call
from tests.integration.test_day_plans import EVENING, NEVER, in_force
from tests.integration.test_gateway_payments import APPLIED
from tests.integration.test_gateway_payments import tell as gateway
from tests.integration.test_handlers import file, ingest, put, record, result
from tests.integration.test_receipt_decisions import receive
from tests.integration.world import World, debts, function

pytestmark = [pytest.mark.in_memory, pytest.mark.usefixtures("portfolio")]

type Counted = dict[str, int]

OTHER = {"borrower_id": "C2", "phone": "+525555550102", "debt_id": "F-2"}


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


def test_who_paid_is_counted_once_whoever_tells_it(world: World, drop: Drop, counted: Counted) -> None:
    drop("debts/tienda/a.csv", debts({}, OTHER))
    assert gateway(world, amount="10.00") == APPLIED
    assert counted["PaymentsApplied"] == 1
    lines = ["payment_id,borrower_id,amount,currency,paid_at"]
    lines += [
        f"{paid},MXN,2026-11-24" for paid in ("tx-1,C1,10.00", "tx-2,C2,20.00", "tx-2,C2,20.00", "tx-3,C9,30.00")
    ]
    put(world, "payments/tienda/p.csv", "\n".join(lines))
    booked: list[int] = []
    for _ in range(2):
        ingest(world, record("1", file("payments/tienda/p.csv")))
        booked.append(result(world, "tienda/payments/p.csv")["payments"])
        world.later(minutes=1)
    assert (booked, counted["PaymentsApplied"]) == ([1, 0], 2)


def test_a_receipt_that_is_accepted_is_one_who_paid(world: World, drop: Drop, counted: Counted) -> None:
    world.s3.create_bucket(Bucket="receipts")
    drop("debts/tienda/a.csv", debts({}, OTHER))
    receipts = {"C1": receive(world), "C2": receive(world, "wamid.P2", "525555550102")}
    accepted = {"borrower_id": "C1", "decision": "accepted", "amount": "10.00", "currency": "MXN"}
    for _ in range(2):  # the same decision again
        assert call(world, "POST /receipts/{id}", receipts["C1"], accepted)[0] == 200
        world.later(days=1)
    assert counted["PaymentsApplied"] == 1
    lines = ["receipt_id,borrower_id,decision,amount,currency,reason"]
    lines += [f"{receipts['C1']},C1,aceptado,10.00,MXN,", f"{receipts['C2']},C2,rechazado,,,no"]
    put(world, "receipts/tienda/r.csv", "\n".join(lines))
    ingest(world, record("1", file("receipts/tienda/r.csv")))
    assert counted["PaymentsApplied"] == 1
    put(world, "receipts/tienda/r.csv", "\n".join([lines[0], f"{receipts['C2']},C2,aceptado,5.00,MXN,"]))
    ingest(world, record("1", file("receipts/tienda/r.csv")))
    assert counted["PaymentsApplied"] == 2
