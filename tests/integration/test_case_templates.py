"""Outside the 24 hours a person writes first, by a template: whoever may not be written to is not, and it leaves
once."""

from dataclasses import replace
from typing import Any

import pytest

from cobranza.store import keys
from cobranza.store.keys import MessageKey
from cobranza.store.texts import digest_of
from cobranza.whatsapp.client import Refused, Unclear
from cobranza.whatsapp.errors import Action, ProviderError, rule_for
from tests.integration.case_templates import (
    NAME,
    UNCLEAR_TEXT,
    WRONG,
    changed,
    kind,
    left,
    refused,
    said,
    waiting,
    write,
)
from tests.integration.fakes import DyingClient, Killed
from tests.integration.replies import NUMBER, PHONE, Drop, say, texts
from tests.integration.sending import status
from tests.integration.test_cases_api import ANA, STRANGER, noted, opened, order
from tests.integration.test_events_walk import heard
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def borrowers(world: World, drop: Drop, portfolio: None) -> None:
    """C1 owes F-1 since today."""
    world.begin("a borrower with cases", lambda: drop("debts/tienda/a.csv", debts({})))


# The way.


def test_a_template_leaves_once_for_the_last_message_and_the_case_was_answered(world: World) -> None:
    case = waiting(world)
    code, told = write(world, case)
    assert (code, told["first_answer_at"]) == (200, "2026-11-25T17:05:00+00:00")
    (message,) = left(world)
    assert message["to"] == f"+{PHONE}"
    (body,) = message["template"]["components"]
    assert [each["text"] for each in body["parameters"]] == ["Lucía Ejemplo", "Muebles Aurora"]
    shown = told["messages"][-1]
    assert (shown["direction"], shown["from"]) == ("out", "person")
    assert "ya preparó la respuesta" in shown["text"]
    for days in (0, 1, 3):
        world.later(days=days)
        assert write(world, case)[0] == 200
    assert len(left(world)) == 1
    assert kind(world, case) == ["SENT"]


def test_its_line_names_who_wrote_and_proves_the_words_without_them(world: World) -> None:
    case = waiting(world)
    write(world, case)
    (line,) = noted(world, "case.answered")
    found = world.cases.find(case)
    assert found
    assert (line["by"], line["template"], line["number"]) == ("ana|1", NAME, NUMBER)
    assert line["message"] == line["answers"] == keys.message_of(found.event)
    kept = world.table.get(keys.text(MessageKey(world.ref(), world.now.date(), confirms=True)))
    assert kept
    assert line["text_digest"] == digest_of(kept["text"], kept["salt"])
    (of_message,) = noted(world, "confirmation")
    assert (of_message["code"], of_message["template"], "trace" in of_message) == ("SENT", NAME, False)


def test_whatsapps_news_of_it_is_kept(world: World) -> None:
    case = waiting(world)
    write(world, case)
    status(world, left(world)[0], "delivered")
    assert world.item("TOLD#2026-11-25")["state"] == "DELIVERED"
    assert write(world, case)[0] == 200


def test_who_answers_it_is_answered_in_free_words_and_a_day_later_by_another_template(world: World) -> None:
    case = waiting(world)
    write(world, case)
    world.later(minutes=5)
    say(world, "sí, dígame")
    world.later(minutes=5)
    assert write(world, case)[1]["code"] == "INSIDE_WINDOW"
    assert order(world, "answer", case, {"text": "Ya lo corregimos."})[0] == 200
    assert texts(world)[-1] == "Ya lo corregimos."
    world.later(days=1)
    assert write(world, case)[0] == 200
    assert len(left(world)) == 2


def test_of_two_cases_with_one_last_message_one_template_answers_both(world: World) -> None:
    first = opened(world)
    second = waiting(world, UNCLEAR_TEXT)
    assert first != second
    assert [write(world, case)[0] for case in (first, second)] == [200, 200]
    world.later(days=1)
    assert [write(world, case)[1]["first_answer_at"] is None for case in (first, second)] == [False, False]
    assert len(left(world)) == 1
    assert (kind(world, first), kind(world, second)) == (["SENT"], ["SENT"])


