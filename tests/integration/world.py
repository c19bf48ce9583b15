"""A stack on moto: tables, bucket, queue and clock, and the rooms wired to them."""

import csv
import importlib.util
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from cobranza.flows.import_file import Importer
from cobranza.flows.queue_due import queue_due
from cobranza.flows.record_events import Recorder
from cobranza.flows.send_reminder import Sender
from cobranza.policy.strategy import standard
from cobranza.queues import MediaToFetch, Queue, Reminder
from cobranza.refs import References
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.store.objects import Received
from cobranza.store.table import Table
from cobranza.whatsapp.client import Accepted, Answer

PORTFOLIO_YAML = """
creditor: {legal_name: Muebles Aurora S.A., shown_name: Muebles Aurora, complaints_channel: 800 000 0000}
creditor_type: first_party
phone_number_id: "100000000000001"
countries: [MX, CO, BR]
language: es
consent: {text: Acepto recibir recordatorios de pago por WhatsApp, source: solicitud}
link_bases: ["https://pagos.example.com/"]
"""
# A Tuesday, 11:00 in Mexico City: open in all three countries.
TUESDAY = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
# A borrower whose only debt is due that Tuesday.
ROW = {
    "borrower_id": "C1",
    "name": "Lucía Ejemplo",
    "phone": "+525555550101",
    "country": "MX",
    "debt_id": "F-1",
    "amount": "1234.50",
    "currency": "MXN",
    "due_date": "2026-11-24",
    "payment_url": "https://pagos.example.com/f1",
    "consent": "sí",
}
ROOT = Path(__file__).parents[2]


def debts(*rows: dict[str, str]) -> str:
    """A debts file: each row is ROW with what is told otherwise."""
    columns = list(dict.fromkeys([*ROW, *(name for row in rows for name in row)]))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(ROW | row for row in rows)
    return out.getvalue()


