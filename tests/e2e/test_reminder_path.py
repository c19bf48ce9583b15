"""The whole path in the emulator, from a dropped file to a message that is read."""

from datetime import UTC, datetime

import requests

from local import drive, samples, stack
from local.stack import Stack

HEADER = "borrower_id,name,phone,country,debt_id,amount,currency,due_date,consent,payment_url\n"


def test_one_row_becomes_one_message_that_is_read(stack: Stack) -> None:
    moment = drive.next_open_moment(datetime.now(UTC))
    move_clock(stack, moment)
    config = {"behaviour": "read"}
    requests.post(f"{stack.simulator_url}/_sim/config", json=config, timeout=10).raise_for_status()
    drive.drop_and_wait(stack, "portfolios/uno/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
    row = f"U1,Lucía Ejemplo,+52 55 5555 0999,MX,F-1,1234.50,MXN,{moment:%Y-%m-%d},sí,\n"
    summary = drive.drop_and_wait(stack, "debts/uno/año 1+2.csv", (HEADER + row).encode())
    assert (summary["read"], summary["created"], summary["refused"]) == (1, 1, 0)

    assert drive.tick(stack) == 1
    drive.settle(stack)

    (message,) = [item for item in drive.items(stack, "ledger") if item["sk"].startswith("MSG#")]
    assert message["state"] == "READ"
    assert drive.counters(stack)["accepted_by_borrower_and_day"] == {f"+525555550999|{moment:%Y-%m-%d}": 1}


def move_clock(running: Stack, moment: datetime) -> None:
    stack.set_clock(running, (moment - datetime.now(UTC)).total_seconds())