# What is asked.


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "Hola", "template": NAME}, "template"),
        ({"text": None, "template": None}, "template"),
        ({"template": "saldo_vencido"}, "template"),
        ({"template": "pago_recibido"}, "template"),
        ({"template": NAME, "to": f"+{STRANGER}"}, "to"),
    ],
)
def test_it_is_words_or_a_template_that_cases_have(world: World, body: dict[str, Any], field: str) -> None:
    case = waiting(world)
    status, told = order(world, "answer", case, body)
    assert (status, told["code"], told["fields"]) == (422, "BAD_REQUEST", [field])
    assert left(world) == []


def test_inside_the_window_free_words_are_asked_for(world: World) -> None:
    case = opened(world)
    world.later(hours=23)
    assert refused(world, case) == ("INSIDE_WINDOW", "")


def test_nobody_writes_about_a_case_that_is_closed_or_anothers(world: World) -> None:
    case = waiting(world)
    assert write(world, case, claims=ANA | {"portfolios": "otra"})[0] == 404
    order(world, "close", case, {"result": "stands"})
    assert refused(world, case) == ("ALREADY_CLOSED", "")


# Who may not be written to.


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"action": "opt_out"}, "OPTED_OUT"),
        ({"action": "erase"}, "OPTED_OUT"),
        ({"action": "wrong_number"}, "WRONG_NUMBER"),
        ({"action": "hold", "until": "2026-12-20"}, "HELD"),
        ({"action": "channel", "channel": "email"}, "OTHER_CHANNEL"),
        ({"action": "phone", "phone": "+525555550109"}, "OTHER_PHONE"),
    ],
    ids=lambda each: each["action"] if isinstance(each, dict) else each,
)
def test_what_was_said_since_keeps_it_back(world: World, row: dict[str, str], reason: str) -> None:
    case = waiting(world)
    said(world, **row)
    assert refused(world, case) == ("NOT_ALLOWED", reason)


def test_a_stop_on_whatsapp_keeps_it_back(world: World) -> None:
    case = opened(world)
    say(world, "BAJA")
    world.later(hours=25)
    assert refused(world, case) == ("NOT_ALLOWED", "OPTED_OUT")


def test_who_agrees_no_more_is_not_written_to(world: World, drop: Drop) -> None:
    case = waiting(world)
    drop("debts/tienda/b.csv", debts({"consent": "no"}))
    assert refused(world, case) == ("NOT_ALLOWED", "NO_CONSENT")


@pytest.mark.parametrize(
    ("text", "reason", "lifted"),
    [
        ("número equivocado", "WRONG_PERSON", {"action": "phone", "phone": f"+{PHONE}"}),
        ("ella falleció", "DECEASED", {"action": "release"}),
        ("esto es acoso", "HELD", None),
    ],
)
def test_somebody_else_or_whoever_mourns_is_not_written_to_though_the_mark_is_lifted(
    world: World, text: str, reason: str, lifted: dict[str, str] | None
) -> None:
    case = waiting(world, text)
    if lifted:
        said(world, **lifted)
    assert refused(world, case) == ("NOT_ALLOWED", reason)
    assert order(world, "answer", case, {"text": "Hola"})[1]["templates"] == ([] if lifted else [NAME])


def test_a_number_that_nobody_has_is_not_written_to(world: World) -> None:
    case = waiting(world, "hola, quién es?", sender=STRANGER)
    assert refused(world, case) == ("NOT_ALLOWED", "UNKNOWN_NUMBER")
    assert order(world, "answer", case, {"text": "Hola"})[1]["templates"] == []


def test_a_phone_that_two_have_is_not_written_to_whenever_the_second_came(world: World, drop: Drop) -> None:
    case = waiting(world)
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-9"}))
    assert refused(world, case) == ("NOT_ALLOWED", "SHARED_PHONE")
    other = waiting(world, "no tengo trabajo")
    assert refused(world, other) == ("NOT_ALLOWED", "SHARED_PHONE")


def test_what_no_message_began_is_not_answered(world: World) -> None:
    """A row of a file wished them to be erased, and was taken back."""
    said(world, "erase")
    case = [*world.cases.waiting("tienda")][-1].id
    said(world, "opt_in")
    assert refused(world, case) == ("NOT_ALLOWED", "NEVER_WROTE")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[MX, CO, BR]", "[CO, BR]", "COUNTRY_OFF"),
        ("[solicitud, sucursal]", "[]", "NOT_IDENTIFIED"),
        ("100000000000001", "100000000000002", "OTHER_NUMBER"),
    ],
)
def test_a_portfolio_that_has_changed_does_not_write_there_any_more(
    world: World, old: str, new: str, reason: str
) -> None:
    case = waiting(world)
    changed(world, old, new)
    assert refused(world, case) == ("NOT_ALLOWED", reason)