@cache
def function(name: str) -> ModuleType:
    """The handler module of functions/<name>."""
    spec = importlib.util.spec_from_file_location(f"{name}_handler", ROOT / "functions" / name / "handler.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class FakeContext:
    """What Lambda tells a function of its invocation."""

    remaining: int = 120_000
    aws_request_id: str = "request-1"
    function_name: str = "function"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


@dataclass
class FakeBucket:
    """A bucket with one file whose moment the test sets; it keeps what is written."""

    data: bytes
    modified_at: datetime
    written: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def get(self, key: str, version: str, *, limit: int) -> Received:
        return Received(self.data, self.modified_at)

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.written[key] = data


class Killed(BaseException):
    """The worker is gone: nothing after this line of it runs."""


class DyingClient:
    """DynamoDB until its `at`-th write (from 0), which dies with `error` before or after it is done."""

    def __init__(self, client: Any, at: int, *, done: bool, error: type[BaseException] = Killed) -> None:
        self._client = client
        self._at = at
        self._done = done
        self._error = error
        self._lock = Lock()
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)
        return self._dying(operation) if name in ("put_item", "update_item") else operation

    def _dying(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def write(**request: Any) -> Any:
            with self._lock:
                turn, self.writes = self.writes, self.writes + 1
            if turn != self._at:
                return operation(**request)
            if self._done:
                operation(**request)
            raise self._error

        return write


@dataclass
class FakeWhatsApp:
    """Answers what it is told to, in order, and accepts everything after that."""

    answers: list[Answer | BaseException] = field(default_factory=list[Answer | BaseException])
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def hang_up(self) -> None:
        pass

    def access_token(self) -> str:
        return "token"

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        answer = self.answers.pop(0) if self.answers else Accepted(f"wamid.{len(self.sent)}", message["to"][1:])
        if isinstance(answer, Accepted):
            self.sent.append(message)
        if isinstance(answer, BaseException):
            raise answer
        return answer


# What the tables hold after a beginning that many tests share.
_BEGINNINGS: dict[str, dict[str, list[dict[str, Any]]]] = {}


@dataclass
class World:
    """A stack's tables, bucket and queue, the clock, and the rooms wired to them."""

    s3: Any
    sqs: Any
    dynamodb: Any
    queue_url: str
    media_url: str
    now: datetime = TUESDAY
    whatsapp: FakeWhatsApp = field(default_factory=FakeWhatsApp)
    references: References = field(default_factory=lambda: References("k" * 64))

    def __post_init__(self) -> None:
        table = Table(self.dynamodb, "ledger")
        self.table = table
        self.ledger = Ledger(table)
        self.messages = Messages(table)
        self.journal = Journal(Table(self.dynamodb, "journal"))
        self.importer = Importer(
            self.ledger,
            self.journal,
            self.references,
            standard(),
            workers=1,  # moto is not made for threads; the emulator's tests import with all of them
        )
        self.conversations = Conversations(table)
        self.media = Queue[MediaToFetch](self.sqs, self.media_url)
        self.recorder = Recorder(
            self.ledger, self.conversations, self.messages, self.journal, self.references, self.media
        )
        self.queue = Queue[Reminder](self.sqs, self.queue_url)
        self.sender = Sender(
            self.ledger,
            self.messages,
            self.journal,
            self.whatsapp,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            standard(),
            self.ledger.portfolio,
        )

    def begin(self, name: str, make: Callable[[], object]) -> None:
        """Leaves the tables as `make` leaves them, which is called once for all tests."""
        if name in _BEGINNINGS:
            self.restore(_BEGINNINGS[name])
        else:
            make()
            _BEGINNINGS[name] = self.kept()

    def clock(self) -> datetime:
        return self.now

    def later(self, **parts: float) -> None:
        self.now += timedelta(**parts)

    def ref(self, borrower_id: str = "C1") -> str:
        return self.references.ref("borrower", borrower_id)

    def tick(self) -> list[Reminder]:
        """Runs the scheduler; the reminders that it queued."""
        queue_due(self.ledger, self.queue, self.now, "trace")
        return self.received()

    def received(self) -> list[Reminder]:
        """Empties the queue."""
        found: list[Reminder] = []
        while messages := self._receive():
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
                found.append(Reminder.parse(message["Body"]))
        return found

    def _receive(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return answer.get("Messages", [])

    def item(self, sk: str, borrower_id: str = "C1") -> dict[str, Any]:
        return self.table.get({"pk": f"B#{self.ref(borrower_id)}", "sk": sk}) or {}

    def kept(self) -> dict[str, list[dict[str, Any]]]:
        """Both tables, to be restored."""
        return {table: self.items(table) for table in ("ledger", "journal")}

    def restore(self, kept: dict[str, list[dict[str, Any]]]) -> None:
        for name, items in kept.items():
            self.dynamodb.delete_table(TableName=name)
            create_table(self.dynamodb, name)
            table = Table(self.dynamodb, name)
            for item in items:
                table.put(item)

    def items(self, table: str = "ledger") -> list[dict[str, Any]]:
        read = TypeDeserializer().deserialize
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        found = [{k: read(v) for k, v in item.items()} for page in pages for item in page["Items"]]
        return sorted(found, key=lambda item: (item["pk"], item["sk"]))

    def message_items(self) -> list[dict[str, Any]]:
        return [item for item in self.items() if item["sk"].startswith("MSG#")]

    def outcomes(self) -> list[str]:
        return [item["code"] for item in self.items("journal") if item["event"] == "outcome"]


def create_table(dynamodb: Any, name: str) -> None:
    keys = {"pk": "S", "sk": "S"} | ({"due_shard": "N", "due_at": "S"} if name == "ledger" else {})
    due = {
        "IndexName": "due",
        "KeySchema": [
            {"AttributeName": "due_shard", "KeyType": "HASH"},
            {"AttributeName": "due_at", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": k, "AttributeType": t} for k, t in keys.items()],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        **({"GlobalSecondaryIndexes": [due]} if name == "ledger" else {}),
    )
