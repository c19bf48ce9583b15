"""`cobranza import FILE`: what would happen, row by row counted, and nothing written."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cobranza.errors import InvalidInput
from cobranza.files.columns import DEBTS
from cobranza.files.debts import DebtRow, read_debt
from cobranza.files.declared import Declared
from cobranza.files.reading import Reading, Survey
from cobranza.flows.person import row_digest
from cobranza.store import keys
from cobranza.store.book import Book, Open
from cobranza_cli.place import Place

CHUNK = 1024 * 1024
EXAMPLES = 20


def told(
    file: Path, place: Place | None, portfolio: str, *, is_snapshot: bool, console: Console
) -> dict[str, Any]:
    """Reads the file twice: what it is, then each row."""
    declared = Declared()
    try:
        survey = _surveyed(file, declared, console)
        reading = Reading(_chunks(file), file=file.name, wanted=DEBTS, declared=declared)
        book = _book(place, portfolio) if place else None
        return _compared(reading, survey, declared, portfolio, place, book, is_snapshot=is_snapshot)
    except InvalidInput as error:
        return {"error": {"code": error.code, "reason": error.reason}}


def show(console: Console, told: dict[str, Any]) -> None:
    if error := told["error"]:
        console.print(f"[red]refused whole: {error['code']}[/red] {error['reason']}")
        return
    table = Table("what", "how many")
    for name in ("read", "refused", "new", "changed", "unchanged", "would_close"):
        if told.get(name) is not None:
            table.add_row(name.replace("_", " "), f"{told[name]:,}")
    for currency, total in told["totals"].items():
        table.add_row(f"total {currency}", f"{Decimal(total):,}")
    console.print(table)
    for name, header in told["columns"].items():
        console.print(f"{name} ← {header}")
    for warning in told["warnings"]:
        console.print(f"[yellow]{warning}[/yellow]")
    for example in told["refusals"]:
        console.print(f"line {example['line']}: {example['column']} {example['code']}: {example['reason']}")


def _surveyed(file: Path, declared: Declared, console: Console) -> Survey:
    reading = Reading(_watched(file, console), file=file.name, wanted=DEBTS, declared=declared)
    for _ in reading.rows():
        pass
    return reading.survey()


def _compared(
    reading: Reading,
    survey: Survey,
    declared: Declared,
    portfolio: str,
    place: Place | None,
    book: dict[tuple[str, str], Open] | None,
    *,
    is_snapshot: bool,
) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    refusals: list[dict[str, Any]] = []
    listed: set[tuple[str, str]] = set()
    for row in reading.rows():
        counts["read"] += 1
        try:
            parsed = read_debt(
                reading.columns, row, survey.formats, declared, portfolio=portfolio, as_of=datetime.now(UTC)
            )
        except InvalidInput as error:
            counts["refused"] += 1
            if len(refusals) < EXAMPLES:
                refusals.append(
                    {"line": row.line, "column": error.column, "code": error.code, "reason": error.reason}
                )
            continue
        if place and book is not None:
            counts[_change(parsed, place, book, listed)] += 1
    told: dict[str, Any] = {"error": None, "read": counts["read"], "refused": counts["refused"]}
    if book is not None:
        told |= {name: counts[name] for name in ("new", "changed", "unchanged")}
        told["would_close"] = len(book.keys() - listed) if is_snapshot else 0
    totals = {currency: str(total) for currency, total in survey.totals.items()}
    return told | {
        "totals": totals,
        "columns": dict(survey.columns),
        "warnings": list(survey.warnings),
        "refusals": refusals,
    }


def _change(row: DebtRow, place: Place, book: dict[tuple[str, str], Open], listed: set[tuple[str, str]]) -> str:
    key = (place.references.ref("borrower", row.borrower_id), row.terms.key)
    listed.add(key)
    known = book.get(key)
    if known is None:
        return "new"
    return "unchanged" if known.digest == row_digest(row) else "changed"


def _book(place: Place, portfolio: str) -> dict[tuple[str, str], Open]:
    """The portfolio's open debts."""
    book = Book(place.ledger)
    entries = (entry for shard in range(keys.BOOK_SHARDS) for entry in book.open_debts(portfolio, shard))
    return {(entry.borrower, entry.debt): entry for entry in entries}


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk


def _watched(file: Path, console: Console) -> Iterator[bytes]:
    bar = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*bar, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=file.stat().st_size)
        for chunk in _chunks(file):
            yield chunk
            progress.advance(task, len(chunk))
