"""Of several who have a phone nobody knows who said stop: it is silent for each of them, and no other phone is."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from cobranza.store.phones import Phones
from cobranza.store.table import ConditionFailed
from tests.integration.fakes import DyingClient, Killed
from tests.integration.replies import PHONE, Drop, lines, say, tell, write
from tests.integration.rows import apply, book, codes, results, run
from tests.integration.test_number_changes import move
from tests.integration.world import World, debts

HOME, OTHER, THIRD = f"+{PHONE}", "+525555550109", "+525555550108"
BRUNO = {"borrower_id": "C2", "name": "Bruno Ejemplo", "debt_id": "F-2"}
SAID = {"borrower_id": "C2", "source": "call centre"}
BOTH = ["SKIPPED_OPTED_OUT"] * 2

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


@pytest.fixture
def couple(world: World, drop: Drop, portfolio: None) -> None:
    """C1 and C2 have one phone since this morning, and a debt each that is due."""
    load(world, drop, {}, BRUNO, minutes=-60)


def load(
    world: World, drop: Drop, *rows: dict[str, str], minutes: int = 0, to: str = "debts/tienda/a.csv"
) -> None:
    as_of = world.now + timedelta(minutes=minutes)
    assert drop(to, debts(*rows), metadata={"as-of": as_of.isoformat()})["refused"] == 0


def late_stop(world: World, minutes: int) -> None:
    """BAJA, as of that moment, is heard now."""
    at = str(int((world.now + timedelta(minutes=minutes)).timestamp()))
    tell(
        world,
        "messages",
        {"id": "wamid.baja", "from": PHONE, "type": "text", "text": {"body": "BAJA"}, "timestamp": at},
    )


def told(world: World, action: str, **cells: str) -> None:
    apply(world, "contacts", SAID | {"action": action, "at": world.now.isoformat()} | cells)


def stopped(world: World, *names: str) -> list[bool]:
    return [book(world, name).borrower.opted_out_at is not None for name in names or ("C1", "C2")]


def by_file(world: World, drop: Drop) -> None:
    load(world, drop, BRUNO | {"phone": OTHER})


def by_row(world: World, drop: Drop) -> None:
    told(world, "telefono", phone=OTHER)


@pytest.mark.usefixtures("couple")
@pytest.mark.parametrize("other_phone", [by_file, by_row])
def test_who_of_them_gets_another_phone_is_reminded_there_and_the_other_is_not(
    world: World, drop: Drop, other_phone: Callable[[World, Drop], None]
) -> None:
    queued = world.tick()
    assert say(world, "BAJA") == "STOPPED"
    assert [world.sender.remind(each, world.now).code for each in queued] == BOTH
    world.later(hours=1)
    other_phone(world, drop)
    run(world, world.now + timedelta(days=1))
    assert {each["to"] for each in world.whatsapp.sent if "template" in each} == {OTHER}
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
def test_who_comes_back_to_the_phone_is_silent_again(world: World, drop: Drop) -> None:
    say(world, "BAJA")
    for phone, is_stopped in ((OTHER, False), (HOME, True), (THIRD, False)):
        world.later(hours=1)
        load(world, drop, BRUNO | {"phone": phone})
        assert stopped(world) == [True, is_stopped]


def test_who_was_alone_on_the_phone_is_stopped_at_every_other_one_and_who_came_later_is_not(
    world: World, drop: Drop
) -> None:
    load(world, drop, {}, minutes=-60)
    say(world, "BAJA")
    world.later(hours=1)
    load(world, drop, {}, BRUNO)
    assert stopped(world) == [True, True]
    world.later(hours=1)
    load(world, drop, {"phone": THIRD}, BRUNO | {"phone": OTHER})
    assert stopped(world) == [True, False]


def test_who_is_left_alone_with_the_phone_stops_for_every_other_one(world: World, drop: Drop) -> None:
    load(world, drop, {}, BRUNO, minutes=-60)
    load(world, drop, BRUNO | {"phone": OTHER}, minutes=-30)
    say(world, "BAJA")
    load(world, drop, {"phone": THIRD}, minutes=1)
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_stops_and_files_end_the_same_in_any_order(world: World, drop: Drop, order: tuple[int, ...]) -> None:
    events: list[Callable[[], object]] = [
        lambda: late_stop(world, minutes=-50),
        lambda: load(world, drop, BRUNO | {"phone": OTHER}, minutes=-40, to="debts/tienda/b.csv"),
        lambda: load(world, drop, BRUNO | {"phone": THIRD}, minutes=-30, to="debts/tienda/c.csv"),
    ]
    for each in order:
        events[each]()
    assert stopped(world) == [True, False]
    assert book(world, "C2").borrower.phone == THIRD


@pytest.mark.parametrize("stop_first", [True, False])
def test_a_stop_is_of_who_had_the_phone_when_it_was_said(world: World, drop: Drop, stop_first: bool) -> None:
    """The file gives C1's phone to C2, and C1 another one."""
    load(world, drop, {}, BRUNO | {"phone": OTHER}, minutes=-60)
    events: list[Callable[[], object]] = [
        lambda: late_stop(world, minutes=-50),
        lambda: load(world, drop, {"phone": THIRD}, BRUNO, minutes=-40),
    ]
    for each in events if stop_first else reversed(events):
        each()
    assert stopped(world) == [True, True]
    load(world, drop, BRUNO | {"phone": OTHER})
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
def test_a_stop_from_before_they_came_with_the_phone_is_the_phones(world: World, drop: Drop) -> None:
    late_stop(world, minutes=-90)
    assert stopped(world) == [True, True]
    load(world, drop, BRUNO | {"phone": OTHER})
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
def test_a_number_that_is_followed_stays_silent(world: World, drop: Drop) -> None:
    say(world, "BAJA")
    load(world, drop, BRUNO | {"phone": OTHER}, minutes=1)
    move(world, PHONE, THIRD[1:], minutes=2)
    assert book(world).borrower.phone == THIRD
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
def test_a_number_that_two_had_stays_silent_for_the_one_whom_a_person_gives_the_new_one(world: World) -> None:
    say(world, "BAJA")
    move(world, PHONE, THIRD[1:], minutes=1)
    world.later(hours=1)
    told(world, "telefono", phone=THIRD)
    assert stopped(world) == [True, True]


