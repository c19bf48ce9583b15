"""Who asks to be forgotten is: nothing of theirs is left, whoever dies on the way; no file brings them back."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from cobranza.flows.erase_person import EraseDesk
from cobranza.flows.take_payment import PaymentDesk
from cobranza.gateway.payment import parse
from cobranza.queues import Reminder
from cobranza.store import phone_keys
from cobranza.store.conversations import Inbound, Raw
from cobranza.store.erasures import Erasure, Erasures
from cobranza.store.objects import Bucket
from cobranza.store.traces import People
from cobranza.store.user_ids import Met, UserIds
from cobranza.whatsapp.events import parse as read
from cobranza_cli import app
from cobranza_cli.place import Place
from local import personal
from tests.integration.fakes import DyingClient, Killed
from tests.integration.place import cobranza, stand
from tests.integration.receipts import desk, send_picture
from tests.integration.replies import ask, say
from tests.integration.rows import apply, refused, results, rooms_of
from tests.integration.sending import status
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]

OWN = "+525555550102"
BRUNO = {"borrower_id": "C2", "name": "Bruno Ejemplo", "phone": OWN, "debt_id": "F-2"}
DOCUMENT = {"document_type": "CURP", "document_id": personal.DOCUMENTS[0]}


@pytest.fixture(autouse=True)
def _a_life(world: World, drop: Drop, portfolio: None) -> None:
    world.s3.create_bucket(Bucket="receipts")
    live(world, drop)
    for data in (b"an older version", b"a newer one"):
        world.s3.put_object(Bucket="receipts", Key=f"receipts/{world.ref()}/old.jpg", Body=data)


def live(world: World, drop: Drop) -> None:
    """She is written to, promises, disputes, pays, sends a receipt and moves to another phone. He owes."""
    say(world, "hola, quién es?")  # before any file tells whose phone it is
    drop("debts/tienda/a.csv", debts(DOCUMENT, BRUNO))
    (hers,) = [reminder for reminder in world.tick() if reminder.borrower == world.ref()]
    world.sender.remind(hers, world.now)
    for text in personal.WORDS:
        world.now += timedelta(minutes=1)
        say(world, text)
    pay(world, "tx-1", "100.00")
    world.now += timedelta(minutes=1)
    desk(world).fetch(send_picture(world), world.now)
    moved = {"borrower_id": "C1", "action": "telefono", "phone": "+525555550109", "source": "sucursal"}
    apply(world, "contacts", moved | {"at": world.now.isoformat()})
    for phone in ("525555550101", OWN[1:]):
        told = {"recipient_id": phone, "status": "strange"}
        world.conversations.keep_raw([Raw("status", told)], world.references, world.now)


def pay(world: World, payment_id: str, amount: str) -> None:
    told = {"portfolio": "tienda", "borrower_id": "C1", "currency": "MXN", "id": payment_id, "amount": amount}
    told |= {"paid_at": world.now.isoformat()}
    PaymentDesk(rooms_of(world)).take(parse(json.dumps(told).encode(), world.now), world.now)


def erasing(world: World) -> EraseDesk:
    return EraseDesk(
        world.ledger,
        People(world.table, world.references),
        Erasures(world.table, Bucket(world.s3, "work")),
        world.journal,
        Bucket(world.s3, "receipts"),
    )


def erase(world: World, borrower_id: str = "C1") -> bool:
    asked = Erasure(world.ref(borrower_id), world.now, "tienda")
    (done,) = erasing(world).erase([asked], world.now)
    return done.is_whole


def of_her(world: World) -> list[dict[str, Any]]:
    """Whatever of hers is in the ledger, by reference or in plain; her mark and her phones' stops may be."""
    ref = world.ref()
    hers = [ref, "C1", "Lucía", "525555550101", "525555550109", world.references.ref("phone", "+525555550101")]
    items = [item for item in world.items() if any(each in repr(item) for each in hers)]
    return [item for item in items if item["pk"] != "ERASED" and item["sk"] != "STOP"]


def files(world: World) -> list[str]:
    told = world.s3.list_object_versions(Bucket="receipts")
    return [each["Key"] for kind in ("Versions", "DeleteMarkers") for each in told[kind]]


def lines(world: World) -> list[dict[str, Any]]:
    return [item for item in world.items("journal") if item["pk"] == f"B#{world.ref()}"]


def test_nothing_of_a_person_is_left_in_the_ledger_or_among_the_receipts(world: World) -> None:
    assert {item["pk"].partition("#")[0] for item in of_her(world)} == {
        "B",
        "CASE",
        "CHAT",
        "NEWS",
        "PAYMENT",
        "RECEIPT",
        "REF",
    }
    assert len(files(world)) == 3
    assert erase(world)
    assert of_her(world) == []
    assert files(world) == []


def test_the_operation_that_a_receipt_showed_goes_too(world: World) -> None:
    (receipt,) = world.receipts.of(world.ref())
    row = {"receipt_id": receipt.id, "borrower_id": "C1", "decision": "accepted", "amount": "1", "currency": "MXN"}
    assert apply(world, "receipts", row | {"operation": "OP-77"}).refusals == []
    assert [item["receipt"] for item in of_her(world) if item["sk"] == "OPERATION"] == [receipt.id]
    assert erase(world)
    assert of_her(world) == []


