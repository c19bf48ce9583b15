"""One row of a delivered file."""

from dataclasses import dataclass

from cobranza.errors import InvalidInput

# The columns of refused.csv before the file's own. They stand first, where nobody has to scroll to them, and
# where a row with too many or too few cells keeps its shape.
WHY = ("line", "column", "code", "reason")
# And what the whole file was read by, and its moment: mended rows do not show them any more.
FORMATS = "formats"
ADDED = (*WHY, FORMATS)


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is the physical line on which the row begins, or a sheet's row number, from 1. `cells` are as they
    were delivered. `fault` is why it can be no good row, where reading the file already shows it."""

    line: int
    cells: tuple[str, ...]
    fault: InvalidInput | None = None
