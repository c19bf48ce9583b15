"""A stack on moto or in memory: tables, buckets, queues and clock, and the rooms wired to them."""

import csv
import importlib.util
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from cobranza.flows.answer_reply import AnswerDesk
from cobranza.flows.applied import Rooms
from cobranza.flows.apply_control import ControlDesk
from cobranza.flows.apply_rows import RowDesk
from cobranza.flows.approve_plan import ApprovalDesk
from cobranza.flows.close_case import CaseCloser
from cobranza.flows.faults import faults_of
from cobranza.flows.import_file import Busy, Importer
from cobranza.flows.import_part import PartImporter
from cobranza.flows.plan_day import Planner
from cobranza.flows.queue_due import Scheduler
from cobranza.flows.readiness import Judge
from cobranza.flows.record_events import Recorder
from cobranza.flows.record_news import NewsDesk
from cobranza.flows.reports.close import ReportDesk
from cobranza.flows.reports.late_receipts import ReceiptWatch
from cobranza.flows.reports.plan import PlanDesk
from cobranza.flows.reports.report import Sources
from cobranza.flows.results import ResultDesk
from cobranza.flows.room import Room
from cobranza.flows.send_reminder import Sender
from cobranza.flows.stops import Stops
from cobranza.policy.pace import Pace
from cobranza.queues import DroppedFile, FilePart, Queue, Reminder, ReplyToAnswer, parse_file_work
from cobranza.refs import References
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.controls import Controls
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal, Line
from cobranza.store.ledger import Ledger
from cobranza.store.limits import DueLine, Limits, Ramps
from cobranza.store.messages import Messages
from cobranza.store.notices import Notices
from cobranza.store.numbers import Numbers
from cobranza.store.objects import Bucket
from cobranza.store.payments import Payments
from cobranza.store.plans import Plans
from cobranza.store.portfolios import switched_on
from cobranza.store.receipts import Receipts
from cobranza.store.table import Table
from cobranza.store.templates import Templates
from cobranza.store.texts import Texts
from cobranza.whatsapp.templates import announced, announcements
from tests.integration.fakes import FakeWhatsApp
from tests.integration.partiql import PartiqlClient
from tests.integration.tables import create_table
from tests.unit.books import DAILY

PORTFOLIO_YAML = """
creditor: {legal_name: Muebles Aurora S.A., shown_name: Muebles Aurora, complaints_channel: 800 000 0000}
creditor_type: first_party
phone_number_id: "100000000000001"
countries: [MX, CO, BR]
language: es
consent: {text: Acepto recibir recordatorios de pago por WhatsApp, source: solicitud}
numbers_given_by_borrower: [solicitud, sucursal]
link_bases: ["https://pagos.example.com/"]
freshness_hours: 240
confirms_payments: false
"""
# So fast that moto hides no message.
AT_ONCE = Pace(1000, timedelta(minutes=5))
COUNTRIES_ON = frozenset({"MX", "CO", "BR", "CU"})
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


# What the tables hold after a beginning that many tests share.
_BEGINNINGS: dict[str, dict[str, list[dict[str, Any]]]] = {}


