"""The file desk as the ingest function wires it, over a folder for its buckets and a stub for DynamoDB."""

import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, cast

from cobranza.flows.applied import Rooms
from cobranza.flows.apply_rows import RowDesk
from cobranza.flows.import_file import Importer
from cobranza.flows.import_part import PartImporter
from cobranza.flows.readiness import Judge
from cobranza.flows.results import ResultDesk
from cobranza.policy.strategy import Strategy, standard
from cobranza.queues import DroppedFile, FilePart
from cobranza.refs import References
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.imports import Import, Imports
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.objects import CHUNK, Opened
from cobranza.store.payments import Payments
from cobranza.store.table import Table
from cobranza.whatsapp.templates import announced
from tests.bench import debts
from tests.bench.dynamodb import Stub

DROPPED = datetime(2026, 11, 24, 12, tzinfo=UTC)
# As many ingest functions as the template lets run at once.
FUNCTIONS = 8


@dataclass
class Folder:
    """Buckets, queue and topic: what is kept lies in files, what is queued is listed here."""

    path: Path
    queued: list[FilePart] = field(default_factory=list[FilePart])

    def open(self, key: str, version: str = "") -> Opened:
        return Opened(self._chunks(key), self._at(key).stat().st_size, DROPPED, {})

    def _chunks(self, key: str) -> Iterator[bytes]:
        with self._at(key).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def lines(self, key: str) -> Iterator[bytes]:
        with self._at(key).open("rb") as file:
            yield from file

    def read(self, key: str) -> bytes:
        return self._at(key).read_bytes()

    def put_files(self, key: str, paths: Sequence[Path]) -> None:
        self.put_pieces(key, (path.read_bytes() for path in paths))

    def put_pieces(self, key: str, pieces: Iterable[bytes], content_type: str = "") -> None:
        with self._at(key).open("wb") as whole:
            whole.writelines(pieces)

    def put(self, key: Any, data: bytes = b"", content_type: str = "", *, delay: int = 0) -> None:
        """An object, or messages of the queue."""
        if isinstance(key, str):
            self._at(key).write_bytes(data)
        else:
            self.queued += key

    def tell(self, *_: Any) -> None:
        """Nobody reads the topic."""

    def _at(self, key: str) -> Path:
        path = self.path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class OneImport(Imports):
    """The import of a single file, kept here; its calls are made and counted as ever."""

    def __init__(self, table: Table, known: Import | None = None) -> None:
        super().__init__(table)
        self.known = known

    def begin(self, new: Import) -> bool:
        self.known = new
        return super().begin(new)

    def find(self, portfolio: str, import_id: str) -> Import | None:
        return self.known

    def of(self, portfolio: str) -> Iterator[Import]:
        return iter(())

    def finish_part(self, portfolio: str, import_id: str, part: int) -> Import:
        assert self.known
        self.known = replace(self.known, done=self.known.done | {part})
        return self.known


@dataclass
class Desk:
    stub: Stub
    folder: Folder
    imports: OneImport
    importer: Importer


def desk(stub: Stub, path: Path, known: Import | None = None) -> Desk:
    table, folder = Table(stub.client(), "ledger"), Folder(path)
    ledger, book, references = Ledger(table), Book(table), References("k" * 64)
    payments, imports = Payments(table), OneImport(table, known)
    journal, place = Journal(table), cast(Any, folder)

    def strategy_of(portfolio: str) -> Strategy:
        return standard()

    judge = Judge(book, strategy_of, announced().keys())
    importer = Importer(
        ledger=ledger,
        imports=imports,
        parts=PartImporter(book, ledger, payments, references, strategy_of, judge),
        references=references,
        work=place,
        queue=place,
        results=ResultDesk(journal, place, place),
        rows=RowDesk(Rooms(book, ledger, payments, Cases(table), journal, references, strategy_of)),
        templates={},
        countries_on=frozenset({"MX"}),
    )
    return Desk(stub, folder, imports, importer)


def import_file(stub: Stub, file: bytes, pool: Executor | None = None) -> None:
    """The whole way of one file: first pass, parts, results. With a pool its processes do the parts."""
    with tempfile.TemporaryDirectory() as name:
        at = desk(stub, Path(name))
        at.folder.put("debts/uno/a.csv", file)
        inbox: Any = at.folder
        at.importer.take(inbox, DroppedFile("inbox", "debts/uno/a.csv", "1"), DROPPED)
        if pool is None:
            for part in at.folder.queued:
                at.importer.take_part(inbox, part, DROPPED)
            return
        begun = at.imports.known
        assert begun
        jobs = [pool.submit(_do_part, at.folder.path, begun, part, stub.latency) for part in at.folder.queued]
        for job in jobs:
            stub.add(job.result())
        at.importer.results.finish(inbox, replace(begun, done=frozenset(range(begun.parts))), DROPPED)


def _do_part(path: Path, begun: Import, part: FilePart, latency: float) -> Stub:
    at = desk(Stub(latency), path, begun)
    inbox: Any = at.folder
    at.importer.take_part(inbox, part, DROPPED)
    return at.stub


@contextmanager
def processes(count: int = FUNCTIONS) -> Generator[Executor]:
    """Warm ones, as functions are that have run before."""
    context = get_context("spawn")
    ready = context.Barrier(count + 1)
    with ProcessPoolExecutor(count, context, _warm, (ready,)) as pool:
        for _ in range(count):
            pool.submit(int)  # each starts one more process
        ready.wait(60)
        yield pool


def _warm(ready: Barrier) -> None:
    import_file(Stub(), "".join(debts.lines(500)).encode())
    ready.wait()
