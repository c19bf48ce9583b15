"""When a person may write first about a case: in the hours of the law, as seldom as reminders, and not while
something is stopped."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cobranza.policy.breaker import Breaker
from cobranza.store.table import exact
from tests.integration.case_templates import (
    NAME,
    UNCLEAR_TEXT,
    changed,
    left,
    names,
    refused,
    said,
    waiting,
    write,
)
from tests.integration.replies import NUMBER, Drop, say
from tests.integration.rows import apply, codes
from tests.integration.test_cases_api import opened
from tests.integration.test_pause import pause
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def borrowers(world: World, drop: Drop, portfolio: None) -> None:
    """C1 owes F-1 since today."""
    world.begin("a borrower with cases", lambda: drop("debts/tienda/a.csv", debts({})))


@pytest.mark.parametrize(
    ("hours", "reason", "until"),
    [
        (12, "WINDOW", "2026-11-26T15:00:00+00:00"),
        (4 * 24, "WINDOW", "2026-11-30T15:00:00+00:00"),
        (30 * 24, "HOLIDAY", "2026-12-28T15:00:00+00:00"),
    ],
    ids=["at night", "on Sunday", "at Christmas"],
)
def test_it_waits_for_hours_in_which_one_may_write(world: World, hours: int, reason: str, until: str) -> None:
    case = waiting(world)
    world.later(hours=hours)
    status, told = write(world, case)
    assert (status, told["code"], told["reason"], told["until"]) == (409, "NOT_NOW", reason, until)
    assert left(world) == []


def test_who_was_reminded_today_is_not_written_to_and_who_was_written_to_is_not_reminded(world: World) -> None:
    case = waiting(world, UNCLEAR_TEXT)
    world.later(days=1, hours=1)
    before = world.kept()
    assert codes(world) == ["SENT"]
    world.later(minutes=5)
    assert refused(world, case) == ("NOT_NOW", "FREQUENCY_CAP")
    world.restore(before)
    world.whatsapp.sent.clear()
    assert write(world, case)[0] == 200
    world.later(minutes=5)
    assert codes(world) == ["SKIPPED_FREQUENCY_CAP"]
    assert len(world.whatsapp.sent) == 1


def test_templates_count_for_each_other(world: World) -> None:
    """At most three contacts in seven days: Wednesday, Thursday, Friday, and then not on Monday."""
    case = waiting(world)
    for days in (1, 1, 3):
        assert write(world, case)[0] == 200
        world.later(minutes=5)
        say(world, "dígame")
        world.later(days=days, minutes=1)
    told = write(world, case)[1]
    assert (told["code"], told["reason"]) == ("NOT_NOW", "FREQUENCY_CAP")
    world.later(days=3)
    assert write(world, case)[0] == 200


def test_calls_made_elsewhere_count(world: World) -> None:
    case = waiting(world)
    said(world, "call")
    assert refused(world, case) == ("NOT_NOW", "FREQUENCY_CAP")


def test_of_a_confirmation_and_a_template_one_leaves_a_day(world: World) -> None:
    case = waiting(world, UNCLEAR_TEXT)
    changed(world, "confirms_payments: false", "confirms_payments: true")
    assert write(world, case)[0] == 200
    paid = {"payment_id": "P-1", "borrower_id": "C1", "amount": "1234.50", "currency": "MXN"}
    apply(world, "payments", paid | {"paid_at": world.now.isoformat()})
    world.later(minutes=5)
    codes(world)
    assert names(world) == [NAME]
    world.later(days=1)
    codes(world)
    assert names(world) == [NAME, "pago_recibido"]
    other = opened(world, UNCLEAR_TEXT + " otra vez")
    world.later(hours=25)
    assert write(world, other)[0] == 200


def breaks(scope: str) -> Callable[[World], object]:
    return lambda world: world.ledger.open_breaker(Breaker(scope, exact(world.now), 131048), {})


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (pause, "PAUSED"),
        (breaks(f"number:{NUMBER}"), "BREAKER"),
        (breaks("number:all"), "BREAKER"),
        (breaks(f"template:{NAME}"), "BREAKER"),
        (lambda world: world.templates.tell(NAME, "es", {"status": "PAUSED"}, world.now), "TEMPLATE"),
        (lambda world: world.limits.add_people(NUMBER, world.now, 1000), "LIMIT"),
    ],
    ids=["pause", "number", "account", "template", "approval", "limit"],
)
def test_what_is_stopped_stays_stopped(world: World, stop: Callable[[World], object], reason: str) -> None:
    case = waiting(world)
    stop(world)
    assert refused(world, case) == ("NOT_NOW", reason)


def test_while_a_reminder_is_on_its_way_it_waits(world: World) -> None:
    case = waiting(world, UNCLEAR_TEXT)
    world.later(days=1, hours=1)
    (reminder,) = world.tick()
    assert refused(world, case) == ("NOT_NOW", "REMINDER_DUE")
    assert world.sender.remind(reminder, world.now).code == "SENT"


def test_whoever_was_written_to_seconds_ago_is_not_written_to_again_yet(world: World) -> None:
    case = waiting(world)
    world.ledger.wrote_to(world.ref(), world.now - timedelta(seconds=3))
    assert write(world, case)[1]["code"] == "TRY_LATER"
    assert left(world) == []
