"""Whoever has another number is followed there, as if a contacts row had told it; nobody is mixed up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, permutations

import pytest

from cobranza.policy.due import local_date
from tests.integration.fakes import DyingClient, Killed
from tests.integration.replies import PHONE, Drop, cases, lines, queued, say, tell, write
from tests.integration.rows import apply, book, codes, keys_of
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

SECOND, THIRD = "525555550102", "525555550103"
LUCIA, LATER_LUCIA = "MX.13491208655302741918", "MX.81914720355680219431"
BRUNO = {"borrower_id": "C2", "name": "Bruno Ejemplo", "debt_id": "F-2"}


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower", lambda: drop("debts/tienda/a.csv", debts({})))
    world.later(minutes=5)


def move(world: World, old: str, new: str, *, minutes: int = 0, **ids: str) -> None:
    """WhatsApp tells now that somebody's number changed, so many minutes from now."""
    system = {"type": "user_changed_number", "body": "User changed", "wa_id": new, **ids}
    at = world.now + timedelta(minutes=minutes)
    told = {"id": f"wamid.{old}.{new}", "type": "system", "system": system, "timestamp": str(int(at.timestamp()))}
    tell(world, "messages", told | ({"from": old} if old else {}))


def phone(world: World, borrower_id: str = "C1") -> str:
    return book(world, borrower_id).borrower.phone


def test_the_borrower_has_the_new_number_in_the_form_of_files(world: World) -> None:
    move(world, "5215555550101", "5215555550102")
    assert phone(world) == f"+{SECOND}"
    assert book(world).borrower.phone_ref == world.references.ref("phone", f"+{SECOND}")
    assert lines(world) == ["phone"]
    say(world, "SALDO", sender=SECOND)
    assert world.whatsapp.sent[-1]["to"] == f"+{SECOND}"


def test_it_is_asked_at_the_new_number_who_answers_before_amounts_go_there(world: World) -> None:
    move(world, PHONE, SECOND)
    assert say(world, "SALDO", sender=SECOND) == "NOT_IDENTIFIED"
    world.later(days=3)
    assert codes(world) == ["SENT"]
    assert world.whatsapp.sent[-1]["template"]["name"] == "primer_contacto"
    assert world.whatsapp.sent[-1]["to"] == f"+{SECOND}"


def test_a_file_that_repeats_the_old_number_does_not_bring_it_back(world: World, drop: Drop) -> None:
    move(world, PHONE, SECOND)
    world.later(hours=1)
    drop("debts/tienda/b.csv", debts({"amount": "99"}))
    assert phone(world) == f"+{SECOND}"


def test_a_contacts_row_with_a_later_moment_wins(world: World) -> None:
    move(world, PHONE, SECOND)
    row = {"borrower_id": "C1", "action": "telefono", "phone": f"+{THIRD}", "source": "call centre"}
    world.later(hours=1)
    apply(world, "contacts", row | {"at": (world.now - timedelta(minutes=1)).isoformat()})
    move(world, PHONE, SECOND, minutes=-60)
    assert phone(world) == f"+{THIRD}"


def test_changes_end_the_same_in_any_order_and_number(world: World) -> None:
    before = world.kept()
    moves: list[Callable[[], None]] = [
        lambda: move(world, PHONE, SECOND, minutes=1),
        lambda: move(world, SECOND, THIRD, minutes=2),
        lambda: move(world, THIRD, "525555550104", minutes=3),
    ]
    for order in permutations(moves):
        world.restore(before)
        for each in (*order, *order):
            each()
        assert phone(world) == "+525555550104"


def test_of_two_who_had_the_number_nobody_is_moved_and_a_person_looks(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts(BRUNO))
    for _ in range(2):
        move(world, PHONE, SECOND)
    assert {phone(world), phone(world, "C2")} == {f"+{PHONE}"}
    assert cases(world) == ["NUMBER_CHANGED"]
    assert lines(world).count("case.opened") == 1
    (opened,) = (item for item in world.items("journal") if item["event"] == "case.opened")
    assert (opened["code"], opened["queue"]) == ("NUMBER_CHANGED", "general")


def test_of_two_who_had_the_number_the_only_one_who_owes_is_moved(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts(BRUNO))
    world.later(minutes=1)
    paid = {"payment_id": "P-1", "borrower_id": "C2", "debt_id": "F-2", "amount": "1234.50", "currency": "MXN"}
    apply(world, "payments", paid | {"paid_at": world.now.isoformat()})
    world.later(minutes=1)
    move(world, PHONE, SECOND)
    assert (phone(world), phone(world, "C2"), cases(world)) == (f"+{SECOND}", f"+{PHONE}", [])