def test_user_ids_and_what_is_known_of_where_their_numbers_went_go_too(world: World) -> None:
    ref = world.references.ref
    phone, moved = ref("phone", "+525555550101"), ref("phone", "+525555550109")
    hers, his = ref("bsuid", "MX.1"), ref("bsuid", "MX.2")
    UserIds(world.table).learn({hers: Met((phone,), world.now), his: Met(("A" * 26,), world.now)}, {})
    world.table.put(phone_keys.moved(phone) | {"phone": moved, "at": world.now.isoformat()})
    world.conversations.record_inbound([Inbound(hers, world.now, "B" * 26, {"text": "soy yo"})])
    assert erase(world)
    left = [item["sk"] for item in world.items() if any(each in repr(item) for each in (hers, phone, moved))]
    assert {*left} == {"STOP"}
    assert UserIds(world.table).phones([his]) == ["A" * 26]


def test_a_body_that_nobody_could_read_goes_with_whom_it_names(world: World) -> None:
    bodies = [b'{"entry": [{"from": "525555550101"', b'{"entry": [{"from": "' + OWN[1:].encode()]
    world.recorder.record([event for body in bodies for event in read(body)], world.now, "trace")
    assert len([item for item in world.items() if item["pk"] == "NEWS#unreadable"]) == 2
    erase(world)
    (left,) = [item for item in world.items() if item["pk"] == "NEWS#unreadable"]
    assert OWN[1:] in left["raw"]


def test_somebody_else_keeps_everything(world: World) -> None:
    ref, phone = world.ref("C2"), world.references.ref("phone", OWN)
    before = [item for item in world.items() if ref in repr(item) or phone in repr(item) or OWN[1:] in repr(item)]
    assert [item["pk"].partition("#")[0] for item in before] == ["B", "B", "NEWS", "REF"]
    erase(world)
    assert [item for item in world.items() if item in before] == before


def test_what_was_said_at_a_shared_phone_before_anybody_had_it_goes_with_the_last_who_has_it(world: World) -> None:
    phone = world.references.ref("phone", "+525555550101")
    world.table.put({"pk": f"REF#{phone}", "sk": f"B#{world.ref('C2')}"})
    erase(world)
    assert world.ref() not in repr(of_her(world))
    assert {item["pk"].partition("#")[0] for item in of_her(world)} == {"CASE", "CHAT", "NEWS", "REF"}
    erase(world, "C2")
    assert of_her(world) == []


def test_the_journal_stays_as_it_was_and_says_that_they_were_erased(world: World) -> None:
    before = lines(world)
    assert before
    erase(world)
    (line,) = [item for item in lines(world) if item not in before]
    assert (line["event"], line["portfolio"], line["at"]) == ("erased", "tienda", "2026-11-24T17:03:00Z")
    assert personal.find(repr(world.items("journal"))) == []


def test_no_file_brings_them_back(world: World, drop: Drop) -> None:
    erase(world)
    world.later(days=1)
    told = drop("debts/tienda/b.csv", debts({}, {"borrower_id": "C3", "name": "Ana", "phone": "+525555550103"}))
    assert (told["read"], told["created"], told["refused"]) == (2, 1, 1)
    assert told["refused_by_code"] == {"ERASED": 1}
    held = {"borrower_id": "C1", "action": "pausa", "at": "2026-11-24", "until": "2026-12-24", "source": "x"}
    assert refused(apply(world, "contacts", held)) == {2: "ERASED"}
    recall = {"borrower_id": "C1", "debt_id": "F-1", "action": "vendida", "at": "2026-11-24"}
    assert refused(apply(world, "recalls", recall)) == {2: "ERASED"}
    assert of_her(world) == []


def test_nobody_writes_to_them_and_the_day_is_closed_without_them(world: World) -> None:
    erase(world)
    sent = len(world.whatsapp.sent)
    world.later(days=1, hours=12)
    for reminder in world.tick():
        world.sender.remind(reminder, world.now)
    assert {message["to"] for message in world.whatsapp.sent[sent:]} <= {OWN}
    while list(world.reports.close_days(world.now)):
        pass
    assert results(world, "payments_out/dt=2026-11-24/payments_out.csv") == []
    told = results(world, "interactions/dt=2026-11-24/interactions.csv")
    assert {row["borrower_id"] for row in told} == {""}
    assert "erased" not in {row["event"] for row in told}
    assert of_her(world) == []


def test_the_next_list_of_cases_has_none_of_their_words(world: World) -> None:
    def listed(day: str) -> str:
        world.later(days=1, hours=12)
        while list(world.reports.close_days(world.now)):
            pass
        return str(results(world, f"cases/dt={day}/cases.csv"))

    assert personal.WORDS[1] in listed("2026-11-24")
    erase(world)
    assert not personal.find(listed("2026-11-25"))


