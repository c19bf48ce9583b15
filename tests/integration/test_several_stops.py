"""Several rows and messages keep somebody from being reminded: what ends one of them ends no other."""

from datetime import timedelta

import pytest

from cobranza.flows.say_once import TryLater
from cobranza.ledger.case import Case
from cobranza.store.keys import MessageKey
from tests.integration.replies import Drop, ask, say, write
from tests.integration.rows import apply, book, codes
from tests.integration.sending import PACE
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def borrowers(world: World, drop: Drop, portfolio: None) -> None:
    """C1 owes F-1 since today."""
    world.begin("a borrower with several stops", lambda: drop("debts/tienda/a.csv", debts({})))


def case_of(world: World, text: str) -> Case:
    """The one that this message opens."""
    known = {case.id for case in world.cases.waiting("tienda")}
    say(world, text)
    (case,) = (case for case in world.cases.waiting("tienda") if case.id not in known)
    world.later(hours=1)
    return case


def close(world: World, case: Case, result: str = "resuelto", hold_until: str = "") -> None:
    apply(world, "cases", {"case_id": case.id, "close": "sí", "result": result, "hold_until": hold_until})
    world.later(minutes=30)


def tell(world: World, action: str, **cells: str) -> None:
    """A row of contacts/, of three days ago unless told."""
    told = {"at": (world.now - timedelta(days=3)).isoformat(), "source": "legal"}
    apply(world, "contacts", {"borrower_id": "C1", "action": action, **told, **cells})


def held_until(world: World) -> str:
    return str(book(world).borrower.held_until)


# What a message stops that is no hold.


DISPUTES = ("no reconozco esa deuda", "el monto es incorrecto")
STRANGERS = ("número equivocado", "no soy esa persona")


@pytest.mark.parametrize("texts", [DISPUTES, STRANGERS], ids=["disputes", "wrong numbers"])
@pytest.mark.parametrize("first", [0, 1])
def test_of_two_messages_each_stops_until_its_own_case_is_closed(
    world: World, texts: tuple[str, str], first: int
) -> None:
    both = [case_of(world, text) for text in texts]
    close(world, both[first])
    world.later(days=6)
    assert codes(world) in (["SKIPPED_DISPUTED"], ["SKIPPED_WRONG_NUMBER"])
    close(world, both[1 - first])
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize(
    ("stops", "lifts", "text"),
    [
        ("dispute", {"action": "resolved"}, DISPUTES[1]),
        ("wrong_number", {"action": "phone", "phone": "+525555550101"}, STRANGERS[1]),
    ],
)
def test_a_closed_case_lifts_nothing_that_a_row_of_contacts_stopped(
    world: World, stops: str, lifts: dict[str, str], text: str
) -> None:
    tell(world, stops)
    close(world, case_of(world, text))
    (held,) = codes(world)
    assert held in ("SKIPPED_DISPUTED", "SKIPPED_WRONG_NUMBER")
    tell(world, at=world.now.isoformat(), **lifts)
    world.later(minutes=1)
    assert codes(world) == ["SENT"]


def test_what_stands_by_one_closed_case_is_not_lifted_by_another(world: World) -> None:
    stands, resolved = (case_of(world, text) for text in DISPUTES)
    close(world, stands, "procede")
    close(world, resolved)
    assert codes(world) == ["SKIPPED_DISPUTED"]


@pytest.mark.parametrize("text", [DISPUTES[0], STRANGERS[0], "esto es acoso"])
def test_a_message_whose_case_was_closed_before_it_was_answered_stops_nothing_again(
    world: World, text: str
) -> None:
    asked = ask(world, text)
    world.whatsapp.answers.append(PACE)
    with pytest.raises(TryLater):
        world.answers.answer(asked, world.now)
    (case,) = world.cases.waiting("tienda")
    close(world, case)
    world.answers.answer(asked, world.now)
    world.later(days=3)
    assert codes(world) == ["SENT"]


