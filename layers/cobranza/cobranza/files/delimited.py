"""Lines as rows of cells: csv's own reader, after the delimiter and the header are found."""

import csv
import re
from collections.abc import Iterator
from itertools import chain

from cobranza.files.codes import refuse
from cobranza.files.row import Row
from cobranza.files.sheet import HEAD, MAX_CELL, Judge, Sheet, as_header, check_cells, find_header
from cobranza.files.text import Lines

DELIMITERS = (",", ";", "\t", "|")
_HEAD_LINES = 200

# results.py puts an apostrophe before what a spreadsheet would run; it goes when the file comes back.
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
# Excel's own way to declare the delimiter.
_SEP = re.compile(r"\"?sep=([,;|\t])\"?\s*", re.IGNORECASE)


def open_delimited(lines: Lines, judge: Judge, declared: str = "") -> Sheet:
    """Raises InvalidInput (EMPTY_FILE, NOT_CSV, TOO_LARGE and those of Lines), also while rows are taken."""
    batches = lines.batches()
    head: list[str] = []
    for batch in batches:
        head += batch
        if len(head) >= _HEAD_LINES:
            break
    first = next((line for line in head if line.strip()), "")
    if not first:
        raise refuse("EMPTY_FILE", "0")
    sep = _SEP.fullmatch(first)
    delimiter, found = _find(head, judge, declared or (sep[1] if sep else ""))
    rows = _rows(lines, chain(head, chain.from_iterable(batches)), delimiter)
    # Again through the strict reader, because the rows go on from where it stands.
    header = next((row for row in rows if row.line == found.line), found)
    return Sheet(as_header(header), header.line - 1, rows, delimiter)


def _find(head: list[str], judge: Judge, declared: str) -> tuple[str, Row]:
    """The delimiter under which the most columns are recognised, in the first line that could be the header."""
    found: list[tuple[tuple[bool, int], int, int, str, Row]] = []
    for delimiter in (declared,) if declared else DELIMITERS:
        if records := _head_records(head, delimiter):
            place, score = find_header(records, judge)
            header = records[place]
            found.append((score, -header.line, len(header.cells), delimiter, header))
    if not found:
        # Not even its first row can be read: let the strict reader say why.
        return declared or ",", Row(0, ())
    score, line, _, delimiter, header = max(found, key=lambda one: one[:3])
    rivals = [other for other in found if other[:2] == (score, line) and other[4] != header]
    if score[1] > 0 and rivals:
        raise refuse("NOT_CSV", f"{delimiter!r} | {rivals[0][3]!r}? → mapping: delimiter")
    return delimiter, header


def _head_records(head: list[str], delimiter: str) -> list[Row]:
    reader = csv.reader(head, delimiter=delimiter, strict=True)
    records: list[Row] = []
    line = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                records.append(Row(line, tuple(map(_unguard, cells))))
            if len(records) == HEAD:
                break
            line = reader.line_num + 1
    except csv.Error:
        pass  # cut here, or wrong under this delimiter
    return records


def _rows(lines: Lines, source: Iterator[str], delimiter: str) -> Iterator[Row]:
    # Strict, because a quote that is never closed would swallow the borrowers after it. The csv module's own
    # limit of 131,072 characters a field ends such a field early.
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            last = reader.line_num
            if lines.longest > MAX_CELL or last > line:
                check_cells(line, cells)
            if cells and (cells[0].strip() or any(map(str.strip, cells))):
                yield Row(line, tuple(map(_unguard, cells)) if lines.may_be_guarded else tuple(cells))
            line = last + 1
    except csv.Error as error:
        raise refuse("NOT_CSV", f"línea/line {line}–{reader.line_num}: {error}") from error


def _unguard(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell
