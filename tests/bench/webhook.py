"""The webhook's own work: CPU, calls and write units of a body, with DynamoDB and SQS stubbed below botocore.

Beside it pywa 4, which checks, reads and dispatches the same updates to a handler that puts one item for each. A
goal that is missed is told, and fails nothing.
"""

import json
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache, partial
from statistics import median, quantiles
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from pywa import handlers
from pywa.client import WhatsApp

from cobranza import telemetry
from cobranza.flows.record_events import Recorder
from cobranza.flows.record_news import NewsDesk
from cobranza.queues import Queue, ReplyToAnswer
from cobranza.refs import References
from cobranza.signature import sign
from cobranza.store import aws
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.keys import borrower_pk
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.store.numbers import Numbers
from cobranza.store.table import Table
from cobranza.store.templates import Templates
from tests.bench.dynamodb import OPTIONS, Raw, Stub
from tests.bench.report import Row
from tests.bench.webhook_bodies import (
    NOON,
    NUMBER,
    STATES,
    Json,
    message_body,
    mixed,
    phone,
    statuses_of,
    text_from,
    thousand,
)
from tests.integration.deliveries import post
from tests.integration.fakes import FakeContext
from tests.integration.world import function

SECRET = "a-secret"
REFERENCES = References("k" * 64)
PEOPLE = 6_000  # whoever the bodies tell of
MOST_UNITS, MOST_CPU = 1.5, 10.0


@dataclass(frozen=True, slots=True)
class Case:
    """A body's updates; `times`: how often one like it is taken; `note`: what its write units are."""

    name: str
    times: int
    updates: int
    body: Callable[[int], Json]
    note: str = ""


@dataclass
class Book(Stub):
    """Each phone is of a borrower, every message left, and whoever has a user id was met before."""

    owners: frozenset[str] = frozenset()

    def _BatchGetItem(self, body: bytes) -> bytes:
        asked = json.loads(body)["RequestItems"]["ledger"]["Keys"]
        return json.dumps({"Responses": {"ledger": [_item(key) for key in asked]}}).encode()

    def _BatchExecuteStatement(self, body: bytes) -> bytes:
        self.wru += body.count(b"'noted_on'")  # the journal's index of days
        return super()._BatchExecuteStatement(body)

    def _PutItem(self, body: bytes) -> bytes:
        self.wru += b'"noted_on"' in body
        return super()._PutItem(body)

    def _UpdateItem(self, body: bytes) -> bytes:
        """What was delivered was so before it was read."""
        super()._UpdateItem(body)
        asked = json.loads(body)
        told = {name[1:]: value for name, value in asked["ExpressionAttributeValues"].items()}
        if "read_noted_at" in told:
            told["delivered_noted_at"] = {"S": f"{NOON.year}"}
        return json.dumps({"Attributes": _claim(asked["Key"]) | told}).encode()

    def _Query(self, body: bytes) -> bytes:
        pk: str = json.loads(body)["ExpressionAttributeValues"][":pk"]["S"]
        if pk.startswith("REF#"):
            owner = pk.removeprefix("REF#")
            items = [{"pk": {"S": pk}, "sk": {"S": borrower_pk(owner)}}] if owner in self.owners else []
        else:
            items = [_claim({"pk": {"S": pk}, "sk": {"S": f"MSG#{NOON.date()}"}})]
            items.append({"pk": {"S": pk}, "sk": {"S": "PROFILE"}})
        return json.dumps({"Items": items, "Count": len(items)}).encode()

    def queues(self) -> Any:
        made = aws.made("sqs", **OPTIONS)
        made.meta.events.register("before-send.sqs", self._queued)
        return made

    def _queued(self, request: Any, **_: Any) -> AWSResponse:
        self.calls["SendMessageBatch"] += 1
        entries = json.loads(request.body)["Entries"]
        told = [{"Id": one["Id"], "MessageId": "m", "MD5OfMessageBody": ""} for one in entries]
        body = json.dumps({"Successful": told}).encode()
        headers = {"content-type": "application/x-amz-json-1.0", "content-length": str(len(body))}
        return AWSResponse(request.url, 200, headers, Raw(body))


@cache
def _owners() -> frozenset[str]:
    """By the form of a number as WhatsApp tells it; its other form is nobody's."""
    return frozenset(REFERENCES.ref("phone", f"+{phone(number)}") for number in range(PEOPLE))


def _item(key: Json) -> Json:
    if key["sk"]["S"] == "PHONES":
        return key | {"phones": {"L": []}, "at": {"S": f"{NOON.year + 1}"}}
    return _claim(key)


def _claim(key: Json) -> Json:
    told = {
        "state": "ACCEPTED",
        "claimed_at": NOON.isoformat(),
        "accepted_at": NOON.isoformat(),
        "wamid": "wamid.0",
    }
    told |= {"portfolio": "uno", "template": "saldo_vencido", "language": "es", "strategy": "standard"}
    numbers = {"rank": 3, "step": 3, "attempts": 1}
    debts = {"uno#F-1#": {"L": [{"S": "2026-11-21"}, {"N": "3"}]}}
    item = {name: {"S": text} for name, text in told.items()} | {n: {"N": str(v)} for n, v in numbers.items()}
    return key | item | {"debts": {"M": debts}}


CASES = (
    Case("1 status", 300, 1, lambda n: message_body(statuses=statuses_of(n, STATES[n % 3 :][:1])), "the claim"),
    Case("1 text", 300, 1, lambda n: message_body([text_from(n)])),
    Case("1,000 statuses", 5, 1_000, thousand, "the claim, three statuses together"),
    Case("1,000 mixed", 9, 1_000, mixed),
)


def run() -> list[Row]:
    return [row for case in CASES for row in _measured(case)]


def _measured(case: Case) -> list[Row]:
    bodies = [json.dumps(case.body(number)).encode() for number in range(case.times)]
    stub = Book(owners=_owners())
    seconds = _seconds([*zip(_ours(bodies, stub), _pywas(bodies, case.updates), strict=True)])
    ours, theirs = (_milliseconds(each) for each in zip(*seconds, strict=True))
    updates = case.times * case.updates
    counted = {"calls": stub.calls.total() / updates, "wru": stub.wru / updates}
    note = (
        f"p99 {ours[1]:.3g} ms; pywa p99 {theirs[1]:.3g} ms; an update: {counted['calls']:.2f} calls, "
        f"{counted['wru']:.2f} write units, pywa 1 and 1"
    )
    p50, baseline = round(ours[0], 2), round(theirs[0], 2)
    name = f"webhook: {case.name}"
    ratio = round(median(mine / others for mine, others in seconds), 2)
    rows = [Row(f"{name}, CPU p50", "ms", p50, *_goal(ratio, 1), baseline, ratio, note, counted)]
    if case.name == "1 status":
        rows.append(Row(f"{name}, CPU p50 alone", "ms", p50, *_goal(p50, MOST_CPU)))
    if "status" in case.name:
        units = round(counted["wru"], 2)
        rows.append(Row(f"{name}, write units", "each", units, *_goal(units, MOST_UNITS), note=case.note))
    return rows


def _goal(value: float, most: float) -> tuple[str, bool]:
    """Its words say whether it is met; it fails nothing."""
    return f"≤ {most:.3g}: {'MET' if value <= most else 'MISSED'}", True


def _milliseconds(seconds: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    return median(seconds) * 1000, quantiles(seconds, n=100, method="inclusive")[98] * 1000


def _seconds(tries: Sequence[tuple[Callable[[], None], Callable[[], None]]]) -> list[tuple[float, float]]:
    """Of CPU, for each of a pair, one after the other: machines change their pace. The first pair is for what
    is loaded and made once."""
    with _quietly():
        return [(_spent(mine), _spent(others)) for mine, others in tries][1:]


def _spent(take: Callable[[], None]) -> float:
    begun = time.process_time()
    take()
    return time.process_time() - begun


@contextmanager
def _quietly() -> Generator[None]:
    telemetry.metrics.provider.namespace = "Cobranza"  # the template sets it, and Powertools reads it at import
    telemetry.logger.setLevel("WARNING")
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        yield


def _ours(bodies: Sequence[bytes], stub: Book) -> list[Callable[[], None]]:
    """The handler, as Lambda calls it."""
    webhook, secret = function("webhook"), {"app_secrets": [SECRET]}
    deps = webhook.Deps(_recorder(stub), lambda: secret, lambda: secret, lambda: NOON)

    def take(event: Json) -> None:
        answer = webhook.handler(event, FakeContext(), deps=deps)
        if answer["statusCode"] != 200:
            raise RuntimeError(f"the webhook answered {answer['statusCode']}")

    return [partial(take, post(body, sign(body, SECRET))) for body in bodies]


def _recorder(stub: Book) -> Recorder:
    table, sqs = Table(stub.client(), "ledger"), stub.queues()
    ledger, conversations = Ledger(table), Conversations(table)
    journal = Journal(Table(stub.client(), "journal"))
    return Recorder(
        ledger=ledger,
        conversations=conversations,
        messages=Messages(table),
        journal=journal,
        references=REFERENCES,
        media=Queue[ReplyToAnswer](sqs, "https://sqs.us-east-1.amazonaws.com/1/media"),
        news=NewsDesk(ledger, conversations, journal, Templates(table), Numbers(table), Cases(table)),
        replies=Queue[ReplyToAnswer](sqs, "https://sqs.us-east-1.amazonaws.com/1/replies"),
        workers=function("webhook").WORKERS,
    )


def _pywas(bodies: Sequence[bytes], updates: int) -> list[Callable[[], None]]:
    """pywa hears the first update of a body alone, so each has a body of its own."""
    dynamodb: Any = boto3.client("dynamodb", config=aws.CONFIG, **OPTIONS)
    dynamodb.meta.events.register("before-send.dynamodb", Stub()._answer)  # pyright: ignore[reportPrivateUsage]
    client = WhatsApp(
        phone_id=NUMBER, token="a-token", app_secret=SECRET, server=None, skip_duplicate_updates=False
    )
    heard: list[str] = []

    def keep(_: WhatsApp, update: Any) -> None:
        heard.append(update.id)
        item = {"pk": {"S": f"WAMID#{update.id}"}, "sk": {"S": str(update.timestamp)}}
        dynamodb.put_item(TableName="updates", Item=item)

    def take(signed: Sequence[tuple[bytes, str]]) -> None:
        heard.clear()
        for body, signature in signed:
            if refused := client.webhook_update_validator(body, signature):
                raise RuntimeError(f"pywa answered {refused}")
            client.webhook_update_handler(body)
        if len(heard) != updates:
            raise RuntimeError(f"pywa heard {len(heard)} of {updates} updates")

    client.add_handlers(handlers.MessageHandler(keep), handlers.MessageStatusHandler(keep))
    return [partial(take, [(each, sign(each, SECRET)) for each in _alone(body)]) for body in bodies]


def _alone(body: bytes) -> Iterator[bytes]:
    """Each update of a body in one of its own."""
    value = json.loads(body)["entry"][0]["changes"][0]["value"]
    for message in value.get("messages", []):
        yield json.dumps(message_body([message])).encode()
    for status in value.get("statuses", []):
        yield json.dumps(message_body(statuses=[status])).encode()
