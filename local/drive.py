"""What people and schedules do to a running stack: drop files, tick, wait, and count what happened."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from boto3.dynamodb.types import TypeDeserializer

from cobranza.policy import contact_rules
from local.stack import Stack

type Item = dict[str, Any]

_read = TypeDeserializer().deserialize


def next_open_moment(now: datetime) -> datetime:
    """The next 17:00 UTC at which Mexico, Colombia and Brazil may all be written to."""
    moment = now.astimezone(UTC).replace(hour=17, minute=0, second=0, microsecond=0)
    rules = [r for country in ("MX", "CO", "BR") if (r := contact_rules.rules_for(country))]
    while moment < now or any(contact_rules.closed(r, "", moment) for r in rules):
        moment += timedelta(days=1)
    return moment


def drop(stack: Stack, key: str, data: bytes) -> None:
    stack.client("s3").put_object(Bucket=stack.buckets["inbox"], Key=key, Body=data)


def result(stack: Stack, key: str, name: str = "summary.json") -> bytes | None:
    """A result file of what was dropped at `key`; None while it is not there."""
    kind, portfolio, file = key.split("/")
    return read_object(stack, "inbox", f"results/{portfolio}/{kind}/{file}/{name}")


def read_object(stack: Stack, bucket: str, key: str) -> bytes | None:
    s3 = stack.client("s3")
    try:
        return s3.get_object(Bucket=stack.buckets[bucket], Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None


def drop_and_wait(stack: Stack, key: str, data: bytes, patience: float = 120.0) -> dict[str, Any]:
    """Drops a file and waits for its summary, a new one where there was one."""
    before = _summaries(stack, key)
    drop(stack, key, data)
    wait_until(lambda: _summaries(stack, key) > before, f"the summary of {key}", patience)
    return json.loads(result(stack, key) or b"")


def _summaries(stack: Stack, key: str) -> int:
    """How many summaries there have been of what was dropped at `key`."""
    kind, portfolio, file = key.split("/")
    path = f"results/{portfolio}/{kind}/{file}/summary.json"
    answer = stack.client("s3").list_object_versions(Bucket=stack.buckets["inbox"], Prefix=path)
    return len(answer.get("Versions", []))


def tick(stack: Stack) -> int:
    """Invokes the scheduler as its schedule does; how many it queued."""
    return _run(stack, "scheduler")["queued"]


def close_days(stack: Stack) -> int:
    """Invokes the reports as their schedule does; how many portfolios got a day's files."""
    return _run(stack, "reports")["closed"]


def _run(stack: Stack, function: str) -> dict[str, int]:
    """One run of a scheduled function, with its schedule's own payload."""
    schedules, name = stack.client("scheduler"), stack.functions[function]
    for each in schedules.list_schedules()["Schedules"]:
        target = schedules.get_schedule(Name=each["Name"], GroupName=each["GroupName"])["Target"]
        if f":{name}:" in target["Arn"]:
            answer = stack.client("lambda").invoke(FunctionName=target["Arn"], Payload=target["Input"].encode())
            body = json.loads(answer["Payload"].read())
            if "FunctionError" in answer:
                raise RuntimeError(f"{function} failed: {body}")
            return body
    raise RuntimeError(f"{function} has no schedule")


def waiting(stack: Stack, queue: str) -> int:
    """Messages of a queue that are not done: visible, in flight or delayed."""
    names = ["", "NotVisible", "Delayed"]
    attributes = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.queues[queue], AttributeNames=[f"ApproximateNumberOfMessages{n}" for n in names]
    )["Attributes"]
    return sum(map(int, attributes.values()))


QUEUES = ("files", "reminders", "media", "replies")


def settle(
    stack: Stack,
    patience: float = 180.0,
    watch: Callable[[], None] = lambda: None,
    queues: Sequence[str] = QUEUES,
) -> None:
    """Waits until no file, reminder, receipt or reply is under way and WhatsApp has told all."""

    def settled() -> bool:
        watch()
        return not any(waiting(stack, queue) for queue in queues)

    while True:
        wait_until(settled, f"the queues {', '.join(queues)}", patience)
        idle = requests.get(f"{stack.simulator_url}/_sim/idle", params={"timeout": patience}, timeout=patience + 5)
        idle.raise_for_status()
        # What was told last may have queued something.
        if settled():
            return


def wait_until(condition: Callable[[], Any], what: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience:.0f} s for {what}")
        time.sleep(0.1)


def items(stack: Stack, table: str) -> Iterator[Item]:
    pages = (
        stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.tables[table], ConsistentRead=True)
    )
    for page in pages:
        for item in page["Items"]:
            yield {name: _read(value) for name, value in item.items()}


def said(stack: Stack) -> list[dict[str, Any]]:
    """All messages of all phones, both ways, as the simulator has them."""
    return requests.get(f"{stack.simulator_url}/_sim/messages", timeout=30).json()


def reminders_accepted(stack: Stack) -> Counter[str]:
    """How many templates WhatsApp accepted, by phone."""
    return Counter(m["to"] for m in said(stack) if m["direction"] == "out" and m["type"] == "template")


def counters(stack: Stack) -> dict[str, Any]:
    return requests.get(f"{stack.simulator_url}/_sim/counters", timeout=10).json()


@dataclass
class Tally:
    """What happened, counted in the tables: rows, borrowers, messages."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    due: int = 0
    sent: int = 0
    delivered: int = 0
    read_by_borrower: int = 0
    failed: int = 0
    unknown: int = 0
    replies: int = 0
    opt_outs: int = 0
    receipts: int = 0
    skipped: dict[str, int] = field(default_factory=dict[str, int])
    deferred: dict[str, int] = field(default_factory=dict[str, int])

    def add_file(self, summary: dict[str, Any]) -> None:
        for name in ("read", "created", "updated", "unchanged", "refused"):
            setattr(self, name, getattr(self, name) + summary[name])

    def count(self, stack: Stack) -> None:
        """Counts the outcomes anew from the two tables."""
        self.sent = self.delivered = self.read_by_borrower = self.failed = self.unknown = 0
        self.replies = self.opt_outs = self.receipts = 0
        self.skipped.clear()
        self.deferred.clear()
        ledger = list(items(stack, "ledger"))
        taken = {(item["pk"], f"MSG#{item['taken']['day']}") for item in ledger if "taken" in item}
        for item in ledger:
            if item["sk"].startswith("MSG#"):
                was_taken = item["state"] == "CLAIMED" and (item["pk"], item["sk"]) in taken
                self._count_message("ACCEPTED" if was_taken else item["state"])
            elif item.get("direction") == "in":
                self.replies += 1
                self.receipts += "receipt" in item
            elif item["sk"] == "PROFILE":
                self.opt_outs += "opted_out_at" in item
        for item in items(stack, "journal"):
            kind, _, code = item.get("code", "").partition("_")
            if kind == "SKIPPED":
                self.skipped[code] = self.skipped.get(code, 0) + 1
            elif kind == "DEFERRED":
                self.deferred[code] = self.deferred.get(code, 0) + 1

    def _count_message(self, state: str) -> None:
        self.sent += state in ("ACCEPTED", "SENT", "DELIVERED", "READ")
        self.delivered += state in ("DELIVERED", "READ")
        self.read_by_borrower += state == "READ"
        self.failed += state == "FAILED"
        self.unknown += state == "UNKNOWN"

    @property
    def settled(self) -> int:
        return self.sent + self.failed + self.unknown + sum(self.skipped.values()) + sum(self.deferred.values())
