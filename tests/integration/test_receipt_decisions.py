"""A person decides about a receipt: money that came is booked and confirmed, money that did not is told, once."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from cobranza.flows.say_once import TryLater
from cobranza.policy.portfolio import parse_portfolio
from cobranza.store import keys
from tests.integration.fakes import DyingClient, Killed
from tests.integration.receipts import desk, send_picture
from tests.integration.rows import Cells, apply, assert_survives_any_death, book, codes, owed, refused, results
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]

OTHER_PHONE = "525555550102"

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def borrowers(world: World, drop: Drop) -> None:
    """C1 owes 1234.50 since today, C2 as much. Payments are confirmed."""
    world.s3.create_bucket(Bucket="receipts")
    configure(world)
    file = debts({}, {"borrower_id": "C2", "phone": f"+{OTHER_PHONE}"})
    assert drop("debts/tienda/a.csv", file, metadata={"as-of": "2026-11-23T18:00:00-06:00"})["created"] == 2


def configure(world: World, lines: str = "confirms_payments: true") -> None:
    text = PORTFOLIO_YAML.replace("confirms_payments: false", lines)
    world.ledger.save_portfolio(parse_portfolio(text.encode(), "tienda"), world.now)
    world.ledger.refresh("tienda", world.now)


def receive(world: World, wamid: str = "wamid.P1", sender: str = "525555550101") -> str:
    """The borrower sends a picture, which is fetched; the receipt's id."""
    asked = send_picture(world, sender, wamid)
    desk(world).fetch(asked, world.now)
    return keys.receipt_id(asked.borrower, asked.event)


def accepted(receipt: str, amount: str = "1234.50", **changes: str) -> Cells:
    told = {"receipt_id": receipt, "borrower_id": "C1", "decision": "aceptado"}
    return told | {"amount": amount, "currency": "MXN", "reason": ""} | changes


def rejected(receipt: str, **changes: str) -> Cells:
    told = {"receipt_id": receipt, "borrower_id": "C1", "decision": "Rechazado"}
    return told | {"amount": "", "currency": "", "reason": "no llegó"} | changes


def close(world: World) -> list[Cells]:
    """The day ends half an hour after midnight in Mexico City; its receipts.csv."""
    day = world.now.date()
    world.now = world.now.replace(hour=7, minute=0) + timedelta(days=1)
    assert [closed.day.date for closed in world.reports.close_days(world.now)] == [day]
    world.ledger.refresh("tienda", world.now)
    return results(world, f"receipts/dt={day}/receipts.csv")


def names(world: World) -> list[str]:
    return [each["template"]["name"] for each in world.whatsapp.sent if each["type"] == "template"]


# The daily list.


def test_a_receipt_is_listed_every_day_until_somebody_decides(world: World) -> None:
    receipt = receive(world)
    (row,) = close(world)
    assert row == {
        "receipt_id": receipt,
        "borrower_id": "C1",
        "debts": "F-1",
        "state": "TO_VERIFY",
        "file": row["file"],
        "received_at": "2026-11-24T11:00:00-06:00",
        "paused_until": "2026-11-27",
        "note": "",
        "decision": "",
        "amount": "",
        "currency": "MXN",
        "operation": "",
        "reason": "",
    }
    assert world.s3.get_object(Bucket="receipts", Key=row["file"])["Body"].read()
    assert [each["receipt_id"] for each in close(world)] == [receipt]
    apply(world, "receipts", accepted(receipt))
    assert close(world) == []


def test_one_that_came_and_was_decided_on_the_day_is_listed_with_what_was_decided(world: World) -> None:
    apply(world, "receipts", accepted(receive(world)))
    assert [(row["note"], row["decision"]) for row in close(world)] == [("ACCEPTED", "")]


def test_what_a_stranger_sent_is_listed_on_its_day_and_is_of_no_borrower(world: World) -> None:
    receipt = receive(world, sender="525555550199")
    (row,) = close(world)
    assert (row["receipt_id"], row["borrower_id"], row["note"]) == (receipt, "", "UNKNOWN_NUMBER")
    assert close(world) == []


def test_the_list_as_it_came_changes_nothing_and_filled_in_decides(world: World, drop: Drop) -> None:
    receive(world)
    (row,) = close(world)
    header = ",".join(row)
    summary = drop("receipts/tienda/hoy.csv", f"{header}\n{','.join(row.values())}\n")
    assert (summary["read"], summary["unchanged"], summary["refused"]) == (1, 1, 0)
    filled = row | {"decision": "aceito", "amount": "1234.50"}
    summary = drop("receipts/tienda/hoy2.csv", f"{header}\n{','.join(filled.values())}\n")
    assert (summary["created"], summary["refused"]) == (1, 0)
    assert owed(world)["F-1"] == "0.00"


