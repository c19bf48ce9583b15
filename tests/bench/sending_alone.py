"""One sender as fast as this machine goes: the function's own code, threads and botocore; DynamoDB is stubbed
below botocore, WhatsApp below requests. Beside it pywa's loop, with its own HTTP stubbed as far down."""

import json
import os
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import httpx
import requests
from requests.adapters import BaseAdapter

from cobranza import telemetry
from cobranza.flows.pacer import Pacer
from cobranza.flows.room import Room
from cobranza.flows.send_reminder import Sender
from cobranza.flows.stops import Stops
from cobranza.policy import slots
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.limits import Limits, Ramps
from cobranza.store.messages import Messages
from cobranza.store.slots import Slots
from cobranza.store.table import Table
from cobranza.store.texts import Texts
from cobranza.whatsapp.client import WhatsApp
from local.replay.world import PORTFOLIO, World
from tests.bench import plain_senders
from tests.bench.dynamodb import Stub
from tests.bench.lambdas import BATCH, SENDERS, Delays
from tests.bench.report import Row
from tests.bench.table_server import LADDER, NOON, TOKEN, queued
from tests.integration.fakes import FakeContext, received
from tests.integration.memory import packed
from tests.integration.world import function

MESSAGES = 2_000
# Messages a second, where each number has as many senders as the template.
SHARE_OF_ONE = slots.ALLOWED * slots.SHARE_PERCENT / 100 / SENDERS
# What Meta lets a number do after its upgrade: no slot is waited for longer than a batch takes anyway.
ALLOWED = 1_000_000
ACCEPTED = {
    "contacts": [{"input": "+525555550100", "wa_id": "5215555550100"}],
    "messages": [{"id": "wamid.BENCH"}],
}


def alone() -> list[Row]:
    ours, cpu, stub = _ours()
    pywa, pywa_cpu = _pywa()
    note = f"{cpu * 1000:.1f} ms of CPU a message; pywa's loop {pywa_cpu * 1000:.1f} ms, with no ledger to keep"
    counted = {"calls": stub.calls.total() / MESSAGES}
    return [
        Row(
            "sending: one worker, stubbed network",
            "messages/s",
            round(ours),
            f"≥ {SHARE_OF_ONE:.1f}, its part of the pace",
            ours >= SHARE_OF_ONE,
            round(pywa),
            round(ours / pywa, 2),
            note,
            counted,
        )
    ]


@dataclass
class Borrowers(Stub):
    """Each of those who are asked for is due, at another step of the ladder. A write is always made."""

    partitions: list[bytes] = field(default_factory=list[bytes])
    refs: list[bytes] = field(default_factory=list[bytes])

    def _Query(self, body: bytes) -> bytes:
        pk: str = json.loads(body)["ExpressionAttributeValues"].get(":pk", {}).get("S", "")
        if not pk.startswith("B#"):
            return b'{"Items":[],"Count":0}'
        place = int(pk[-9:]) % len(LADDER)
        return self.partitions[place].replace(self.refs[place], pk.removeprefix("B#").encode())

    def _BatchGetItem(self, body: bytes) -> bytes:
        standing = {
            "pk": {"S": f"PORTFOLIO#{PORTFOLIO}"},
            "sk": {"S": "STANDING"},
            "as_of": {"S": "2026-11-24T17:00:00Z"},
        }
        return json.dumps({"Responses": {"ledger": [standing]}}).encode()

    def _UpdateItem(self, body: bytes) -> bytes:
        """What was set and added, as it is then."""
        self.wru += 1
        asked = json.loads(body)
        told: dict[str, Any] = asked["ExpressionAttributeValues"]
        names = asked["ExpressionAttributeNames"].values()
        item = asked["Key"] | {name: told[f":{name}"] for name in names if f":{name}" in told}
        return json.dumps({"Attributes": item}).encode()


class Taken(BaseAdapter):
    """Meta took it, at once."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url or "", request
        response._content = json.dumps(ACCEPTED).encode()  # pyright: ignore[reportPrivateUsage]
        return response

    def close(self) -> None:
        """Nothing is open."""


def _ours() -> tuple[float, float, Borrowers]:
    """Messages a second, seconds of CPU for each, and what DynamoDB was asked."""
    world = World(1)
    reminders = queued(world, len(LADDER))
    stub = Borrowers()
    for one in reminders:
        items = [packed(item) for item in world.table.items() if item["pk"] == f"B#{one['borrower']}"]
        stub.partitions.append(json.dumps({"Items": items, "Count": len(items)}).encode())
        stub.refs.append(one["borrower"].encode())
    telemetry.metrics.provider.namespace = "Cobranza"  # the template sets it, and Powertools reads it at import
    module = function("send")
    queue: Any = Delays()
    deps = module.Deps(_sender(world, stub), queue, lambda: NOON, BATCH)
    batches = [
        [_record(f"{'A' * 17}{place:09}", reminders[0]["lease"]) for place in range(begin, begin + BATCH)]
        for begin in range(0, MESSAGES, BATCH)
    ]
    begun, cpu = time.perf_counter(), time.process_time()
    telemetry.logger.setLevel("WARNING")  # a bench is read by people
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        failed = [module.handler({"Records": batch}, FakeContext(), deps=deps) for batch in batches]
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    if any(each["batchItemFailures"] for each in failed):
        raise RuntimeError("not everybody was written to")
    return MESSAGES / seconds, cpu / MESSAGES, stub


def _sender(world: World, stub: Borrowers) -> Sender:
    table, session = Table(stub.client(), "ledger"), requests.Session()
    session.mount("https://", Taken())
    portfolio, strategy = world.ledger.portfolio(PORTFOLIO), world.ledger.strategy(PORTFOLIO)
    ledger = Ledger(table)
    return Sender(
        ledger=ledger,
        messages=Messages(table),
        journal=Journal(Table(stub.client(), "journal")),
        whatsapp=WhatsApp("https://graph.facebook.com", "v25.0", lambda: {"access_token": TOKEN}, session),
        strategy_of=lambda _: strategy,
        portfolio=lambda _: portfolio,
        feed=ledger.feed,
        room=Room(Limits(table, MESSAGES), Ramps(table)),
        stops=Stops(ledger),
        texts=Texts(table),
        only_to=None,
        pacer=Pacer(Slots(table), lambda _: ALLOWED),
    )


def _record(borrower: str, lease: str) -> dict[str, Any]:
    return {
        "messageId": borrower,
        "receiptHandle": borrower,
        "body": json.dumps({"v": 1, "borrower": borrower, "lease": lease, "trace": "bench"}),
        "attributes": received(),
    }


def _pywa() -> tuple[float, float]:
    taken = httpx.MockTransport(lambda _: httpx.Response(200, json={"messaging_product": "whatsapp", **ACCEPTED}))
    cpu = time.process_time()
    sent, seconds = plain_senders.loop(httpx.Client(transport=taken), 3)
    return sent / seconds, (time.process_time() - cpu) / sent
