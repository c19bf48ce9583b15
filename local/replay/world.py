"""A whole stack in memory: tables, buckets and queues of this process, and the layer's rooms wired to them."""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cobranza.files.results import Summary
from cobranza.flows.applied import Rooms
from cobranza.flows.apply_rows import RowDesk
from cobranza.flows.import_file import Importer
from cobranza.flows.import_part import PartImporter
from cobranza.flows.queue_due import Scheduler
from cobranza.flows.readiness import Judge
from cobranza.flows.record_events import Recorder
from cobranza.flows.record_news import NewsDesk
from cobranza.flows.results import ResultDesk
from cobranza.flows.room import Room
from cobranza.flows.send_reminder import Sender
from cobranza.flows.stops import Stops
from cobranza.policy.caps import Caps
from cobranza.policy.due import StrategyOf
from cobranza.policy.pace import Pace
from cobranza.policy.strategy import Strategy, standard
from cobranza.queues import DroppedFile, FilePart, Queue, Reminder, ReplyToAnswer, parse_file_work
from cobranza.refs import References
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal
from cobranza.store.keys import MessageKey
from cobranza.store.ledger import Ledger
from cobranza.store.limits import DueLine, Limits, Ramps
from cobranza.store.messages import Messages
from cobranza.store.notices import Notices
from cobranza.store.numbers import Numbers
from cobranza.store.objects import Bucket
from cobranza.store.payments import Payments
from cobranza.store.templates import Templates
from cobranza.store.texts import Texts
from cobranza.whatsapp.client import Accepted, Answer, Refused, Unclear
from cobranza.whatsapp.errors import Action, ProviderError
from cobranza.whatsapp.templates import announced, announcements
from local.replay.aws import BEFORE, MemoryS3, MemorySqs, SilentSns
from local.replay.table import MemoryTable

PORTFOLIO = "libro"
NUMBER = "100000000000001"
PACE = Pace(per_second=80, tick=timedelta(minutes=5))
COUNTRIES = ("MX", "CO", "BR", "CL", "PE")
# The standard ladder with at most two messages a week, whatever the law of a country allows. Days are counted from
# the due date as given, so that the checks can count them too.
STRATEGY = standard().model_copy(update={"name": "replay", "due_day": "as_given", "caps": Caps(max_per_week=2)})
# Files are a day old when they come, and an evening may be missed.
_PORTFOLIO_YAML = f"""\
creditor: {{legal_name: Muebles Aurora S.A., shown_name: Muebles Aurora, complaints_channel: 800 000 0000}}
creditor_type: first_party
phone_number_id: "{NUMBER}"
countries: [{", ".join(COUNTRIES)}]
language: es
consent: {{text: Acepto recibir recordatorios de pago por WhatsApp, source: solicitud}}
numbers_given_by_borrower: [solicitud]
freshness_hours: 60
confirms_payments: false
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that may have left: `is_clear` when WhatsApp said so. `borrower` is a reference."""

    at: datetime
    borrower: str
    wamid: str
    opaque: str
    template: str
    is_clear: bool


@dataclass
class FakeWhatsApp:
    """Takes nearly all messages; now and then it refuses one for its pace, or says nothing, having sent half of
    those."""

    chance: random.Random
    now: datetime = BEFORE
    sent: list[Sent] = field(default_factory=list[Sent])

    def access_token(self) -> str:
        return "token"

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        luck = self.chance.random()
        if luck < 0.01:
            return Refused(Action.RETRY, ProviderError(130429, "Rate limit hit", "replay"), retry_after=30)
        is_clear = luck >= 0.02
        if is_clear or luck >= 0.015:
            opaque = message["biz_opaque_callback_data"]
            borrower = MessageKey.parse(opaque).borrower
            wamid = f"wamid.{len(self.sent)}"
            self.sent.append(Sent(self.now, borrower, wamid, opaque, message["template"]["name"], is_clear))
        if not is_clear:
            return Unclear(ProviderError(0, "Timed out", "replay"))
        return Accepted(f"wamid.{len(self.sent) - 1}")