@dataclass
class World:
    """A stack's tables, bucket and queue, the clock, and the rooms wired to them."""

    s3: Any
    sqs: Any
    sns: Any
    dynamodb: Any
    queue_url: str
    media_url: str
    replies_url: str
    files_url: str
    topic: str
    now: datetime = TUESDAY
    whatsapp: FakeWhatsApp = field(default_factory=FakeWhatsApp)
    references: References = field(default_factory=lambda: References("k" * 64))

    def __post_init__(self) -> None:
        self._open_stores()
        # One worker: moto is not made for threads; the emulator's tests import with all of them.
        rooms = Rooms(
            self._book,
            self.ledger,
            self._payments,
            self.cases,
            self.journal,
            self.references,
            lambda _: DAILY,
            workers=1,
        )
        results = ResultDesk(self.journal, self._work, self._notices)
        self.control = ControlDesk(self.ledger, self.controls, results, workers=1)
        self.approvals = ApprovalDesk(self.ledger, self.plans, results)
        self.importer = self._importer(rooms, results)
        self.recorder = Recorder(
            self.ledger,
            self.conversations,
            self.messages,
            self.journal,
            self.references,
            self.media,
            NewsDesk(self.ledger, self.conversations, self.journal, self.templates, self.numbers, self.cases),
            self.replies,
        )
        self.answers = self._answers(rooms.closer)
        self.sender = self._sender()
        self.scheduler = Scheduler(self.ledger, self.limits, self.line, self.queue, AT_ONCE, workers=1)
        self._wire_evening()

    def _open_stores(self) -> None:
        table = self.table = Table(PartiqlClient(self.dynamodb), "ledger")
        self.journal = Journal(Table(PartiqlClient(self.dynamodb), "journal"))
        self.ledger, self.messages, self.conversations = Ledger(table), Messages(table), Conversations(table)
        self.limits, self.ramps, self.line = Limits(table, people_a_day=1000), Ramps(table), DueLine(table)
        self.controls, self.plans, self.templates = Controls(table), Plans(table), Templates(table)
        self.texts, self.numbers = Texts(table), Numbers(table)
        self.receipts, self.cases = Receipts(table), Cases(table)
        self._book, self._payments, self._imports = Book(table), Payments(table), Imports(table)
        self._inbox, self._work = Bucket(self.s3, "inbox"), Bucket(self.s3, "work")
        self._notices = Notices(self.sns, self.topic)
        self.files = Queue[DroppedFile | FilePart](self.sqs, self.files_url)
        self.media = Queue[ReplyToAnswer](self.sqs, self.media_url)
        self.replies = Queue[ReplyToAnswer](self.sqs, self.replies_url)
        self.queue = Queue[Reminder](self.sqs, self.queue_url)
        self._portfolio = switched_on(self.ledger.portfolio, COUNTRIES_ON)

    def _importer(self, rooms: Rooms, results: ResultDesk) -> Importer:
        judge = Judge(self._book, lambda _: DAILY, announced().keys())
        parts = PartImporter(
            self._book, self.ledger, self._payments, self.references, lambda _: DAILY, judge, workers=1
        )
        return Importer(
            self.ledger,
            self._imports,
            parts,
            self.references,
            self._work,
            self.files,
            results,
            RowDesk(rooms),
            announcements(),
            COUNTRIES_ON,
            self.templates.register,
        )

    def _sender(self) -> Sender:
        return Sender(
            self.ledger,
            self.messages,
            self.journal,
            self.whatsapp,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            lambda _: DAILY,
            self._portfolio,
            self.ledger.feed,
            Room(self.limits, self.ramps),
            Stops(self.ledger),
            self.texts,
            only_to=None,
            faults=faults_of(self.templates),
        )

    def _answers(self, closer: CaseCloser) -> AnswerDesk:
        whatsapp: Any = self.whatsapp
        return AnswerDesk(
            ledger=self.ledger,
            conversations=self.conversations,
            cases=self.cases,
            closer=closer,
            journal=self.journal,
            whatsapp=whatsapp,
            portfolio=self.ledger.portfolio,
            only_to=None,
        )

    def _wire_evening(self) -> None:
        """What closes days and makes plans."""
        sources = Sources(
            self.journal,
            self.ledger,
            self.messages,
            self._book,
            self._payments,
            self._imports,
            self.line,
            self.receipts,
            self.cases,
            self.conversations,
            workers=1,
        )
        watch = ReceiptWatch(self.ledger, self.cases, self.receipts, self.journal, self._notices)
        self.reports = ReportDesk(sources, self._inbox, watch)
        planner = Planner(
            self.ledger,
            self._book,
            self._portfolio,
            None,
            heals=True,
            workers=1,
            faults=faults_of(self.templates),
            journal=self.journal,
        )
        self.planning = PlanDesk(planner, self.plans, self.ramps, self._inbox, self._notices)

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
        """Time goes by, and the daily file comes."""
        self.now += timedelta(**parts)
        self.ledger.refresh("tienda", self.now)

    def ref(self, borrower_id: str = "C1") -> str:
        return self.references.ref("borrower", borrower_id)

    def tick(self) -> list[Reminder]:
        """Runs the scheduler; the reminders that it queued."""
        self.scheduler.tick(self.now, "trace")
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

    def do_files(self) -> None:
        """Does what waits on the queue of files: parts, and files that had to wait."""
        while messages := self.sqs.receive_message(QueueUrl=self.files_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.files_url, ReceiptHandle=message["ReceiptHandle"])
                work = parse_file_work(message["Body"])
                try:
                    if isinstance(work, FilePart):
                        self.importer.take_part(self._inbox, work, self.now)
                    else:
                        self.importer.take(self._inbox, work, self.now)
                except Busy:
                    self.files.put([work])

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

    def book(self) -> list[dict[str, Any]]:
        """All that is known of people and their debts."""
        return [item for item in self.items() if item["pk"].startswith(("B#", "REF#"))]

    def message_items(self) -> list[dict[str, Any]]:
        """With what the end of the look says of them: that WhatsApp took them."""
        items = self.items()
        taken = {(item["pk"], f"MSG#{item['taken']['day']}"): item["taken"] for item in items if "taken" in item}
        return [
            _with_taken(item, taken.get((item["pk"], item["sk"])))
            for item in items
            if item["sk"].startswith("MSG#")
        ]

    def outcomes(self) -> list[str]:
        return [item["code"] for item in self.items("journal") if item["event"] == "outcome"]


def of_day(journal: Journal, day: date) -> list[Line]:
    """All lines of a UTC day."""
    start = datetime.combine(day, time.min, UTC)
    return list(journal.between(start, start + timedelta(days=1)))


def _with_taken(item: dict[str, Any], taken: dict[str, Any] | None) -> dict[str, Any]:
    if taken is None:
        return item
    accepted = {"state": "ACCEPTED"} if item["state"] == "CLAIMED" else {}
    return {"accepted_at": taken["at"], "wamid": taken["wamid"]} | item | accepted
