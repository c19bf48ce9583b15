"""Whoever hides the number is known by the user id that was once seen with it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.integration.fakes import DyingClient, Killed
from tests.integration.replies import PHONE, Drop, cases, queued, tell, texts
from tests.integration.rows import book, codes, keys_of
from tests.integration.test_cases_api import order
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

LUCIA, PARENT = "MX.13491208655302741918", "MX.ENT.11815799212886844830"
SHOWN = {"from": PHONE, "from_user_id": LUCIA, "from_parent_user_id": PARENT}
HIDDEN = {"from_user_id": LUCIA}


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower", lambda: drop("debts/tienda/a.csv", debts({})))


def hear(world: World, text: str, who: Mapping[str, str]) -> None:
    tell(world, "messages", {"id": f"wamid.{text}.{who}", "type": "text", "text": {"body": text}, **who})


def say(world: World, text: str, who: Mapping[str, str]) -> list[str]:
    """What came of a text, or of several that wait."""
    hear(world, text, who)
    return [world.answers.answer(asked, world.now) for asked in queued(world)]


def reach(world: World, state: str, **who: str) -> None:
    """A message arrived at this person's phone; nobody knows it any more."""
    tell(world, "statuses", {"id": f"wamid.{state}", "status": state, **who})


def stopped(world: World) -> bool:
    return "opted_out_at" in world.item("PROFILE")


@pytest.mark.parametrize("known", [HIDDEN, HIDDEN | {"from": ""}, {"from": LUCIA}, {"from_user_id": PARENT}])
def test_who_wrote_with_a_number_is_known_and_answered_by_user_id_alone(
    world: World, known: dict[str, str]
) -> None:
    hear(world, "hola", SHOWN)
    queued(world)
    assert say(world, "SALDO", known) == ["OWED"]
    assert "$1,234.50" in texts(world)[0]
    (sent,) = world.whatsapp.sent
    assert "to" not in sent
    assert sent["recipient"] in (LUCIA, PARENT)


def test_who_is_known_from_a_status_is_answered_to_the_first_reply(world: World) -> None:
    reach(world, "delivered", recipient_id="5215555550101", recipient_user_id=LUCIA)
    assert say(world, "SALDO", HIDDEN) == ["OWED"]


def test_who_was_not_reached_is_not_learnt_from(world: World) -> None:
    reach(world, "failed", recipient_id=PHONE, recipient_user_id=LUCIA)
    assert say(world, "SALDO", HIDDEN) == ["STRANGER"]
    assert cases(world) == ["UNKNOWN_SENDER"]


def test_a_stop_by_user_id_stops_the_borrower_and_the_number(world: World, drop: Drop) -> None:
    hear(world, "hola", SHOWN)
    queued(world)
    assert say(world, "BAJA", HIDDEN) == ["STOPPED"]
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-2"}))
    assert set(codes(world)) == {"SKIPPED_OPTED_OUT"}
    assert book(world, "C2").borrower.opted_out_at


def test_a_stop_of_somebody_unknown_counts_once_their_number_is_known(world: World) -> None:
    hear(world, "BAJA", HIDDEN)
    assert not stopped(world)
    world.later(hours=1)
    reach(world, "read", recipient_id=PHONE, recipient_user_id=LUCIA)
    assert stopped(world)
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


def test_a_webhook_that_dies_while_it_learns_carries_the_stop_when_it_comes_again(world: World) -> None:
    hear(world, "BAJA", HIDDEN)
    before = world.kept()
    counting = replace(world, dynamodb=DyingClient(world.dynamodb, 10_000, done=False))
    reach(counting, "read", recipient_id=PHONE, recipient_user_id=LUCIA)
    undisturbed = world.kept()
    for at in range(counting.dynamodb.writes):
        world.restore(before)
        with pytest.raises(Killed):
            reach(
                replace(world, dynamodb=DyingClient(world.dynamodb, at, done=True)),
                "read",
                recipient_id=PHONE,
                recipient_user_id=LUCIA,
            )
        reach(world, "read", recipient_id=PHONE, recipient_user_id=LUCIA)
        assert world.kept() == undisturbed


def test_two_borrowers_behind_a_user_id_are_not_told_apart(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-2"}))
    hear(world, "hola", SHOWN)
    queued(world)
    assert say(world, "no debo nada", HIDDEN) == ["SHARED"]


@pytest.mark.parametrize(
    ("phones", "came"), [(frozenset({f"+{PHONE}"}), "OWED"), (frozenset[str](), "TEST_STAGE")]
)
def test_a_stack_for_tests_answers_a_user_id_whose_number_is_on_its_list_alone(
    world: World, phones: frozenset[str], came: str
) -> None:
    hear(world, "hola", SHOWN)
    queued(world)
    world.answers = replace(world.answers, only_to=phones)
    assert say(world, "SALDO", HIDDEN) == [came]
    assert len(world.whatsapp.sent) == (came == "OWED")


def test_a_stack_for_tests_says_that_it_may_not_answer_a_user_id_that_nobody_knows(world: World) -> None:
    world.answers = replace(world.answers, only_to=frozenset({f"+{PHONE}"}))
    assert say(world, "hola", HIDDEN) == ["TEST_STAGE"]
    assert world.whatsapp.sent == []
    assert cases(world) == ["UNKNOWN_SENDER"]


@pytest.mark.parametrize(("phones", "code"), [(frozenset({f"+{PHONE}"}), ""), (frozenset[str](), "TEST_STAGE")])
def test_a_person_answers_a_user_id_in_a_stack_for_tests_by_the_same_list(
    world: World, phones: frozenset[str], code: str
) -> None:
    hear(world, "hola", SHOWN)
    queued(world)
    say(world, "no reconozco esa deuda", HIDDEN)
    (case,) = world.cases.waiting("tienda")
    status, told = order(world, "answer", case.id, {"text": "Lo revisamos."}, only_to=phones)
    assert (status, told.get("code", "")) == ((409, code) if code else (200, ""))


def test_a_switch_in_whatsapp_stops_by_user_id_too(world: World) -> None:
    hear(world, "hola", SHOWN)
    tell(world, "user_preferences", {"user_id": LUCIA, "value": "stop"}, field="user_preferences")
    assert stopped(world)


@pytest.mark.parametrize("told", [{"wa_id": f"+{PHONE}"}, {"wa_id": LUCIA}])
def test_a_switch_stops_however_meta_writes_who_it_was(world: World, told: dict[str, str]) -> None:
    hear(world, "hola", SHOWN)
    tell(world, "user_preferences", {**told, "value": "stop"}, field="user_preferences")
    assert stopped(world)


def test_no_user_id_is_in_a_key(world: World) -> None:
    hear(world, "hola", SHOWN)
    hear(world, "hola", {"from_user_id": "MX.1"})
    assert not any(each in keys_of(world) for each in (LUCIA, PARENT, "MX."))