def test_a_number_that_nobody_has_moves_nobody(world: World) -> None:
    move(world, THIRD, SECOND)
    assert phone(world) == f"+{PHONE}"
    assert cases(world) == []


def test_who_had_the_number_before_is_not_moved_with_who_has_it(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"phone": f"+{THIRD}"}))
    drop("debts/tienda/c.csv", debts(BRUNO))
    move(world, PHONE, SECOND)
    assert (phone(world), phone(world, "C2")) == (f"+{THIRD}", f"+{SECOND}")


def test_somebody_else_at_a_borrowers_number_takes_nobody_along_to_the_next_one(world: World) -> None:
    assert say(world, "número equivocado") == "WRONG_PERSON"
    world.later(minutes=1)
    move(world, PHONE, SECOND)
    assert (phone(world), book(world).borrower.wrong_number) == (f"+{PHONE}", True)
    world.later(days=3)
    assert codes(world) == ["SKIPPED_WRONG_NUMBER"]


def test_a_stop_of_the_old_number_holds_at_the_new_one(world: World, drop: Drop) -> None:
    say(world, "BAJA")
    world.later(minutes=1)
    move(world, PHONE, SECOND)
    assert codes(world) == ["SKIPPED_OPTED_OUT"]
    drop("debts/tienda/b.csv", debts(BRUNO | {"phone": f"+{SECOND}"}))
    assert book(world, "C2").borrower.opted_out_at


def test_who_moves_to_a_number_whose_owner_stopped_is_not_written_to(world: World) -> None:
    say(world, "BAJA", sender=SECOND)
    move(world, PHONE, SECOND)
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


# A stop that comes late from an old number.


def is_stopped(world: World, drop: Drop, number: str) -> bool:
    """Whether somebody who is imported with this number now is never written to."""
    drop("debts/tienda/later.csv", debts({"borrower_id": "C9", "debt_id": "F-9", "phone": f"+{number}"}))
    return book(world, "C9").borrower.opted_out_at is not None


def stop_by_word(world: World) -> None:
    say(world, "BAJA")


def stop_by_switch(world: World) -> None:
    told = {"wa_id": PHONE, "value": "stop", "category": "marketing_messages"}
    tell(world, "user_preferences", told, field="user_preferences")


@pytest.mark.parametrize("stop", [stop_by_word, stop_by_switch])
@pytest.mark.parametrize("moves", [[SECOND], [SECOND, THIRD]])
def test_a_late_stop_of_the_old_number_holds_where_its_owner_is_now(
    world: World, drop: Drop, stop: Callable[[World], None], moves: list[str]
) -> None:
    for minutes, (old, new) in enumerate(pairwise([PHONE, *moves])):
        move(world, old, new, minutes=minutes)
    world.later(minutes=10)
    stop(world)
    assert codes(world) == ["SKIPPED_OPTED_OUT"]
    assert lines(world).count("opt_out") == 1
    assert is_stopped(world, drop, moves[-1])


def test_it_holds_at_a_number_that_a_file_told_too(world: World, drop: Drop) -> None:
    at = (world.now - timedelta(minutes=1)).isoformat()
    row = {"borrower_id": "C1", "action": "telefono", "phone": f"+{SECOND}", "source": "call centre", "at": at}
    apply(world, "contacts", row)
    stop_by_word(world)
    assert codes(world) == ["SKIPPED_OPTED_OUT"]
    assert is_stopped(world, drop, SECOND)


@pytest.mark.parametrize("order", [1, -1])
def test_who_has_the_new_number_already_is_stopped_with_it(world: World, drop: Drop, order: int) -> None:
    drop("debts/tienda/b.csv", debts(BRUNO | {"phone": f"+{SECOND}"}))
    told: list[Callable[[], None]] = [lambda: move(world, PHONE, SECOND), lambda: stop_by_word(world)]
    for each in told[::order]:
        each()
    assert codes(world) == ["SKIPPED_OPTED_OUT"] * 2


def test_a_stop_of_somebody_whom_nobody_knew_is_known_at_their_new_number(world: World, drop: Drop) -> None:
    move(world, THIRD, SECOND)
    say(world, "BAJA", sender=THIRD)
    assert is_stopped(world, drop, SECOND)
    assert book(world).borrower.opted_out_at is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_stops_and_changes_end_the_same_in_any_order(world: World, drop: Drop, order: tuple[int, ...]) -> None:
    told: list[Callable[[], None]] = [
        lambda: move(world, PHONE, SECOND, minutes=1),
        lambda: move(world, SECOND, THIRD, minutes=2),
        lambda: stop_by_word(world),
    ]
    for each in order:
        told[each]()
    assert (codes(world), phone(world)) == (["SKIPPED_OPTED_OUT"], f"+{THIRD}")
    assert is_stopped(world, drop, THIRD)


