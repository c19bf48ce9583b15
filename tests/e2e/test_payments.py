"""A payment gateway's door in the emulator: who is let in, what is booked once, whose reminder drops."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from cobranza.gateway.signature import SIGNATURE, TIMESTAMP, WINDOW, sign
from cobranza.store import keys, payment_keys
from cobranza.store.items import debt_of
from cobranza.store.journal import PAYMENT_UNMATCHED
from local import drive, samples
from local.faults import sender_asleep
from local.stack import Stack
from tests.e2e.steps import accepted, drop, messages, outcomes

PHONES = {"G1": "+525555550961", "G2": "+525555550962"}
APPLIED = 200, {"status": "applied"}

type Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def secret(stack: Stack) -> str:
    """What the stack made up for gateways."""
    told = stack.client("secretsmanager").get_secret_value(SecretId=stack.secrets["gateway"])
    return json.loads(told["SecretString"])["first"]


def paid(today: datetime, **changes: str) -> bytes:
    """A payment that no file of today has heard of."""
    at = today + timedelta(minutes=5)
    told = {"id": "tx-1", "portfolio": "uno", "borrower_id": "G1", "amount": "10", "currency": "MXN"}
    return json.dumps(told | {"paid_at": at.isoformat()} | changes).encode()


def post(stack: Stack, body: bytes, at: datetime, secret: str) -> Answer:
    """Signed by `secret` at a moment of the stack's clock."""
    timestamp = str(int(at.timestamp()))
    headers = {TIMESTAMP: timestamp, SIGNATURE: sign(body, timestamp, secret)}
    answer = requests.post(stack.payments_url, data=body, headers=headers, timeout=30)
    return answer.status_code, answer.json()


def owed(stack: Stack) -> list[int]:
    """What is owed on each debt, the least first."""
    found = (item for item in drive.items(stack, "ledger") if item["sk"].startswith(keys.DEBT))
    return sorted(int(debt_of(item).owed.amount) for item in found)


def test_who_paid_is_not_reminded_and_a_payment_told_twice_is_one(
    stack: Stack, today: datetime, secret: str
) -> None:
    quiet = f"{samples.PORTFOLIO_YAML}confirms_payments: false\n"
    drive.drop_and_wait(stack, "portfolios/uno/portfolio.yaml", quiet.encode())
    drop(stack, today, PHONES)
    with sender_asleep(stack):
        assert drive.tick(stack) == 2
        half, rest = paid(today, amount="4"), paid(today, id="tx-2", amount="6")
        assert [post(stack, half, today, secret) for _ in range(2)] == [APPLIED, APPLIED]
        assert owed(stack) == [6, 10]
        assert post(stack, rest, today, secret) == APPLIED
        assert owed(stack) == [0, 10]
    drive.settle(stack)

    assert messages(stack, PHONES["G1"]) == []
    assert accepted(stack) == {f"{PHONES['G2']}|{today:%Y-%m-%d}": 1}
    assert sorted(outcomes(stack, today)) == ["SENT", "SKIPPED_PAID"]


def test_what_is_forged_or_stale_is_refused_without_a_trace(stack: Stack, today: datetime, secret: str) -> None:
    drop(stack, today, PHONES)
    body, later = paid(today), timedelta(minutes=1)

    assert post(stack, body, today, "another") == (401, {"error": "forged signature"})
    assert requests.post(stack.payments_url, data=body, timeout=30).status_code == 401
    assert post(stack, body, today - WINDOW - later, secret) == (401, {"error": "stale signature"})
    assert post(stack, body, today + WINDOW + later, secret) == (401, {"error": "stale signature"})
    assert [item for item in drive.items(stack, "ledger") if item["pk"].startswith(payment_keys.PAYMENT)] == []
    assert {item["event"] for item in drive.items(stack, "journal")} == {"import"}
    assert owed(stack) == [10, 10]


def test_money_of_nobody_is_kept(stack: Stack, today: datetime, secret: str) -> None:
    drop(stack, today, PHONES)
    body = paid(today, borrower_id="G9")
    unmatched = 202, {"status": "unmatched", "reason": "NO_SUCH_BORROWER"}
    assert [post(stack, body, today, secret) for _ in range(2)] == [unmatched, unmatched]

    (kept,) = (item for item in drive.items(stack, "ledger") if item["sk"] == payment_keys.UNMATCHED)
    assert (kept["payment_id"], kept["borrower_id"], kept["amount"]) == ("tx-1", "G9", 10)
    (line,) = (item for item in drive.items(stack, "journal") if item["event"] == PAYMENT_UNMATCHED)
    assert line["code"] == "NO_SUCH_BORROWER"
    assert owed(stack) == [10, 10]


def test_a_body_that_is_no_payment_is_told_what_is_wrong(stack: Stack, today: datetime, secret: str) -> None:
    status, told = post(stack, paid(today, amount="diez"), today, secret)
    (error,) = told["errors"]
    assert (status, error["problem"].partition(":")[0]) == (422, "amount")
