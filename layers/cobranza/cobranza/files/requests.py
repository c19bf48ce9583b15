"""The requests file: debts that the creditor wants reminded now, by the same rules as ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from cobranza.files.cells import BORROWER_NAMES, DEBT_ID_NAMES, INSTALMENT_NAMES, NOTHING_DECLARED, Cells
from cobranza.files.columns import Columns
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.row import Row

COLUMNS = Columns(
    kind="requests",
    names=("borrower_id", "debt_id", "instalment"),
    required=("borrower_id", "debt_id"),
    keys=("debt_id",),
    synonyms={"borrower_id": BORROWER_NAMES, "debt_id": DEBT_ID_NAMES, "instalment": INSTALMENT_NAMES},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """Without `instalment` the debt has one only, or all of them are meant."""

    line: int
    portfolio: str
    borrower_id: str
    debt_id: str
    instalment: str


def read_request(
    columns: Mapping[str, int],
    row: Row,
    formats: Formats,
    *,
    declared: Declared = NOTHING_DECLARED,
    portfolio: str,
    zone: tzinfo,
    now: datetime,
) -> RequestRow:
    """Reads one row. Raises InvalidInput for the first bad cell."""
    cells = Cells(columns, row, formats, declared, zone, now)
    return RequestRow(
        line=row.line,
        portfolio=portfolio,
        borrower_id=cells.id("borrower_id", required=True),
        debt_id=cells.id("debt_id", required=True),
        instalment=cells.id("instalment"),
    )
