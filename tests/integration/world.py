"""A stack on moto: tables, bucket, queue and clock, and the rooms wired to them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from cobranza.flows.import_file import Importer
from cobranza.flows.record_events import Recorder
from cobranza.flows.send_reminder import Sender
from cobranza.policy.strategy import standard
from cobranza.queues import ReminderQueue
from cobranza.refs import References
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
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


@dataclass
class FakeWhatsApp:
    """Answers what it is told to, in order, and accepts everything after that."""

    answers: list[Answer | BaseException] = field(default_factory=list[Answer | BaseException])
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def access_token(self) -> str:
        return "token"

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        answer = self.answers.pop(0) if self.answers else Accepted(f"wamid.{len(self.sent)}", message["to"][1:])
        if isinstance(answer, Accepted):
            self.sent.append(message)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@dataclass
class World:
    """A stack's tables, bucket and queue, the clock, and the rooms wired to them."""

    s3: Any
    sqs: Any
    dynamodb: Any
    queue_url: str
    now: datetime = TUESDAY
    whatsapp: FakeWhatsApp = field(default_factory=FakeWhatsApp)
    references: References = field(default_factory=lambda: References("k" * 64))

    def __post_init__(self) -> None:
        table = Table(self.dynamodb, "ledger")
        self.table = table
        self.ledger = Ledger(table)
        self.messages = Messages(table)
        self.journal = Journal(Table(self.dynamodb, "journal"))
        self.importer = Importer(self.ledger, self.journal, self.references, standard())
        self.recorder = Recorder(self.ledger, self.messages, self.journal, self.references)
        self.queue = ReminderQueue(self.sqs, self.queue_url)
        self.sender = Sender(
            self.ledger,
            self.messages,
            self.journal,
            self.whatsapp,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            standard(),
            self.ledger.portfolio,
        )

    def clock(self) -> datetime:
        return self.now

    def later(self, **parts: float) -> None:
        self.now += timedelta(**parts)

    def ref(self, borrower_id: str) -> str:
        return self.references.ref("borrower", borrower_id)

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
