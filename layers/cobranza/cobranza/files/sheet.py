"""What every format gives: a header and its rows; and how the header is found below titles."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cobranza.files.codes import refuse
from cobranza.files.row import Row

MAX_COLUMNS = 200
MAX_CELL = 10_000
HEAD = 30  # rows among which the header is looked for

# Whether a row holds all required columns, and how many it holds.
type Judge = Callable[[Sequence[str]], tuple[bool, int]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`title_rows` are the lines above the header; `rows` are below it, without blank ones."""

    header: tuple[str, ...]
    title_rows: int
    rows: Iterator[Row]
    delimiter: str = ""
    warnings: tuple[str, ...] = ()


def find_header(head: Sequence[Row], judge: Judge) -> tuple[int, tuple[bool, int]]:
    """The place of the first row that holds all required columns, else of the one that holds most; its score."""
    best, best_score = 0, (False, -1)
    for place, row in enumerate(head[:HEAD]):
        score = judge(row.cells)
        if score[0]:
            return place, score
        if score > best_score:
            best, best_score = place, score
    return best, best_score


def as_header(row: Row) -> tuple[str, ...]:
    """Raises InvalidInput (TOO_LARGE)."""
    header = tuple(map(str.strip, row.cells))
    if len(header) > MAX_COLUMNS:
        raise refuse("TOO_LARGE", f"{len(header)} > {MAX_COLUMNS} columnas/columns")
    return header


def check_cells(line: int, cells: Sequence[str]) -> None:
    """Raises InvalidInput (TOO_LARGE)."""
    for cell in cells:
        if len(cell) > MAX_CELL:
            raise refuse("TOO_LARGE", f"línea/line {line}: {len(cell)} > {MAX_CELL} caracteres/characters")


def number_text(text: str, sign: str) -> str:
    """A number that its file knows to be one (`47.077`), so that no reading takes its point for thousands: four
    decimals instead of three, and the sign that is declared for the file's texts."""
    whole, point, decimals = text.partition(".")
    if not (point and decimals.isdigit()):
        return text
    return whole + (sign or ".") + (decimals + "0" if len(decimals) == 3 else decimals)