def test_a_no_that_was_pressed_ends_with_its_case_alone(world: World) -> None:
    other = case_of(world, STRANGERS[0])
    pressed = {
        "payload": f"not_me.{MessageKey(world.ref(), world.now.date()).opaque}",
        "text": "No soy esa persona",
    }
    (asked,) = write(world, "button", pressed)
    world.answers.answer(asked, world.now)
    close(world, other)
    assert book(world).borrower.wrong_number
    (case,) = world.cases.waiting("tienda")
    close(world, case)
    assert not book(world).borrower.wrong_number


@pytest.mark.parametrize("text", [DISPUTES[0], STRANGERS[0]])
def test_a_mark_of_an_earlier_version_ends_with_its_case(world: World, text: str) -> None:
    case = case_of(world, text)
    standing = world.item("STANDING")
    name = next(name for name in ("dispute", "wrong_number") if name in standing)
    at, _, source, _ = standing[name]["stopped"]
    world.table.put(standing | {name: {"stopped": [at, text, source]}})
    assert codes(world) != ["SENT"]
    close(world, case)
    assert codes(world) == ["SENT"]


def test_of_two_messages_of_one_second_each_waits_for_its_own_case(world: World) -> None:
    for text in ("jajaja", "blablabla"):
        say(world, text)
    first, second = world.cases.waiting("tienda")
    assert first.looked_into == second.looked_into
    close(world, first)
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    close(world, second)
    assert codes(world) == ["SENT"]


def test_what_an_earlier_version_looks_into_waits_until_its_case_is_closed(world: World) -> None:
    case = case_of(world, "jajaja")
    standing = world.item("STANDING")
    world.table.put(standing | {"looked_into": [*standing["looked_into"]]})
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    close(world, case)
    assert codes(world) == ["SENT"]


# Holds.


@pytest.mark.parametrize("text", ["esto es acoso", "ella falleció"])
def test_a_closed_case_ends_no_hold_that_the_creditor_asked_for_before(world: World, text: str) -> None:
    tell(world, "hold", until="2027-03-01")
    close(world, case_of(world, text))
    assert held_until(world) == "2027-03-01"
    assert codes(world) == ["SKIPPED_HELD"]


@pytest.mark.parametrize("debt", ["", "F-1"])
def test_a_shorter_hold_of_a_closed_case_or_a_later_row_ends_no_longer_one(world: World, debt: str) -> None:
    tell(world, "hold", until="2027-03-01", debt_id=debt)
    tell(world, "hold", until="2026-11-25", debt_id=debt, at=world.now.isoformat())
    close(world, case_of(world, "jajaja"), hold_until="2026-11-25")
    world.later(days=3)
    assert codes(world) == ["SKIPPED_HELD"]


def test_a_hold_of_the_creditor_ends_no_complaint_whose_case_is_open(world: World) -> None:
    case = case_of(world, "la señora falleció")
    tell(world, "hold", until="2026-11-25", at=world.now.isoformat())
    world.later(days=6)
    assert codes(world) == ["SKIPPED_HELD"]
    close(world, case)
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_complaints_each_holds_until_its_own_case_is_closed(world: World, first: int) -> None:
    complaints = [case_of(world, text) for text in ("la señora falleció", "les digo que falleció")]
    close(world, complaints[first])
    world.later(days=3)
    assert codes(world) == ["SKIPPED_HELD"]
    close(world, complaints[1 - first])
    assert codes(world) == ["SENT"]


def test_a_release_ends_every_hold_before_it_and_a_shorter_one_may_follow(world: World) -> None:
    tell(world, "hold", until="2027-03-01")
    case_of(world, "esto es acoso")
    now = {"at": world.now.isoformat()}
    tell(world, "release", **now)
    assert held_until(world) == "None"
    tell(world, "hold", until="2026-12-01", **now)
    assert held_until(world) == "2026-12-01"


def test_a_hold_of_an_earlier_version_ends_with_its_case_or_by_a_release(world: World) -> None:
    case = case_of(world, "esto es acoso")
    standing = world.item("STANDING")
    at, until, source, _ = standing["hold"]
    world.table.put(standing | {"hold": [at, until, source]})
    kept = world.kept()
    assert codes(world) == ["SKIPPED_HELD"]
    close(world, case)
    assert held_until(world) == "None"
    world.restore(kept)
    tell(world, "release", at=world.now.isoformat())
    assert held_until(world) == "None"
