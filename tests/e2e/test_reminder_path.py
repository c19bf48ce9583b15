"""The whole path in the emulator, with the functions' IAM policies enforced.

The tests share one stack, and each begins with empty tables on an open day.
"""

import json
from datetime import datetime, timedelta

import requests

from cobranza.store.objects import REFUSED
from local import drive
from local.faults import kill_a_sender, sender_asleep
from local.stack import VERIFY_TOKEN, Stack
from tests.e2e.steps import (
    accepted,
    csv,
    drop,
    fault,
    messages,
    move_clock,
    outcomes,
    row,
    say,
    states,
    todays,
)


def test_a_file_becomes_exactly_one_message_per_due_borrower(stack: Stack, today: datetime) -> None:
    due = {"F1": "+525555550901", "F2": "+573005550902", "F3": "+5511955550903"}
    file = csv(today, due) + row(today, "F1", due["F1"], debt="second")
    file += row(today + timedelta(days=20), "F4", "+525555550904") + "F5,,12,MX,,x,1,MXN,soon,sí,\n"
    summary = drive.drop_and_wait(stack, "debts/uno/cartera año 1+2.csv", file.encode())
    assert {k: summary[k] for k in ("read", "created", "refused")} == {"read": 6, "created": 5, "refused": 1}
    refused = drive.result(stack, "debts/uno/cartera año 1+2.csv", "refused.csv") or b""
    assert b"F5" in refused

    assert drive.tick(stack) == len(due)
    drive.settle(stack)

    assert accepted(stack) == {f"{phone}|{today:%Y-%m-%d}": 1 for phone in due.values()}
    assert states(stack, today) == ["READ", "READ", "READ"]
    (both,) = [m for m in messages(stack, due["F1"]) if m["direction"] == "out"]
    assert "$20.00 (2 conceptos)" in both["text"]

    again = drive.drop_and_wait(stack, "debts/uno/cartera año 1+2.csv", file.encode())
    assert {k: again[k] for k in ("read", "unchanged", "refused")} == {"read": 6, "unchanged": 5, "refused": 1}
    assert drive.tick(stack) == 0
    drive.settle(stack)
    assert drive.counters(stack)["accepted"] == 3


def test_no_tick_but_its_own_falls_into_a_test(stack: Stack) -> None:
    schedules = stack.client("scheduler")
    name = stack.functions["scheduler"]
    told = [schedules.get_schedule(Name=each["Name"]) for each in schedules.list_schedules()["Schedules"]]
    (rate,) = [each["ScheduleExpression"] for each in told if f":{name}:" in each["Target"]["Arn"]]
    assert rate == "rate(10 minutes)"


def test_baja_is_honoured_for_what_is_already_queued(stack: Stack, today: datetime) -> None:
    drop(stack, today, {"B1": "+525555550911", "B2": "+525555550912"})
    with sender_asleep(stack):
        assert drive.tick(stack) == 2
        say(stack, "+525555550911", text="¡BAJA!")
    drive.settle(stack)

    assert drive.reminders_accepted(stack) == {"+525555550912": 1}
    (answer,) = [m for m in messages(stack, "+525555550911") if m["direction"] == "out"]
    assert "no le enviaremos más avisos" in answer["text"]
    assert "SKIPPED_OPTED_OUT" in outcomes(stack, today)


def test_a_wrong_signature_is_refused_without_a_trace(stack: Stack, today: datetime) -> None:
    before = [list(drive.items(stack, table)) for table in stack.tables]
    statuses = [{"id": "wamid.x", "status": "read", "timestamp": "1"}]
    body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": {"statuses": statuses}}]}]})
    wrong = {"X-Hub-Signature-256": "sha256=" + "0" * 64}

    assert requests.post(stack.webhook_url, data=body, headers=wrong, timeout=20).status_code == 403
    assert requests.post(stack.webhook_url, data=body, timeout=20).status_code == 401
    assert [list(drive.items(stack, table)) for table in stack.tables] == before


def test_the_handshake_gives_the_challenge_back(stack: Stack) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}
    answer = requests.get(stack.webhook_url, params=query, timeout=20)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    query["hub.verify_token"] = "guess"
    assert requests.get(stack.webhook_url, params=query, timeout=20).status_code == 403


def test_a_file_in_the_wrong_place_is_told_so(stack: Stack, today: datetime) -> None:
    drive.drop(stack, "Deudas/cartera.csv", b"x")
    place = "results/none/misplaced/Deudas_cartera.csv/summary.json"
    drive.wait_until(lambda: drive.read_object(stack, "inbox", place), place, 60)
    assert b"BAD_PLACE" in (drive.read_object(stack, "inbox", place) or b"")
    told = stack.client("s3").get_object_tagging(Bucket=stack.buckets["inbox"], Key="Deudas/cartera.csv")
    assert told["TagSet"] == [REFUSED]


def test_a_receipt_is_kept_answered_and_pauses_reminders(stack: Stack, today: datetime) -> None:
    drop(stack, today, {"P1": "+525555550951"})
    fault(stack, "media_404", count=1)
    with sender_asleep(stack):
        assert drive.tick(stack) == 1
        say(stack, "+525555550951", image=True)
        drive.wait_until(lambda: not drive.waiting(stack, "media"), "the receipt", 60)
    drive.settle(stack)

    (receipt,) = [item for item in drive.items(stack, "ledger") if "receipt" in item]
    assert receipt["receipt"] == "TO_VERIFY"
    assert (drive.read_object(stack, "receipts", receipt["object"]) or b"").startswith(b"\xff\xd8\xff")
    assert outcomes(stack, today) == ["SKIPPED_RECEIPT_PENDING"]
    (answer,) = [m for m in messages(stack, "+525555550951") if m["direction"] == "out"]
    assert "todavía no confirma el pago" in answer["text"]


def test_a_sender_killed_between_claim_and_call_messages_nobody_twice(stack: Stack, today: datetime) -> None:
    drop(stack, today, {"K1": "+525555550921"})
    with sender_asleep(stack):
        assert drive.tick(stack) == 1
        kill_a_sender(stack, comes_back=1)
        assert states(stack, today) == ["CLAIMED"]
        move_clock(stack, today + timedelta(minutes=10))
    drive.settle(stack)

    assert states(stack, today) == ["UNKNOWN"]
    assert drive.counters(stack)["accepted"] == 0
    move_clock(stack, today + timedelta(hours=3))
    assert drive.tick(stack) == 0


def test_what_whatsapp_refuses_keeps_its_reason(stack: Stack, today: datetime) -> None:
    fault(stack, "error", code=131026, count=1)
    drop(stack, today, {"R1": "+525555550941"})
    assert drive.tick(stack) == 1
    drive.settle(stack)

    (failed,) = todays(stack, today)
    assert (failed["state"], failed["reason"]["code"]) == ("FAILED", 131026)
    assert outcomes(stack, today) == ["FAILED_131026"]
