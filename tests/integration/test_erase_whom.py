"""Whom `cobranza erase` takes to be meant: somebody who is known, and who is no borrower by the phone."""

from collections.abc import Callable
from typing import Any

import pytest

from cobranza.store.conversations import Inbound, Raw
from local import personal
from tests.integration.place import cobranza, stand
from tests.integration.receipts import desk, send_pictures
from tests.integration.replies import PHONE, say
from tests.integration.rows import apply, codes
from tests.integration.test_erase import BRUNO, erase, erasing, files, live, of_her, pay
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]

STRANGER = "525555550155"


@pytest.fixture(autouse=True)
def _place(world: World, portfolio: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world.s3.create_bucket(Bucket="receipts")
    stand(world, monkeypatch)


def ask_to_erase(*words: str) -> tuple[int, str]:
    result = cobranza("erase", *words, "--portfolio", "tienda", "--yes")
    return result.exit_code, result.output


def kept(world: World) -> tuple[Any, ...]:
    """Whatever an erasure may write."""
    marks = world.s3.list_objects_v2(Bucket="work", Prefix="erased/")
    return world.items(), world.items("journal"), [each["Key"] for each in marks.get("Contents", [])]


def of(world: World, *texts: str) -> set[str]:
    """Where any of this is left in the ledger, in plain or by a phone's reference."""
    refs = [world.references.ref("phone", text) for text in texts if text.startswith("+")]
    told = [*(text.removeprefix("+") for text in texts), *refs]
    found = [item for item in world.items() if any(each in repr(item) for each in told)]
    return {item["pk"].partition("#")[0] for item in found if item["sk"] != "STOP"}


# A number of the creditor's, or a reference.


@pytest.mark.parametrize("whom", ["c1", "C 1", "F-1", "Lucía Ejemplo", "C9", "A" * 26])
def test_of_whom_nobody_is_known_nothing_is_written_and_it_is_said(world: World, drop: Drop, whom: str) -> None:
    drop("debts/tienda/a.csv", debts({}))
    before = kept(world)
    code, told = ask_to_erase(whom)
    assert (code, kept(world)) == (1, before)
    assert "nobody is known by this, and nothing was written" in told
    assert codes(world) == ["SENT"]


def test_blanks_around_a_number_are_no_part_of_it(world: World, drop: Drop) -> None:
    live(world, drop)
    assert ask_to_erase(" C1 ")[0] == 0
    assert of_her(world) == []


def test_who_has_not_come_yet_is_kept_out_where_that_is_wanted(world: World, drop: Drop) -> None:
    assert ask_to_erase("C9", "--unknown")[0] == 0
    told = drop("debts/tienda/a.csv", debts({}, {"borrower_id": "C9", "phone": f"+{STRANGER}"}))
    assert told["refused_by_code"] == {"ERASED": 1}


def test_who_was_erased_is_known_also_where_a_restored_table_has_forgotten_it(world: World, drop: Drop) -> None:
    empty = world.kept()
    live(world, drop)
    assert ask_to_erase("C1")[0] == 0
    assert ask_to_erase("C1")[0] == 0
    world.restore(empty)
    assert ask_to_erase("C1")[0] == 0
    assert world.table.get({"pk": "ERASED", "sk": world.ref()})


def test_who_has_nothing_but_money_that_belongs_to_nobody_is_known(world: World) -> None:
    pay(world, "tx-1", "100.00")
    assert of(world, "C1") == {"PAYMENT"}
    assert ask_to_erase("C1")[0] == 0
    assert of(world, "C1") == set()


# A phone.


def test_the_phone_of_a_borrower_erases_nobody_and_tells_whose_number_to_give(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    before = kept(world)
    code, told = ask_to_erase(f"+{PHONE}")
    assert (code, kept(world)) == (2, before)
    assert "a borrower has this phone: give the number C1" in told


@pytest.mark.parametrize("form", [f"+{STRANGER}", "+52 1 55 5555-0155"])
def test_a_stranger_is_erased_by_any_form_of_the_phone(world: World, drop: Drop, form: str) -> None:
    forms = (f"+{STRANGER}", "+5215555550155")
    drop("debts/tienda/a.csv", debts(BRUNO))
    for sender in ("5215555550155", STRANGER):
        say(world, "¿quién es?", sender=sender, wamid=f"wamid.Q{sender}")
        say(world, f"borren mi número {sender}", sender=sender)
        (asked,) = send_pictures(world, sender, wamid=f"wamid.P{sender}")
        desk(world).fetch(asked, world.now)
    world.conversations.keep_raw([Raw("status", {"recipient_id": STRANGER})], world.references, world.now)
    others = of(world, world.ref("C2"))
    assert of(world, *forms, "borren") >= {"CHAT", "CASE", "NEWS", "RECEIPT"}
    before = world.kept()
    assert ask_to_erase(form)[0] == 0
    assert (of(world, *forms, "borren"), files(world)) == ({"ERASED"}, [])
    assert of(world, world.ref("C2")) == others
    assert ask_to_erase(form)[0] == 0
    world.restore({"ledger": before["ledger"], "journal": world.items("journal")})
    assert of(world, *forms) > {"CHAT"}
    assert len([*erasing(world).again(world.now)]) == 1
    assert of(world, *forms, "borren") == {"ERASED"}
    assert personal.find(repr(world.items("journal"))) == []


def test_a_stranger_who_was_erased_is_not_written_to_when_a_file_comes_with_the_phone(
    world: World, drop: Drop
) -> None:
    say(world, "borren mi número", sender="5215555550155")
    assert ask_to_erase(f"+{STRANGER}")[0] == 0
    drop("debts/tienda/a.csv", debts({"borrower_id": "C77", "phone": f"+{STRANGER}"}))
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


def test_who_was_erased_and_writes_again_is_erased_by_the_phone(world: World, drop: Drop) -> None:
    live(world, drop)
    erase(world)
    say(world, "hola otra vez", sender="525555550109")
    assert ask_to_erase("+525555550109")[0] == 0
    assert of_her(world) == []


def test_who_hides_the_number_is_erased_by_the_reference_in_the_logs(world: World) -> None:
    hers = world.references.ref("bsuid", "MX.9")
    world.conversations.record_inbound([Inbound(hers, world.now, "B" * 26, {"text": "borren esto", "phones": []})])
    assert ask_to_erase(hers)[0] == 0
    assert of(world, "borren") == set()


def test_a_stranger_is_erased_by_the_reference_in_the_logs(world: World) -> None:
    say(world, "borren mi número", sender=STRANGER)
    assert ask_to_erase(world.references.ref("phone", f"+{STRANGER}"))[0] == 0
    assert of(world, f"+{STRANGER}", "borren") == {"ERASED"}
    assert [item["event"] for item in world.items("journal") if item["pk"].startswith("B#")] == []


def test_at_a_wrong_number_goes_what_was_written_since_and_the_borrower_stays(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    for text in ("hola", "número equivocado", "borren mi número"):
        say(world, text)
        world.later(minutes=1)
    (asked,) = send_pictures(world, PHONE)
    desk(world).fetch(asked, world.now)
    assert ask_to_erase(f"+{PHONE}")[0] == 0
    words = [item["text"] for item in world.items() if item.get("direction") == "in"]
    assert (words, files(world)) == (["hola"], [])
    assert world.item("PROFILE")["phone"] == f"+{PHONE}"
    assert world.table.get({"pk": f"REF#{world.references.ref('phone', f'+{PHONE}')}", "sk": "STOP"})


def test_who_was_marked_as_a_wrong_number_and_is_none_keeps_their_words(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    say(world, "número equivocado")
    world.later(minutes=1)
    row = {"borrower_id": "C1", "action": "telefono", "phone": f"+{PHONE}", "source": "sucursal"}
    apply(world, "contacts", row | {"at": world.now.isoformat()})
    say(world, "soy yo, Lucía")
    assert ask_to_erase(f"+{PHONE}")[0] == 2
    assert of(world, "soy yo")