def test_who_writes_again_is_a_number_that_nobody_knows(world: World) -> None:
    erase(world)
    world.later(hours=1)
    say(world, "hola otra vez", sender="525555550109")
    assert {item["pk"] for item in of_her(world)} == {f"CHAT#{world.references.ref('phone', '+525555550109')}"}


def test_what_is_under_way_when_they_are_erased_brings_nothing_back(world: World) -> None:
    asked, picture = ask(world, "cuánto debo?"), send_picture(world, wamid="wamid.P2")
    reminder = Reminder(world.ref(), "2026-11-24T18:00:00Z", "trace")
    ours = next(message for message in world.whatsapp.sent if "template" in message)
    erase(world)
    sent = len(world.whatsapp.sent)
    world.now += timedelta(minutes=1)
    world.answers.answer(asked, world.now)
    world.sender.remind(reminder, world.now)
    assert desk(world).fetch(picture, world.now) == "NOT_FOUND"
    for state in ("delivered", "read", "failed"):
        status(world, ours, state, recipient_id="525555550101")
    assert len(world.whatsapp.sent) == sent
    # Meta's own words are kept for 90 days; by our id in them the next try finds them too.
    assert {item["pk"] for item in of_her(world)} == {"NEWS#stray_status"}
    assert erase(world)
    assert of_her(world) == []


def test_erased_once_more_changes_nothing(world: World) -> None:
    erase(world)
    ledger, journal = world.items(), world.items("journal")
    world.later(minutes=5)
    ledger = world.items()
    assert erase(world)
    assert (world.items(), world.items("journal")) == (ledger, journal)


def test_whoever_dies_at_any_write_is_followed_by_a_try_that_finds_the_rest(world: World) -> None:
    before = world.kept()
    counting = DyingClient(world.dynamodb, 10_000, done=False)
    erase(replace(world, dynamodb=counting))
    undisturbed = world.kept()
    assert counting.writes > 20
    for at in range(counting.writes):
        for done in (False, True):
            world.restore(before)
            with pytest.raises(Killed):
                erase(replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done)))
            assert erase(world)
            assert world.kept() == undisturbed, f"write {at}, done {done}"


def test_a_restored_table_is_erased_again_and_only_then(world: World) -> None:
    before = world.items()
    erase(world)
    undisturbed = world.items()
    world.restore({"ledger": before, "journal": world.items("journal")})
    assert of_her(world)
    world.now += timedelta(days=2)
    (done,) = erasing(world).again(world.now)
    assert (done.borrower, done.is_whole) == (world.ref(), True)
    assert world.items() == undisturbed
    assert len([line for line in lines(world) if line["event"] == "erased"]) == 1


def test_what_is_written_while_they_are_erased_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    traces = People.traces

    def interrupted(people: People, borrowers: Any) -> Any:
        found = list(traces(people, borrowers))
        world.table.put({"pk": f"B#{world.ref()}", "sk": "MARK#tienda#F-9"})
        return iter(found)

    monkeypatch.setattr(People, "traces", interrupted)
    assert not erase(world)
    monkeypatch.undo()
    assert erase(world)
    assert of_her(world) == []


def test_a_case_of_two_goes_on_without_the_one_who_is_erased(world: World) -> None:
    (case, *_) = [item for item in world.items() if item["pk"].startswith("CASE#")]
    both = {"borrowers": sorted([world.ref(), world.ref("C2")]), "debts": ["tienda#F-1#", "tienda#F-2#"]}
    world.table.put(case | both | {"chat": world.ref("C2")})
    assert erase(world)
    left = world.table.get({"pk": case["pk"], "sk": case["sk"]})
    assert left
    assert (left["borrowers"], left["debts"]) == ([world.ref("C2")], ["tienda#F-2#"])


# The commands.


def test_the_command_erases_by_number_or_reference_and_asks_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand(world, monkeypatch)
    before = world.items()
    assert CliRunner().invoke(app.app, ["erase", "C1", "--portfolio", "tienda"], input="n\n").exit_code == 1
    assert world.items() == before
    done = cobranza("erase", world.ref(), "--portfolio", "tienda", "--yes", "--json")
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.stdout)["erased"]
    assert (told["borrower"], told["files"], told["is_whole"]) == (world.ref(), 3, True)
    assert of_her(world) == []
    assert "erased: 1" in cobranza("erase", "--again", "--yes").output
    assert cobranza("erase", "C1", "--yes").exit_code == 2
    assert cobranza("erase", "--yes").exit_code == 2


def test_deleting_is_done_with_the_rights_of_its_role(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sts:
        def assume_role(self, *, RoleArn: str, RoleSessionName: str) -> dict[str, Any]:
            assert (RoleArn, RoleSessionName) == ("arn:role", "cobranza-erase")
            return {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}}

    monkeypatch.setattr(Place, "client", lambda _, service: Sts())
    stack = Place({"Stage": "prod", "EraseRoleArn": "arn:role"}, {"region_name": "us-east-1"})
    assert stack.erasing().options == {
        "region_name": "us-east-1",
        "aws_access_key_id": "a",
        "aws_secret_access_key": "b",
        "aws_session_token": "c",
    }
