"""XLSX as rows of text: numbers without losing digits, dates as ISO, a sheet's row numbers as lines."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.containers import not_a_table
from cobranza.files.row import Row
from cobranza.files.sheet import HEAD, MAX_CELL, Judge, Sheet, as_header, check_cells, find_header, number_text

MAX_BYTES = 50 * 1024**2
MAX_UNPACKED = 200 * 1024**2
MAX_RATIO = 200
MAX_ENTRIES = 2000
MAX_GRID = 20_000_000  # rows × columns: a sheet is unpacked with all blank cells between the filled ones
DIGITS = 15  # what a spreadsheet keeps of a number
MAX_EXACT = 10**DIGITS

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_CELL = re.compile(rb"<(?:\w+:)?c\s[^<>]*?\br=[\"']([A-Za-z]{1,9})([0-9]{1,12})[\"'][^<>]*>")
# A cell that shows an error, such as #N/A.
_ERROR = re.compile(rb"(<(?:\w+:)?c\s[^<>]*?\bt=)([\"'])e\2")
_SHEETS = "xl/worksheets/"
_STEP = 1024**2
_OVERLAP = 1024


def open_workbook(pieces: Iterator[bytes], judge: Judge, sign: str = "") -> Sheet:
    """The first visible sheet with a header. `sign` is the decimal sign declared for amounts written as texts.

    Raises InvalidInput (NOT_A_TABLE, TOO_LARGE, EMPTY_FILE).
    """
    data = _read_all(pieces)
    has_errors = _check_zip(data)
    try:
        return _open(_with_errors_as_texts(data) if has_errors else data, judge, sign)
    except InvalidInput:
        raise
    except BaseException as error:
        # A panic of the reader's Rust code is no Exception.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise not_a_table("XLSX, dañado / damaged") from error
        raise


def _open(data: bytes, judge: Judge, sign: str) -> Sheet:
    # Only the function that reads files has it in its package.
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    sheets = [book.get_sheet_by_name(name) for name in visible]
    found: list[tuple[tuple[bool, int], Any, Row]] = []
    for sheet in sheets:
        head = list(islice(_rows(sheet, sign, 0), HEAD))
        if head:
            place, score = find_header(head, judge)
            found.append((score, sheet, head[place]))
    if not found:
        raise refuse("EMPTY_FILE", "XLSX")
    complete = [one for one in found if one[0][0]]
    _, sheet, header = complete[0] if complete else max(found, key=lambda one: one[0])
    others = tuple(f"hoja que no se lee / sheet not read: {one[1].name!r}" for one in complete[1:])
    names = as_header(Row(header.line, _trimmed(header.cells)))
    rows = (row for row in _rows(sheet, sign, len(names)) if row.line > header.line)
    return Sheet(names, header.line - 1, rows, "", others)


def _rows(sheet: Any, sign: str, width: int) -> Iterator[Row]:
    """`width` is the header's: what a row has beyond it is cut where it is blank."""
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = tuple([_text(value, sign) for value in values])
        if any(map(str.strip, cells)):
            if any(len(cell) > MAX_CELL for cell in cells):
                check_cells(number, cells)
            if width and len(cells) > width:
                cells = (_trimmed(cells[width:]) and _trimmed(cells)) or cells[:width]
            yield Row(number, cells + ("",) * (width - len(cells)))


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _text(value: Any, sign: str) -> str:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else _number(repr(value), value, sign)


def _number(text: str, value: Any, sign: str) -> str:
    """The number as the spreadsheet shows it, with its 15 digits; a larger one has lost some and looks so."""
    exact = Decimal(text)
    if not exact.is_finite() or abs(exact) >= MAX_EXACT:
        return text.upper()
    if exact == exact.to_integral_value():
        return str(int(exact))
    if len(exact.as_tuple().digits) > DIGITS:
        exact = Decimal(f"{value:.{DIGITS}g}")
    return number_text(f"{exact:f}", sign)


