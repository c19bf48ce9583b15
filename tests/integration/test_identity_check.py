"""Who asks what is owed tells the last digits of their document first, where that is wanted."""

from contextlib import suppress
from dataclasses import replace

import pytest

from cobranza.flows.say_once import TryLater
from cobranza.policy.portfolio import parse_portfolio
from tests.integration.fakes import DyingClient, Killed
from tests.integration.replies import Drop, ask, cases, queued, say, tell, texts
from tests.integration.rows import book, codes, keys_of
from tests.integration.world import PORTFOLIO_YAML, World, debts

pytestmark = pytest.mark.in_memory

LUCIA = {"document_id": "XEXX-010101-4821"}
BRUNO = {
    "borrower_id": "C2",
    "name": "Bruno Ejemplo",
    "debt_id": "F-9",
    "amount": "77",
    "document_id": "5.555.907-K",
}


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    told = (PORTFOLIO_YAML + "identity_check: last4_document\n").encode()
    world.begin("checked", lambda: world.ledger.save_portfolio(parse_portfolio(told, "tienda"), world.now))
    drop("debts/tienda/a.csv", debts(LUCIA))


def then(world: World, text: str) -> str:
    """A minute later."""
    world.later(minutes=1)
    return say(world, text)


@pytest.mark.parametrize("text", ["SALDO", "PAGAR"])
def test_what_is_owed_is_told_after_the_right_digits_alone(world: World, text: str) -> None:
    assert say(world, text) == "LAST4"
    assert then(world, "4821") == "OWED"
    asked, answered = texts(world)
    assert not any(character.isdigit() for character in asked)
    assert "$1,234.50" in answered
    assert cases(world) == []


def test_it_is_remembered_for_a_day(world: World) -> None:
    say(world, "SALDO")
    then(world, "4821")
    assert then(world, "PAGAR") == "OWED"
    world.later(hours=24)
    assert say(world, "SALDO") == "LAST4"


@pytest.mark.parametrize("wrong", ["9999", "1010"])
def test_three_wrong_ones_are_for_a_person_and_no_right_one_helps_then(world: World, wrong: str) -> None:
    say(world, "SALDO")
    assert [then(world, f"{wrong}{' ' * n}") for n in range(3)] == ["LAST4_AGAIN", "LAST4_AGAIN", "NOT_IDENTIFIED"]
    assert cases(world) == ["NOT_IDENTIFIED"]
    assert book(world).borrower.human_until
    then(world, "4821")
    assert not any("1,234" in text for text in texts(world))
    assert codes(world) == ["SKIPPED_OPEN_CASE"]


def test_many_at_once_have_no_more_tries(world: World) -> None:
    say(world, "SALDO")
    world.later(minutes=1)
    waiting = [ask(world, f"{number}") for number in (1111, 2222, 3333, 4821)]
    answers = [world.answers.answer(asked, world.now) for asked in waiting]
    assert answers == ["LAST4_AGAIN", "LAST4_AGAIN", "NOT_IDENTIFIED", "KEPT"]
    assert not any("1,234" in text for text in texts(world))


def test_a_message_that_comes_again_is_the_same_try(world: World) -> None:
    say(world, "SALDO")
    world.later(minutes=1)
    for _ in range(5):
        world.answers.answer(ask(world, "9999"), world.now)
    assert then(world, "4821") == "OWED"


@pytest.mark.parametrize("text", ["pago 4821 pesos el viernes", "ya pagué 4821"])
def test_digits_of_something_else_are_no_try(world: World, text: str) -> None:
    say(world, "SALDO")
    then(world, text)
    assert "OWED" not in [item.get("type") for item in world.items("journal")]
    assert "digits_1" not in str(world.items())


def test_a_whole_document_is_not_read(world: World) -> None:
    say(world, "SALDO")
    assert then(world, "010101 4821") == "NOT_UNDERSTOOD"


def test_a_promise_counts_and_is_not_said_back_with_its_amount(world: World) -> None:
    assert say(world, "pago el viernes") == "PROMISE_STANDS"
    assert len(world.item("STANDING")["promises"]) == 1
    assert "1,234" not in texts(world)[0]


def test_whose_document_nobody_knows_is_for_a_person(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts(BRUNO | {"document_id": "", "phone": "+525555550102"}))
    assert say(world, "SALDO", sender="525555550102") == "NOT_IDENTIFIED"
    assert cases(world) == ["NOT_IDENTIFIED"]


@pytest.mark.parametrize(("digits", "debt", "other"), [("4821", "F-1", "F-9"), ("5907", "F-9", "F-1")])
def test_of_two_on_one_phone_the_one_whose_digits_they_are_reads_their_own(
    world: World, drop: Drop, digits: str, debt: str, other: str
) -> None:
    drop("debts/tienda/b.csv", debts(BRUNO))
    assert say(world, "SALDO") == "LAST4"
    assert then(world, digits) == "OWED"
    assert then(world, "PAGAR") == "OWED"
    for text in texts(world)[1:]:
        assert debt in text
        assert other not in text


def test_without_a_check_nobody_is_asked(world: World) -> None:
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "tienda"), world.now)
    assert say(world, "SALDO") == "OWED"


def test_a_hidden_number_is_checked_too(world: World) -> None:
    user = "MX.13491208655302741918"
    hello = {
        "id": "wamid.1",
        "type": "text",
        "text": {"body": "hola"},
        "from": "525555550101",
        "from_user_id": user,
    }
    tell(world, "messages", hello)
    queued(world)
    answers: list[str] = []
    for text in ("SALDO", "4821"):
        world.later(minutes=1)
        told = {"id": f"wamid.{text}", "type": "text", "text": {"body": text}, "from_user_id": user}
        tell(world, "messages", told)
        answers += [world.answers.answer(asked, world.now) for asked in queued(world)]
    assert answers == ["LAST4", "OWED"]


@pytest.mark.parametrize(
    ("cells", "digits"),
    [({"document_id": "", "document_last4": "482"}, "0482"), ({"document_last4": "7777"}, "7777")],
)
def test_a_creditor_may_tell_the_digits_alone(
    world: World, drop: Drop, cells: dict[str, str], digits: str
) -> None:
    world.later(minutes=1)
    drop("debts/tienda/b.csv", debts(LUCIA | cells))
    say(world, "SALDO")
    assert then(world, digits) == "OWED"


def test_the_book_has_a_reference_and_never_the_digits(world: World) -> None:
    profile = world.item("PROFILE")
    assert profile["last4"] == world.references.last4(world.ref(), "4821")
    assert "4821" not in str(world.items()) + keys_of(world)


@pytest.mark.parametrize("text", ["SALDO", "4821", "9999"])
def test_who_dies_while_checking_ends_as_if_nobody_had_died_and_gives_no_more_tries(
    world: World, text: str
) -> None:
    say(world, "SALDO")
    world.later(minutes=1)
    asked = ask(world, text)
    before = world.kept()
    counting = replace(world, dynamodb=DyingClient(world.dynamodb, 10_000, done=False))
    answer = counting.answers.answer(asked, world.now)
    undisturbed = _checks(world)
    for at in range(counting.dynamodb.writes):
        for done in (False, True):
            world.restore(before)
            dead = replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done))
            with suppress(Killed):  # who dies after a write that is refused does not die
                dead.answers.answer(asked, world.now)
            with suppress(TryLater):  # the right to answer was taken
                assert world.answers.answer(asked, world.now) in (answer, "DONE")
            assert _checks(world) == undisturbed, f"write {at}, done {done}"


def _checks(world: World) -> list[dict[str, str]]:
    return [item for item in world.items() if item["sk"] == "SAID"]
