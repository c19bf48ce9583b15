"""What goes wrong on purpose between the queue and WhatsApp: calls that fail, answers that never come, reminders
that come twice, senders that die."""

import json
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

import requests

from local import drive
from local.stack import ROOT, Stack, set_clock

# Of ten calls one is refused or fails, and one message of twenty is taken by a call that is never answered: most
# are cut, because a sender does nothing else while it waits for an answer.
CALLS = (
    {"kind": "error", "code": 131056, "rate": 0.04},
    {"kind": "error", "code": 131026, "rate": 0.03},
    {"kind": "error", "code": 131000, "rate": 0.02},
    {"kind": "http500", "rate": 0.01},
    {"kind": "timeout_after_acceptance", "rate": 0.01},
    {"kind": "cut_after_acceptance", "rate": 0.04},
)
KILLED = 3
DEAD = 9
TRIES = 10


def queue_badly(stack: Stack, now: datetime) -> int:
    """A tick of which every reminder comes twice and some meet a sender that dies after its claim; how many were
    queued. `now` is what the stack's clock said when all began; in the end it is ten minutes later."""
    for fault in CALLS:
        requests.post(f"{stack.simulator_url}/_sim/faults", json=fault, timeout=10).raise_for_status()
    with sender_asleep(stack):
        queued = drive.tick(stack)
        double(stack)
        for _ in range(min(KILLED, queued)):
            kill_a_sender(stack)
        # Until some minutes are over somebody might still be alive.
        set_clock(stack, (now + timedelta(minutes=10) - datetime.now(UTC)).total_seconds())
    return queued


@contextmanager
def sender_asleep(stack: Stack) -> Generator[None]:
    """What is queued stays queued inside the block."""
    functions = stack.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=stack.functions["send"])["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    time.sleep(0.2)  # a poll that is under way, which waits for nothing
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def kill_a_sender(stack: Stack, comes_back: int = 15) -> None:
    """It takes a reminder, claims the day, and is gone before the call. One who gets no message ends as always.
    The reminder `comes_back` after so many seconds."""
    command = [sys.executable, "-m", "local.killed_sender", str(comes_back)]
    for _ in range(TRIES):
        killed = subprocess.run(command, input=json.dumps(asdict(stack)).encode(), cwd=ROOT, check=False)
        if killed.returncode == DEAD:
            return
    raise RuntimeError(f"no sender died in {TRIES} tries")


def double(stack: Stack) -> None:
    """Each reminder on the queue comes twice."""
    sqs, url = stack.client("sqs"), stack.queues["reminders"]
    received = list(_received(sqs, url))
    for few in batched(received, 10, strict=False):
        copies = [{"Id": str(i), "MessageBody": each["Body"]} for i, each in enumerate(few)]
        sqs.send_message_batch(QueueUrl=url, Entries=copies)
        back = [
            {"Id": str(i), "ReceiptHandle": each["ReceiptHandle"], "VisibilityTimeout": 0}
            for i, each in enumerate(few)
        ]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=back)


def _received(sqs: Any, url: str) -> Iterator[dict[str, Any]]:
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        yield from messages
