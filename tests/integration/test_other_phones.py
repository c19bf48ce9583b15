"""Who writes from a borrower's second phone, or from one that they had: told nothing, and nobody is reminded."""

import pytest

from tests.integration.loading import KEY
from tests.integration.replies import PHONE, Drop, ask, cases, say, texts
from tests.integration.rows import apply, book, codes
from tests.integration.test_cases_api import opened, order
from tests.integration.world import World, debts

SECOND, NEW = "525555550177", "525555550188"
NEUTRAL = ["Respuesta automática. Recibimos su mensaje. Una persona lo leerá."]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


@pytest.fixture
def two_phones(world: World, drop: Drop, portfolio: None) -> str:
    """The second phone of a borrower who is due tomorrow."""
    drop(KEY, debts({"due_date": "2026-11-25"}))
    tell_second(world)
    return SECOND


@pytest.fixture
def former(world: World, drop: Drop, portfolio: None) -> str:
    """The phone that a borrower who is due tomorrow had until now."""
    drop(KEY, debts({"due_date": "2026-11-25"}))
    world.later(minutes=30)
    drop("debts/tienda/b.csv", debts({"due_date": "2026-11-25", "phone": f"+{NEW}"}))
    return PHONE


def tell_second(world: World, borrower_id: str = "C1", phone: str = SECOND) -> None:
    row = {"borrower_id": borrower_id, "action": "second_phone", "phone": f"+{phone}", "source": "sucursal"}
    apply(world, "contacts", row | {"at": world.now.isoformat()})


def tomorrow(world: World) -> list[str]:
    world.later(days=1)
    return codes(world)


@pytest.mark.parametrize("phone", ["two_phones", "former"])
@pytest.mark.parametrize("text", ["ya pagué", "quiero hablar con una persona", "hola", "SALDO"])
def test_what_comes_from_another_phone_holds_for_48_hours_and_is_told_nothing(
    world: World, request: pytest.FixtureRequest, phone: str, text: str
) -> None:
    sender = request.getfixturevalue(phone)
    assert say(world, text, sender=sender) == "STRANGER"
    assert texts(world) == NEUTRAL
    assert [message["to"] for message in world.whatsapp.sent] == [f"+{sender}"]
    assert len(cases(world)) == 1
    assert tomorrow(world) == ["SKIPPED_OPEN_CASE"]
    world.later(days=2)
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize(
    ("text", "outcome", "case"),
    [
        ("no reconozco esa deuda", "SKIPPED_DISPUTED", "DISPUTE"),
        ("mi esposa Lucía falleció", "SKIPPED_HELD", "DECEASED"),
        ("esto es acoso", "SKIPPED_HELD", "COMPLAINT"),
    ],
)
def test_what_stops_us_is_believed_of_who_has_the_second_phone_alone(
    world: World, two_phones: str, text: str, outcome: str, case: str
) -> None:
    assert say(world, text, sender=two_phones) == "STRANGER"
    assert (cases(world), texts(world)) == ([case], NEUTRAL)
    world.later(days=30)
    assert codes(world) == [outcome]


def test_a_dispute_that_comes_with_a_stop_from_the_second_phone_outlasts_it(world: World, two_phones: str) -> None:
    assert say(world, "no debo nada. no me escriban más", sender=two_phones) == "STOPPED"
    assert tomorrow(world) == ["SKIPPED_OPTED_OUT"]
    say(world, "ALTA")
    assert all(debt.disputed for debt in book(world).debts)


def test_a_second_phone_that_somebody_else_has_gets_nothing_until_another_one_is_told(
    world: World, two_phones: str
) -> None:
    assert say(world, "no soy esa persona", sender=two_phones) == "STRANGER"
    assert cases(world) == ["WRONG_PERSON"]
    world.later(days=3)
    assert codes(world) == ["SKIPPED_OPTED_OUT"]
    tell_second(world, phone=NEW)
    assert codes(world) == ["SENT"]
    assert [each["to"] for each in world.whatsapp.sent if "template" in each] == [f"+{PHONE}"]


