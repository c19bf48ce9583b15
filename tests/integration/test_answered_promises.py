"""Promises and choices: what is said back has two buttons."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.integration.fakes import DyingClient, Killed
from tests.integration.replies import Drop, ask, button, cases, lines, press, say, texts, write
from tests.integration.rows import book, codes
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower", lambda: drop("debts/tienda/a.csv", debts({})))


# Two buttons.


def test_cancelar_alone_is_asked_back_and_a_button_decides(world: World) -> None:
    say(world, "cancelar")
    assert press(world, "No recibir avisos") == "STOPPED"
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


def test_cancelar_may_mean_to_pay(world: World) -> None:
    say(world, "cancelar")
    assert press(world, "Pagar") == "OWED"
    assert "$1,234.50" in texts(world)[-1]
    world.later(minutes=30)
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize("title", ["Pagar", "No recibir avisos"])
def test_once_a_button_says_what_cancelar_meant_nobody_has_to_look_at_it(world: World, title: str) -> None:
    say(world, "cancelar")
    assert cases(world) == ["CANCEL_ASK"]
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    payload = button(world, title)
    for wamid in ("wamid.once", "wamid.again"):
        press(world, title, payload, wamid=wamid)
    assert cases(world) == []
    assert book(world).borrower.case_until is None
    (line,) = (item for item in world.items("journal") if item["event"] == "case.closed")
    assert (line["code"], line["type"], line["source"]) == ("CANCEL_ASK", "resolved", "whatsapp")


@pytest.mark.parametrize(
    ("text", "answer", "outcome"),
    [("pagar", "OWED", "SENT"), ("pago", "OWED", "SENT"), ("baja", "STOPPED", "SKIPPED_OPTED_OUT")],
)
def test_words_say_what_cancelar_meant_as_well_as_its_buttons(
    world: World, text: str, answer: str, outcome: str
) -> None:
    for wamid in ("wamid.once", "wamid.again"):
        say(world, "cancelar", wamid=wamid)
        world.later(minutes=1)
    assert cases(world) == ["CANCEL_ASK"] * 2
    assert say(world, text) == answer
    assert cases(world) == []
    world.later(minutes=30)
    assert codes(world) == [outcome]
    assert lines(world).count("case.closed") == 2


@pytest.mark.parametrize("order", [("ya pagué", "cancelar"), ("cancelar", "no tengo trabajo")])
def test_what_keeps_reminders_back_besides_goes_on(world: World, order: tuple[str, ...]) -> None:
    for text in order:
        say(world, text)
        world.later(minutes=1)
    say(world, "pagar")
    assert "CANCEL_ASK" not in cases(world)
    world.later(hours=47)
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    world.later(hours=24)
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize("text", ["ya pagué", "pago el viernes", "quiero un asesor", "SALDO"])
def test_other_words_say_nothing_of_cancelar(world: World, text: str) -> None:
    say(world, "cancelar")
    world.later(minutes=1)
    say(world, text)
    assert "CANCEL_ASK" in cases(world)


def test_words_settle_nothing_that_a_person_has_taken_and_nothing_of_days_ago(world: World) -> None:
    say(world, "cancelar")
    (case,) = world.cases.waiting("tienda")
    kept = world.kept()
    world.cases.take(case, "ana", world.now + timedelta(hours=1))
    say(world, "pagar")
    assert cases(world) == ["CANCEL_ASK"]
    world.restore(kept)
    world.later(hours=49)
    say(world, "pagar")
    assert cases(world) == ["CANCEL_ASK"]


def test_a_button_settles_what_it_stands_below_and_nothing_else(world: World) -> None:
    say(world, "cancelar")
    first = button(world, "Pagar")
    world.later(minutes=5)
    say(world, "cancelar", wamid="wamid.second")
    say(world, "no tengo trabajo")
    problem = next(case.id for case in world.cases.waiting("tienda") if case.topic == "PROBLEM")
    for payload in (f"PAY|{problem}", "PAY|", "PAY|2026", "PAY", "Pagar"):
        press(world, "Pagar", payload, wamid=f"wamid.{payload}")
    assert sorted(cases(world)) == ["CANCEL_ASK", "CANCEL_ASK", "PROBLEM"]
    press(world, "Pagar", first, wamid="wamid.first")
    assert sorted(cases(world)) == ["CANCEL_ASK", "PROBLEM"]
    assert codes(world) == ["SKIPPED_OPEN_CASE"]


def test_somebody_elses_button_settles_nothing(world: World) -> None:
    say(world, "cancelar")
    press(world, "Pagar", sender="525555550199")
    assert "CANCEL_ASK" in cases(world)


def test_a_case_that_a_person_has_taken_is_theirs_to_close(world: World) -> None:
    say(world, "cancelar")
    (case,) = world.cases.waiting("tienda")
    world.cases.take(case, "ana", world.now + timedelta(hours=1))
    press(world, "Pagar")
    assert cases(world) == ["CANCEL_ASK"]


def test_who_dies_while_a_button_settles_a_case_leaves_nothing_that_the_next_try_does_not_end(
    world: World,
) -> None:
    say(world, "cancelar")
    reply = {"id": button(world, "Pagar"), "title": "Pagar"}
    (asked,) = write(world, "interactive", {"type": "button_reply", "button_reply": reply})
    before = replace(world, dynamodb=DyingClient(world.dynamodb, 1, done=True))
    with pytest.raises(Killed):
        before.answers.answer(asked, world.now)
    assert cases(world) == ["CANCEL_ASK"]
    assert world.answers.answer(asked, world.now) == "OWED"
    assert cases(world) == []
    assert lines(world).count("case.closed") == 1


# Promises.


def test_a_promise_is_said_back_with_its_amount_and_date(world: World) -> None:
    assert say(world, "pago el viernes") == "PROMISED"
    assert "$1,234.50, a más tardar el viernes, 27 de noviembre de 2026" in texts(world)[0]
    assert codes(world) == ["SKIPPED_PROMISED"]
    assert press(world, "Sí") == "PROMISE_STANDS"


def test_a_part_of_one_debt_may_be_promised(world: World) -> None:
    say(world, "pago 500 pesos el viernes")
    assert "$500.00" in texts(world)[0]
    assert world.item("STANDING")["promises"][0][1:] == ["2026-11-27", "500.0", "whatsapp"]


@pytest.mark.parametrize(
    "text", ["pago la mitad el viernes", "pago 20k el viernes", "pago el 15 de marzo"], ids=["half", "20k", "far"]
)
def test_what_a_person_has_to_agree_to_is_a_proposal(world: World, text: str) -> None:
    assert say(world, text) == "PROPOSAL"
    assert cases(world) == ["PROPOSAL"]
    assert "promises" not in world.item("STANDING")


def test_a_promise_without_a_day_asks_for_one(world: World) -> None:
    assert say(world, "voy a pagar") == "WHICH_DAY"
    assert say(world, "el viernes") == "PROMISED"


def test_who_is_asked_for_a_day_is_not_reminded_on_the_same_one(world: World) -> None:
    say(world, "voy a pagar")
    world.later(hours=2)
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    world.later(days=1)
    assert codes(world) == ["SENT"]


def test_who_takes_a_promise_back_is_not_reminded_on_the_same_day(world: World) -> None:
    say(world, "pago el viernes")
    press(world, "Cambiar")
    world.later(hours=2)
    assert codes(world) == ["SKIPPED_OPEN_CASE"]


@pytest.mark.parametrize(
    ("text", "answer", "promises"),
    [("sí", "PROMISE_STANDS", 1), ("Correcto.", "PROMISE_STANDS", 1), ("no", "PROMISE_TAKEN_BACK", 0)],
)
def test_below_a_promise_words_are_as_good_as_its_buttons(
    world: World, text: str, answer: str, promises: int
) -> None:
    say(world, "pago el viernes")
    world.later(minutes=1)
    assert say(world, text) == answer
    assert len(world.item("STANDING").get("promises", [])) == promises


@pytest.mark.parametrize("between", ["SALDO", None])
def test_words_are_about_a_promise_only_right_after_it(world: World, between: str | None) -> None:
    say(world, "pago el viernes")
    world.later(**({"minutes": 1} if between else {"hours": 25}))
    if between:
        say(world, between)
        world.later(minutes=1)
    assert say(world, "cambiar") == "NOT_UNDERSTOOD"
    assert len(world.item("STANDING")["promises"]) == 1


def test_the_rest_that_is_promised_beside_a_payment_is_kept(world: World) -> None:
    assert say(world, "ya pagué 500, el resto lo pago el 3 de diciembre") == "SEND_RECEIPT"
    assert world.item("STANDING")["promises"][0][1:] == ["2026-12-03", "", "whatsapp"]
    world.later(days=4)
    assert codes(world) == ["SKIPPED_PROMISED"]


def test_who_changes_a_promise_takes_it_back_and_names_another_day(world: World) -> None:
    say(world, "pago el viernes")
    assert press(world, "Cambiar") == "PROMISE_TAKEN_BACK"
    assert "promises" not in world.item("STANDING")
    assert "promise.taken_back" in lines(world)
    world.later(minutes=1)
    assert say(world, "el lunes") == "PROMISED"
    assert [each[1] for each in world.item("STANDING")["promises"]] == ["2026-11-30"]


def test_a_promise_that_comes_again_after_it_was_changed_stays_changed(world: World) -> None:
    asked = ask(world, "pago el viernes")
    world.answers.answer(asked, world.now)
    press(world, "Cambiar")
    assert world.answers.answer(asked, world.now) == "DONE"
    assert "promises" not in world.item("STANDING")


def test_a_third_promise_is_a_proposal(world: World) -> None:
    for number, answer in enumerate(["PROMISED", "PROMISED", "PROPOSAL"]):
        assert say(world, "pago mañana", wamid=f"wamid.{number}") == answer
        world.later(minutes=1)
