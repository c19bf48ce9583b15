"""The file desk against the importer that everybody writes: csv.DictReader and batch_writer, as in samples."""

import csv
import io
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cobranza.files.results import Summary
from cobranza.flows.applied import Rooms
from cobranza.flows.apply_rows import RowDesk
from cobranza.flows.import_file import Importer
from cobranza.flows.import_part import PartImporter
from cobranza.flows.readiness import Judge
from cobranza.flows.results import ResultDesk
from cobranza.policy.strategy import standard
from cobranza.queues import DroppedFile, FilePart
from cobranza.refs import References
from cobranza.store.book import Book
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.objects import Opened
from cobranza.store.payments import Payments
from cobranza.store.table import Table
from cobranza.whatsapp.templates import announced
from tests.bench.dynamodb import Stub
from tests.bench.report import Row

ROWS = 20_000
DROPPED = datetime(2026, 11, 24, 12, tzinfo=UTC)
COLUMNS = "borrower_id,name,phone,country,region,language,debt_id,amount,balance,currency,due_date,consent\n"


def run() -> list[Row]:
    rows = list(_rows(ROWS))
    file = (COLUMNS + "".join(rows)).encode()
    changed = [row.replace(".25,MXN,", ".75,MXN,") if n % 50 == 0 else row for n, row in enumerate(rows)]
    found: list[Row] = []
    first = Stub(records=True)
    _import(first, file)  # also warms every cache that a worker keeps
    per_row = first.items / ROWS
    first.close_book()
    for milliseconds, goal in ((10, 4.0), (0, 0.7)):
        ours, plain, alike = Stub(milliseconds / 1000), Stub(milliseconds / 1000), Stub(milliseconds / 1000)
        share = file if not milliseconds else (COLUMNS + "".join(rows[: ROWS // 4])).encode()
        count = ROWS if not milliseconds else ROWS // 4
        seconds = _timed(lambda ours=ours, share=share: _import(ours, share))
        one = _timed(lambda plain=plain, share=share: _plain(plain, share, items=1))
        same = _timed(lambda alike=alike, share=share: _plain(alike, share, items=round(per_row)))
        speed, baseline = count / seconds, count / same * round(per_row) / per_row
        note = f"{per_row:.2f} items a row; one item a row, unchecked: {count / one:,.0f} rows/s"
        found.append(
            Row(
                f"import of new rows, {milliseconds} ms away",
                "rows/s",
                round(speed),
                f"≥ {goal} ×",
                speed / baseline >= goal,
                round(baseline),
                round(speed / baseline, 2),
                note,
                {"calls": ours.calls.total() / count * 1000, "wru": ours.wru / count},
            )
        )
    found.append(_cost("new", first, ROWS, 5.0))
    found += _again(first, file, changed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found.append(Row("import: peak memory", "MB", round(peak), "≤ 300", peak <= 300, note=f"{ROWS:,} rows"))
    return found


def _again(first: Stub, file: bytes, changed: list[str]) -> list[Row]:
    fresh = _timed(lambda: _import(Stub(), file))
    same = Stub(index=first.index)
    seconds = _timed(lambda: _import(same, file))
    ratio = fresh / seconds
    ledger = same.calls["BatchExecuteStatement"]
    rows = [
        Row(
            "import of the same file again",
            "rows/s",
            round(ROWS / seconds),
            "≥ 3 ×, no row written",
            ratio >= 3 and ledger == 0,
            round(ROWS / fresh),
            round(ratio, 2),
            f"{ledger} calls that write rows",
            {"calls": same.calls.total() / ROWS * 1000, "wru": same.wru / ROWS},
        )
    ]
    partly = Stub(index=first.index)
    _import(partly, (COLUMNS + "".join(changed)).encode())
    rows.append(_cost("2 % changed", partly, ROWS, 0.5))
    return rows


def _cost(name: str, stub: Stub, count: int, most: float) -> Row:
    units = stub.wru / count
    calls = stub.calls.total() / count * 1000
    return Row(
        f"import, {name}: write units",
        "a row",
        round(units, 3),
        f"≤ {most}",
        units <= most,
        note=f"{calls:.0f} calls for 1,000 rows",
        counted={"calls": round(calls, 1), "wru": round(units, 3)},
    )


def _rows(count: int) -> Iterator[str]:
    """Three debts for two borrowers."""
    for number in range(count):
        borrower = number * 2 // 3
        yield (
            f"C{borrower},Lucía Ejemplo {borrower},+5255{50000000 + borrower:08},MX,CMX,es-MX,F-{number},"
            f"{1000 + number % 977}.50,{900 + number % 977}.25,MXN,2026-12-{number % 28 + 1:02},sí\n"
        )


def _plain(stub: Stub, file: bytes, *, items: int) -> None:
    table = stub.table()
    with table.batch_writer() as batch:
        for number, row in enumerate(csv.DictReader(io.StringIO(file.decode()))):
            for item in range(items):
                batch.put_item(Item={"pk": f"B#{number}#{item}", "sk": row["debt_id"], **row})


@dataclass
class Memory:
    """Buckets, queue, topic and journal that cost nothing: what is measured is the desk and its table."""

    objects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    queued: list[DroppedFile | FilePart] = field(default_factory=list[DroppedFile | FilePart])

    def open(self, key: str, version: str = "") -> Opened:
        data = self.objects[key]
        return Opened((data[at : at + 2**20] for at in range(0, len(data), 2**20)), len(data), DROPPED, {})

    def lines(self, key: str) -> Iterator[bytes]:
        return iter(self.objects[key].splitlines())

    def read(self, key: str) -> bytes:
        return self.objects[key]

    def put_files(self, key: str, paths: list[Path]) -> None:
        self.objects[key] = b"".join(path.read_bytes() for path in paths)

    def put(self, messages: Any, *rest: Any, delay: int = 0) -> int:
        if rest:
            self.objects[messages] = rest[0]
            return 0
        self.queued += messages
        return 0

    def tell(self, summary: Summary, results: str) -> None:
        pass


class OneImport:
    """The imports of a single file, kept here."""

    def __init__(self, table: Table) -> None:
        self._table = Imports(table)
        self._known: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def acquire(self, *_: Any) -> int:
        return 1

    def save(self, new: Any) -> None:
        self._known[new.id] = new

    def find(self, portfolio: str, import_id: str) -> Any:
        return self._known.get(import_id)

    def of(self, portfolio: str) -> list[Any]:
        return []

    def change(self, *_: Any) -> bool:
        return True

    def finish_part(self, portfolio: str, import_id: str, part: int) -> Any:
        from dataclasses import replace

        known = self._known[import_id]
        self._known[import_id] = replace(known, done=known.done | {part})
        return self._known[import_id]


def _import(stub: Stub, file: bytes) -> Mapping[str, Any]:
    """The whole way of one file: first pass, parts, results."""
    table, memory = Table(stub.client(), "ledger"), Memory()
    ledger, book, references = Ledger(table), Book(table), References("k" * 64)
    desk: Any = memory
    imports: Any = OneImport(table)
    importer = Importer(
        ledger=ledger,
        imports=imports,
        parts=PartImporter(
            book,
            ledger,
            Payments(table),
            references,
            lambda _: standard(),
            Judge(book, lambda _: standard(), announced().keys()),
        ),
        references=references,
        work=desk,
        queue=desk,
        results=ResultDesk(Journal(table), desk, desk),
        rows=RowDesk(
            Rooms(
                book,
                ledger,
                Payments(table),
                Conversations(table),
                Journal(table),
                references,
                lambda _: standard(),
            )
        ),
        templates={},
        countries_on=frozenset({"MX"}),
    )
    memory.objects["debts/uno/a.csv"] = file
    importer.take(desk, DroppedFile("inbox", "debts/uno/a.csv", "1"), DROPPED)
    for part in memory.queued:
        if isinstance(part, FilePart):
            importer.take_part(desk, part, DROPPED)
    return {key: data for key, data in memory.objects.items() if key.startswith("results/")}


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