@pytest.mark.parametrize("text", ["no reconozco esa deuda", "mi esposa Lucía falleció", "no soy esa persona"])
def test_of_a_former_phone_nothing_is_believed_for_good(world: World, former: str, text: str) -> None:
    assert say(world, text, sender=former) == "STRANGER"
    assert cases(world) == ["UNKNOWN_SENDER"]
    world.later(days=3)
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize("text", ["pago el 10 de diciembre", "ALTA", "prefiero por correo"])
def test_the_second_phone_promises_and_asks_for_nothing_in_the_borrowers_name(
    world: World, two_phones: str, text: str
) -> None:
    say(world, text, sender=two_phones)
    assert {*world.item("STANDING")} & {"promises", "consent", "opt_out", "channel"} == set()


def test_of_two_who_have_it_as_a_second_phone_neither_is_believed_and_both_are_held(
    world: World, drop: Drop, two_phones: str
) -> None:
    other = {"borrower_id": "C2", "debt_id": "F-2", "phone": f"+{NEW}", "due_date": "2026-11-25"}
    drop("debts/tienda/b.csv", debts(other))
    tell_second(world, "C2")
    say(world, "no reconozco esa deuda", sender=SECOND)
    assert cases(world) == ["UNKNOWN_SENDER"]
    assert tomorrow(world) == ["SKIPPED_OPEN_CASE"] * 2


def test_who_had_it_before_is_not_held_by_who_has_it_as_a_second_phone(
    world: World, drop: Drop, two_phones: str
) -> None:
    other = {"borrower_id": "C2", "debt_id": "F-2", "phone": f"+{SECOND}", "due_date": "2026-11-25"}
    drop("debts/tienda/b.csv", debts(other))
    world.later(minutes=30)
    drop("debts/tienda/c.csv", debts(other | {"phone": f"+{NEW}"}))
    say(world, "no reconozco esa deuda", sender=two_phones)
    assert sorted(tomorrow(world)) == ["SENT", "SKIPPED_DISPUTED"]


def test_who_has_the_phone_now_speaks_for_themselves_alone(world: World, drop: Drop, former: str) -> None:
    drop("debts/tienda/c.csv", debts({"borrower_id": "C2", "debt_id": "F-2", "due_date": "2026-11-25"}))
    assert say(world, "no reconozco esa deuda", sender=former) == "DISPUTED"
    assert sorted(tomorrow(world)) == ["SENT", "SKIPPED_DISPUTED"]


@pytest.mark.parametrize("phone", ["two_phones", "former"])
def test_the_case_says_whom_it_is_about_and_lets_them_go(
    world: World, request: pytest.FixtureRequest, phone: str
) -> None:
    case = opened(world, "no reconozco esa deuda", sender=request.getfixturevalue(phone))
    found = world.cases.find(case)
    assert found
    assert found.borrowers == (world.ref(),)
    world.later(minutes=5)
    assert order(world, "close", case, {"result": "resolved"})[0] == 200
    assert tomorrow(world) == ["SENT"]


def test_whom_a_person_has_taken_the_machine_does_not_answer_at_another_phone(
    world: World, two_phones: str
) -> None:
    case = opened(world, "hola", sender=two_phones)
    until = world.now.replace(day=26).isoformat()
    assert order(world, "take", case, {"until": until})[0] == 200
    world.later(hours=25)
    assert say(world, "siguen ahí?", sender=two_phones) == "KEPT"
    assert say(world, "no me escriban más", sender=two_phones) == "STOPPED"


def test_what_nobody_could_answer_at_another_phone_holds_too(world: World, two_phones: str) -> None:
    world.answers.give_up(ask(world, "no reconozco esa deuda", sender=two_phones), world.now)
    assert cases(world) == ["UNANSWERED"]
    assert tomorrow(world) == ["SKIPPED_OPEN_CASE"]