# Accepted.


def test_what_is_accepted_is_a_payment_that_is_confirmed_and_ends_the_pause(world: World) -> None:
    receipt = receive(world)
    assert apply(world, "receipts", accepted(receipt, "1000.00")).changes == {"created": 1}
    assert owed(world)["F-1"] == "234.50"
    assert book(world).borrower.receipt_until is None
    world.later(seconds=10)
    codes(world)
    assert names(world).count("pago_recibido") == 1
    (paid,) = (item for item in world.items() if item["pk"].startswith("PAYMENT#"))
    assert (paid["payment_id"], paid["told_by"]) == (f"RECEIPT-{receipt}", "receipt")


def test_the_same_decision_again_books_nothing_and_tells_nothing(world: World) -> None:
    receipt = receive(world)
    apply(world, "receipts", accepted(receipt, "1000.00"))
    assert apply(world, "receipts", *[accepted(receipt, "1000.00")] * 2).changes == {"unchanged": 2}
    assert owed(world)["F-1"] == "234.50"
    for _ in range(3):
        codes(world)
        world.later(days=1)
    assert names(world).count("pago_recibido") == 1


def test_what_was_accepted_stays_accepted_with_its_amount(world: World) -> None:
    receipt = receive(world)
    apply(world, "receipts", accepted(receipt, "1000.00"))
    again = apply(world, "receipts", rejected(receipt), accepted(receipt, "900.00"))
    assert refused(again) == {2: "ALREADY_DECIDED", 3: "ALREADY_DECIDED"}
    assert owed(world)["F-1"] == "234.50"


# An operation of the bank is one payment.


def test_money_that_two_receipts_show_is_booked_once(world: World) -> None:
    first, second = receive(world), receive(world, "wamid.P2", OTHER_PHONE)
    apply(world, "receipts", accepted(first, "1000.00", operation="OP-77"))
    another = apply(world, "receipts", accepted(second, "1000.00", borrower_id="C2", operation="OP-77"))
    assert refused(another) == {2: "OPERATION_KNOWN"}
    assert (owed(world)["F-1"], owed(world, "C2")["F-1"]) == ("234.50", "1234.50")
    assert [each.waits for each in world.receipts.of(world.ref("C2"))] == [True]
    apply(world, "receipts", accepted(second, "1000.00", borrower_id="C2", operation="OP-78"))
    assert owed(world, "C2")["F-1"] == "234.50"


def test_so_is_money_that_one_file_names_twice(world: World) -> None:
    first = receive(world)
    world.later(minutes=1)
    second = receive(world, "wamid.P2")
    rows = (accepted(each, "1000.00", operation="OP-77") for each in (first, second))
    assert refused(apply(world, "receipts", *rows)) == {3: "OPERATION_KNOWN"}
    assert owed(world)["F-1"] == "234.50"


def test_money_that_a_payments_file_booked_is_not_booked_by_a_receipt(world: World) -> None:
    receipt = receive(world)
    paid = {"payment_id": "OP-77", "borrower_id": "C1", "amount": "1000.00", "currency": "MXN"}
    apply(world, "payments", paid | {"paid_at": world.now.isoformat()})
    assert refused(apply(world, "receipts", accepted(receipt, "1000.00", operation="OP-77"))) == {
        2: "OPERATION_KNOWN"
    }
    assert owed(world)["F-1"] == "234.50"


def test_the_same_receipt_with_its_operation_again_changes_nothing(world: World) -> None:
    receipt = receive(world)
    row = accepted(receipt, "1000.00", operation="OP-77")
    assert [apply(world, "receipts", row).changes for _ in range(2)] == [{"created": 1}, {"unchanged": 1}]
    assert owed(world)["F-1"] == "234.50"


def test_an_operation_is_kept_as_a_reference_alone(world: World) -> None:
    apply(world, "receipts", accepted(receive(world), "1000.00", operation="OP-77"))
    assert "OP-77" not in json.dumps(world.items(), default=str)


def test_who_dies_anywhere_books_an_operation_once(world: World) -> None:
    receipt = receive(world)
    assert_survives_any_death(world, "receipts", accepted(receipt, "1000.00", operation="OP-77"))
    assert owed(world)["F-1"] == "234.50"


def test_a_balance_of_after_the_receipt_holds_its_money(world: World, drop: Drop) -> None:
    receipt = receive(world)
    world.later(days=1)
    file = debts({"amount": "1234.50", "balance": "234.50"})
    drop("debts/tienda/b.csv", file, metadata={"as-of": world.now.isoformat()})
    apply(world, "receipts", accepted(receipt, "1000.00"))
    assert owed(world)["F-1"] == "234.50"


