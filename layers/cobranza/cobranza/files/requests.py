"""The requests file: debts that the creditor wants reminded now, by the same rules as ever."""

from dataclasses import dataclass

from cobranza.files.cells import BORROWER_NAMES, DEBT_ID_NAMES, INSTALMENT_NAMES, Cells
from cobranza.files.columns import Columns

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

    borrower_id: str
    debt_id: str
    instalment: str


def read_request(cells: Cells) -> RequestRow:
    """Reads one row. Raises InvalidInput for the first bad cell."""
    return RequestRow(
        borrower_id=cells.id("borrower_id", required=True),
        debt_id=cells.id("debt_id", required=True),
        instalment=cells.id("instalment"),
    )
