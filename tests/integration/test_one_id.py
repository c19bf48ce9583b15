"""One id leads from a row of a file to the reply of whoever it is about, through every function's log."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from cobranza.queues import Queue, ReplyToAnswer
from cobranza.store.imports import Imports
from tests.integration.deliveries import AT, PHONE, Drop, Element, message, status, tell
from tests.integration.fakes import FakeContext
from tests.integration.receipts import desk
from tests.integration.test_cases_api import call, opened
from tests.integration.test_gateway_payments import tell as tell_payment
from tests.integration.test_handlers import Delays, body, failures, file, ingest, put, record, send
from tests.integration.test_receipt_decisions import receive
from tests.integration.world import World, debts, function
from tests.overheard import Overheard

pytestmark = [pytest.mark.in_memory, pytest.mark.usefixtures("portfolio")]

KEY = "debts/tienda/book.csv"


@dataclass
class Log:
    """What functions log and print, each line as CloudWatch gets it, from one look to the next."""

    heard: Overheard
    seen: int = 0

    def lines(self) -> list[dict[str, Any]]:
        new, self.seen = self.heard.said[self.seen :], len(self.heard.said)
        return [json.loads(text) for where, text in new if where in ("log", "metric")]

    def only(self, message: str) -> dict[str, Any]:
        (line,) = [line for line in self.lines() if line.get("message") == message]
        return line


@pytest.fixture
def log(overheard: Overheard) -> Log:
    return Log(overheard)


def tick(world: World) -> None:
    function("scheduler").handler({}, FakeContext(), deps=function("scheduler").Deps(world.scheduler, world.clock))


def answer(world: World, asked: str) -> Any:
    module = function("answer")
    deps = module.Deps(world.answers, world.replies, world.clock)
    return module.handler({"Records": [record("1", asked)]}, FakeContext(), deps=deps)


def queued_replies(world: World) -> list[str]:
    return [each["Body"] for each in world.sqs.receive_message(QueueUrl=world.replies_url).get("Messages", [])]


def test_a_row_its_message_its_statuses_and_its_reply_are_found_by_one_id(world: World, log: Log) -> None:
    put(world, KEY, debts({"borrower_id": "C7", "phone": "+525555550107"}, {}))
    assert ingest(world, record("1", file(KEY))) == failures()
    imported = log.only("imported")
    debt = world.item("DEBT#tienda#F-1#")
    begun = Imports(world.table).find("tienda", debt["source"])
    assert begun
    assert (begun.facts["survey"]["digest"], debt["line"]) == (imported["file"], 3)

    tick(world)
    ticked = log.only("tick")
    (reminder,) = [each for each in world.received() if each.borrower == world.ref()]
    assert reminder.trace == ticked["function_request_id"]

    assert send(world, record("1", body(reminder))) == failures()
    reminded = log.only("reminder")
    assert (reminded["borrower"], reminded["outcome"]) == (world.ref(), "SENT")
    (left,) = world.whatsapp.sent

    sent: Element = {"id": "wamid.0", "recipient_id": PHONE}
    sent["biz_opaque_callback_data"] = left["biz_opaque_callback_data"]
    for state in ("sent", "delivered", "read"):
        assert tell(world, statuses=[status(sent, state)]) == 200
        (told,) = log.lines()
        assert told["borrowers"] == [world.ref()]

    assert tell(world, messages=[message("text", {"body": "SALDO"}, at=AT + 60)]) == 200
    assert log.only("recorded")["borrowers"] == [world.ref()]
    (asked,) = queued_replies(world)
    assert answer(world, asked) == failures()
    assert log.only("reply")["borrower"] == world.ref()


def test_a_payment_names_its_payer_and_its_number_by_reference(world: World, drop: Drop, log: Log) -> None:
    drop("debts/tienda/a.csv", debts({}))
    number = world.references.ref("payment", "tienda|tx-1")
    for told in ({}, {"borrower_id": "", "debt_id": "F-1"}):  # again, by the debt
        assert tell_payment(world, **told)[0] == 200
        line = log.only("payment")
        assert (line["borrower"], line["payment"]) == (world.ref(), number)
    for told, whose in (({"borrower_id": "C9"}, world.ref("C9")), ({"borrower_id": "", "debt_id": "F-9"}, "")):
        assert tell_payment(world, id="tx-2", **told)[0] == 202
        line = log.only("payment")
        assert (line["status"], line["borrower"]) == ("unmatched", whose)
        assert line["payment"] == world.references.ref("payment", "tienda|tx-2")


def test_what_people_do_with_cases_and_receipts_names_whom_it_is_about(world: World, drop: Drop, log: Log) -> None:
    world.s3.create_bucket(Bucket="receipts")
    drop("debts/tienda/a.csv", debts({}))
    case, receipt = opened(world), receive(world)
    log.lines()
    for route, told in (("GET /cases/{id}", None), ("POST /cases/{id}/close", {"result": "stands"})):
        assert call(world, route, case, told)[0] == 200
        line = log.only("cases")
        assert (line["route"], line["case"], line["borrowers"]) == (route, case, [world.ref()])
    accepted = {"borrower_id": "C1", "decision": "accepted", "amount": "10.00", "currency": "MXN"}
    for told, code in ((accepted, 200), (accepted | {"amount": "11.00"}, 409)):
        assert call(world, "POST /receipts/{id}", receipt, told)[0] == code
        line = log.only("cases" if code == 200 else "cases refused")
        assert (line["receipt"], line.get("borrowers")) == (receipt, [world.ref()] if code == 200 else None)
    assert call(world, "GET /cases/{id}", "Lucía")[0] == 404
    assert "case" not in log.only("cases refused")


def test_a_page_names_each_borrower_on_it_once(world: World, drop: Drop, log: Log) -> None:
    world.s3.create_bucket(Bucket="receipts")
    drop("debts/tienda/a.csv", debts({}))
    receive(world)
    for words in ("no reconozco esa deuda", "quiero hablar con una persona"):
        opened(world, words, wamid=f"wamid.{len(words)}")
    log.lines()
    for route in ("GET /cases", "GET /receipts"):
        assert call(world, route, query={"portfolio": "tienda"})[0] == 200
        assert log.only("cases")["borrowers"] == [world.ref()]


def test_what_fails_names_whose_it_is(world: World, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: Any) -> Any:
        raise ZeroDivisionError

    put(world, KEY, debts({}))
    ingest(world, record("1", file(KEY)))
    tick(world)
    (reminder,) = world.received()
    log.lines()
    monkeypatch.setattr(world.sender.ledger, "load", dies)
    assert send(world, record("1", body(reminder)), delays=Delays()) == failures("1")
    failed = log.only("reminder failed")
    assert (failed["borrower"], failed["trace"]) == (world.ref(), reminder.trace)

    event = "2026-11-24T17:00:00Z#A"
    monkeypatch.setattr(world.conversations, "inbound", dies)
    monkeypatch.setattr(world.replies, "delay", lambda *_: None)
    assert answer(world, json.dumps(asdict(ReplyToAnswer(world.ref(), event, "a-trace")))) == failures("1")
    failed = log.only("reply failed")
    assert (failed["borrower"], failed["trace"]) == (world.ref(), "a-trace")

    receipts = function("receipts")
    deps = receipts.Deps(desk(world), Queue[ReplyToAnswer](Delays(), "url"), world.clock)
    picture = record("1", asdict(ReplyToAnswer(world.ref(), event, "a-trace")))
    assert receipts.handler({"Records": [picture]}, FakeContext(), deps=deps) == failures("1")
    failed = log.only("reply failed")
    assert (failed["borrower"], failed["trace"]) == (world.ref(), "a-trace")
