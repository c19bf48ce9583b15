"""Whom we do not know, and whom we cannot tell apart: nothing of anybody is told."""

import pytest

from tests.integration.replies import Drop, cases, say, texts
from tests.integration.rows import codes
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower", lambda: drop("debts/tienda/a.csv", debts({})))


def test_a_stranger_gets_one_neutral_answer_and_a_case(world: World) -> None:
    for text in ("SALDO", "hola"):
        say(world, text, sender="525555550199")
    assert texts(world) == ["Respuesta automática. Recibimos su mensaje. Una persona lo leerá."]
    assert [message["to"] for message in world.whatsapp.sent] == ["+525555550199"]
    assert cases(world) == ["UNKNOWN_SENDER", "UNKNOWN_SENDER"]


def test_a_strangers_stop_is_confirmed(world: World) -> None:
    assert say(world, "BAJA", sender="525555550199") == "STOPPED"


def test_of_two_borrowers_on_one_phone_nothing_is_told(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-9"}))
    assert say(world, "no debo nada") == "SHARED"
    assert say(world, "hola") == "KEPT"
    assert say(world, "SALDO") == "SHARED_BALANCE"
    assert not any("1,234" in text for text in texts(world))
    assert set(codes(world)) == {"SKIPPED_OPEN_CASE"}
    assert set(cases(world)) == {"SHARED_PHONE"}


def test_who_had_the_phone_before_does_not_answer_for_who_has_it(world: World, drop: Drop) -> None:
    world.later(minutes=1)
    drop("debts/tienda/b.csv", debts({"phone": "+525555550102"}))
    drop("debts/tienda/c.csv", debts({"borrower_id": "C2", "debt_id": "F-9", "amount": "77"}))
    say(world, "SALDO")
    assert "F-9: $77.00" in texts(world)[0]


def test_a_stranger_whose_number_is_hidden_is_answered_by_user_id(world: World) -> None:
    assert say(world, "SALDO", sender="MX.13491208655302741918") == "STRANGER"
    assert [message["recipient"] for message in world.whatsapp.sent] == ["MX.13491208655302741918"]
    assert cases(world) == ["UNKNOWN_SENDER"]
