"""A phone of somebody who was erased stays silent, whoever a file gives it to; not where somebody else has it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.store.erasures import Erasure
from tests.integration.place import cobranza, stand
from tests.integration.replies import PHONE, say
from tests.integration.rows import apply, codes
from tests.integration.test_erase import BRUNO, DOCUMENT, erase, erasing, live
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]

HOME, MOVED, SECOND = f"+{PHONE}", "+525555550109", "+525555550108"
HIS = BRUNO | {"phone": HOME}


@pytest.fixture(autouse=True)
def _place(world: World, portfolio: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world.s3.create_bucket(Bucket="receipts")
    stand(world, monkeypatch)


def stops(world: World) -> set[str]:
    return {item["pk"].removeprefix("REF#") for item in world.items() if item["sk"] == "STOP"}


def refs(world: World, *phones: str) -> set[str]:
    return {world.references.ref("phone", phone) for phone in phones}


def told(world: World, borrower_id: str, action: str, **cells: str) -> None:
    row = {"borrower_id": borrower_id, "action": action, "at": world.now.isoformat(), "source": "carta"}
    assert apply(world, "contacts", row | cells).refusals == []


def next_day(world: World, drop: Drop, *rows: dict[str, str]) -> list[str]:
    world.later(days=1)
    drop("debts/tienda/later.csv", debts(*rows))
    return codes(world)


def as_another(phone: str) -> dict[str, str]:
    return {"borrower_id": f"C7{phone[-1]}", "debt_id": f"F-7{phone[-1]}", "phone": phone}


def test_who_comes_with_a_phone_of_theirs_under_another_number_is_not_written_to(world: World, drop: Drop) -> None:
    live(world, drop)
    told(world, "C1", "second_phone", phone=SECOND)
    erase(world)
    world.later(days=1)
    drop("debts/tienda/b.csv", debts(*map(as_another, (HOME, MOVED, SECOND))))
    found = {each.borrower: world.sender.remind(each, world.now).code for each in world.tick()}
    assert {found[world.ref(f"C7{phone[-1]}")] for phone in (HOME, MOVED, SECOND)} == {"SKIPPED_OPTED_OUT"}


def test_they_are_silent_as_after_a_typed_stop_and_no_document_is(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(DOCUMENT))
    before = world.kept()
    say(world, "BAJA")
    typed = stops(world)
    world.restore(before)
    erase(world)
    assert stops(world) == typed == refs(world, HOME, "+5215555550101")


def test_a_phone_from_which_they_wrote_before_a_file_told_another_one_is_silent(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    say(world, "hola")
    world.later(days=20)
    drop("debts/tienda/b.csv", debts({"phone": MOVED}))
    erase(world)
    assert stops(world) >= refs(world, HOME, MOVED)


def test_the_other_of_a_couple_is_written_to_at_their_phone_and_that_is_told(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}, HIS))
    result = cobranza("erase", "C1", "--portfolio", "tienda", "--yes")
    assert "others have a phone of theirs and are written to there:" in result.output
    assert world.ref("C2") in result.output
    assert (stops(world), codes(world)) == (set(), ["SENT"])
    erase(world, "C2")
    assert stops(world) >= refs(world, HOME)


def test_who_had_the_phone_once_or_never_or_is_stopped_keeps_nobody_from_silence(world: World, drop: Drop) -> None:
    wrong = {"borrower_id": "C3", "debt_id": "F-3", "phone": HOME}
    stopped = {"borrower_id": "C4", "debt_id": "F-4", "phone": HOME}
    drop("debts/tienda/a.csv", debts({}, HIS, wrong, stopped))
    world.later(minutes=1)
    told(world, "C2", "telefono", phone=MOVED)
    told(world, "C3", "wrong_number")
    told(world, "C4", "opt_out")
    erase(world)
    assert stops(world) == refs(world, HOME, "+5215555550101")


def test_of_a_couple_who_are_erased_together_the_phone_is_silent(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}, HIS))
    asked = [Erasure(world.ref(each), world.now, "tienda") for each in ("C1", "C2")]
    assert [each.others for each in erasing(world).erase(asked, world.now)] == [(), ()]
    assert stops(world) >= refs(world, HOME)


def test_after_a_restore_the_phones_are_silent_since_the_same_moment(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    before = world.items()
    erase(world)
    silent = [item for item in world.items() if item["sk"] == "STOP"]
    world.restore({"ledger": before, "journal": world.items("journal")})
    world.now += timedelta(days=2)
    assert len([*erasing(world).again(world.now)]) == 1
    assert [item for item in world.items() if item["sk"] == "STOP"] == silent


# A row of contacts/ that wishes it.


def test_a_row_that_wishes_it_silences_the_phones_at_once(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    told(world, "C1", "telefono", phone=MOVED)
    told(world, "C1", "second_phone", phone=SECOND)
    told(world, "C1", "erase")
    assert stops(world) >= refs(world, HOME, MOVED, SECOND)
    assert next_day(world, drop, as_another(MOVED)) == ["SKIPPED_OPTED_OUT"] * 2


def test_a_row_of_one_of_a_couple_leaves_the_other_alone_and_of_both_silences_the_phone(
    world: World, drop: Drop
) -> None:
    drop("debts/tienda/a.csv", debts({}, HIS))
    told(world, "C1", "erase")
    assert stops(world) == set()
    assert sorted(codes(world)) == ["SKIPPED_OPTED_OUT", "SKIPPED_SHARED_PHONE"]
    told(world, "C2", "erase")
    assert stops(world) >= refs(world, HOME)
