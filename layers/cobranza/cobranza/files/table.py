"""A delivered CSV as rows of text that still know their line."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from cobranza.files.codes import refuse
from cobranza.files.row import Row

MAX_BYTES = 50 * 1024 * 1024
MAX_COLUMNS = 200
MAX_CELL = 10_000

_QUOTED = re.compile(r'"[^"]*"')
# results.py puts an apostrophe before what a spreadsheet would run; it goes when the file comes back.
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Table:
    header: tuple[str, ...]
    delimiter: str
    rows: Iterator[Row]


def read_table(data: bytes) -> Table:
    """Read a CSV in UTF-8, with or without BOM, separated by commas or semicolons.

    Lines with nothing in them are not rows. Rows with more or fewer cells than the header are given as they
    are. Raises InvalidInput (TOO_LARGE, EMPTY_FILE, NOT_UTF8, NOT_CSV, DUPLICATE_COLUMN), always before the
    first row is given: a file is refused whole before anything of it is used.
    """
    if len(data) > MAX_BYTES:
        raise refuse("TOO_LARGE", f"it has {len(data) // 1024**2} MB, split it")
    _check_text(data)
    delimiter = _find_delimiter(data)
    _check_csv(data, delimiter)
    rows = _read_rows(data, delimiter)
    first = next(rows, None)
    if first is None:
        raise refuse("EMPTY_FILE", "not even a header is there")
    return Table(_check_header(first), delimiter, rows)


def _check_text(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refuse("NOT_UTF8", f"see line {line}; save it as “CSV UTF-8”") from error
    if b"\0" in data:
        raise refuse("NOT_CSV", "it holds NUL bytes, as binary files do")


def _find_delimiter(data: bytes) -> str:
    header = next((line for line in _lines(data) if line.strip()), None)
    if header is None:
        raise refuse("EMPTY_FILE", "not even a header is there")
    names = _QUOTED.sub("", header)
    found = [delimiter for delimiter in ",;" if delimiter in names]
    if len(found) != 1:
        raise refuse("NOT_CSV", "the header must be separated by either commas or semicolons")
    return found[0]


def _check_csv(data: bytes, delimiter: str) -> None:
    reader = _reader(data, delimiter)
    usual_limit = csv.field_size_limit(MAX_CELL)
    try:
        deque(reader, maxlen=0)
    except csv.Error as error:
        raise refuse("NOT_CSV", f"line {reader.line_num}: {error}") from error
    finally:
        csv.field_size_limit(usual_limit)


def _check_header(row: Row) -> tuple[str, ...]:
    header = tuple(name.strip() for name in row.cells)
    if len(header) > MAX_COLUMNS:
        raise refuse("NOT_CSV", f"it has {len(header)} columns, the most is {MAX_COLUMNS}")
    # Spreadsheets leave columns without a name at the end; nobody reads them.
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise refuse("DUPLICATE_COLUMN", ", ".join(sorted(twice)))
    return header


def _read_rows(data: bytes, delimiter: str) -> Iterator[Row]:
    reader = _reader(data, delimiter)
    line = 1
    for cells in reader:
        if any(map(str.strip, cells)):
            yield Row(line, tuple(map(_unguard, cells)))
        line = reader.line_num + 1


def _reader(data: bytes, delimiter: str):
    # Strict, because a quote that is never closed would swallow the borrowers after it.
    return csv.reader(_lines(data), delimiter=delimiter, strict=True)


def _lines(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")


def _unguard(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell
