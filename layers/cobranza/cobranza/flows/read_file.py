"""The first pass of an import: one stream through a dropped file decides what it is and writes it down in parts.

A part is JSON lines, [line, borrower's reference, cells], and holds all rows of its borrowers. Beside the parts
lies the sorted list of the debts that the file names, eight bytes each: later files ask it what this one has told.
"""

import json
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cobranza.files.cells import is_id
from cobranza.files.plans import plan_of
from cobranza.files.reading import Reading, Survey
from cobranza.files.row import Row
from cobranza.flows.part import PartRow, debt_hash
from cobranza.refs import References
from cobranza.store import keys
from cobranza.store.objects import Bucket

PART_BYTES = 1_000_000
MOST_STRAYS = 1_000


@dataclass(frozen=True, slots=True)
class Read:
    """What the pass left: the survey, the shards of each part, the debts that were named, and whom the rows name
    that do not surely say whose they are; an empty text is nobody, and all of them where they are many."""

    survey: Survey
    parts: Sequence[tuple[int, ...]]
    listed: "Listed"
    strays: Set[str]


class Listed:
    """A set of debts in eight bytes each."""

    def __init__(self, data: bytes = b"") -> None:
        self._hashes = array("Q", data)

    def add(self, borrower: str, debt: str) -> None:
        self._hashes.append(debt_hash(borrower, debt))

    def to_bytes(self) -> bytes:
        self._hashes = array("Q", sorted(self._hashes))
        return self._hashes.tobytes()

    def __len__(self) -> int:
        return len(self._hashes)

    def __iter__(self) -> Iterator[int]:
        return iter(self._hashes)

    def __contains__(self, hashed: int) -> bool:
        place = bisect_left(self._hashes, hashed)
        return place < len(self._hashes) and self._hashes[place] == hashed


def read_into_parts(
    reading: Reading, portfolio: str, import_id: str, references: References, work: Bucket
) -> Read:
    """Raises InvalidInput where the file is refused whole; then no part is left behind."""
    listed = Listed()
    with ExitStack() as files, tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{shard:02}" for shard in range(keys.BOOK_SHARDS)]
        shards = [files.enter_context(path.open("w", encoding="utf-8", buffering=65_536)) for path in paths]
        refs: dict[str, str] = {}
        strays: set[str] = set()
        for row in reading.rows():
            borrower_id = cell(row, reading.columns, "borrower_id")
            ref = refs.get(borrower_id, "")
            if borrower_id and not ref:
                if len(refs) > 10_000:
                    refs.clear()
                ref = refs[borrower_id] = references.ref("borrower", borrower_id)
            if ref:
                debt = debt_key(row, reading.columns, portfolio)
                listed.add(ref, debt)
                if cell(row, reading.columns, "plan_total"):  # it tells of all instalments, listed or not
                    listed.add(*plan_of(ref, debt))
            if _is_stray(row, borrower_id):
                strays.add(ref if len(strays) < MOST_STRAYS else "")
            shard = keys.book_shard(ref) if ref else 0
            shards[shard].write(line_of(PartRow(ref, row)))
        survey = reading.survey()
        for shard in shards:
            shard.close()
        parts = list(_packed([path.stat().st_size for path in paths]))
        for number, part in enumerate(parts):
            work.put_files(part_place(portfolio, import_id, number), [paths[shard] for shard in part])
    work.put(listed_place(portfolio, import_id), listed.to_bytes(), "application/octet-stream")
    return Read(survey, parts, listed, strays)


def part_place(portfolio: str, import_id: str, number: int, what: str = "jsonl") -> str:
    """Where a part's rows are, or what came of them: parts hold people's data and are kept for days alone."""
    return f"parts/{portfolio}/{import_id}/{number}.{what}"


def listed_place(portfolio: str, import_id: str) -> str:
    return f"listed/{portfolio}/{import_id}"


def _packed(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Neighbouring shards together while they are small; all shards are in some part, also the empty ones."""
    part: list[int] = []
    size = 0
    for shard, more in enumerate(sizes):
        if part and size + more > PART_BYTES:
            yield tuple(part)
            part, size = [], 0
        part.append(shard)
        size += more
    yield tuple(part)


def cell(row: Row, columns: Mapping[str, int], name: str) -> str:
    place = columns.get(name, -1)
    return row.cells[place].strip() if 0 <= place < len(row.cells) else ""


def debt_key(row: Row, columns: Mapping[str, int], portfolio: str) -> str:
    """As `Terms.key`, of any row, also of one that is refused."""
    return "#".join((portfolio, cell(row, columns, "debt_id"), cell(row, columns, "instalment")))


def debt_named(row: Row, columns: Mapping[str, int], portfolio: str) -> str:
    """As `debt_key`; empty where the row's cells do not surely say which debt it is."""
    instalment = cell(row, columns, "instalment")
    is_sure = row.fault is None and is_id(cell(row, columns, "debt_id")) and (not instalment or is_id(instalment))
    return debt_key(row, columns, portfolio) if is_sure else ""


def _is_stray(row: Row, borrower_id: str) -> bool:
    """Whether a row tells of a debt and does not surely say whose. One filled cell is a note, not a debt."""
    if row.fault is None and is_id(borrower_id):
        return False
    match row.fault and row.fault.code:
        case "TOTALS_ROW":
            return False
        case "BAD_JSON":
            return True
        case _:
            return sum(bool(text.strip()) for text in row.cells) > 1


def line_of(each: PartRow) -> str:
    fault = each.row.fault
    told: list[Any] = [each.row.line, each.borrower, each.row.cells]
    if fault:
        told.append([fault.code, fault.reason, fault.column])
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"


def facts_of(survey: Survey) -> dict[str, Any]:
    """What later steps, and the summary, have to know of the first pass."""
    return {
        "header": survey.header,
        "digest": survey.digest,
        "formats": [survey.formats.date_order, survey.formats.decimal],
        "balance_from": survey.balance_from,
        "warnings": survey.warnings,
        "recognised": {
            "encoding": survey.encoding,
            "delimiter": survey.delimiter,
            "title_rows": survey.title_rows,
            "date_order": survey.formats.date_order,
            "decimal": survey.formats.decimal,
            "columns": dict(survey.columns),
        },
    }