def test_who_changes_a_number_that_a_file_told_is_followed_further(world: World) -> None:
    row = {"borrower_id": "C1", "action": "telefono", "phone": f"+{SECOND}", "source": "call centre"}
    apply(world, "contacts", row | {"at": (world.now - timedelta(minutes=1)).isoformat()})
    move(world, SECOND, THIRD)
    assert phone(world) == f"+{THIRD}"


def test_a_webhook_that_dies_at_a_late_stop_stops_all_when_it_comes_again(world: World) -> None:
    move(world, PHONE, SECOND)
    world.later(minutes=5)
    before = world.kept()
    counting = replace(world, dynamodb=DyingClient(world.dynamodb, 10_000, done=False))
    write(counting, "text", {"body": "BAJA"})
    undisturbed = world.kept()
    assert counting.dynamodb.writes >= 4
    for at in range(counting.dynamodb.writes):
        for done in (False, True):
            world.restore(before)
            with pytest.raises(Killed):
                write(
                    replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done)), "text", {"body": "BAJA"}
                )
            write(world, "text", {"body": "BAJA"})
            assert world.kept() == undisturbed, f"write {at}, done {done}"


def test_who_was_looked_at_for_good_is_looked_at_again_on_the_next_day(world: World) -> None:
    codes(world)
    move(world, PHONE, SECOND)
    looked_at = world.item("PROFILE")["due_at"]
    tomorrow = local_date(book(world).borrower, world.now) + timedelta(days=1)
    assert looked_at[:10] == tomorrow.isoformat()


@pytest.mark.parametrize("shown", [True, False])
def test_a_new_user_id_finds_the_borrower(world: World, shown: bool) -> None:
    tell(world, "messages", _text("hola", {"from": PHONE, "from_user_id": LUCIA}))
    ids = {"user_id": {"previous": LUCIA, "current": LATER_LUCIA}} | ({"wa_id": SECOND} if shown else {})
    tell(world, "user_id_update", ids, field="user_id_update")
    tell(world, "messages", _text("no reconozco esa deuda", {"from_user_id": LATER_LUCIA}))
    answers = [world.answers.answer(asked, world.now) for asked in queued(world)]
    assert answers[-1] == "DISPUTED"
    assert world.whatsapp.sent[-1]["recipient"] == LATER_LUCIA
    assert phone(world) == (f"+{SECOND}" if shown else f"+{PHONE}")


def test_a_renewed_user_id_with_the_same_number_moves_nobody(world: World) -> None:
    tell(world, "messages", _text("hola", {"from": PHONE, "from_user_id": LUCIA}))
    ids = {"wa_id": f"521{PHONE[2:]}", "user_id": {"previous": LUCIA, "current": LATER_LUCIA}}
    tell(world, "user_id_update", ids, field="user_id_update")
    assert phone(world) == f"+{PHONE}"
    assert "phone" not in lines(world)


def test_a_webhook_that_dies_follows_when_it_comes_again(world: World) -> None:
    say(world, "BAJA")
    before = world.kept()
    counting = replace(world, dynamodb=DyingClient(world.dynamodb, 10_000, done=False))
    move(counting, PHONE, SECOND, user_id=LATER_LUCIA, previous_user_id=LUCIA)
    undisturbed = world.kept()
    assert counting.dynamodb.writes >= 5
    for at in range(counting.dynamodb.writes):
        for done in (False, True):
            world.restore(before)
            dead = replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done))
            with pytest.raises(Killed):
                move(dead, PHONE, SECOND, user_id=LATER_LUCIA, previous_user_id=LUCIA)
            move(world, PHONE, SECOND, user_id=LATER_LUCIA, previous_user_id=LUCIA)
            assert world.kept() == undisturbed, f"write {at}, done {done}"


def test_no_number_is_in_a_key_or_a_line(world: World) -> None:
    move(world, PHONE, SECOND)
    assert SECOND not in keys_of(world)
    assert SECOND not in str(world.items("journal"))


def _text(words: str, who: dict[str, str]) -> dict[str, object]:
    return {"id": f"wamid.{words}", "type": "text", "text": {"body": words}, **who}
