"""What a borrower is to be told without being asked for anything."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from cobranza.ledger.money import Money


class Subject(StrEnum):
    """What is confirmed, by the name of its text. In this order where there are several."""

    PAYMENT = "pago_recibido"
    THANKS = "gracias_por_su_pago"
    RECEIPT_REJECTED = "comprobante_no_confirmado"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Something to be told once. `ref` is that of the payment, which was of `amount` on local date `day`, or of
    the receipt, which was decided about on it; it was known `at` that moment."""

    subject: Subject
    ref: str
    portfolio: str
    day: date
    at: datetime
    amount: Money | None = None

    @property
    def id(self) -> str:
        return f"{self.subject}#{self.ref}"
