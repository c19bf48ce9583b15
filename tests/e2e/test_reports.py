"""The files of a day in the emulator: the function finds that midnight has passed, and may make them. A run of it
that was given up goes back."""

import csv
import io
from datetime import datetime, timedelta

from cobranza.store import keys
from local import drive
from local.stack import Stack
from tests.e2e.steps import drop, move_clock, say
from tests.e2e.test_doctor import cobranza


def report(stack: Stack, name: str, day: datetime) -> list[dict[str, str]]:
    key = f"results/uno/{name}/dt={day:%Y-%m-%d}/{name}.csv"
    data = drive.read_object(stack, "inbox", key) or b""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_after_midnight_the_day_goes_out_as_files(stack: Stack, today: datetime) -> None:
    phones = {"E1": "+525555550971", "E2": "+525555550972"}
    drop(stack, today, phones)
    assert drive.tick(stack) == 2
    drive.settle(stack)
    say(stack, phones["E1"], text="¿Dónde pago?")
    paid = f"payment_id,borrower_id,amount,currency,paid_at\nP1,E1,4.00,MXN,{today:%Y-%m-%dT%H:%M:%SZ}\n"
    drive.drop_and_wait(stack, "payments/uno/pagos.csv", paid.encode())
    drive.settle(stack)
    while drive.close_days(stack):
        pass  # S3 has dated the portfolio by real time, which is days before the stack's

    move_clock(stack, today + timedelta(hours=14))  # 01:00 in Mexico City
    assert drive.close_days(stack) == 1
    told = [(row["borrower_id"], row["event"], row["debts"]) for row in report(stack, "interactions", today)]
    left = ["message.accepted", "message.delivered", "message.read", "message.sent"]
    expected = [(borrower, event, "first") for borrower in phones for event in left]
    of_the_debt = [each for each in told if each[2]]
    assert sorted(of_the_debt) == sorted([*expected, ("E1", "reply", "first")])
    assert ("E1", "answer", "") in told
    (part,) = report(stack, "payments_out", today)
    assert (part["payment_id"], part["borrower_id"], part["part_amount"]) == ("P1", "E1", "4.00")
    ageing = {row["bucket"]: row["amount"] for row in report(stack, "ageing", today)}
    assert (ageing["days_0"], ageing["total"], ageing["book"]) == ("16.00", "16.00", "16.00")
    activity = {row["what"]: int(row["count"]) for row in report(stack, "activity", today) if not row["code"]}
    assert [activity[what] for what in ("due", "attempted", "sent", "delivered", "read")] == [2, 2, 2, 2, 2]
    assert [activity[what] for what in ("replies", "replied", "receipts", "opted_out")] == [1, 1, 0, 0]
    assert drive.close_days(stack) == 0


def test_a_run_that_was_given_up_goes_back_and_closes_the_day(stack: Stack, today: datetime) -> None:
    drop(stack, today, {"E3": "+525555550973"})
    while drive.close_days(stack):
        pass
    move_clock(stack, today + timedelta(hours=14))
    day = f"{today:%Y-%m-%d}"
    assert closed(stack) < day
    letters = stack.queues["reports_dead_letters"]
    stack.client("sqs").send_message(QueueUrl=letters, MessageBody='{"v":1,"source":"schedule"}')
    code, told = cobranza("redrive", "reports", "--yes")
    assert (code, told["sent"]) == (0, 1)
    drive.wait_until(lambda: closed(stack) == day, "the end of the day", 60)
    assert drive.waiting(stack, "reports_dead_letters") == 0


def closed(stack: Stack) -> str:
    """The last day of portfolio uno that went out."""
    listed = (
        item for item in drive.items(stack, "ledger") if (item["pk"], item["sk"]) == (keys.PORTFOLIOS, "uno")
    )
    return next(listed).get("closed", "")
