"""A delivered file, read once in a stream: its rows as they are, and at its end what it was taken for."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from cobranza.errors import InvalidInput
from cobranza.files.amounts import Values
from cobranza.files.codes import refuse
from cobranza.files.columns import Columns
from cobranza.files.containers import Raw, open_container
from cobranza.files.declared import Declared
from cobranza.files.delimited import open_delimited
from cobranza.files.formats import Evidence, Formats
from cobranza.files.json_lines import open_json_lines
from cobranza.files.origin import Origin
from cobranza.files.row import ADDED, FORMATS, WHY, Row
from cobranza.files.sheet import Sheet
from cobranza.files.text import Lines
from cobranza.files.workbook import open_workbook

MAX_ROWS = 2_000_000
MAX_CURRENCIES = 200  # texts in the column of currencies; the rest is summed up under `?`

_TOTALS = re.compile(
    r"\W*(?:gran |grand |sub ?-?)?(?:tota(?:l|les|is|ls)|suma|soma|sumas)(?: [^\d]{0,40})?\W*", re.I
)
_TOTAL_STARTS = frozenset(("tot", "sub", "gra", "sum", "som"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a file was taken for.

    `columns` has the file's own name of each canonical column and extra. `digest` is the SHA-256 in hex of the
    bytes as they came. `totals` is the exact sum of `balance_from` over all rows that are no totals themselves,
    negative ones included, for each currency as it is written (upper case): to compare with the sender's system.
    `as_of` is the moment of the file that mended rows come from, where they carry it.
    """

    encoding: str
    delimiter: str
    title_rows: int
    header: tuple[str, ...]
    columns: Mapping[str, str]
    formats: Formats
    digest: str
    totals: Mapping[str, Decimal]
    balance_from: str
    warnings: tuple[str, ...]
    is_refused_rows: bool
    as_of: datetime | None


