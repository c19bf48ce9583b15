"""The consent columns of a row: did the person agree to reminders on WhatsApp, when, where and to what."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from cobranza.errors import InvalidInput
from cobranza.files.cells import Cells, fold
from cobranza.files.codes import refuse
from cobranza.files.formats import Formats
from cobranza.ledger.borrower import Consent

MAX_CONSENT_SOURCE = 100
MAX_CONSENT_TEXT = 1000

# What a consent may be to; others that a row names (marketing, surveys) are no consent to reminders.
_REMINDERS = frozenset(
    (
        *("recordatorios", "recordatorio_de_pago", "recordatorios_de_pago", "cobranza"),
        *("lembretes", "lembrete_de_pagamento", "lembretes_de_pagamento", "cobranca"),
        *("reminders", "payment_reminder", "payment_reminders", "collections"),
    )
)
_BETWEEN = re.compile("[,;|/+]")


def is_to_reminders(purpose: str) -> bool:
    """Whether payment reminders are what somebody agreed to; a row that names no purpose means them."""
    return not purpose or any(fold(part) in _REMINDERS for part in _BETWEEN.split(purpose))


def other_purpose(purpose: str) -> InvalidInput:
    return refuse("OTHER_PURPOSE", repr(purpose[:40]), "consent_purpose")


def read_consent(cells: Cells, left_out: list[InvalidInput]) -> Consent | None:
    """What a row's consent columns say; None for no and for nothing. A yes to something else than reminders is
    left out. Raises InvalidInput (BAD_CONSENT)."""
    if not cells.yes_or_no("consent", "BAD_CONSENT"):
        return None
    purpose = cells.text("consent_purpose")
    if not is_to_reminders(purpose):
        left_out.append(other_purpose(purpose))
        return None
    at = _consented_at(cells.text("consent_at"), cells.formats)
    source, text = cells.text("consent_source"), cells.text("consent_text")
    if len(source) > MAX_CONSENT_SOURCE:
        raise refuse("BAD_CONSENT", f"consent_source ≤ {MAX_CONSENT_SOURCE}", "consent_source")
    if len(text) > MAX_CONSENT_TEXT:
        raise refuse("BAD_CONSENT", f"consent_text ≤ {MAX_CONSENT_TEXT}", "consent_text")
    return Consent(source=source, at=at, text=text)


@lru_cache(4096)
def _consented_at(text: str, formats: Formats) -> datetime | None:
    """A date is its midnight, and a time without zone is UTC: consent is evidence, a day is exact enough."""
    if not text:
        return None
    try:
        at, has_time = formats.moment(text, "consent_at", UTC)
    except InvalidInput as error:
        raise refuse("BAD_CONSENT", "2026-01-31, 2026-01-31T10:30:00-06:00", "consent_at") from error
    return at if has_time else at.replace(hour=0, minute=0, second=0)
