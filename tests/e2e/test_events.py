"""What others hear, in the emulator: from the journal's stream over the bus to a queue, by a rule."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from local import drive
from local.stack import Stack
from tests.e2e.steps import drop, say

PHONE = "+525555550981"


def test_others_hear_of_a_case(stack: Stack, today: datetime) -> None:
    with announcing(stack):
        drop(stack, today, {"E1": PHONE})
        say(stack, PHONE, text="No reconozco esa deuda")
        who = next(item["pk"] for item in drive.items(stack, "ledger") if item["sk"] == "PROFILE").removeprefix(
            "B#"
        )
        told: list[dict[str, Any]] = []

        def is_heard() -> bool:
            told.extend(event for event in sample(stack) if event["detail"]["borrower"] == who)
            return "case.opened" in {event["detail-type"] for event in told}

        drive.wait_until(is_heard, "the event", 60)
    assert {event["source"] for event in told} == {"cobranza"}
    heard = json.dumps(told, ensure_ascii=False)
    assert not [personal for personal in (PHONE[1:], "Lucía", "esa deuda", "wamid") if personal in heard]
    assert drive.waiting(stack, "events_dead_letters") == 0


@contextmanager
def announcing(stack: Stack) -> Generator[None]:
    """Lines of the journal are announced inside the block; else nobody subscribes, and each would cost a run."""
    functions = stack.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=stack.functions["events"])[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


def sample(stack: Stack) -> list[dict[str, Any]]:
    """Takes some events out of the sample queue."""
    sqs, url = stack.client("sqs"), stack.queues["events_sample"]
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in taken:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in taken]
