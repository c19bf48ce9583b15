"""A reminder as WhatsApp's JSON, with amounts and dates as the borrower writes them."""

import re
from collections.abc import Sequence
from typing import Any

from babel import Locale, localedata
from babel.dates import format_date
from babel.numbers import format_currency

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.money import Money
from cobranza.policy.decision import Send

_AND = {"es": "y", "pt_BR": "e", "en": "and"}
_ITEMS = {"es": "{} conceptos", "pt_BR": "{} itens", "en": "{} items"}
_ANSWER = {
    "es": "responda a este mensaje y le indicamos cómo",
    "pt_BR": "responda a esta mensagem e informamos como",
    "en": "reply to this message and we will tell you how",
}
# Meta refuses newlines, tabs and runs of spaces in a parameter.
_BLANK = re.compile(r"\s+")


def reminder_parameters(send: Send, borrower: Borrower) -> tuple[str, ...]:
    """The five texts every reminder template takes: name, creditor, what is owed, due date, how to pay."""
    locale = _locale(send.language, borrower.country)
    oldest = send.lead.debt.terms
    owed = _owed(send.totals, send.language, locale)
    if len(send.debts) > 1:
        owed += f" ({_ITEMS[send.language].format(len(send.debts))})"
    link = oldest.payment_url if send.portfolio.approves_link(oldest.payment_url) else ""
    parameters = (
        borrower.name,
        send.portfolio.creditor.shown_name,
        owed,
        format_date(oldest.due_date, "long", locale),
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


def _locale(language: str, country: str) -> Locale:
    """es + MX is es_MX; a pair that CLDR does not know (pt + CO) is the language alone."""
    tag = f"{language.split('_')[0]}_{country}"
    return Locale.parse(tag if localedata.exists(tag) else language)


def _owed(totals: Sequence[Money], language: str, locale: Locale) -> str:
    texts = [format_currency(money.amount, money.currency, locale=locale) for money in totals]
    return f" {_AND[language]} ".join(texts)
