"""What a borrower is told without being asked for anything."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from cobranza.ledger.money import Money


class Subject(StrEnum):
    """What is told, by the name of its text. In this order where there are several. CASE: that a person has an
    answer to what the borrower wrote, once WhatsApp takes free words no more."""

    PAYMENT = "pago_recibido"
    THANKS = "gracias_por_su_pago"
    RECEIPT_REJECTED = "comprobante_no_confirmado"
    CASE = "consulta_respondida"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Something to be told once. `ref` is that of the payment, which was of `amount` on local date `day`, or of
    the receipt, which was decided about on it, or of the answer; it was known `at` that moment."""

    subject: Subject
    ref: str
    portfolio: str
    day: date
    at: datetime
    amount: Money | None = None

    @property
    def id(self) -> str:
        return f"{self.subject}#{self.ref}"
