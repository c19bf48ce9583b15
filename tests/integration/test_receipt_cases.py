"""Whoever decides about a receipt has ended what a person was asked about it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.events.event import CaseData
from cobranza.flows.event_of import event_of
from cobranza.ledger.case import Case, CaseQueue, Closing, Result
from cobranza.store import case_keys, keys
from cobranza.store.journal import Line
from cobranza.whatsapp.guarded import Unusable
from tests.integration.receipts import desk, send_picture
from tests.integration.rows import apply, assert_survives_any_death, book, codes
from tests.integration.sending import NOT_ON_WHATSAPP
from tests.integration.test_receipt_decisions import accepted, close, configure, receive, rejected
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]
type Decide = Callable[..., dict[str, str]]

pytestmark = pytest.mark.in_memory

DECISIONS = [(accepted, Result.RECEIPT_ACCEPTED), (rejected, Result.RECEIPT_REJECTED)]


@pytest.fixture(autouse=True)
def borrowers(world: World, drop: Drop) -> None:
    world.s3.create_bucket(Bucket="receipts")
    configure(world)
    drop("debts/tienda/a.csv", debts({}), metadata={"as-of": "2026-11-23T18:00:00-06:00"})


def receive_broken(world: World, wamid: str = "wamid.P1") -> tuple[str, str]:
    """Of a picture that Meta has not got any more: the receipt's id, and its case's."""
    asked = send_picture(world, wamid=wamid)
    assert desk(world, Unusable("GONE")).fetch(asked, world.now) == "GONE"
    return keys.receipt_id(asked.borrower, asked.event), case_keys.case_id(asked.borrower, asked.event)


def found(world: World, case_id: str) -> Case:
    case = world.cases.find(case_id)
    assert case
    return case


def closed(world: World) -> list[dict[str, Any]]:
    return [item for item in world.items("journal") if item["event"] == "case.closed"]


@pytest.mark.parametrize(("decide", "result"), DECISIONS)
def test_a_decision_closes_the_receipts_case_and_what_it_held_back_goes_on(
    world: World, decide: Decide, result: Result
) -> None:
    receipt, case = receive_broken(world)
    assert found(world, case).looked_into
    assert book(world).borrower.case_until
    world.later(minutes=5)
    apply(world, "receipts", decide(receipt), import_id="the-import")
    ended = found(world, case)
    assert (ended.closing, ended.source) == (Closing(result), "the-import")
    assert list(world.cases.waiting("tienda")) == []
    assert book(world).borrower.case_until is None
    assert "SKIPPED_OPEN_CASE" not in codes(world)


def test_the_case_of_whom_nobody_had_decided_about_is_closed_too(world: World) -> None:
    receipt = receive(world)
    for _ in range(4):
        close(world)
    (case,) = world.cases.waiting("tienda")
    assert case.topic == "RECEIPT_UNVERIFIED"
    apply(world, "receipts", rejected(receipt))
    assert found(world, case.id).closing == Closing(Result.RECEIPT_REJECTED)


def test_the_case_of_thanks_that_did_not_arrive_is_closed_too(world: World) -> None:
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    receipt = receive(world)
    (case,) = world.cases.waiting("tienda")
    assert case.topic == "UNANSWERED"
    apply(world, "receipts", accepted(receipt))
    assert found(world, case.id).closing == Closing(Result.RECEIPT_ACCEPTED)


def test_the_case_of_another_receipt_stays_open(world: World) -> None:
    first, _ = receive_broken(world)
    world.later(minutes=10)
    _, another = receive_broken(world, "wamid.P2")
    apply(world, "receipts", rejected(first))
    assert [case.id for case in world.cases.waiting("tienda")] == [another]
    assert book(world).borrower.case_until == found(world, another).looked_into


def test_a_person_who_was_in_charge_of_it_is_not_any_more(world: World) -> None:
    receipt, case = receive_broken(world)
    until = world.now + timedelta(days=3)
    assert world.cases.take(found(world, case), "ana|1", until)
    world.ledger.words.take_over(world.ref(), world.now, until)
    apply(world, "receipts", accepted(receipt))
    assert (found(world, case).is_open, book(world).borrower.human_until) == (False, None)


def test_a_case_that_a_person_closed_stays_as_they_closed_it(world: World) -> None:
    receipt, case = receive_broken(world)
    assert world.cases.close(found(world, case), Closing(Result.STANDS), "ana|1", world.now)
    apply(world, "receipts", rejected(receipt))
    assert found(world, case).closing == Closing(Result.STANDS)
    assert closed(world) == []


def test_a_later_decision_leaves_the_case_as_the_first_one_closed_it(world: World) -> None:
    receipt, case = receive_broken(world)
    apply(world, "receipts", rejected(receipt))
    apply(world, "receipts", accepted(receipt))
    assert found(world, case).closing == Closing(Result.RECEIPT_REJECTED)
    assert len(closed(world)) == 1


def opened(world: World) -> list[dict[str, Any]]:
    return [item for item in world.items("journal") if item["event"] == "case.opened"]


def test_others_hear_once_that_it_was_opened(world: World) -> None:
    asked = send_picture(world)
    for _ in range(3):
        desk(world, Unusable("GONE")).fetch(asked, world.now)
    (item,) = opened(world)
    case = case_keys.case_id(asked.borrower, asked.event)
    assert (item["pk"], item["case"], item["debts"]) == (keys.borrower_pk(world.ref()), case, ["tienda#F-1#"])
    line = Line(subject=item["pk"], event=item["event"], identity=item["message"], at=world.now, facts=item)
    told = event_of(line, "1")
    assert told
    assert told[0] == "case.opened"
    message = keys.message_of(asked.event)
    assert told[1].data == CaseData(code="RECEIPT_GONE", queue=CaseQueue.GENERAL, message=message)


def test_that_a_strangers_was_opened_is_told_of_no_borrower(world: World) -> None:
    asked = send_picture(world, "525555550199")
    desk(world, Unusable("TOO_LARGE")).fetch(asked, world.now)
    (item,) = opened(world)
    assert (item["pk"], item["code"], item["debts"]) == (keys.chat_pk(asked.borrower), "RECEIPT_TOO_LARGE", [])
    assert item["queue"] == "unknown"


def test_another_picture_opens_a_case_of_its_own(world: World) -> None:
    receive(world)
    world.later(minutes=10)
    receive(world, "wamid.P2")
    assert [item["code"] for item in opened(world)] == ["RECEIPT_AGAIN"]


def test_what_opened_by_itself_is_told_once_however_many_days_it_waits(world: World) -> None:
    receipt = receive(world)
    for _ in range(6):
        close(world)
    (item,) = opened(world)
    assert (item["code"], item["portfolio"], item["queue"]) == ("RECEIPT_UNVERIFIED", "tienda", "general")
    apply(world, "receipts", rejected(receipt))
    assert [item["case"] for item in closed(world)] == [item["case"]]


def test_a_case_that_was_there_is_not_told_again_when_nobody_decides(world: World) -> None:
    receive_broken(world)
    for _ in range(5):
        close(world)
    assert [item["code"] for item in opened(world)] == ["RECEIPT_GONE"]


@pytest.mark.parametrize(("decide", "result"), DECISIONS)
def test_others_hear_how_it_ended(world: World, decide: Decide, result: Result) -> None:
    receipt, case = receive_broken(world)
    apply(world, "receipts", decide(receipt), import_id="the-import")
    (item,) = closed(world)
    assert (item["code"], item["case"], item["type"], item["source"]) == (
        "RECEIPT_GONE",
        case,
        result,
        "the-import",
    )
    line = Line(subject=item["pk"], event=item["event"], identity=case, at=world.now, facts=item)
    told = event_of(line, "1")
    assert told
    assert told[0] == "case.closed"
    message = keys.message_of(found(world, case).event)
    queue = CaseQueue.GENERAL
    assert told[1].data == CaseData(code="RECEIPT_GONE", queue=queue, message=message, result=result)


def test_who_dies_anywhere_closes_it_with_the_next_try(world: World) -> None:
    receipt, case = receive_broken(world)
    world.later(minutes=5)
    assert_survives_any_death(world, "receipts", accepted(receipt, "1000.00"))
    assert found(world, case).closing == Closing(Result.RECEIPT_ACCEPTED)


def test_the_list_of_cases_knows_no_such_result(world: World) -> None:
    _, case = receive_broken(world)
    row = {"case_id": case, "close": "si", "result": "receipt_accepted"}
    assert [each.code for each in apply(world, "cases", row).refusals] == ["BAD_RESULT"]
    assert found(world, case).is_open
