"""When Meta is silent, slow or wrong: a reminder leaves once, and each receipt is stored or explained."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from local import drive
from local.stack import Stack
from tests.e2e.steps import begin, drop, fault, messages, say, states

# What stands in the way of each borrower's file, what is odd about the file, and what has to come of it.
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "+525555550961": ("media_404", {"image": True}, "TO_VERIFY"),
    "+525555550962": ("media_http500", {"pdf": True}, "TO_VERIFY"),
    "+525555550963": ("media_timeout", {"image": True}, "TO_VERIFY"),
    "+525555550964": ("media_slow", {"image": True}, "TO_VERIFY"),
    "+525555550965": ("", {"pdf": True, "lie": "zip"}, "WRONG_TYPE"),
    "+525555550966": ("", {"image": True, "size": 120_000_000}, "TOO_LARGE"),
    "+525555550967": ("", {"image": True, "digest": "wrong"}, "REVIEW"),
    "+525555550968": ("", {"image": True, "digest": "hex"}, "TO_VERIFY"),
}


REMINDED = "+525555550931"


@pytest.fixture(scope="module")
def today(stack: Stack) -> datetime:
    """An open day on which all of it has happened at once, since most of it is waiting: nobody answers the sender
    of a reminder, and everybody has sent a receipt."""
    today = begin(stack)
    fault(stack, "timeout_after_acceptance", to=REMINDED, count=1)
    drop(stack, today, {"T1": REMINDED})
    assert drive.tick(stack) == 1
    drop(stack, today, {f"P{number}": phone for number, phone in enumerate(CASES)})
    for phone, (kind, _, _) in CASES.items():
        if kind:
            fault(stack, kind, to=phone, count=1)
    for phone, (_, words, _) in CASES.items():
        say(stack, phone, **words)
    drive.settle(stack)
    return today


def test_an_answer_that_never_comes_is_settled_by_the_status(stack: Stack, today: datetime) -> None:
    assert states(stack, today) == ["READ"]
    assert drive.reminders_accepted(stack) == {REMINDED: 1}


def test_every_receipt_is_stored_or_explained(stack: Stack, today: datetime) -> None:
    receipts = [item for item in drive.items(stack, "ledger") if "receipt" in item]
    assert sorted(item["receipt"] for item in receipts) == sorted(state for _, _, state in CASES.values())
    for item in receipts:
        stored = "object" in item and drive.read_object(stack, "receipts", item["object"])
        assert bool(stored) == (item["receipt"] in ("TO_VERIFY", "REVIEW"))
    assert all(len(answers(stack, phone)) == 1 for phone in CASES)
    cases = [item for item in drive.items(stack, "ledger") if item["sk"] == "CASE"]
    assert sorted(case["topic"] for case in cases) == ["RECEIPT_TOO_LARGE", "RECEIPT_WRONG_TYPE"]
    assert drive.waiting(stack, "media_dead_letters") == 0
    assert all(debt["balance"] == debt["amount"] for debt in items(stack, lambda sk: sk.startswith("DEBT#")))


def answers(stack: Stack, phone: str) -> list[str]:
    return [message["text"] for message in messages(stack, phone) if message["direction"] == "out"]


def items(stack: Stack, wanted: Callable[[str], bool]) -> list[dict[str, Any]]:
    return [item for item in drive.items(stack, "ledger") if wanted(item["sk"])]
