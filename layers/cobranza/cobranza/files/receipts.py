"""The receipts file: what a person found when they looked for the money of a receipt. It is the daily list, filled
in; rows without a decision wait on."""

from collections.abc import Mapping
from dataclasses import dataclass

from cobranza.files.cells import BORROWER_NAMES, MAX_TEXT, Cells, fold, words
from cobranza.files.codes import refuse
from cobranza.files.columns import Columns
from cobranza.files.synonyms import DEBT_NAMES
from cobranza.ledger.money import Money
from cobranza.ledger.receipt import Decision

COLUMNS = Columns(
    kind="receipts",
    names=(
        *("receipt_id", "borrower_id", "debts", "state", "file", "received_at", "paused_until", "note"),
        *("decision", "amount", "currency", "operation", "reason"),
    ),
    required=("receipt_id", "borrower_id", "decision"),
    amounts=("amount",),
    keys=("receipt_id",),
    totals=("amount",),
    synonyms={
        "receipt_id": ("id comprobante", "comprobante", "receipt"),
        "borrower_id": BORROWER_NAMES,
        "decision": ("decisao", "resultado", "dictamen"),
        "amount": ("importe", "importe pago", "importe pagado"),
        "currency": DEBT_NAMES["currency"],
        "operation": ("operacion", "id operacion", "numero operacion", "operacao", "folio operacion"),
        "reason": ("motivo", "razon", "razao"),
    },
)

DECISIONS: Mapping[str, str] = words(
    accepted="accept approved aceptado aceptada aprobado aprobada aceito aceita aprovado aprovada",
    rejected="reject refused rechazado rechazada rejeitado rejeitada recusado recusada",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """`decision` is None where nobody has decided yet; `amount` is what came in, and `operation` the bank's own
    number of it where one was told, for what was accepted alone."""

    borrower_id: str
    receipt_id: str
    decision: Decision | None
    amount: Money | None = None
    operation: str = ""
    reason: str = ""


def read_receipt(cells: Cells) -> ReceiptRow:
    """Reads one row. What was accepted has an amount with its currency, what was rejected a reason. Raises
    InvalidInput for the first bad cell."""
    decision = _decision(cells)
    is_accepted = decision is Decision.ACCEPTED
    return ReceiptRow(
        borrower_id=cells.id("borrower_id", required=True),
        receipt_id=cells.id("receipt_id", required=True),
        decision=decision,
        amount=cells.money() if is_accepted else None,
        operation=cells.id("operation") if is_accepted else "",
        reason=cells.line("reason", MAX_TEXT, required=decision is Decision.REJECTED),
    )


def _decision(cells: Cells) -> Decision | None:
    if not (word := cells.text("decision")):
        return None
    if decision := DECISIONS.get(fold(word)):
        return Decision(decision)
    raise refuse("BAD_DECISION", f"{word[:40]!r}; {', '.join(Decision)}", "decision")