@pytest.mark.parametrize(
    ("row", "sender"),
    [
        ({}, "5215555550101"),
        ({"phone": "+5491155550101", "country": "AR"}, "541155550101"),
        ({"phone": "+5511955550101", "country": "BR"}, "551155550101"),
    ],
)
def test_every_form_of_the_number_is_silent_and_no_other_number(
    world: World, drop: Drop, row: dict[str, str], sender: str
) -> None:
    load(world, drop, row, BRUNO | row, minutes=-60)
    say(world, "BAJA", sender=sender)
    assert stopped(world) == [True, True]
    load(world, drop, BRUNO | row | {"phone": OTHER}, minutes=1)
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
def test_their_own_later_word_brings_one_of_them_back(world: World) -> None:
    say(world, "BAJA")
    world.later(minutes=1)
    say(world, "ALTA")
    assert stopped(world) == [True, True]
    world.later(minutes=1)
    told(world, "alta")
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
def test_who_is_not_at_the_phone_has_not_stopped_there(world: World) -> None:
    told(world, "equivocado")
    world.later(minutes=1)
    say(world, "BAJA")
    world.later(minutes=1)
    for name in ("C1", "C2"):
        told(world, "telefono", borrower_id=name, phone=OTHER)
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
def test_who_owes_nothing_is_not_the_one_who_is_reminded_there_and_says_stop(world: World, drop: Drop) -> None:
    paid = {"payment_id": "P-1", "borrower_id": "C1", "amount": "1234.50", "currency": "MXN"}
    apply(world, "payments", paid | {"paid_at": world.now.isoformat()})
    world.later(minutes=1)
    say(world, "BAJA")
    world.later(minutes=1)
    load(world, drop, {"debt_id": "F-3", "phone": THIRD}, BRUNO | {"phone": OTHER})
    assert stopped(world) == [False, True]


def test_the_second_phone_of_one_and_the_first_of_another_is_silent_for_both(world: World, drop: Drop) -> None:
    load(world, drop, {}, BRUNO | {"phone": OTHER}, minutes=-60)
    told(world, "segundo telefono", phone=HOME)
    world.later(minutes=1)
    say(world, "BAJA")
    assert stopped(world) == [True, True]
    world.later(minutes=1)
    told(world, "segundo telefono", phone=THIRD)
    assert stopped(world) == [True, False]


