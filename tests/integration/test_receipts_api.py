"""A person decides about a receipt by the API: what a row of the receipts file would have done."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cobranza.events.event import DecidedData
from cobranza.flows.event_of import event_of
from cobranza.ledger.case import Closing, Result
from cobranza.store.journal import Line
from tests.integration.fakes import DyingClient, Killed
from tests.integration.rows import apply, book, codes, interrupt, owed
from tests.integration.test_cases_api import ANA, call, noted
from tests.integration.test_events_walk import heard
from tests.integration.test_receipt_cases import found, receive_broken
from tests.integration.test_receipt_decisions import accepted, close, configure, names, receive, rejected
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]
type Answer = tuple[int, dict[str, Any]]

OTHER_PHONE = "525555550102"
ACCEPTED = {"borrower_id": "C1", "decision": "accepted", "amount": "1000.00", "currency": "MXN"}
REJECTED = {"borrower_id": "C1", "decision": "rejected", "reason": "no llegó"}

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def borrowers(world: World, drop: Drop) -> None:
    """C1 owes 1234.50 since today, C2 as much. Payments are confirmed."""
    world.s3.create_bucket(Bucket="receipts")
    configure(world)
    file = debts({}, {"borrower_id": "C2", "phone": f"+{OTHER_PHONE}"})
    drop("debts/tienda/a.csv", file, metadata={"as-of": "2026-11-23T18:00:00-06:00"})


def decide(world: World, receipt: str, told: dict[str, Any], **changes: Any) -> Answer:
    return call(world, "POST /receipts/{id}", receipt, told, **changes)


def waiting(world: World, **query: str) -> Answer:
    return call(world, "GET /receipts", query={"portfolio": "tienda"} | query)


# The way.


def test_what_is_accepted_is_booked_confirmed_and_ends_the_pause(world: World) -> None:
    receipt = receive(world)
    status, told = decide(world, receipt, ACCEPTED)
    assert status == 200
    assert (told["id"], told["borrower_id"], told["debts"], told["decision"]) == (
        receipt,
        "C1",
        ["F-1"],
        "accepted",
    )
    assert owed(world)["F-1"] == "234.50"
    assert book(world).borrower.receipt_until is None
    world.later(seconds=10)
    codes(world)
    assert names(world).count("pago_recibido") == 1
    assert waiting(world) == (200, {"receipts": [], "next": None})


def test_an_operation_that_was_booked_before_is_refused(world: World) -> None:
    first, second = receive(world), receive(world, "wamid.P2", OTHER_PHONE)
    assert decide(world, first, ACCEPTED | {"operation": "OP-77"})[0] == 200
    status, told = decide(world, second, ACCEPTED | {"borrower_id": "C2", "operation": "OP-77"})
    assert (status, told["code"], told["fields"]) == (409, "OPERATION_KNOWN", ["operation"])
    assert owed(world, "C2")["F-1"] == "1234.50"


def test_what_is_rejected_is_told_once_and_keeps_its_reason(world: World) -> None:
    receipt = receive(world)
    assert [decide(world, receipt, REJECTED)[0] for _ in range(2)] == [200, 200]
    world.later(seconds=10)
    codes(world)
    world.later(days=9)
    kept = world.kept()
    kept["ledger"] = [item for item in kept["ledger"] if not item["sk"].startswith("CONFIRM#")]  # it is over
    world.restore(kept)
    assert decide(world, receipt, REJECTED)[0] == 200
    codes(world)
    assert names(world).count("comprobante_no_confirmado") == 1
    assert world.item(f"RECEIPT#{receipt}")["reason"] == "no llegó"
    assert owed(world)["F-1"] == "1234.50"


@pytest.mark.parametrize(("told", "row"), [(ACCEPTED, accepted), (REJECTED, rejected)])
def test_a_decision_leaves_what_the_row_of_a_file_leaves(
    world: World, told: dict[str, str], row: Callable[..., dict[str, str]]
) -> None:
    receipt, case = receive_broken(world)
    before = world.kept()
    apply(world, "receipts", row(receipt, **({"amount": "1000.00"} if told is ACCEPTED else {})))
    by_file = _but_who_told_it(world)
    world.restore(before)
    assert decide(world, receipt, told)[0] == 200
    assert _but_who_told_it(world) == by_file
    assert not found(world, case).is_open


def _but_who_told_it(world: World) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{name: value for name, value in item.items() if name not in ("source", "by")} for item in items]
        for table, items in world.kept().items()
    }


def test_the_journal_says_who_decided_and_others_hear_it(world: World) -> None:
    receipt = receive(world)
    decide(world, receipt, ACCEPTED)
    (item,) = noted(world, "receipt.accepted")
    assert (item["by"], item["portfolio"], item["debts"]) == ("ana|1", "tienda", ["tienda#F-1#"])
    assert "source" not in item
    told = event_of(Line(subject=item["pk"], event=item["event"], identity=receipt, at=world.now, facts=item), "1")
    assert told
    assert (told[0], told[1].data) == ("receipt.accepted", DecidedData(receipt=receipt))


def _money(world: World) -> list[tuple[str, dict[str, Any]]]:
    names = ("payment.applied", "debt.closed")
    return [(name, detail["data"]) for name, detail in heard(world) if name in names]


def test_others_hear_once_of_the_money_that_it_books(world: World) -> None:
    receipt = receive(world)
    for who in (ANA, ANA, ANA | {"sub": "beto|2"}):
        assert decide(world, receipt, ACCEPTED | {"amount": "1234.50"}, claims=who)[0] == 200
    (applied, payment), (closed, debt) = sorted(_money(world), reverse=True)
    assert (applied, closed) == ("payment.applied", "debt.closed")
    assert (payment["amount"], payment["allocations"]) == ("1234.50", {"tienda#F-1#": "1234.50"})
    assert debt["payment"] == payment["payment"]


def test_they_hear_of_none_that_a_file_told_before(world: World) -> None:
    receipt = receive(world)
    apply(world, "receipts", accepted(receipt, amount="1234.50"))
    assert decide(world, receipt, ACCEPTED | {"amount": "1234.50"})[0] == 200
    assert _money(world) == []


def test_its_case_is_closed_by_who_decided(world: World) -> None:
    receipt, case = receive_broken(world)
    world.later(minutes=5)
    decide(world, receipt, REJECTED)
    ended = found(world, case)
    assert (ended.closing, ended.source) == (Closing(Result.RECEIPT_REJECTED), "ana|1")
    (line,) = noted(world, "case.closed")
    assert (line["by"], line["type"], "source" in line) == ("ana|1", "receipt_rejected", False)
    assert book(world).borrower.case_until is None


# Again, and otherwise.


def test_the_same_decision_again_changes_nothing(world: World) -> None:
    receipt = receive(world)
    first = decide(world, receipt, ACCEPTED)
    for _ in range(3):
        codes(world)
        world.later(days=1)
        assert decide(world, receipt, ACCEPTED) == first
        assert decide(world, receipt, ACCEPTED, claims=ANA | {"sub": "beto|2"}) == first
    assert owed(world)["F-1"] == "234.50"
    assert names(world).count("pago_recibido") == 1
    assert len(noted(world, "receipt.accepted")) == 1


@pytest.mark.parametrize("other", [REJECTED, ACCEPTED | {"amount": "900.00"}])
def test_what_was_accepted_stays_accepted_with_its_amount(world: World, other: dict[str, str]) -> None:
    receipt = receive(world)
    decide(world, receipt, ACCEPTED)
    status, told = decide(world, receipt, other)
    assert (status, told["code"]) == (409, "ALREADY_DECIDED")
    assert "1000" not in json.dumps(told)
    assert owed(world)["F-1"] == "234.50"


def test_what_was_rejected_may_be_accepted_and_then_stays_so(world: World) -> None:
    receipt = receive(world)
    assert [decide(world, receipt, each)[0] for each in (REJECTED, ACCEPTED, REJECTED)] == [200, 200, 409]
    assert owed(world)["F-1"] == "234.50"


def test_a_file_and_the_api_tell_one_payment(world: World) -> None:
    receipt = receive(world)
    apply(world, "receipts", accepted(receipt, "1000.00"))
    assert decide(world, receipt, ACCEPTED)[0] == 200
    assert decide(world, receipt, REJECTED)[1]["code"] == "ALREADY_DECIDED"
    assert owed(world)["F-1"] == "234.50"


@pytest.mark.parametrize("told", [ACCEPTED, REJECTED])
def test_who_dies_anywhere_ends_it_with_the_next_call(world: World, told: dict[str, str]) -> None:
    receipt, _ = receive_broken(world)
    before = world.kept()
    counting = DyingClient(world.dynamodb, 10_000, done=False)
    decide(replace(world, dynamodb=counting), receipt, told)
    decide(world, receipt, told)
    undisturbed = world.kept()
    assert counting.writes > 3
    for at in range(counting.writes):
        for done in (False, True):
            world.restore(before)
            with pytest.raises(Killed):
                decide(replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done)), receipt, told)
            assert decide(world, receipt, told)[0] == 200
            assert world.kept() == undisturbed, f"write {at}, done {done}"


def test_of_two_who_decide_at_once_the_money_that_came_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt, answers = receive(world), list[int]()
    beto = ANA | {"sub": "beto|2"}
    interrupt(monkeypatch, lambda: answers.append(decide(world, receipt, ACCEPTED, claims=beto)[0]))
    status, told = decide(world, receipt, REJECTED)
    assert (answers, status, told["code"]) == ([200], 409, "ALREADY_DECIDED")
    assert owed(world)["F-1"] == "234.50"
    assert noted(world, "receipt.rejected") == []


# What is refused.


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"decision": "perhaps"}, "BAD_DECISION", "decision"),
        ({"amount": ""}, "MISSING_VALUE", "amount"),
        ({"amount": "0"}, "BAD_AMOUNT", "amount"),
        ({"amount": "mil"}, "BAD_AMOUNT", "amount"),
        ({"amount": "1,000.00"}, "BAD_AMOUNT", "amount"),
        ({"currency": "PESOS"}, "BAD_CURRENCY", "currency"),
        ({"decision": "rejected"}, "MISSING_VALUE", "reason"),
        ({"decision": "rejected", "reason": "dos\nlíneas"}, "BAD_TEXT", "reason"),
        ({"currency": "USD"}, "UNMATCHED_PAYMENT", ""),
    ],
)
def test_what_a_row_would_be_refused_for_has_its_code_and_nothing_of_its_words(
    world: World, changes: dict[str, str], code: str, field: str
) -> None:
    receipt = receive(world)
    status, told = decide(world, receipt, ACCEPTED | changes)
    assert (status, told["code"], told.get("fields", [""])) == (422, code, [field])
    assert {*told} <= {"code", "sentence", "fields"}
    assert "perhaps" not in json.dumps(told)
    assert owed(world)["F-1"] == "1234.50"
    assert [each["id"] for each in waiting(world)[1]["receipts"]] == [receipt]


@pytest.mark.parametrize(
    "body",
    [
        ACCEPTED | {"amount": 1000},
        ACCEPTED | {"paid_at": "2026-11-24"},
        ACCEPTED | {"decision": " "},
        ACCEPTED | {"reason": "x" * 1001},
        {"decision": "accepted", "amount": "10.00"},
        "[",
        json.dumps(ACCEPTED).replace("C1", "\\ud800"),
    ],
)
def test_a_body_that_is_not_right_is_refused(world: World, body: Any) -> None:
    status, told = decide(world, receive(world), body)
    assert (status, told["code"]) == (422, "BAD_REQUEST")
    assert owed(world)["F-1"] == "1234.50"


def test_too_large_a_body_is_refused(world: World) -> None:
    assert call(world, "POST /receipts/{id}", receive(world), "x" * 17000)[0] == 413


def test_without_a_currency_it_is_that_of_the_debts(world: World) -> None:
    told = {name: value for name, value in ACCEPTED.items() if name != "currency"}
    assert decide(world, receive(world), told)[0] == 200
    assert owed(world)["F-1"] == "234.50"


@pytest.mark.parametrize("changes", [{"borrower_id": "C2"}, {"borrower_id": "C9"}, {"borrower_id": "C#1"}])
def test_a_receipt_is_its_borrowers_alone(world: World, changes: dict[str, str]) -> None:
    assert decide(world, receive(world), ACCEPTED | changes)[1]["code"] == "NOT_FOUND"
    assert owed(world)["F-1"] == "1234.50"


@pytest.mark.parametrize("receipt", ["", "A" * 26, "nobody", "A" * 3000])
def test_a_receipt_that_nobody_sent_is_not_found(world: World, receipt: str) -> None:
    assert decide(world, receipt, ACCEPTED)[0] == 404


def test_another_portfolios_reader_is_told_that_there_is_nothing(world: World) -> None:
    receipt, claims = receive(world), {"sub": "eva|3", "portfolios": "[otra]"}
    nothing = (404, {"code": "NOT_FOUND", "sentence": "There is nothing here that you may see."})
    assert decide(world, receipt, ACCEPTED, claims=claims) == nothing
    assert decide(world, receipt, {**ACCEPTED, "decision": "perhaps"}, claims=claims) == nothing
    assert call(world, "GET /receipts", claims=claims, query={"portfolio": "tienda"}) == nothing
    assert decide(world, receipt, ACCEPTED, claims=None)[0] == 401
    assert owed(world)["F-1"] == "1234.50"


# The list.


def test_those_that_wait_are_listed_as_in_the_daily_file(world: World) -> None:
    receipt = receive(world)
    status, told = waiting(world)
    (row,) = close(world)
    assert (status, told["next"]) == (200, None)
    assert told["receipts"] == [
        {
            "id": receipt,
            "portfolio": "tienda",
            "borrower_id": "C1",
            "debts": ["F-1"],
            "state": "TO_VERIFY",
            "file": row["file"],
            "received_at": "2026-11-24T17:00:00+00:00",
            "paused_until": row["paused_until"],
            "currency": "MXN",
            "decision": None,
        }
    ]


def test_pages_show_each_receipt_once_and_a_borrowers_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cobranza.flows.decide_receipt.PAGE", 2)
    sent: list[str] = []
    for number, sender in enumerate(["525555550101", OTHER_PHONE] * 3):
        sent.append(receive(world, f"wamid.{number}", sender))
        world.now += timedelta(minutes=1)
    shown: list[list[str]] = []
    cursor = ""
    for _ in range(3):
        _, told = waiting(world, cursor=cursor)
        shown.append([each["id"] for each in told["receipts"]])
        cursor = told["next"] or ""
    assert sorted(shown[:2]) == sorted([sent[0::2], sent[1::2]])
    assert (shown[2], cursor) == ([], "")


@pytest.mark.parametrize("query", [{"portfolio": "A B"}, {"cursor": "../.."}, {"state": "OPEN"}])
def test_a_question_that_cannot_be_answered_is_refused(world: World, query: dict[str, str]) -> None:
    assert waiting(world, **query)[0] == 422
