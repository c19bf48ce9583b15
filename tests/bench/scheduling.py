"""The scheduler's tick: of 1,000,000 borrowers who are due it leases and queues the 24,000 that 80 a second make
in five minutes. Against a tick that takes one borrower after the other, as samples do."""

import hashlib
import json
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from cobranza.flows.queue_due import Scheduler
from cobranza.policy.pace import Pace
from cobranza.queues import Queue, Reminder
from cobranza.store.ledger import Ledger
from cobranza.store.limits import DueLine, Limits
from cobranza.store.table import Table
from tests.bench.dynamodb import OPTIONS, Stub
from tests.bench.report import Row

DUE = 1_000_000
SHARDS = 16
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
PACE = Pace(80, timedelta(minutes=5))
LATENCY = 0.010
PAGE = 8_000  # borrowers in a megabyte of the index
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
PORTFOLIO = {
    "portfolio_id": "uno",
    "creditor": {"legal_name": "Uno S.A.", "shown_name": "Uno", "complaints_channel": "800 000 0000"},
    "creditor_type": "first_party",
    "phone_number_id": "1",
    "countries": ["MX"],
    "language": "es",
    "consent": {"text": "Acepto recibir recordatorios", "source": "solicitud"},
}


def run() -> list[Row]:
    due = Due(latency=LATENCY)
    seconds, cpu = _timed(due)
    assert due.queued == PACE.capacity, due.queued
    besides = (due.calls.total() - due.calls["BatchExecuteStatement"]) / due.queued
    units = due.leased / due.queued
    plain = Due(latency=LATENCY)
    one = _one_by_one(plain, 200)
    note = f"{DUE:,} due, 10 ms a call, {cpu:.1f} s of CPU; one after the other: {one * due.queued:,.0f} s"
    baseline = one * due.queued
    counted = {"calls": due.calls.total(), "wru": due.wru}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Row(
            f"scheduling: a tick of {due.queued:,}",
            "s",
            round(seconds, 1),
            "≤ 30",
            seconds <= 30,
            round(baseline),
            round(baseline / seconds, 1),
            note,
            counted,
        ),
        Row("scheduling: a lease", "write units", round(units, 2), "≤ 3", units <= 3),
        Row(
            "scheduling: calls besides leases",
            "a borrower",
            round(besides, 3),
            "≤ 0.2",
            besides <= 0.2,
            note=", ".join(f"{name} {count:,}" for name, count in due.calls.most_common()),
        ),
        Row("scheduling: peak memory", "MB", round(peak), "≤ 1769", peak <= 1769),
    ]


@dataclass
class Due(Stub):
    """A table whose index *due* has a million entries, all of them there already, and the queue beside it. Whoever
    is leased stays in it: a tick does not ask twice."""

    queued: int = 0
    leased: float = 0.0

    def scheduler(self) -> Scheduler:
        table = Table(self.client(), "ledger")
        sqs = boto3.client("sqs", **OPTIONS)
        sqs.meta.events.register("before-send.sqs", self._answer)
        queue = Queue[Reminder](sqs, "https://sqs.us-east-1.amazonaws.com/1/reminders")
        return Scheduler(Ledger(table), Limits(table, DUE), DueLine(table), queue, PACE)

    def _SendMessageBatch(self, body: bytes) -> bytes:
        entries = json.loads(body)["Entries"]
        self.queued += len(entries)
        done = [
            {
                "Id": entry["Id"],
                "MessageId": entry["Id"],
                "MD5OfMessageBody": hashlib.md5(entry["MessageBody"].encode()).hexdigest(),
            }
            for entry in entries
        ]
        return json.dumps({"Successful": done}).encode()

    def _BatchExecuteStatement(self, body: bytes) -> bytes:
        count = body.count(b'"Statement":')
        self.items += count
        units = count * 3  # the profile, and its entry in the index taken out and put in
        self.leased += units
        self.wru += units
        return b'{"Responses":[' + b",".join([b"{}"] * count) + b"]}"

    def _UpdateItem(self, body: bytes) -> bytes:
        self.wru += 3
        return b'{"Attributes":{"pk":{"S":"B#A"}}}'

    def _BatchGetItem(self, body: bytes) -> bytes:
        return json.dumps({"Responses": {"ledger": [{"config": {"S": json.dumps(PORTFOLIO)}}]}}).encode()

    def _Query(self, body: bytes) -> bytes:
        asked = json.loads(body)
        if "IndexName" not in asked:
            listed = asked["ExpressionAttributeValues"].get(":pk", {}).get("S") == "PORTFOLIOS"
            item = {"sk": {"S": "uno"}, "since": {"S": "2026-01-01T00:00:00Z"}}
            return json.dumps({"Items": [item] if listed else []}).encode()
        return self._due(asked)

    def _due(self, asked: dict[str, Any]) -> bytes:
        """Page by page. Every tenth borrower has priority 80, the others 50."""
        values = asked["ExpressionAttributeValues"]
        shard = int(values[":shard"]["N"])
        start = int(asked.get("ExclusiveStartKey", {}).get("pk", {}).get("S", "0"))
        end = min(start + min(asked.get("Limit", PAGE), PAGE), DUE // SHARDS)
        least, most = int(values.get(":least", {}).get("N", 0)), int(values.get(":most", {}).get("N", 100))
        found = [
            entry(shard, place, priority)
            for place in range(start, end)
            if least <= (priority := 80 if place % 10 == 9 else 50) <= most
        ]
        page: dict[str, Any] = {"Items": found, "Count": len(found)}
        if end < DUE // SHARDS:
            page["LastEvaluatedKey"] = {"pk": {"S": str(end)}}
        return json.dumps(page).encode()


def entry(shard: int, place: int, priority: int) -> dict[str, Any]:
    return {
        "pk": {"S": f"B#{BASE32[shard]}{place:025}"},
        "sk": {"S": "PROFILE"},
        "due_shard": {"N": str(shard)},
        "due_at": {"S": "2026-11-24T14:00:00Z"},
        "priority": {"N": str(priority)},
    }


def _one_by_one(due: Due, count: int) -> float:
    """Seconds a borrower, where each lease is a call and so is each message."""
    scheduler = due.scheduler()
    waiting = list(scheduler.ledger.due(0, NOW, count))
    start = time.perf_counter()
    for one in waiting:
        scheduler.ledger.lease([one], NOW + PACE.lease)
        scheduler.queue.put([Reminder(one.borrower, "2026-11-24T16:30:00Z", "trace")])
    return (time.perf_counter() - start) / count


def _timed(due: Due) -> tuple[float, float]:
    """Seconds by the clock, and of the processor."""
    scheduler = due.scheduler()
    start, cpu = time.perf_counter(), time.process_time()
    scheduler.tick(NOW, "trace")
    return time.perf_counter() - start, time.process_time() - cpu