class World:
    """`strategy` is in force for the portfolio, and agreed to once by a person."""

    def __init__(self, seed: int, strategy: Strategy = STRATEGY) -> None:
        self.references = References("replay " * 8)
        self.table, self.lines = MemoryTable(), MemoryTable()
        self.ledger, self._journal = Ledger(self.table), Journal(self.lines)
        self._messages, self._conversations = Messages(self.table), Conversations(self.table)
        self._s3, self._files, self._waiting = MemoryS3(), MemorySqs(), MemorySqs()
        self._inbox = Bucket(self._s3, "inbox")
        self._reminders = Queue[Reminder](self._waiting, "reminders")
        self._limits = Limits(self.table, people_a_day=10_000)
        self._scheduler = Scheduler(
            self.ledger, self._limits, DueLine(self.table), self._reminders, PACE, workers=1
        )
        self.whatsapp = FakeWhatsApp(random.Random(f"{seed} whatsapp"))
        self._importer = self._wired_importer(lambda _: strategy)
        self.sender = self._wired_sender(lambda _: strategy)
        media = Queue[ReplyToAnswer](MemorySqs(), "media")
        replies = Queue[ReplyToAnswer](MemorySqs(), "replies")
        self.recorder = Recorder(
            self.ledger,
            self._conversations,
            self._messages,
            self._journal,
            self.references,
            media,
            NewsDesk(
                self.ledger,
                self._conversations,
                self._journal,
                Templates(self.table),
                Numbers(self.table),
                Cases(self.table),
            ),
            replies,
        )

    def _wired_importer(self, strategy_of: StrategyOf) -> Importer:
        book, payments, work = Book(self.table), Payments(self.table), Bucket(self._s3, "work")
        ledger, references = self.ledger, self.references
        rooms = Rooms(book, ledger, payments, Cases(self.table), self._journal, references, strategy_of, workers=1)
        judge = Judge(book, strategy_of, announced().keys())
        return Importer(
            ledger=ledger,
            imports=Imports(self.table),
            parts=PartImporter(book, ledger, payments, references, strategy_of, judge, workers=1),
            references=references,
            work=work,
            queue=Queue[DroppedFile | FilePart](self._files, "files"),
            results=ResultDesk(self._journal, work, Notices(SilentSns(), "notices")),
            rows=RowDesk(rooms),
            templates=announcements(),
            countries_on=frozenset(COUNTRIES),
        )

    def _wired_sender(self, strategy_of: StrategyOf) -> Sender:
        whatsapp: Any = self.whatsapp
        return Sender(
            ledger=self.ledger,
            messages=self._messages,
            journal=self._journal,
            whatsapp=whatsapp,
            strategy_of=strategy_of,
            portfolio=cache(self.ledger.portfolio),
            feed=self.ledger.feed,
            room=Room(self._limits, Ramps(self.table)),
            stops=Stops(self.ledger),
            texts=Texts(self.table),
            only_to=None,
        )

    def begin(self, now: datetime) -> None:
        """The portfolio is declared, and a person has agreed to its first plan."""
        self.drop(f"portfolios/{PORTFOLIO}/portfolio.yaml", _PORTFOLIO_YAML, now)
        self.ledger.approve(PORTFOLIO, now.date())

    def drop(self, key: str, text: str, now: datetime, as_of: datetime | None = None) -> Summary:
        """Imports a file to its end; a person confirms it where it waits for that. Raises RuntimeError for a file
        that is refused, or a row of it."""
        self._s3.moment = now
        self._s3.metadata = {"as-of": (as_of or now).isoformat()}
        self._inbox.put(key, text.encode(), "text/plain")
        summary = self._take(key, now)
        if summary.waiting:
            self._inbox.put(f"{key}.confirm", b"", "text/plain")
            summary = self._take(f"{key}.confirm", now)
        if summary.error or summary.refused:
            raise RuntimeError(f"{key}: {summary.error or dict(summary.refused_by_code)}")
        return summary

    def _take(self, key: str, now: datetime) -> Summary:
        summary = self._importer.take(self._inbox, DroppedFile("inbox", key, now.isoformat()), now)
        while bodies := self._files.take_all():
            for work in map(parse_file_work, bodies):
                assert isinstance(work, FilePart), "nobody else imports"
                summary = self._importer.take_part(self._inbox, work, now) or summary
        assert summary is not None
        return summary

    def tick(self, now: datetime) -> list[Reminder]:
        """Runs the scheduler; the reminders that it queued, for a sender that knows who was written to before."""
        self.sender.room.tell(now)
        self.sender = replace(self.sender, room=Room(self._limits, Ramps(self.table)))
        self._scheduler.tick(now, "replay")
        return [Reminder.parse(body) for body in self._waiting.take_all()]

    def expire(self, now: datetime) -> None:
        """DynamoDB takes up to two days for it."""
        for table in (self.table, self.lines):
            table.expire(now - timedelta(days=1))
