"""A whole stack in memory: tables, buckets and queues of this process, and the layer's rooms wired to them."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from cobranza.errors import NotFound
from cobranza.files.results import Summary
from cobranza.flows.applied import Rooms
from cobranza.flows.apply_rows import RowDesk
from cobranza.flows.import_file import Importer
from cobranza.flows.import_part import PartImporter
from cobranza.flows.record_events import Recorder
from cobranza.flows.results import ResultDesk
from cobranza.flows.send_reminder import Sender
from cobranza.policy.caps import Caps
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.strategy import Strategy, standard
from cobranza.queues import DroppedFile, FilePart
from cobranza.refs import References
from cobranza.store.book import Book
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal
from cobranza.store.keys import MessageKey
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.store.objects import Opened, Received
from cobranza.store.payments import Payments
from cobranza.whatsapp.client import Accepted, Answer, Refused, Unclear
from cobranza.whatsapp.errors import Action, ProviderError
from cobranza.whatsapp.templates import announcements
from local.replay.table import MemoryTable

BEFORE = datetime.min.replace(tzinfo=UTC)
PORTFOLIO = "libro"
NUMBER = "100000000000001"
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
freshness_hours: 60
"""


@dataclass
class MemoryBucket:
    """Objects by key, with the moment and the metadata of their drop."""

    objects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    moment: datetime = BEFORE
    metadata: dict[str, str] = field(default_factory=dict[str, str])

    def get(self, key: str, version: str, *, limit: int) -> Received:
        return Received(self.read(key), self.moment)

    def open(self, key: str, version: str = "") -> Opened:
        data = self.read(key)
        return Opened(iter([data]), len(data), self.moment, self.metadata)

    def lines(self, key: str) -> Iterator[bytes]:
        return iter(self.read(key).splitlines())

    def read(self, key: str) -> bytes:
        if key not in self.objects:
            raise NotFound("the file is gone")
        return self.objects[key]

    def put(self, key: str, data: bytes, content_type: str = "") -> None:
        self.objects[key] = data

    def put_files(self, key: str, paths: Iterable[Path], content_type: str = "") -> None:
        self.objects[key] = b"".join(path.read_bytes() for path in paths)

    def put_file(self, key: str, file: IO[bytes], content_type: str = "") -> None:
        file.seek(0)
        self.objects[key] = file.read()


@dataclass
class MemoryQueue:
    waiting: list[Any] = field(default_factory=list[Any])

    def put(self, messages: Iterable[Any], *, delay: int = 0) -> int:
        new = list(messages)
        self.waiting += new
        return len(new)

    def take_all(self) -> list[Any]:
        taken, self.waiting = self.waiting, []
        return taken


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
        return Accepted(f"wamid.{len(self.sent) - 1}", message["to"][1:])


class _SilentNotices:
    def tell(self, summary: Summary, results: str) -> None:
        pass


class World:
    """`strategy` is in force for the portfolio, and agreed to once by a person."""

    def __init__(self, seed: int, strategy: Strategy = STRATEGY) -> None:
        self.references = References("replay " * 8)
        self.tables = (MemoryTable(), MemoryTable())
        self.inbox, self.reminders, self._files = MemoryBucket(), MemoryQueue(), MemoryQueue()
        self.whatsapp = FakeWhatsApp(random.Random(f"{seed} whatsapp"))
        table, self.journal = self.tables[0], Journal(self.tables[1])
        self.ledger, self._conversations = Ledger(table), Conversations(table)
        self._messages = Messages(table)
        self._wire(Book(table), Imports(table), Payments(table), lambda _: strategy)

    def _wire(
        self, book: Book, imports: Imports, payments: Payments, strategy_of: Callable[[str], Strategy]
    ) -> None:
        ledger, references, journal = self.ledger, self.references, self.journal
        work: Any = MemoryBucket()
        files: Any = self._files
        notices: Any = _SilentNotices()
        whatsapp: Any = self.whatsapp
        rooms = Rooms(book, ledger, payments, self._conversations, journal, references, strategy_of, workers=1)
        self._importer = Importer(
            ledger,
            imports,
            PartImporter(book, ledger, payments, references, strategy_of, workers=1),
            references,
            work,
            files,
            ResultDesk(journal, work, notices),
            RowDesk(rooms),
            announcements(),
            frozenset(COUNTRIES),
        )
        self.sender = Sender(ledger, self._messages, journal, whatsapp, strategy_of, self._portfolio, ledger.feed)
        media: Any = MemoryQueue()
        self.recorder = Recorder(ledger, self._conversations, self._messages, journal, references, media)
        self._known: Portfolio | None = None

    def begin(self, now: datetime) -> None:
        """The portfolio is declared, and a person has agreed to its first plan."""
        self.drop(f"portfolios/{PORTFOLIO}/portfolio.yaml", _PORTFOLIO_YAML, now)
        self.ledger.approve(PORTFOLIO, now.date())

    def drop(self, key: str, text: str, now: datetime, as_of: datetime | None = None) -> Summary:
        """Imports a file to its end; a person confirms it where it waits for that. Raises RuntimeError for a file
        that is refused, or a row of it."""
        self.inbox.moment = now
        self.inbox.metadata = {"as-of": (as_of or now).isoformat()}
        self.inbox.put(key, text.encode())
        summary = self._take(key, now)
        if summary.waiting:
            self.inbox.put(f"{key}.confirm", b"")
            summary = self._take(f"{key}.confirm", now)
        if summary.error or summary.refused:
            raise RuntimeError(f"{key}: {summary.error or dict(summary.refused_by_code)}")
        return summary

    def _take(self, key: str, now: datetime) -> Summary:
        inbox: Any = self.inbox
        summary = self._importer.take(inbox, DroppedFile("inbox", key, now.isoformat()), now)
        while parts := self._files.take_all():
            for part in parts:
                assert isinstance(part, FilePart), "nobody else imports"
                summary = self._importer.take_part(inbox, part, now) or summary
        assert summary is not None
        return summary

    def expire(self, now: datetime) -> None:
        """DynamoDB takes up to two days for it."""
        for table in self.tables:
            table.expire(now - timedelta(days=1))

    def _portfolio(self, portfolio_id: str) -> Portfolio | None:
        self._known = self._known or self.ledger.portfolio(portfolio_id)
        return self._known
