"""The scheduler on dynalite, a DynamoDB from npm that runs on this machine: what a stub cannot tell is that index,
conditions, filter and order do what the scheduler takes them to do. Its folder is gone afterwards.

All of 100,000 who are due, in a tick of 2,400 and two more for the rest: a quarter of an hour, because dynalite
itself takes ten milliseconds for each lease.
"""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from itertools import batched
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console

from cobranza.flows.queue_due import Scheduler
from cobranza.queues import Reminder
from cobranza.store.ledger import Ledger
from cobranza.store.limits import DueLine, Limits
from cobranza.store.table import Table
from tests.bench.dynamodb import OPTIONS
from tests.bench.report import Row
from tests.bench.scheduling import NOW, PACE, SHARDS, entry
from tests.integration.partiql import PartiqlClient
from tests.integration.tables import create_table

PACKAGE = "dynalite@4.0.0"
DUE = 100_000
FIRST, THEN = replace(PACE, per_second=8), replace(PACE, per_second=200)


class Noted:
    """A queue that remembers who was put on it."""

    def __init__(self) -> None:
        self.queued: list[str] = []

    def put(self, messages: list[Reminder], *, delay: int = 0) -> int:
        self.queued += [message.borrower for message in messages]
        return len(messages)


def run() -> list[Row]:
    npm = shutil.which("npm")
    if npm is None:
        Console().print("  skipped: there is no npm on this machine")
        return []
    with tempfile.TemporaryDirectory() as folder, _dynalite(npm, Path(folder)) as dynamodb:
        create_table(dynamodb, "ledger")
        _wait_for_table(dynamodb)
        _fill(dynamodb)
        return [_row(dynamodb)]


def _row(dynamodb: Any) -> Row:
    noted, known = Noted(), _in_index(dynamodb)
    queue: Any = noted
    # It knows no PartiQL: each statement is made the conditional update that means the same.
    table = Table(PartiqlClient(dynamodb), "ledger")
    start = time.perf_counter()
    for pace in (FIRST, THEN, THEN):
        Scheduler(Ledger(table), Limits(table, DUE), DueLine(table), queue, pace, workers=4).tick(NOW, "trace")
    seconds = time.perf_counter() - start
    # Every tenth is pressing: those whose number ends in 9.
    pressing = [borrower for borrower in noted.queued if borrower.endswith("9")]
    is_first = noted.queued[: FIRST.capacity] == pressing[: FIRST.capacity]
    is_right = is_first and len(set(noted.queued)) == len(noted.queued) == known
    return Row(
        "scheduling on dynalite: 100,000",
        "borrowers/s",
        round(known / seconds),
        "each once, most pressing first",
        is_right,
        note=f"{len(noted.queued):,} queued of {known:,} in its index; the first {FIRST.capacity:,} are pressing",
    )


def _fill(dynamodb: Any) -> None:
    items = (entry(n % SHARDS, n // SHARDS, 80 if n // SHARDS % 10 == 9 else 50) for n in range(DUE))
    for batch in batched(items, 25, strict=False):
        dynamodb.batch_write_item(RequestItems={"ledger": [{"PutRequest": {"Item": item}} for item in batch]})


def _in_index(dynamodb: Any) -> int:
    """Of so many the index tells: dynalite loses a few in ten thousand when they are written, whoever asks it."""
    found = 0
    for shard in range(SHARDS):
        asked = {"ExpressionAttributeValues": {":shard": {"N": str(shard)}}, "Select": "COUNT"}
        pages = dynamodb.get_paginator("query").paginate(
            TableName="ledger", IndexName="due", KeyConditionExpression="due_shard = :shard", **asked
        )
        found += sum(page["Count"] for page in pages)
    return found


@contextmanager
def _dynalite(npm: str, folder: Path) -> Generator[Any]:
    install = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error", PACKAGE]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(folder / "node_modules/.bin/dynalite"), "--port", str(port), "--createTableMs", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for_port(port)
            yield boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{port}", **OPTIONS)
        finally:
            process.terminate()


def _wait_for_port(port: int) -> None:
    for _ in range(60):
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise RuntimeError("dynalite did not start")


def _wait_for_table(dynamodb: Any) -> None:
    dynamodb.get_waiter("table_exists").wait(TableName="ledger", WaiterConfig={"Delay": 1})
