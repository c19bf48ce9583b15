"""ALTA: a new consent, and when the first message leaves after it."""

import pytest

from tests.integration.replies import PHONE, Drop, lines, queued, say, tell
from tests.integration.rows import codes
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower", lambda: drop("debts/tienda/a.csv", debts({})))


def test_who_comes_back_has_a_new_consent_and_is_reminded_with_the_next_step(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"due_date": "2026-11-26"}))  # the step of three days before is over
    say(world, "BAJA")
    world.later(minutes=1)
    assert say(world, "ALTA") == "STARTED"
    person = world.ledger.load(world.ref())
    assert person
    assert person.book.borrower.opted_out_at is None
    assert person.book.borrower.consent
    assert (person.book.borrower.consent.source, person.book.borrower.consent.text) == ("whatsapp", "ALTA")
    assert person.book.borrower.number_from == ("solicitud", "whatsapp")
    for outcome in ("", "", "SENT"):
        assert codes(world) == [outcome]
        world.later(days=1)


def test_who_was_passed_over_before_they_came_back_gets_the_next_step_too(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"due_date": "2026-11-27"}))  # three days from now
    say(world, "BAJA")
    assert codes(world) == ["SKIPPED_OPTED_OUT"]
    world.later(days=1)
    say(world, "ALTA")
    world.later(days=2)
    assert codes(world) == ["SENT"]


def test_who_comes_back_is_written_to_on_whatsapp_again(world: World) -> None:
    assert say(world, "prefiero por correo") == "OTHER_CHANNEL"
    world.later(minutes=1)
    say(world, "ALTA")
    person = world.ledger.load(world.ref())
    assert person
    assert person.book.borrower.channel == "whatsapp"


def test_a_stop_that_is_told_after_they_came_back_is_not_confirmed(world: World) -> None:
    before = str(int(world.now.timestamp()))
    world.later(minutes=5)
    say(world, "ALTA")
    late = {"id": "wamid.late", "from": PHONE, "type": "text", "text": {"body": "BAJA"}, "timestamp": before}
    tell(world, "messages", late)
    assert [world.answers.answer(each, world.now) for each in queued(world)] == ["KEPT"]
    person = world.ledger.load(world.ref())
    assert person
    assert person.book.borrower.opted_out_at is None


@pytest.mark.parametrize(
    "text",
    ["no quiero recibir mensajes de ustedes", "no he dicho que quiero recibir avisos", "¿quiero recibir avisos?"],
)
def test_who_refuses_again_is_not_taken_to_come_back(world: World, text: str) -> None:
    say(world, "BAJA")
    world.later(minutes=1)
    assert say(world, text) != "STARTED"
    assert "consent.given" not in lines(world)
    world.later(days=3)
    assert codes(world) == ["SKIPPED_OPTED_OUT"]
