"""A reminder as WhatsApp's JSON, with amounts and dates as the borrower writes them."""

import re
from collections.abc import Sequence
from typing import Any

from babel import Locale, localedata
from babel.dates import format_date
from babel.numbers import format_currency

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.money import totals
from cobranza.policy.decision import Send
from cobranza.policy.due import Due

_AND = {"es": "y", "pt_BR": "e", "en": "and"}
_ITEMS = {"es": "{} conceptos", "pt_BR": "{} itens", "en": "{} items"}
_LATER = {"es": "además {} por vencer", "pt_BR": "além de {} a vencer", "en": "plus {} not yet due"}
_FIRST_OF = {"es": "la primera fecha", "pt_BR": "a primeira data", "en": "the first date"}
_ANSWER = {
    "es": "responda a este mensaje y le indicamos cómo",
    "pt_BR": "responda a esta mensagem e informamos como",
    "en": "reply to this message and we will tell you how",
}
# Meta refuses newlines, tabs and runs of spaces in a parameter.
_BLANK = re.compile(r"\s+")


def reminder_parameters(send: Send, borrower: Borrower) -> tuple[str, ...]:
    """The five texts every reminder template takes: name, creditor, what is owed, due date, how to pay.

    The template speaks of the oldest debt. Debts that are not as far (due today or later beside an overdue one)
    are named apart, so that every figure and date is true of what it stands beside.
    """
    locale = _locale(send.language, borrower.country)
    oldest = send.lead.debt.terms
    alike = [due for due in send.dues if _is_as_far(due, send)]
    later = [due for due in send.dues if not _is_as_far(due, send)]
    owed = _owed(alike, send, locale)
    if len(alike) > 1:
        owed += f" ({_ITEMS[send.language].format(len(alike))})"
    if later:
        owed += f" ({_LATER[send.language].format(_owed(later, send, locale))})"
    due = format_date(send.lead.due_date, "long", locale)
    if any(other.due_date != send.lead.due_date for other in alike):
        due += f" ({_FIRST_OF[send.language]})"
    link = oldest.payment_url if send.portfolio.approves_link(oldest.payment_url) else ""
    parameters = (
        borrower.name,
        send.portfolio.creditor.shown_name,
        owed,
        due,
        link or _ANSWER[send.language],
    )
    return tuple(_BLANK.sub(" ", parameter).strip() for parameter in parameters)


def template_message(
    to: str, template: str, language: str, parameters: Sequence[str], opaque: str
) -> dict[str, Any]:
    """The body of POST /messages. `to` is E.164 with its plus: without it Meta prepends its own country code."""
    texts = [{"type": "text", "text": text} for text in parameters]
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "template",
        "biz_opaque_callback_data": opaque,
        "template": {
            "name": template,
            "language": {"code": language},
            "components": [{"type": "body", "parameters": texts}],
        },
    }


def text_message(to: str, text: str, reply_to: str) -> dict[str, Any]:
    """A free text, allowed for 24 hours after the borrower's last message. `reply_to` is the wamid it answers."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "context": {"message_id": reply_to},
        "type": "text",
        "text": {"body": text, "preview_url": False},
    }


def _locale(language: str, country: str) -> Locale:
    """es + MX is es_MX; a pair that CLDR does not know (pt + CO) is the language alone."""
    tag = f"{language.split('_')[0]}_{country}"
    return Locale.parse(tag if localedata.exists(tag) else language)


def _is_as_far(due: Due, send: Send) -> bool:
    """Whether the debt is overdue, due today or not due yet as the oldest one is."""

    def state(due: Due) -> tuple[bool, bool]:
        return due.days_past_due > 0, due.days_past_due == 0

    return state(due) == state(send.lead)


def _owed(dues: Sequence[Due], send: Send, locale: Locale) -> str:
    sums = totals(send.asked(due.debt) for due in dues)
    texts = [format_currency(money.amount, money.currency, locale=locale) for money in sums]
    return f" {_AND[send.language]} ".join(texts)
