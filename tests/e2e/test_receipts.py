"""Receipts when Meta's media does not come as it should: each is stored or explained, and none is lost."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from local import drive
from local.stack import Stack
from tests.e2e.steps import drop, fault, messages, say

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


def test_every_receipt_is_stored_or_explained(stack: Stack, today: datetime) -> None:
    drop(stack, today, {f"P{number}": phone for number, phone in enumerate(CASES)})
    for phone, (kind, _, _) in CASES.items():
        if kind:
            fault(stack, kind, to=phone, count=1)
    for phone, (_, words, _) in CASES.items():
        say(stack, phone, **words)
    drive.settle(stack)

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
