"""What others hear, in the emulator: from the ledger's stream over the bus to a queue, by a rule.

The journal's lines are inserted by PartiQL, which the emulator's streams do not tell.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from local import drive
from local.stack import Stack
from tests.e2e.steps import drop

PHONE = "+525555550981"


HEARD = {"message.sent", "message.delivered", "message.read"}


def test_others_hear_of_a_reminder(stack: Stack, today: datetime) -> None:
    with announcing(stack):
        drop(stack, today, {"E1": PHONE})
        drive.tick(stack)
        who = next(item["pk"] for item in drive.items(stack, "ledger") if item["sk"] == "PROFILE").removeprefix(
            "B#"
        )
        told: list[dict[str, Any]] = []

        def is_heard() -> bool:
            told.extend(event for event in sample(stack) if event["detail"]["borrower"] == who)
            return {event["detail-type"] for event in told} >= HEARD

        drive.wait_until(is_heard, "the event", 60)
    assert {event["source"] for event in told} == {"cobranza"}
    heard = json.dumps(told, ensure_ascii=False)
    assert not [personal for personal in (PHONE[1:], "Lucía", "wamid") if personal in heard]
    assert drive.waiting(stack, "events_dead_letters") == 0


@contextmanager
def announcing(stack: Stack) -> Generator[None]:
    """What is noted is announced inside the block; else nobody subscribes, and each line would cost a run."""
    functions = stack.client("lambda")
    found = functions.list_event_source_mappings(FunctionName=stack.functions["events"])["EventSourceMappings"]
    streams = [each["UUID"] for each in found]
    _switch(functions, streams, is_on=True)
    try:
        yield
    finally:
        _switch(functions, streams, is_on=False)


def _switch(functions: Any, streams: list[str], *, is_on: bool) -> None:
    for each in streams:
        functions.update_event_source_mapping(UUID=each, Enabled=is_on)


def sample(stack: Stack) -> list[dict[str, Any]]:
    """Takes some events out of the sample queue."""
    sqs, url = stack.client("sqs"), stack.queues["events_sample"]
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in taken:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in taken]