def test_a_stack_for_tests_writes_to_its_list_alone(world: World) -> None:
    case = waiting(world)
    assert refused(world, case, only_to=frozenset({"+525555550100"})) == ("NOT_ALLOWED", "TEST_STAGE")
    assert write(world, case, only_to=frozenset({f"+{PHONE}"}))[0] == 200


# What WhatsApp says.


def test_what_may_have_left_is_not_sent_again(world: World) -> None:
    case = waiting(world)
    world.whatsapp.answers = [Unclear(WRONG)]
    for _ in range(3):
        assert write(world, case)[1]["code"] == "MAY_HAVE_LEFT"
        world.later(days=1)
    assert left(world) == []
    assert kind(world, case) == ["UNKNOWN"]


def test_what_whatsapp_surely_did_not_take_may_be_tried_again(world: World) -> None:
    case = waiting(world)
    world.whatsapp.answers = [Refused(Action.RETRY, WRONG, 6)]
    assert write(world, case)[1]["code"] == "TRY_LATER"
    world.later(minutes=1)
    assert write(world, case)[0] == 200
    assert kind(world, case) == ["SENT"]


def test_what_whatsapp_refuses_for_good_is_told_with_its_code_and_not_asked_again(world: World) -> None:
    case = waiting(world)
    world.whatsapp.answers = [Refused(Action.GIVE_UP, ProviderError(131026, "Undeliverable", ""))]
    for _ in range(2):
        code, told = write(world, case)
        assert (code, told["code"], told["meta_code"]) == (502, "NOT_TAKEN", 131026)
    assert world.cases.find(case) == next(world.cases.waiting("tienda"))
    found = world.cases.find(case)
    assert found
    assert found.first_answer_at is None
    assert kind(world, case) == ["REFUSED"]


def test_what_stops_the_number_opens_its_breaker(world: World) -> None:
    case = waiting(world)
    rule = rule_for(131031)
    world.whatsapp.answers = [Refused(rule.action, ProviderError(131031, "Locked", ""))]
    assert write(world, case)[1]["code"] == "TRY_LATER"
    world.later(minutes=1)
    assert refused(world, case) == ("NOT_NOW", "BREAKER")


def test_each_person_written_to_counts_for_the_numbers_limit(world: World) -> None:
    case = waiting(world)
    before = world.limits.left(NUMBER, world.now)
    write(world, case)
    assert world.limits.left(NUMBER, world.now) == before - 1


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(8))
def test_wherever_a_worker_dies_at_most_one_leaves_and_the_next_try_tells_what_became_of_it(
    world: World, at: int, done: bool
) -> None:
    """Its writes: who is written to, claim and words, accepted, line, people; answered, its line."""
    case = waiting(world)
    dying = replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done))
    with pytest.raises(Killed):
        write(dying, case)
    world.later(minutes=5)
    code = write(world, case)[1].get("code", "")
    assert len(left(world)) <= 1
    assert code in (("",) if left(world) and (at, done) > (3, False) else ("", "MAY_HAVE_LEFT"))
    assert len(noted(world, "case.answered")) == len(noted(world, "confirmation")) == 1
    assert write(world, case)[1].get("code", "") == code


# Others.


def test_others_hear_of_what_left_by_the_cases_own_message_and_not_of_what_was_refused(world: World) -> None:
    case = waiting(world)
    say(world, "¿hay alguien?")
    world.later(hours=25)
    world.whatsapp.answers = [Refused(Action.RETRY, WRONG, 6)]
    write(world, case)
    world.later(minutes=1)
    assert write(world, case)[0] == 200
    found = world.cases.find(case)
    assert found
    ((_, detail),) = [each for each in heard(world) if each[0] == "case.answered"]
    assert detail["data"]["message"] == keys.message_of(found.event)
    assert (detail["borrower"], detail["debts"]) == (world.ref(), ["tienda#F-1#"])
