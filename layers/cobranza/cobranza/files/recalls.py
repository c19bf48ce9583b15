"""The recalls file: debts that the creditor took back, and those that come home."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cobranza.files.cells import (
    BORROWER_NAMES,
    DEBT_ID_NAMES,
    MAX_SOURCE,
    Cells,
    fold,
    start_of_day,
    words,
)
from cobranza.files.codes import refuse
from cobranza.files.columns import Columns
from cobranza.ledger.standing import DebtStanding, RecallKind, lift, recall

COLUMNS = Columns(
    kind="recalls",
    names=("borrower_id", "debt_id", "action", "at", "source"),
    required=("borrower_id", "debt_id", "action", "at"),
    dates=("at",),
    keys=("debt_id",),
    tells_stops=True,
    synonyms={
        "borrower_id": BORROWER_NAMES,
        "debt_id": DEBT_ID_NAMES,
        "action": ("accion", "motivo", "acao", "reason"),
        "at": ("fecha", "fecha hora", "momento", "timestamp", "fecha accion"),
        "source": ("origen", "fuente", "origem", "fonte"),
    },
)

LIFT = "lift"
ACTIONS: Mapping[str, str] = words(
    sold="vendida vendido venta cedida cesion venda cessao sale",
    withdrawn="retirada retirado retiro retirar cancelada cancelado cancelacion baja baixa withdraw",
    agency="agencia despacho cobranza_externa assessoria cobranca_externa external_agency",
    court="juicio judicial demanda tribunal juzgado justica acao_judicial lawsuit",
    lift="levantar levantada levantado reabrir reabierta devuelta devuelto devolver devolvida reaberta reopen",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRow:
    """`kind` is None for a row that lifts. All instalments of the debt are meant."""

    borrower_id: str
    debt_id: str
    kind: RecallKind | None
    at: datetime
    source: str

    def told(self, standing: DebtStanding) -> DebtStanding:
        """The debt's standing after this row."""
        if self.kind is None:
            return lift(standing, self.at, self.source)
        return recall(standing, self.kind, self.at, self.source)


def read_recall(cells: Cells) -> RecallRow:
    """Reads one row. A date without time is the end of its day, and its beginning where it lifts. Only a lift must
    name its source. Raises InvalidInput for the first bad cell."""
    borrower_id = cells.id("borrower_id", required=True)
    debt_id = cells.id("debt_id", required=True)
    action = ACTIONS.get(fold(cells.required("action")))
    if action is None:
        known = ", ".join((*RecallKind, LIFT))
        raise refuse("BAD_ACTION", f"{cells.text('action')[:40]!r}; {known}", "action")
    lifts = action == LIFT
    at, has_time = cells.moment("at") if lifts else cells.moment_of_stop("at")
    return RecallRow(
        borrower_id=borrower_id,
        debt_id=debt_id,
        kind=None if lifts else RecallKind(action),
        at=start_of_day(at) if lifts and not has_time else at,
        source=cells.line("source", MAX_SOURCE, required=lifts),
    )