class Reading:
    """`rows()` once; `header` and `columns` are known from its first row on, `survey()` after its last."""

    def __init__(self, chunks: Iterable[bytes], *, wanted: Columns, declared: Declared) -> None:
        self._raw = Raw(chunks)
        self._wanted = wanted
        self._declared = declared
        self._evidence = Evidence()
        self._sums: dict[str, list[Decimal]] = {}  # with a decimal point, and with a comma
        self._told_origins: set[str] = set()
        self._survey: Survey | None = None
        self.header: tuple[str, ...] = ()
        self.columns: Mapping[str, int] = {}

    def rows(self) -> Iterator[Row]:
        """Every row below the header that is not blank, in order. A row that can be no good one has a `fault`
        (RAGGED_ROW, TOTALS_ROW, BAD_JSON).

        Raises InvalidInput where the whole file is refused, also after its last row: nothing of it may be used
        before the end.
        """
        sheet, lines = self._open()
        self.header = sheet.header
        recognised = self._wanted.recognise(sheet.header, self._declared)
        self.columns = recognised.columns
        notes = [f"columna que no se lee / column not read: {name!r}" for name in recognised.ignored]
        notes += [f"mapeo, no está / mapping, not there: {name!r}" for name in recognised.missing]
        note = self._noter()
        for count, row in enumerate(self._carrying(sheet), start=1):
            if count > MAX_ROWS:
                raise refuse("TOO_LARGE", f"> {MAX_ROWS:,} filas/rows")
            yield row if row.fault else note(row)
        origin = Origin.of_all(self._told_origins)
        formats, undecided = self._decide(origin)
        self._survey = Survey(
            encoding=lines.encoding if lines else "",
            delimiter=sheet.delimiter,
            title_rows=sheet.title_rows,
            header=sheet.header,
            columns={name: sheet.header[index] for name, index in self.columns.items()},
            formats=formats,
            digest=self._raw.digest,
            totals=self._totals(1 if formats.decimal == "," else 0),
            balance_from=next((name for name in self._wanted.totals if name in self.columns), ""),
            warnings=(*sheet.warnings, *notes, *undecided),
            is_refused_rows=sheet.header[: len(WHY)] == WHY,
            as_of=origin.as_of,
        )

    def survey(self) -> Survey:
        """Raises ValueError before all rows are read."""
        if self._survey is None:
            raise ValueError("not all rows are read")
        return self._survey

    def _decide(self, origin: Origin) -> tuple[Formats, tuple[str, ...]]:
        """The file's formats, and why they are not decided where its rows are read all the same."""
        known = self._declared.formats.or_else(origin.formats)
        try:
            return self._evidence.decide(known), ()
        except InvalidInput as error:
            if not self._wanted.tells_stops:
                raise
            return known, (error.reason,)

    def _carrying(self, sheet: Sheet) -> Iterator[Row]:
        """The rows; those of a refused.csv tell of the file that they come from."""
        if sheet.header[: len(ADDED)] != ADDED:
            return sheet.rows
        place = ADDED.index(FORMATS)

        def noted() -> Iterator[Row]:
            for row in sheet.rows:
                self._told_origins.update(cell.strip() for cell in row.cells[place : place + 1])
                yield row

        return noted()

    def _open(self) -> tuple[Sheet, Lines | None]:
        kind, pieces = open_container(self._raw)
        sign = self._declared.formats.decimal

        def judge(cells: Iterable[str]) -> tuple[bool, int]:
            return self._wanted.score(tuple(cells), self._declared)

        if kind == "xlsx":
            return open_workbook(pieces, judge, sign), None
        lines = Lines(pieces, self._declared.encoding)
        if kind == "jsonl":
            return open_json_lines(lines, sign), lines
        return open_delimited(lines, judge, self._declared.delimiter), lines

    def _noter(self) -> Callable[[Row], Row]:
        """Looks at one row: closed over its columns, because it runs for each of millions."""
        width, columns, wanted = len(self.header), self.columns, self._wanted
        dates = [columns[name] for name in wanted.dates if name in columns]
        amounts = [columns[name] for name in wanted.amounts if name in columns]
        totals = [columns[name] for name in wanted.totals if name in columns]
        keys = [columns[name] for name in wanted.keys if name in columns]
        required = [columns[name] for name in wanted.required if name in columns]
        fixed = self._declared.values.get("currency", "")
        default = fixed or self._declared.defaults.get("currency", "")
        currency_at = -1 if fixed else columns.get("currency", -1)
        see_date, see_amount, sums = self._evidence.date, self._evidence.amount, self._sums

        def note(row: Row) -> Row:
            cells = row.cells
            if len(cells) != width:
                return replace(row, fault=refuse("RAGGED_ROW", f"{len(cells)} ≠ {width}"))
            for place in keys:
                key = cells[place]
                if (not key.strip() or key[:3].casefold() in _TOTAL_STARTS) and _is_total(cells, required):
                    return replace(row, fault=refuse("TOTALS_ROW", ""))
            for place in dates:
                if text := cells[place]:
                    see_date(text)
            currency = (currency_at >= 0 and cells[currency_at]) or default
            values: dict[int, Values] = {}
            for place in amounts:
                if text := cells[place]:
                    values[place] = see_amount(text, currency)
            for place in totals:
                if place in values:
                    point, comma = values[place]
                    known = currency if currency in sums or len(sums) < MAX_CURRENCIES else "?"
                    total = sums.get(known) or sums.setdefault(known, [Decimal(0), Decimal(0)])
                    if point is not None:
                        total[0] += point
                    if comma is not None:
                        total[1] += comma
                    break
            return row

        return note

    def _totals(self, place: int) -> dict[str, Decimal]:
        totals: dict[str, Decimal] = {}
        for currency, sums in self._sums.items():
            name = currency.strip().upper()
            totals[name] = totals.get(name, Decimal(0)) + sums[place]
        return dict(sorted(totals.items()))


def _is_total(cells: tuple[str, ...], required: list[int]) -> bool:
    blank = sum(not cells[place].strip() for place in required)
    return blank >= min(2, len(required)) and any(
        _TOTALS.fullmatch(cell.strip()) for cell in cells if cell.strip()
    )