# What is written at the same moment.


@pytest.mark.parametrize("rows", [[BRUNO], [{}, BRUNO]])
def test_who_is_being_imported_with_the_phone_is_silent_from_the_first_moment(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, str]]
) -> None:
    """The stop comes when the import has looked for one, and has not written the borrower yet."""
    if len(rows) > 1:
        load(world, drop, rows[0], minutes=-60)
    find_stopped = Phones.stopped

    def looked(desk: Phones, phones: Iterable[str]) -> dict[str, datetime]:
        monkeypatch.undo()
        found = find_stopped(desk, phones)
        with suppress(ConditionFailed):  # Meta sends it again
            write(world, "text", {"body": "BAJA"})
        return found

    monkeypatch.setattr(Phones, "stopped", looked)
    load(world, drop, rows[-1])
    assert book(world, "C2").borrower.opted_out_at


@pytest.mark.usefixtures("couple")
def test_a_webhook_that_dies_stops_both_when_it_comes_again(world: World) -> None:
    before = world.kept()
    counting = replace(world, dynamodb=DyingClient(world.dynamodb, 10_000, done=False))
    write(counting, "text", {"body": "BAJA"})
    undisturbed = world.kept()
    for at in range(counting.dynamodb.writes):
        for done in (False, True):
            world.restore(before)
            dying = replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done))
            with pytest.raises(Killed):
                write(dying, "text", {"body": "BAJA"})
            write(world, "text", {"body": "BAJA"})
            assert world.kept() == undisturbed, f"write {at}, done {done}"


# What others are told.


@pytest.mark.usefixtures("couple")
def test_the_journal_says_that_it_is_the_phones_stop(world: World, drop: Drop) -> None:
    load(world, drop, BRUNO | {"borrower_id": "C3"}, minutes=-50)
    load(world, drop, BRUNO | {"borrower_id": "C3", "phone": OTHER}, minutes=-40)
    say(world, "BAJA")
    found = {item["pk"]: item.get("scope") for item in world.items("journal") if item["event"] == "opt_out"}
    assert found == {f"B#{world.ref(name)}": "phone" for name in ("C1", "C2")}


@pytest.mark.usefixtures("couple")
def test_a_switch_in_whatsapp_is_of_the_phone_too(world: World, drop: Drop) -> None:
    tell(world, "user_preferences", {"wa_id": PHONE, "value": "stop"}, field="user_preferences")
    assert lines(world) == ["opt_out"] * 2
    load(world, drop, BRUNO | {"phone": OTHER}, minutes=1)
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
def test_the_days_book_says_since_when(world: World) -> None:
    say(world, "BAJA")
    codes(world)
    list(world.reports.close_days(world.now + timedelta(days=1)))
    rows = results(world, "book/dt=2026-11-24/book.csv")
    assert {row["stopped"][:10] for row in rows} == {"2026-11-24"}


@pytest.mark.usefixtures("couple")
@pytest.mark.parametrize("other_phone", [by_file, by_row])
def test_somebody_else_at_a_phone_of_two_is_reminded_of_neither_also_once_one_is_elsewhere(
    world: World, drop: Drop, other_phone: Callable[[World, Drop], None]
) -> None:
    queued = world.tick()
    assert say(world, "no soy esa persona") == "SHARED"
    assert [world.sender.remind(each, world.now).code for each in queued] == BOTH
    world.later(hours=1)
    other_phone(world, drop)
    run(world, world.now + timedelta(days=4))
    assert {each["to"] for each in world.whatsapp.sent if "template" in each} == {OTHER}
    assert stopped(world) == [True, False]


@pytest.mark.usefixtures("couple")
def test_each_of_two_is_told_that_their_phone_is_silent_where_somebody_else_answers(world: World) -> None:
    say(world, "no soy esa persona")
    told = [line for line in world.items("journal") if line["event"] == "opt_out"]
    assert sorted((line["pk"], line["scope"]) for line in told) == sorted(
        (f"B#{world.ref(name)}", "phone") for name in ("C1", "C2")
    )
    world.later(minutes=5)
    assert say(world, "SALDO") == "SHARED_BALANCE"