def _read_all(pieces: Iterator[bytes]) -> bytes:
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > MAX_BYTES:
            raise refuse("TOO_LARGE", f"XLSX > {MAX_BYTES // 1024**2} MB → CSV")
    return bytes(data)


def _with_errors_as_texts(data: bytes) -> bytes:
    """The reader takes a cell that shows an error for a blank one, and blank may say something."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as told:
        for entry in archive.infolist():
            part = archive.read(entry)
            told.writestr(entry.filename, _ERROR.sub(rb'\1"str"', part) if _is_sheet(entry) else part)
    return out.getvalue()


def _is_sheet(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.startswith(_SHEETS)


def _check_zip(data: bytes) -> bool:
    """That it is a workbook, and no bomb: neither by what its directory says nor by what really comes out. Whether
    cells of it show errors."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except Exception as error:
        raise not_a_table("ZIP, dañado / damaged") from error
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise not_a_table(_seems(names))
    if any(entry.flag_bits & 1 for entry in entries):
        raise not_a_table("XLSX con contraseña / with a password")
    size = sum(entry.file_size for entry in entries)
    if size > MAX_UNPACKED or size > MAX_RATIO * len(data) or len(entries) > MAX_ENTRIES:
        raise refuse("TOO_LARGE", f"XLSX: {size // 1024**2} MB ({len(entries)})")
    left, has_errors = MAX_UNPACKED, False
    for entry in entries:
        size, shows = _check_entry(data, entry, left)
        left, has_errors = left - size, has_errors or shows
    return has_errors


def _check_entry(data: bytes, entry: zipfile.ZipInfo, left: int) -> tuple[int, bool]:
    """Unpacks it piece by piece and forgets it; its size. Sheets are looked through for far cells and errors."""
    start = entry.header_offset
    header = data[start : start + _LOCAL_HEADER.size]
    if len(header) < _LOCAL_HEADER.size or entry.compress_type not in (0, 8):
        raise not_a_table("ZIP, dañado / damaged")
    _, name, extra = _LOCAL_HEADER.unpack(header)
    start += _LOCAL_HEADER.size + name + extra
    packed = data[start : start + entry.compress_size]
    is_sheet, has_errors = _is_sheet(entry), False
    far = _Farthest()
    size, before = 0, b""
    for piece in _unpacked(packed) if entry.compress_type else [packed]:
        size += len(piece)
        if size > left or size > entry.file_size:
            raise refuse("TOO_LARGE", "XLSX: > directorio/directory")
        if is_sheet:
            far.look(before + piece)
            has_errors = has_errors or _ERROR.search(before + piece) is not None
            before = piece[-_OVERLAP:]
    return size, has_errors


def _unpacked(packed: bytes) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-15)
    rest = packed
    try:
        while rest and not inflate.eof:
            yield inflate.decompress(rest, _STEP)
            rest = inflate.unconsumed_tail
    except zlib.error as error:
        raise not_a_table("ZIP, dañado / damaged") from error


class _Farthest:
    """The farthest filled cell of a sheet: one alone at XFD1048576 would take gigabytes."""

    def __init__(self) -> None:
        self.column = self.row = 0
        self._seen: set[bytes] = set()

    def look(self, xml: bytes) -> None:
        for cell in _CELL.finditer(xml):
            if cell[0].endswith(b"/>"):
                continue  # formatted and blank
            if cell[1] not in self._seen:
                self._seen.add(cell[1])
                self.column = max(self.column, _column(cell[1]))
            self.row = max(self.row, int(cell[2]))
        if self.column * self.row > MAX_GRID:
            raise refuse("TOO_LARGE", f"XLSX: {self.row} × {self.column}")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _seems(names: set[str]) -> str:
    if "xl/workbook.bin" in names:
        return "XLSB"
    if "content.xml" in names:
        return "ODS / OpenDocument"
    if any(name.startswith("word/") for name in names):
        return "DOCX"
    return "ZIP"
