"""What the end-to-end tests do and see: files and clocks on one side, phones on the other, the tables between."""

from datetime import UTC, datetime
from itertools import batched
from typing import Any

import requests

from local import drive, samples
from local import stack as local_stack
from local.stack import Stack

HEADER = "borrower_id,name,phone,country,region,debt_id,amount,currency,due_date,consent,payment_url\n"


def begin(stack: Stack) -> datetime:
    """An open moment, empty tables, a declared portfolio, and borrowers who read what they get."""
    moment = drive.next_open_moment(datetime.now(UTC))
    empty_tables(stack)
    post(stack, "reset", {})
    configure(stack, behaviour="read")
    move_clock(stack, moment)
    drive.drop_and_wait(stack, "portfolios/uno/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
    drive.drop_and_wait(stack, "strategies/uno/strategy.yaml", samples.STRATEGY_YAML.encode())
    return moment


def empty_tables(stack: Stack) -> None:
    dynamodb = stack.client("dynamodb")
    for name, physical in stack.tables.items():
        there = ({key: {"S": item[key]} for key in ("pk", "sk")} for item in drive.items(stack, name))
        for few in batched(there, 25, strict=False):
            gone = [{"DeleteRequest": {"Key": key}} for key in few]
            assert not dynamodb.batch_write_item(RequestItems={physical: gone})["UnprocessedItems"]


def row(
    due: datetime, borrower: str, phone: str, debt: str = "first", *, amount: str = "10", link: str = ""
) -> str:
    country = {"+52": "MX", "+57": "CO", "+55": "BR"}[phone[:3]]
    currency = {"MX": "MXN", "CO": "COP", "BR": "BRL"}[country]
    region = {"MX": "CMX", "CO": "", "BR": "SP"}[country]
    owed = f"{debt},{amount},{currency},{due:%Y-%m-%d}"
    return f"{borrower},Lucía Ejemplo,{phone},{country},{region},{owed},sí,{link}\n"


def csv(due: datetime, phones: dict[str, str]) -> str:
    return HEADER + "".join(row(due, borrower, phone) for borrower, phone in phones.items())


def drop(stack: Stack, due: datetime, phones: dict[str, str]) -> None:
    summary = drive.drop_and_wait(stack, "debts/uno/cartera.csv", csv(due, phones).encode())
    assert summary["created"] == len(phones)


def post(stack: Stack, path: str, order: dict[str, Any]) -> None:
    """One order to the simulator's control endpoints."""
    requests.post(f"{stack.simulator_url}/_sim/{path}", json=order, timeout=10).raise_for_status()


def configure(stack: Stack, **config: Any) -> None:
    post(stack, "config", config)


def fault(stack: Stack, kind: str, **how: Any) -> None:
    post(stack, "faults", {"kind": kind, **how})


def say(stack: Stack, phone: str, **words: Any) -> None:
    post(stack, f"borrowers/{phone}/say", words)
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
