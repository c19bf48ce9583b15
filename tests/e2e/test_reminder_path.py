"""The whole path in the emulator, with the functions' IAM policies enforced.

The tests share one stack, and each begins with empty tables on an open day.
"""

import json
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from local import drive, samples
from local import stack as local_stack
from local.stack import Stack

HEADER = "borrower_id,name,phone,country,region,debt_id,amount,currency,due_date,consent,payment_url\n"


@pytest.fixture
def today(stack: Stack) -> datetime:
    """An open moment, empty tables, a declared portfolio, and borrowers who read what they get."""
    moment = drive.next_open_moment(datetime.now(UTC))
    empty_tables(stack)
    requests.post(f"{stack.simulator_url}/_sim/reset", timeout=10).raise_for_status()
    configure(stack, behaviour="read")
    move_clock(stack, moment)
    drive.drop_and_wait(stack, "portfolios/uno/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
    return moment


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


def test_baja_is_honoured_for_what_is_already_queued(stack: Stack, today: datetime) -> None:
    drop(stack, today, {"B1": "+525555550911", "B2": "+525555550912"})
    with sender_asleep(stack):
        assert drive.tick(stack) == 2
        say(stack, "+525555550911", text="¡BAJA!")
    drive.settle(stack)

    assert accepted(stack) == {f"+525555550912|{today:%Y-%m-%d}": 1}
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
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": local_stack.VERIFY_TOKEN}
    answer = requests.get(stack.webhook_url, params=query, timeout=20)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    query["hub.verify_token"] = "guess"
    assert requests.get(stack.webhook_url, params=query, timeout=20).status_code == 403


def test_a_file_in_the_wrong_place_is_told_so(stack: Stack, today: datetime) -> None:
    drive.drop(stack, "Deudas/cartera.csv", b"x")
    place = "results/none/misplaced/Deudas_cartera.csv/summary.json"
    drive.wait_until(lambda: drive.read_object(stack, "inbox", place), place, 60)
    assert b"BAD_PLACE" in (drive.read_object(stack, "inbox", place) or b"")


def test_a_receipt_is_kept_answered_and_pauses_reminders(stack: Stack, today: datetime) -> None:
    drop(stack, today, {"P1": "+525555550951"})
    fault = {"kind": "media_404", "count": 1}
    requests.post(f"{stack.simulator_url}/_sim/faults", json=fault, timeout=10).raise_for_status()
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
        die = [sys.executable, "-m", "tests.e2e.killed_sender"]
        killed = subprocess.run(die, input=described(stack), check=False)
        assert killed.returncode == 9
        assert states(stack, today) == ["CLAIMED"]
        move_clock(stack, today + timedelta(minutes=10))
    drive.settle(stack)

    assert states(stack, today) == ["UNKNOWN"]
    assert drive.counters(stack)["accepted"] == 0
    move_clock(stack, today + timedelta(hours=3))
    assert drive.tick(stack) == 0


def test_an_answer_that_never_comes_is_settled_by_the_status(stack: Stack, today: datetime) -> None:
    fault = {"kind": "timeout_after_acceptance", "count": 1}
    requests.post(f"{stack.simulator_url}/_sim/faults", json=fault, timeout=10).raise_for_status()
    drop(stack, today, {"T1": "+525555550931"})
    assert drive.tick(stack) == 1
    drive.settle(stack)

    assert states(stack, today) == ["READ"]
    assert drive.counters(stack)["accepted"] == 1


def test_what_whatsapp_refuses_keeps_its_reason(stack: Stack, today: datetime) -> None:
    fault = {"kind": "error", "code": 131026, "count": 1}
    requests.post(f"{stack.simulator_url}/_sim/faults", json=fault, timeout=10).raise_for_status()
    drop(stack, today, {"R1": "+525555550941"})
    assert drive.tick(stack) == 1
    drive.settle(stack)

    (failed,) = todays(stack, today)
    assert (failed["state"], failed["reason"]["code"]) == ("FAILED", 131026)
    assert outcomes(stack, today) == ["FAILED_131026"]


def empty_tables(stack: Stack) -> None:
    dynamodb = stack.client("dynamodb")
    for name, physical in stack.tables.items():
        for item in drive.items(stack, name):
            dynamodb.delete_item(TableName=physical, Key={key: {"S": item[key]} for key in ("pk", "sk")})


def row(due: datetime, borrower: str, phone: str, debt: str = "first") -> str:
    country = {"+52": "MX", "+57": "CO", "+55": "BR"}[phone[:3]]
    currency = {"MX": "MXN", "CO": "COP", "BR": "BRL"}[country]
    region = {"MX": "CMX", "CO": "", "BR": "SP"}[country]
    return f"{borrower},Lucía Ejemplo,{phone},{country},{region},{debt},10,{currency},{due:%Y-%m-%d},sí,\n"


def csv(due: datetime, phones: dict[str, str]) -> str:
    return HEADER + "".join(row(due, borrower, phone) for borrower, phone in phones.items())


def drop(stack: Stack, due: datetime, phones: dict[str, str]) -> None:
    summary = drive.drop_and_wait(stack, "debts/uno/cartera.csv", csv(due, phones).encode())
    assert summary["created"] == len(phones)


def configure(stack: Stack, **config: Any) -> None:
    requests.post(f"{stack.simulator_url}/_sim/config", json=config, timeout=10).raise_for_status()


def say(stack: Stack, phone: str, **words: Any) -> None:
    url = f"{stack.simulator_url}/_sim/borrowers/{phone}/say"
    requests.post(url, json=words, timeout=10).raise_for_status()
    requests.get(f"{stack.simulator_url}/_sim/idle", timeout=70).raise_for_status()


def messages(stack: Stack, phone: str) -> list[dict[str, Any]]:
    return requests.get(f"{stack.simulator_url}/_sim/messages", params={"to": phone}, timeout=10).json()


def accepted(stack: Stack) -> dict[str, int]:
    return drive.counters(stack)["accepted_by_borrower_and_day"]


def move_clock(stack: Stack, moment: datetime) -> None:
    local_stack.set_clock(stack, (moment - datetime.now(UTC)).total_seconds())


def todays(stack: Stack, today: datetime) -> list[dict[str, Any]]:
    return [item for item in drive.items(stack, "ledger") if item["sk"] == f"MSG#{today:%Y-%m-%d}"]


def states(stack: Stack, today: datetime) -> list[str]:
    return [item["state"] for item in todays(stack, today)]


def outcomes(stack: Stack, today: datetime) -> list[str]:
    entries = (item for item in drive.items(stack, "journal") if item["event"] == "outcome")
    return [entry["code"] for entry in entries if entry["at"].startswith(f"{today:%Y-%m-%d}")]


def described(stack: Stack) -> bytes:
    return json.dumps(asdict(stack)).encode()


@contextmanager
def sender_asleep(stack: Stack) -> Generator[None]:
    """What is queued stays queued inside the block."""
    functions = stack.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=stack.functions["send"])["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    time.sleep(1.5)  # a poll that is under way
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
