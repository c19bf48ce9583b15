"""The file desk in the emulator: a snapshot that waits, payments, contacts and recalls, and the command."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cobranza_cli.app import app
from local import drive, samples
from local.faults import sender_asleep
from local.stack import FOLDER, Stack
from tests.e2e.steps import csv, move_clock, outcomes

PHONES = {f"D{n}": f"+5255555509{n}1" for n in range(6)}


def cobranza(*words: str) -> Any:
    answer = CliRunner().invoke(app, ["--local", "--folder", str(FOLDER / f"test-{os.getpid()}"), *words])
    assert answer.exit_code == 0, answer.output
    return answer.output


def rows(stack: Stack, kind: str, text: str) -> dict[str, Any]:
    return drive.drop_and_wait(stack, f"{kind}/uno/{kind}.csv", text.encode())


def test_half_a_snapshot_waits_for_a_yes_and_then_closes(stack: Stack, today: datetime, tmp_path: Path) -> None:
    key = "snapshots/uno/cartera.csv"
    assert drive.drop_and_wait(stack, key, csv(today, PHONES).encode())["created"] == 6
    half = csv(today, dict(list(PHONES.items())[:3]))
    file = tmp_path / "mitad.csv"
    file.write_text(half)
    dry = json.loads(cobranza("import", str(file), "--portfolio", "uno", "--snapshot", "--json"))
    assert (dry["unchanged"], dry["would_close"]) == (3, 3)
    waiting = drive.drop_and_wait(stack, key, half.encode())["waiting"]
    assert (waiting["open_debts"], waiting["would_close"]) == (6, 3)
    status = json.loads(cobranza("status", "uno", "--json"))
    assert [each["state"] for each in status["portfolios"]["uno"]["imports"]] == ["WAITING", "DONE"]

    cobranza("confirm", key)
    drive.wait_until(lambda: _summary(stack, key)["closed"] == 3, "the snapshot that was confirmed", 60)
    debts = [item for item in drive.items(stack, "ledger") if item["sk"].startswith("DEBT#")]
    assert sum("book" in debt for debt in debts) == 3
    assert [debt["closed"] for debt in debts if "book" not in debt] == ["NOT_IN_SNAPSHOT"] * 3


def _summary(stack: Stack, key: str) -> dict[str, Any]:
    return json.loads(drive.result(stack, key) or b"{}")


def test_what_files_tell_stops_what_is_queued(stack: Stack, today: datetime) -> None:
    """Paid, recalled, disputed, stopped and held after the scheduler has queued them: nobody is called."""
    drive.drop_and_wait(stack, "debts/uno/cartera.csv", csv(today, PHONES).encode())
    earlier = f"{today - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    with sender_asleep(stack):
        assert drive.tick(stack) == 6
        paid = rows(
            stack, "payments", f"payment_id,borrower_id,amount,currency,paid_at\nP1,D0,10.00,MXN,{earlier}\n"
        )
        recalled = rows(
            stack, "recalls", f"borrower_id,debt_id,action,at,source\nD1,first,sold,{earlier},contrato\n"
        )
        said = "borrower_id,action,at,source,until\n"
        said += f"D2,disputa,{earlier},sucursal,\nD3,baja,{earlier},sucursal,\n"
        said += f"D4,pausa,{earlier},sucursal,{today:%Y-%m-%d}\n"
        heard = rows(stack, "contacts", said)
        assert [each["created"] for each in (paid, recalled, heard)] == [1, 1, 3]
    drive.settle(stack)
    codes = ["SENT", "SKIPPED_DISPUTED", "SKIPPED_HELD", "SKIPPED_OPTED_OUT", "SKIPPED_PAID", "SKIPPED_RECALLED"]
    assert sorted(outcomes(stack, today)) == codes
    assert drive.counters(stack)["accepted"] == 1


def test_a_pause_holds_what_is_queued_and_a_resume_sends_it_once(stack: Stack, today: datetime) -> None:
    drive.drop_and_wait(stack, "debts/uno/cartera.csv", csv(today, PHONES).encode())
    with sender_asleep(stack):
        assert drive.tick(stack) == 6
        told = json.loads(cobranza("pause", "uno", "--reason", "plantilla rechazada", "--json"))
        assert (told["pause"]["state"], told["pause"]["held"]) == ("PAUSED", 0)
    drive.settle(stack)
    assert outcomes(stack, today) == ["DEFERRED_PAUSED"] * 6
    assert drive.counters(stack)["accepted"] == 0
    paused = json.loads(cobranza("status", "uno", "--json"))["paused"]
    assert (paused["uno"]["held"], paused["uno"]["reason"]) == (6, "plantilla rechazada")

    told = json.loads(cobranza("resume", "uno", "--json"))
    assert (told["pause"]["state"], told["pause"]["held"]) == ("RUNNING", 6)
    assert drive.tick(stack) == 6
    drive.settle(stack)
    assert sorted(drive.reminders_accepted(stack).values()) == [1] * 6


def test_while_all_is_paused_nobody_is_queued(stack: Stack, today: datetime) -> None:
    drive.drop_and_wait(stack, "debts/uno/cartera.csv", csv(today, PHONES).encode())
    drive.drop_and_wait(stack, "control/all/PAUSE", b"")
    assert drive.tick(stack) == 0
    assert json.loads(cobranza("resume", "all", "--json"))["pause"]["held"] == 6
    assert drive.tick(stack) == 6
    drive.settle(stack)
    assert drive.counters(stack)["accepted"] == 6


def test_nobody_is_written_to_before_a_person_has_said_yes_to_the_plan(stack: Stack, today: datetime) -> None:
    # A portfolio that no function remembers from another test: its strategy is in force at once.
    drive.drop_and_wait(stack, "portfolios/dos/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
    waits = samples.STRATEGY_YAML.replace("approval: never", "approval: first_plan")
    drive.drop_and_wait(stack, "strategies/dos/strategy.yaml", waits.encode())
    drive.drop_and_wait(stack, "debts/dos/cartera.csv", csv(today, PHONES).encode())
    while drive.close_days(stack):
        pass  # which makes today's plan too
    assert json.loads(cobranza("plan", "dos", "--day", f"{today:%Y-%m-%d}", "--json"))["outcomes"] == {"SEND": 6}
    drive.tick(stack)
    drive.settle(stack)
    assert set(outcomes(stack, today)) == {"DEFERRED_APPROVAL"}

    assert "6 messages planned" in cobranza("approve", "dos", f"{today:%Y-%m-%d}")
    move_clock(stack, today + timedelta(minutes=45))
    drive.tick(stack)
    drive.settle(stack)
    assert outcomes(stack, today).count("SENT") == 6
