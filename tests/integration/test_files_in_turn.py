"""Two contracts of one person, whose files tell another consent, or another phone, in turn: what a file repeats is
no later word."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from cobranza.store.book import MOST_PHONES
from cobranza.store.keys import MessageKey
from tests.integration.replies import say, tell, write
from tests.integration.rows import apply, book, codes
from tests.integration.sending import second_portfolio
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

TOLD, OTHER, NEW, ANOTHER = "+525555550101", "+525555550102", "+525555550103", "+525555550104"
YES = {"consent": "sí", "consent_at": "2026-01-01", "consent_source": "solicitud"}


@pytest.fixture(params=["tienda", "otra"])
def turn(request: pytest.FixtureRequest, world: World, drop: Drop) -> Callable[..., None]:
    """Drops a file of F-1, or of the other contract (perhaps another portfolio's); each an hour after the last."""
    second_portfolio(world)

    def dropped(row: dict[str, str], *, other: bool = False) -> None:
        world.later(hours=1)
        portfolio = request.param if other else "tienda"
        contract = {"debt_id": "F-2", "due_date": "2027-01-10"} if other else {}
        drop(f"debts/{portfolio}/{world.now:%H%M%S}.csv", debts(contract | row))

    world.now -= timedelta(hours=6)
    return dropped


# Consent.


def test_an_older_yes_in_one_file_lifts_no_later_no_of_another(world: World, turn: Callable[..., None]) -> None:
    turn(YES)
    turn({"consent": "no"}, other=True)
    assert book(world).borrower.consent is None
    turn(YES | {"balance": "1200"})
    turn({"consent": "sí", "balance": "1100"})  # of no moment
    assert book(world).borrower.consent is None
    assert codes(world) == ["SKIPPED_NO_CONSENT"]


def test_a_yes_after_the_no_lifts_it_and_a_new_no_withdraws_it(world: World, turn: Callable[..., None]) -> None:
    turn({"consent": "no"}, other=True)
    later = {**YES, "consent_at": (world.now + timedelta(minutes=30)).isoformat()}
    turn(later)
    assert book(world).borrower.consent
    turn({"consent": "no", "balance": "1000"}, other=True)
    assert book(world).borrower.consent is None
    turn(later | {"balance": "1200"})
    assert book(world).borrower.consent is None


def test_a_yes_that_has_not_happened_yet_lifts_no_no(world: World, turn: Callable[..., None]) -> None:
    turn({"consent": "no"}, other=True)
    turn({**YES, "consent_at": "2026-12-24"})
    assert book(world).borrower.consent is None


# Phones.


def heard_at(world: World, action: str, **cells: str) -> None:
    """A row of contacts/ of this moment."""
    world.later(minutes=30)
    row = {"borrower_id": "C1", "action": action, "at": world.now.isoformat(), "source": "sucursal"}
    apply(world, "contacts", row | cells)


def phone(world: World) -> str:
    return book(world).borrower.phone


def test_a_phone_that_a_file_told_before_defeats_no_new_number(world: World, turn: Callable[..., None]) -> None:
    turn(YES)
    turn({"phone": OTHER}, other=True)
    turn(YES | {"balance": "1200"})
    assert phone(world) == TOLD
    heard_at(world, "wrong_number")
    heard_at(world, "phone", phone=NEW)
    turn({"phone": OTHER, "balance": "5"}, other=True)
    assert phone(world) == NEW
    turn(YES | {"balance": "1100"})
    assert phone(world) == NEW
    turn({"phone": ANOTHER, "balance": "4"}, other=True)  # nobody told this one before
    assert phone(world) == ANOTHER
    turn(YES | {"balance": "1000"})
    assert phone(world) == NEW


def test_a_number_that_whatsapp_says_was_changed_is_not_brought_back_in_turn(
    world: World, turn: Callable[..., None]
) -> None:
    turn(YES)
    turn({"phone": OTHER}, other=True)
    turn(YES | {"balance": "1200"})
    world.later(minutes=5)
    news = {"type": "user_changed_number", "body": "x", "wa_id": NEW[1:]}
    tell(world, "messages", {"id": "wamid.moved", "type": "system", "system": news, "from": TOLD[1:]})
    assert phone(world) == NEW
    turn({"phone": OTHER, "balance": "5"}, other=True)
    turn(YES | {"balance": "1100"})
    assert phone(world) == NEW


def test_a_phone_that_whatsapp_cannot_reach_is_not_tried_again_because_files_tell_it_in_turn(
    world: World, turn: Callable[..., None]
) -> None:
    turn(YES)
    world.ledger.words.not_reached(world.ref(), world.references.ref("phone", TOLD), world.now, 131026)
    turn({"phone": OTHER}, other=True)
    assert not book(world).borrower.unreachable
    turn(YES | {"balance": "1200"})
    assert book(world).borrower.unreachable


def test_two_phones_of_one_file_are_told_at_once_whatever_the_order_of_their_rows(
    world: World, drop: Drop
) -> None:
    first, second = {"phone": TOLD}, {"phone": OTHER, "debt_id": "F-2", "due_date": "2027-02-01"}
    world.now -= timedelta(hours=6)
    drop("debts/tienda/a.csv", debts(second, first))
    heard_at(world, "phone", phone=NEW)
    for name, rows in {
        "b": (first | {"balance": "1000"}, second),
        "c": (second, first | {"balance": "900"}),
    }.items():
        world.later(hours=1)
        drop(f"debts/tienda/{name}.csv", debts(*rows))
        assert phone(world) == NEW


def test_a_second_phone_is_told_from_the_file_on_that_first_had_it(world: World, drop: Drop) -> None:
    first, second = {"phone": TOLD}, {"phone": OTHER, "debt_id": "F-2", "due_date": "2027-02-01"}
    world.now -= timedelta(hours=6)
    drop("debts/tienda/a.csv", debts(first))
    world.later(hours=1)
    drop("debts/tienda/b.csv", debts(second, first))
    heard_at(world, "phone", phone=NEW)
    world.later(hours=1)
    drop("debts/tienda/c.csv", debts(first | {"balance": "900"}, second))
    assert phone(world) == NEW


def test_a_profile_of_an_earlier_version_knows_since_when_its_phone_is_told(
    world: World, turn: Callable[..., None]
) -> None:
    turn(YES)
    heard_at(world, "phone", phone=NEW)
    profile = world.item("PROFILE")
    world.table.put({name: value for name, value in profile.items() if name not in ("phones", "phone_as_of")})
    turn({"phone": OTHER}, other=True)
    assert phone(world) == OTHER
    turn(YES | {"balance": "1200"})
    assert phone(world) == NEW


def test_of_many_phones_the_last_ones_are_kept(world: World, turn: Callable[..., None]) -> None:
    for number in range(MOST_PHONES + 5):
        turn({"phone": f"+52555555{number:04}"}, other=number > 0)
    assert len(world.item("PROFILE")["phones"]) == MOST_PHONES


# Where somebody else answers, nobody is known any more.


def asked_first(world: World) -> list[str]:
    world.later(days=1)
    assert codes(world) == ["SENT"]
    return [message["template"]["name"] for message in world.whatsapp.sent if "template" in message]


@pytest.mark.parametrize("how", ["words", "button", "contacts"])
def test_a_wrong_number_that_turns_out_right_is_asked_first(world: World, drop: Drop, how: str) -> None:
    asks = PORTFOLIO_YAML.replace("numbers_given_by_borrower: [solicitud, sucursal]\n", "")
    world.ledger.save_portfolio(parse_portfolio(asks.encode(), "tienda"), world.now)
    drop("debts/tienda/a.csv", debts({}))
    world.ledger.know_at(world.ref(), world.references.ref("phone", TOLD))
    match how:
        case "words":
            say(world, "número equivocado")
        case "button":
            payload = f"not_me.{MessageKey(world.ref(), world.now.date()).opaque}"
            write(world, "button", {"payload": payload, "text": "No soy yo"})
        case _:
            heard_at(world, "wrong_number")
    assert book(world).borrower.wrong_number
    heard_at(world, "phone", phone=TOLD)
    assert not book(world).borrower.wrong_number
    world.later(days=2)
    assert asked_first(world) == ["primer_contacto"]
