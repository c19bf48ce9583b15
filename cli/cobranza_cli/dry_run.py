"""`cobranza import FILE`: what would happen, row by row counted, and nothing written."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cobranza.errors import InvalidInput
from cobranza.files.columns import DEBTS
from cobranza.files.debts import Approves, DebtRow, any_link, read_debt
from cobranza.files.declared import Declared
from cobranza.files.mapping import chosen, parse_mapping
from cobranza.files.plans import check_plans, plan_of
from cobranza.files.reading import Reading, Survey
from cobranza.files.row import Row
from cobranza.flows.as_of import as_of
from cobranza.flows.import_file import COLUMNS
from cobranza.flows.part import debt_hash
from cobranza.flows.person import row_digest
from cobranza.flows.read_file import cell, debt_key
from cobranza.flows.repeats import Verdict, at_most_one
from cobranza.flows.results import warnings_of
from cobranza.policy.closing import home_zone
from cobranza.store.book import Book, Open
from cobranza.store.ledger import Ledger
from cobranza_cli.place import Place

CHUNK = 1024 * 1024
EXAMPLES = 20


def told(
    file: Path, place: Place | None, portfolio: str, *, mapping: Path | None, is_snapshot: bool, console: Console
) -> dict[str, Any]:
    """Reads the file twice: what it is, then each row. `mapping` is used in place of the portfolio's own."""
    kind = "snapshots" if is_snapshot else "debts"
    ledger = Ledger(place.ledger) if place else None
    try:
        declared = _declared(file, ledger, portfolio, mapping, kind)
        survey, repeated = _surveyed(file, declared, console)
        now = place.now() if place else datetime.now(UTC)
        declared_portfolio = ledger.portfolio(portfolio) if ledger else None
        approves = declared_portfolio.approves_link if declared_portfolio else any_link
        zone = home_zone(declared_portfolio)
        reading = Reading(_chunks(file), wanted=DEBTS, declared=declared)
        moment = as_of(file.name, {}, now, now, zone)
        moment = min(moment, survey.as_of or moment)
        judge = _Judge(reading, survey, repeated, declared, portfolio, moment, approves)
        return _compared(judge, place, _book(place, portfolio) if place else None, is_snapshot=is_snapshot)
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


def _declared(file: Path, ledger: Ledger | None, portfolio: str, mapping: Path | None, kind: str) -> Declared:
    told = ledger.mappings(portfolio) if ledger else []
    if mapping:
        told = [(mapping.name, mapping.read_bytes())]
    known = ((name, parse_mapping(text, name, COLUMNS)) for name, text in told)
    found = chosen(known, kind, file.name)
    return found.declared() if found else Declared()


def _surveyed(file: Path, declared: Declared, console: Console) -> tuple[Survey, set[int]]:
    """What the file is, and the debts that it names more than once."""
    reading = Reading(_watched(file, console), wanted=DEBTS, declared=declared)
    named: set[int] = set()
    repeated: set[int] = set()
    for row in reading.rows():
        hashed = debt_hash(*_name(row, reading.columns))
        (repeated if hashed in named else named).add(hashed)
    return reading.survey(), repeated


def _name(row: Row, columns: Mapping[str, int]) -> tuple[str, str]:
    return cell(row, columns, "borrower_id"), debt_key(row, columns, "")


@dataclass(frozen=True, slots=True)
class _Judge:
    """Tells of each row whether it can be used, as the import does."""

    reading: Reading
    survey: Survey
    repeated: Container[int]
    declared: Declared
    portfolio: str
    as_of: datetime
    approves: Approves

    def rows(self) -> Iterator[tuple[Row, Verdict]]:
        rows = self._read()
        first = next(rows, None)  # the columns are known from here on
        read = chain([first] if first else [], rows)
        return self._planned(list(read)) if "plan_total" in self.reading.columns else read

    def _read(self) -> Iterator[tuple[Row, Verdict]]:
        """Those of debts that are named more than once come at the end."""
        held: dict[tuple[str, str], list[tuple[Row, Verdict]]] = {}
        for row in self.reading.rows():
            name = _name(row, self.reading.columns)
            if debt_hash(*name) in self.repeated:
                held.setdefault(name, []).append((row, self._verdict(row)))
            else:
                yield row, self._verdict(row)
        for found in held.values():
            yield from zip((row for row, _ in found), at_most_one(found), strict=True)

    def _verdict(self, row: Row) -> Verdict:
        try:
            return read_debt(
                self.reading.columns,
                row,
                self.survey.formats,
                self.declared,
                portfolio=self.portfolio,
                as_of=self.as_of,
                approves=self.approves,
            )
        except InvalidInput as error:
            return error

    def _planned(self, read: list[tuple[Row, Verdict]]) -> Iterator[tuple[Row, Verdict]]:
        columns = self.reading.columns
        good = [(one.borrower_id, one) for _, one in read if isinstance(one, DebtRow)]
        incomplete = {
            plan_of(cell(row, columns, "borrower_id"), debt_key(row, columns, self.portfolio))
            for row, one in read
            if isinstance(one, InvalidInput)
        }
        faults = check_plans(good, incomplete)
        for row, one in read:
            fault = faults.get(plan_of(one.borrower_id, one.terms.key)) if isinstance(one, DebtRow) else None
            yield row, fault or one


def _compared(
    judge: _Judge, place: Place | None, book: dict[tuple[str, str], Open] | None, *, is_snapshot: bool
) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    refusals: list[dict[str, Any]] = []
    listed: set[tuple[str, str]] = set()
    for row, one in judge.rows():
        counts["read"] += 1
        if isinstance(one, InvalidInput):
            counts["refused"] += 1
            if len(refusals) < EXAMPLES:
                refusals.append({"line": row.line, "column": one.column, "code": one.code, "reason": one.reason})
            continue
        left_out.update(each.code for each in one.left_out)
        if place and book is not None:
            counts[_change(one, place, book, listed)] += 1
    told: dict[str, Any] = {"error": None, "read": counts["read"], "refused": counts["refused"]}
    if book is not None:
        told |= {name: counts[name] for name in ("new", "changed", "unchanged")}
        told["would_close"] = len(book.keys() - listed) if is_snapshot else 0
    survey = judge.survey
    return told | {
        "totals": {currency: str(total) for currency, total in survey.totals.items()},
        "columns": dict(survey.columns),
        "warnings": [*survey.warnings, *warnings_of(left_out)],
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
    return {(entry.borrower, entry.debt): entry for entry in Book(place.ledger).open_debts(portfolio)}


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