def test_money_in_a_currency_that_nobody_owes_is_refused_and_the_receipt_waits(world: World) -> None:
    receipt = receive(world)
    result = apply(world, "receipts", accepted(receipt, currency="USD"))
    assert refused(result) == {2: "UNMATCHED_PAYMENT"}
    assert book(world).borrower.receipt_until == date(2026, 11, 27)
    assert apply(world, "receipts", accepted(receipt)).changes == {"created": 1}


# Rejected.


def test_what_is_rejected_is_told_once_and_reminders_go_on_after_the_gap(world: World) -> None:
    receipt = receive(world)
    assert apply(world, "receipts", rejected(receipt)).changes == {"created": 1}
    assert apply(world, "receipts", rejected(receipt)).changes == {"unchanged": 1}
    world.later(seconds=10)
    assert "SENT" in codes(world)  # C2's
    assert names(world).count("comprobante_no_confirmado") == 1
    assert owed(world)["F-1"] == "1234.50"
    assert world.item("MSG#2026-11-24") == {}
    world.later(days=1)
    codes(world)
    world.later(days=1)
    codes(world)
    assert names(world).count("comprobante_no_confirmado") == 1
    assert any(item["pk"] == f"B#{world.ref()}" for item in world.message_items())


def test_what_was_rejected_may_be_accepted_when_the_money_has_come(world: World) -> None:
    receipt = receive(world)
    apply(world, "receipts", rejected(receipt))
    assert apply(world, "receipts", accepted(receipt)).changes == {"created": 1}
    assert owed(world)["F-1"] == "0.00"


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_decisions_in_any_order_end_with_the_money_that_came(world: World, order: tuple[int, ...]) -> None:
    receipt = receive(world)
    files = [rejected(receipt), accepted(receipt), rejected(receipt, reason="otra vez")]
    for each in order:
        apply(world, "receipts", files[each])
    assert owed(world)["F-1"] == "0.00"
    assert book(world).borrower.receipt_until is None


@pytest.mark.parametrize("first", ["rejected", "accepted"])
def test_one_file_that_says_both_ends_with_the_money_that_came(world: World, first: str) -> None:
    receipt = receive(world)
    rows = [rejected(receipt), accepted(receipt)]
    result = apply(world, "receipts", *(rows if first == "rejected" else reversed(rows)))
    assert refused(result) == ({} if first == "rejected" else {3: "ALREADY_DECIDED"})
    assert owed(world)["F-1"] == "0.00"
    codes(world)
    assert "comprobante_no_confirmado" not in names(world)


# Whose it is.


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"receipt_id": "NOBODYS"}, "UNKNOWN_RECEIPT"),
        ({"borrower_id": "C2"}, "UNKNOWN_RECEIPT"),
        ({"borrower_id": "C9"}, "UNKNOWN_RECEIPT"),
    ],
)
def test_a_receipt_is_its_borrowers_alone(world: World, changes: dict[str, str], code: str) -> None:
    row = accepted(receive(world)) | changes
    assert refused(apply(world, "receipts", row)) == {2: code}
    assert owed(world) == {"F-1": "1234.50"}


def test_a_receipt_of_another_portfolio_is_unknown(world: World) -> None:
    result = apply(world, "receipts", accepted(receive(world)), portfolio="otra")
    assert refused(result) == {2: "UNKNOWN_RECEIPT"}


# Another one.


@pytest.mark.parametrize("is_rejected", [False, True])
def test_another_picture_while_one_waits_or_was_rejected_goes_to_a_person_without_a_pause(
    world: World, is_rejected: bool
) -> None:
    first = receive(world)
    world.now += timedelta(days=1)
    if is_rejected:
        apply(world, "receipts", rejected(first))
    second = receive(world, "wamid.P2")
    paused = None if is_rejected else date(2026, 11, 27)
    assert book(world).borrower.receipt_until == paused
    (case,) = world.cases.waiting("tienda")
    assert case.topic == "RECEIPT_AGAIN"
    waiting = [each.id for each in world.receipts.waiting("tienda")]
    assert sorted(waiting) == sorted([second] if is_rejected else [first, second])


def test_after_an_accepted_one_another_pauses_again(world: World) -> None:
    apply(world, "receipts", accepted(receive(world), "1000.00"))
    world.now += timedelta(days=1)
    receive(world, "wamid.P2")
    assert book(world).borrower.receipt_until == date(2026, 11, 28)
    assert list(world.cases.waiting("tienda")) == []


def test_a_pause_lasts_while_another_receipt_waits(world: World) -> None:
    first = receive(world)
    world.now += timedelta(hours=1)
    second = receive(world, "wamid.P2")
    apply(world, "receipts", accepted(second, "10.00"))
    assert book(world).borrower.receipt_until == date(2026, 11, 27)
    apply(world, "receipts", rejected(first))
    assert book(world).borrower.receipt_until is None


