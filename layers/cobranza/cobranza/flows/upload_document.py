"""The document of a message: uploaded once, before anything is claimed, and used again while Meta keeps it."""

from dataclasses import dataclass
from datetime import datetime

from cobranza.ledger.debt import Uploaded
from cobranza.policy.decision import Send
from cobranza.store.documents import Documents
from cobranza.whatsapp.client import Refused
from cobranza.whatsapp.documents import DocumentCourier, TokenRefused
from cobranza.whatsapp.errors import rule_for
from cobranza.whatsapp.guarded import TryAgain, Unusable
from cobranza.whatsapp.messages import document_name


@dataclass(frozen=True, slots=True)
class DocumentDesk:
    kept: Documents
    courier: DocumentCourier

    def media_id(self, borrower: str, send: Send, now: datetime) -> str | Refused:
        """Empty where the document could not be had or uploaded; Meta's answer where it takes no more of us."""
        debt, number = send.lead.debt, send.portfolio.phone_number_id
        if debt.uploaded and debt.uploaded.serves(send.document, number, now):
            return debt.uploaded.media_id
        try:
            media_id = self.courier.deliver(send.document, document_name(debt.terms), number)
        except TokenRefused as refused:
            return Refused(rule_for(refused.error.code).action, refused.error)
        except (TryAgain, Unusable):
            return ""
        self.kept.keep(borrower, debt.terms.key, Uploaded(send.document, number, media_id, now))
        return media_id
