"""Whom we do not know, and whom we cannot tell apart: nothing of anybody is told."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.replies import Drop, cases, queued, say, tell, texts
from tests.integration.rows import apply, codes
from tests.integration.test_cases_api import opened, order
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

STRANGER = "525555550199"


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower", lambda: drop("debts/tienda/a.csv", debts({})))


def test_a_stranger_gets_one_neutral_answer_and_a_case(world: World) -> None:
    for text in ("SALDO", "hola"):
        say(world, text, sender=STRANGER)
    assert texts(world) == ["Respuesta automática. Recibimos su mensaje. Una persona lo leerá."]
    assert [message["to"] for message in world.whatsapp.sent] == ["+525555550199"]
    assert cases(world) == ["UNKNOWN_SENDER", "UNKNOWN_SENDER"]


def test_a_strangers_stop_is_confirmed(world: World) -> None:
    assert say(world, "BAJA", sender=STRANGER) == "STOPPED"


def test_of_two_borrowers_on_one_phone_nothing_is_told(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-9"}))
    assert say(world, "no debo nada") == "SHARED"
    assert say(world, "hola") == "KEPT"
    assert say(world, "SALDO") == "SHARED_BALANCE"
    assert not any("1,234" in text for text in texts(world))
    assert set(codes(world)) == {"SKIPPED_OPEN_CASE"}
    assert set(cases(world)) == {"SHARED_PHONE"}


def test_who_is_wrong_at_a_phone_does_not_share_it_with_who_is_right(world: World, drop: Drop) -> None:
    say(world, "no soy esa persona")
    world.later(minutes=1)
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-9"}))
    assert say(world, "no reconozco esa deuda") == "DISPUTED"
    assert sorted(codes(world)) == ["SKIPPED_DISPUTED", "SKIPPED_WRONG_NUMBER"]


def test_a_debt_that_was_taken_back_shares_no_phone(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-9"}))
    assert apply(
        world, "recalls", {"borrower_id": "C2", "debt_id": "F-9", "action": "vendida", "at": "2026-11-24"}
    ).changes == {"created": 1}
    assert say(world, "ya pagué") == "SEND_RECEIPT"


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


def take(world: World, case: str, **time: float) -> int:
    until = world.now + timedelta(**time)
    return order(world, "take", case, {"until": until.isoformat()})[0]


@pytest.mark.parametrize("sender", [STRANGER, "MX.13491208655302741918"])
def test_whom_a_person_has_taken_the_machine_does_not_answer_until_they_hand_back(
    world: World, sender: str
) -> None:
    case = opened(world, "hola", sender=sender)
    assert take(world, case, days=3) == 200
    world.later(hours=30)
    assert say(world, "siguen ahí?", sender=sender) == "KEPT"
    assert len(texts(world)) == 1
    assert cases(world) == ["UNKNOWN_SENDER", "UNKNOWN_SENDER"]
    assert order(world, "hand-back", case)[0] == 200
    world.later(minutes=5)
    assert say(world, "hola?", sender=sender) == "STRANGER"


def test_a_message_that_came_before_a_person_took_over_and_waits_is_not_answered_after_it(world: World) -> None:
    case = opened(world, "hola", sender=STRANGER)
    world.later(hours=25)
    told = {"id": "wamid.waits", "from": STRANGER, "type": "text", "text": {"body": "y?"}}
    tell(world, "messages", told)
    take(world, case, hours=1)
    assert [world.answers.answer(asked, world.now) for asked in queued(world)] == ["KEPT"]


def test_a_stop_is_confirmed_whoever_is_in_charge(world: World) -> None:
    case = opened(world, "hola", sender=STRANGER)
    take(world, case, days=3)
    assert say(world, "BAJA", sender=STRANGER) == "STOPPED"


@pytest.mark.parametrize(
    ("ends", "body"), [("close", {"result": "resolved"}), ("close", {"result": "stands"}), ("", None)]
)
def test_the_machine_answers_again_when_the_case_is_closed_or_the_time_is_up(
    world: World, ends: str, body: dict[str, Any] | None
) -> None:
    case = opened(world, "hola", sender=STRANGER)
    take(world, case, hours=26)
    if ends:
        assert order(world, ends, case, body)[0] == 200
    world.later(hours=27)
    assert say(world, "hola", sender=STRANGER) == "STRANGER"


def test_closing_one_case_leaves_who_is_in_charge_by_another(world: World) -> None:
    first = opened(world, "hola", sender=STRANGER)
    take(world, first, hours=40)
    second = opened(world, "sigo esperando", sender=STRANGER)
    take(world, second, hours=60)
    assert order(world, "close", first, {"result": "resolved"})[0] == 200
    world.later(hours=30)
    assert say(world, "hola", sender=STRANGER) == "KEPT"


def test_who_is_in_charge_of_one_stranger_is_not_of_another(world: World) -> None:
    take(world, opened(world, "hola", sender=STRANGER), days=3)
    assert say(world, "hola", sender="525555550198") == "STRANGER"
