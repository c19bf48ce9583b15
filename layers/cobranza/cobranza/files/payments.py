"""The payments file: what each column may hold."""

from cobranza.files.cells import (
    BORROWER_NAMES,
    DEBT_ID_NAMES,
    INSTALMENT_NAMES,
    MAX_SOURCE,
    Cells,
)
from cobranza.files.codes import refuse
from cobranza.files.columns import Columns
from cobranza.files.synonyms import DEBT_NAMES
from cobranza.ledger.debt import MAX_ID
from cobranza.ledger.payment import Payment

COLUMNS = Columns(
    kind="payments",
    names=(
        "payment_id",
        "borrower_id",
        "debt_id",
        "instalment",
        "reference",
        "amount",
        "currency",
        "paid_at",
        "method",
        "source",
    ),
    required=("payment_id", "amount", "currency", "paid_at"),
    one_of=(("borrower_id", "debt_id", "reference"),),  # who paid, or what
    dates=("paid_at",),
    amounts=("amount",),
    keys=("payment_id",),
    totals=("amount",),
    synonyms={
        # A folio or an operation may be the payment's or the debt's: a mapping has to tell.
        "payment_id": (
            *("id pago", "folio pago", "id transaccion", "id transacao", "transaction id", "id recibo", "recibo"),
            *("folio", "id folio", "operacion", "id operacion", "id movimiento", "comprobante pago"),
        ),
        "borrower_id": BORROWER_NAMES,
        "debt_id": DEBT_ID_NAMES,
        "instalment": INSTALMENT_NAMES,
        "reference": ("referencia", "ref", "referencia pago", "payment reference", "referencia bancaria"),
        "amount": ("importe", "importe pago", "importe pagado", "importe pago total", "abono", "importe paid"),
        "currency": DEBT_NAMES["currency"],
        "paid_at": ("fecha pago", "fecha hora pago", "fecha paid", "paid on", "fecha abono", "fecha deposito"),
        "method": ("metodo", "metodo pago", "forma pago", "medio pago", "payment method", "tipo pago"),
        "source": ("origen", "fuente", "origem", "fonte", "canal pago"),
    },
)

MAX_METHOD = 40


def read_payment(cells: Cells, portfolio: str) -> Payment:
    """Reads one row. A payment names its payer by debt, by reference or by borrower, and an instalment only beside
    its debt. Raises InvalidInput for the first bad cell."""
    payment_id = cells.id("payment_id", required=True)
    borrower_id, debt_id = cells.id("borrower_id"), cells.id("debt_id")
    instalment, reference = cells.id("instalment"), cells.line("reference", MAX_ID)
    if not (borrower_id or debt_id or reference):
        raise refuse("MISSING_VALUE", " | ".join(COLUMNS.one_of[0]), "borrower_id")
    if instalment and not debt_id:
        raise refuse("MISSING_VALUE", "debt_id", "debt_id")
    money = cells.money()
    paid_at, has_time = cells.moment("paid_at")
    return Payment(
        payment_id=payment_id,
        portfolio=portfolio,
        borrower_id=borrower_id,
        debt_id=debt_id,
        instalment=instalment,
        reference=reference,
        amount=money,
        paid_at=paid_at.astimezone(cells.zone),
        has_time=has_time,
        method=cells.line("method", MAX_METHOD),
        source=cells.line("source", MAX_SOURCE),
    )