# Nobody decides.


def notices(world: World) -> list[tuple[int, int]]:
    """So many receipts on their last day, so many that became cases, of each notice."""
    notices = [json.loads(each["Message"]) for each in world.sns.told]
    return [(told["last_day"], told["cases"]) for told in notices if told["state"] == "RECEIPTS_WAIT"]


def test_before_a_pause_ends_people_are_told_and_then_asked_and_it_ends_in_the_end(world: World) -> None:
    receive(world)
    assert [row["note"] for row in close(world)] == [""]  # the 24th
    assert [row["note"] for row in close(world)] == [""]
    assert notices(world) == []
    assert [row["note"] for row in close(world)] == ["LAST_DAY"]  # the 26th
    assert notices(world) == [(1, 0)]
    (row,) = close(world)  # the 27th
    assert (row["note"], row["paused_until"]) == ("CASE", "2026-11-29")
    assert notices(world) == [(1, 0), (0, 1)]
    assert [case.topic for case in world.cases.waiting("tienda")] == ["RECEIPT_UNVERIFIED"]
    assert book(world).borrower.receipt_until == date(2026, 11, 29)
    close(world)
    close(world)  # the 29th
    assert [row["note"] for row in close(world)] == ["CASE"]
    assert book(world).borrower.receipt_until == date(2026, 11, 29)
    assert len(list(world.cases.waiting("tienda"))) == 1


def test_the_portfolio_says_for_how_long(world: World) -> None:
    configure(world, "receipt_pause_days: 1\nreceipt_case_days: 5")
    receive(world)
    assert [row["note"] for row in close(world)] == ["LAST_DAY"]
    assert [row["paused_until"] for row in close(world)] == ["2026-11-30"]


# Deaths.


def test_a_worker_that_dies_anywhere_leaves_nothing_twice_and_nothing_undone(world: World) -> None:
    mine, theirs = receive(world), receive(world, "wamid.P2", OTHER_PHONE)
    assert_survives_any_death(world, "receipts", accepted(mine, "1000.00"), rejected(theirs, borrower_id="C2"))


def test_who_dies_while_asking_people_leaves_it_to_be_asked_again(world: World) -> None:
    configure(world, "receipt_pause_days: 1")
    receive(world)
    close(world)
    before, night = world.kept(), world.now + timedelta(days=1)
    counting = DyingClient(world.dynamodb, 10_000, done=False)
    assert len([*replace(world, dynamodb=counting).reports.close_days(night)]) == 1
    undisturbed = _without_revisions(world.kept())
    assert counting.writes == 5  # the receipt, its case and the line of it, the pause, the day
    for at in range(counting.writes):
        for done in (False, True):
            world.restore(before)
            with pytest.raises(Killed):
                list(replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done)).reports.close_days(night))
            list(world.reports.close_days(night))
            assert _without_revisions(world.kept()) == undisturbed, f"write {at}, done {done}"


def _without_revisions(kept: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name != "rev"} for item in kept["ledger"]]


def test_another_try_of_fetching_changes_nothing(world: World) -> None:
    asked = send_picture(world)
    before = world.kept()
    counting = DyingClient(world.dynamodb, 10_000, done=False)
    desk(replace(world, dynamodb=counting)).fetch(asked, world.now)
    undisturbed = _but_when_written_to(world.kept())
    assert counting.writes > 3
    for at in range(counting.writes):
        for done in (False, True):
            world.restore(before)
            with pytest.raises(Killed):
                desk(replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done))).fetch(asked, world.now)
            with suppress(TryLater):  # the right to thank was taken
                desk(world).fetch(asked, world.now)
            assert _but_when_written_to(world.kept()) == undisturbed, f"write {at}, done {done}"


def _but_when_written_to(kept: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Whoever died between the right to answer and the answer has not written to them."""
    told = (item for item in kept["ledger"] if item["sk"] != "SAID")
    of_the_call = ("written_at", "answer_state", "answer_wamid")
    items = ({name: value for name, value in item.items() if name not in of_the_call} for item in told)
    return sorted(items, key=lambda item: (item["pk"], item["sk"]))


def test_keys_and_the_journal_tell_nothing_of_people(world: World) -> None:
    apply(world, "receipts", rejected(receive(world), reason="dice Lucía que pagó"))
    lines = [line for line in world.items("journal") if "receipt" in line["event"]]
    assert {line["event"] for line in lines} == {"receipt", "receipt.rejected"}
    for secret in ("525555550101", "Lucía", "wamid"):
        assert secret not in str(lines)
