"""A reminder as WhatsApp's JSON, with amounts and dates as the borrower writes them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from babel import Locale, localedata
from babel.dates import format_date
from babel.numbers import format_currency

from cobranza.errors import InvalidInput
from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Terms
from cobranza.ledger.money import Money, totals
from cobranza.policy.confirmation import Tell
from cobranza.policy.decision import Book, Send
from cobranza.policy.due import Due
from cobranza.whatsapp.kinds import Fact, kind_of, parameters
from cobranza.whatsapp.templates import shipped_templates

# The column `extra.greeting_name` of a debts file: how the borrower is greeted.
GREETING_NAME = "greeting_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    both: str
    items: str
    later: str
    first_of: str
    answer: str
    more: str
    reference: str


_SPANISH = _Words(
    both="y",
    items="{} conceptos",
    later="además {} por vencer",
    first_of="la primera fecha",
    answer="responda a este mensaje y le indicamos cómo",
    more="y {} más",
    reference="con la referencia {}",
)
_WORDS = {
    "es": _SPANISH,
    "es_AR": replace(_SPANISH, answer="respondé a este mensaje y te indicamos cómo"),
    "pt_BR": _Words(
        both="e",
        items="{} itens",
        later="além de {} a vencer",
        first_of="a primeira data",
        answer="responda a esta mensagem e informamos como",
        more="e mais {}",
        reference="com a referência {}",
    ),
    "en": _Words(
        both="and",
        items="{} items",
        later="plus {} not yet due",
        first_of="the first date",
        answer="reply to this message and we will tell you how",
        more="and {} more",
        reference="with the reference {}",
    ),
}
# A list of debts says the first ones alone, so that the whole text stays short.
_MOST_LISTED, _MOST_CHARACTERS = 4, 200
# Meta refuses newlines, tabs and runs of spaces in a parameter.
_BLANK = re.compile(r"\s+")
# Where people write a space after the sign and the locale data has none.
_SPACED = {"es_AR": "¤\xa0#,##0.00"}
# Currencies in which nobody writes cents that are zero.
_WHOLE = frozenset(["COP"])
# Beside capitals these stay small.
_PARTICLES = frozenset(["de", "del", "la", "las", "lo", "los", "y", "e", "da", "das", "do", "dos", "di"])


def reminder_parameters(send: Send, borrower: Borrower) -> tuple[str, ...]:
    """The texts that the decision's template takes, in the order of its variables.

    Raises InvalidInput (BAD_PARAMETERS) where one of them is empty or was not filled in, and for a template that
    takes what a reminder does not know.
    """
    return _parameters(send, reminder_facts(send, borrower))


def _parameters(send: Send, facts: Mapping[Fact, str]) -> tuple[str, ...]:
    kind = kind_of(send.template)
    if kind is None or not kind.is_fillable:
        raise InvalidInput("BAD_PARAMETERS", f"{send.template} takes more than a reminder knows")
    return parameters(kind, facts)


def reminder_components(send: Send, borrower: Borrower, opaque: str = "") -> list[dict[str, Any]]:
    """What the template takes, as Meta wants it; `opaque` is the message's id. Raises InvalidInput
    (BAD_PARAMETERS) as `reminder_parameters` does, and where the registered button cannot lead to the link."""
    facts = reminder_facts(send, borrower)
    _parameters(send, facts)
    template = shipped_templates()[send.template, send.language]
    return template.components(facts, send.portfolio.button_base, opaque)


def reminder_text(send: Send, borrower: Borrower) -> str:
    """All that the borrower will read of it. Raises InvalidInput as `reminder_components` does."""
    return shipped_templates()[send.template, send.language].shown(reminder_facts(send, borrower))


def reminder_facts(send: Send, borrower: Borrower) -> dict[Fact, str]:
    """What a reminder can tell; all debts one by one where its template takes them, for that costs time.

    It speaks of the oldest debt. Debts that are not as far (due today or later beside an overdue one) are named
    apart, so that every figure and date is true of what it stands beside.
    """
    locale, words = locale_of(send.language, borrower.country), _WORDS[send.language]
    oldest = send.lead.debt.terms
    alike = [due for due in send.dues if _is_as_far(due, send)]
    later = [due for due in send.dues if not _is_as_far(due, send)]
    owed = _owed(alike, send, locale)
    if len(alike) > 1:
        owed += f" ({words.items.format(len(alike))})"
    if later:
        owed += f" ({words.later.format(_owed(later, send, locale))})"
    due = format_date(send.lead.due_date, "long", locale)
    if any(other.due_date != send.lead.due_date for other in alike):
        due += f" ({words.first_of})"
    link = oldest.payment_url if send.portfolio.approves_link(oldest.payment_url) else ""
    facts: dict[Fact, str] = {
        "name": oldest.extra.get(GREETING_NAME, "") or greeting(borrower.name),
        "creditor": send.portfolio.creditor.shown_name,
        "owed": owed,
        "due_date": due,
        "how_to_pay": link or _pay_options(send) or words.answer,
        "link": link,
        "document": send.media_id,
        "document_name": document_name(oldest),
        "check_at": send.portfolio.creditor.complaints_channel,
    }
    if (kind := kind_of(send.template)) and "debts" in kind.facts:
        facts |= {"debts": _listed(send, locale), "total": _owed(send.dues, send, locale)}
    return {fact: _BLANK.sub(" ", text).strip() for fact, text in facts.items()}


def confirmation_components(tell: Tell, book: Book) -> list[dict[str, Any]]:
    """What the confirmation's template takes. Raises InvalidInput (BAD_PARAMETERS)."""
    return shipped_templates()[tell.confirmation.subject, tell.language].components(_confirmed(tell, book))


def confirmation_text(tell: Tell, book: Book) -> str:
    """All that the borrower will read of it. Raises InvalidInput (BAD_PARAMETERS)."""
    return shipped_templates()[tell.confirmation.subject, tell.language].shown(_confirmed(tell, book))


def _confirmed(tell: Tell, book: Book) -> dict[Fact, str]:
    one, borrower = tell.confirmation, book.borrower
    locale = locale_of(tell.language, borrower.country)
    names = (debt.terms.extra.get(GREETING_NAME, "") for debt in book.debts)
    facts: dict[Fact, str] = {
        "name": next(filter(None, names), "") or greeting(borrower.name),
        "creditor": tell.portfolio.creditor.shown_name,
        "paid": amount_text(one.amount, locale) if one.amount else "",
        "paid_on": format_date(one.day, "long", locale),
    }
    return {fact: _BLANK.sub(" ", text).strip() for fact, text in facts.items()}


def document_name(terms: Terms) -> str:
    """What the phone calls the file, always a PDF."""
    name = re.sub(r'[/\\:*?"<>|]', "-", terms.document_name or terms.debt_id)
    return name if name.lower().endswith(".pdf") else f"{name}.pdf"


def greeting(name: str) -> str:
    """The full name; one that is all capitals or all small, as many ledgers write it, in title case.

    Which of its words is the first name is never guessed: "PEREZ GARCIA, JUAN" is "Perez Garcia, Juan".
    """
    if not (name.isupper() or name.islower()):
        return name
    words = re.split(r"(\s+)", name.lower())
    return "".join(word if i and word in _PARTICLES else word.title() for i, word in enumerate(words))


def template_message(
    to: str, template: str, language: str, components: Sequence[dict[str, Any]], opaque: str
) -> dict[str, Any]:
    """The body of POST /messages. `to` is E.164 with its plus: without it Meta prepends its own country code."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "template",
        "biz_opaque_callback_data": opaque,
        "template": {
            "name": template,
            "language": {"code": language},
            "components": list(components),
        },
    }


def text_message(to: str, text: str, reply_to: str) -> dict[str, Any]:
    """A free text, allowed for 24 hours after the borrower's last message. `to` is as of `_addressed`, `reply_to`
    the wamid it answers."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_addressed(to),
        "context": {"message_id": reply_to},
        "type": "text",
        "text": {"body": text, "preview_url": False},
    }


def buttons_message(to: str, text: str, buttons: Sequence[tuple[str, str]], reply_to: str) -> dict[str, Any]:
    """A free text with one to three buttons below it, each a payload of at most 256 characters and a title of at
    most 20, all different; the text has at most 1024. Source: Meta, "Interactive reply buttons messages"."""
    replies = [{"type": "reply", "reply": {"id": payload, "title": title}} for payload, title in buttons]
    interactive = {"type": "button", "body": {"text": text}, "action": {"buttons": replies}}
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_addressed(to),
        "context": {"message_id": reply_to},
        "type": "interactive",
        "interactive": interactive,
    }


def _addressed(to: str) -> dict[str, str]:
    """E.164 with its plus, else a business-scoped user id: as a number Meta would take it and lose the message.
    Source: Meta, "Business-scoped user IDs"."""
    return {"to": to} if to.startswith("+") else {"recipient": to}


@cache
def locale_of(language: str, country: str) -> Locale:
    """es + MX is es_MX; a pair that CLDR does not know (pt + CO) is the language alone."""
    tag = f"{language.split('_')[0]}_{country}"
    return Locale.parse(tag if localedata.exists(tag) else language)


def _is_as_far(due: Due, send: Send) -> bool:
    """Whether the debt is overdue, due today or not due yet as the oldest one is."""

    def state(due: Due) -> tuple[bool, bool]:
        return due.days_past_due > 0, due.days_past_due == 0

    return state(due) == state(send.lead)


def _owed(dues: Sequence[Due], send: Send, locale: Locale) -> str:
    return sum_text(totals(send.asked(due.debt) for due in dues), send.language, locale)


def more_words(number: int, language: str) -> str:
    """That so many more are not listed."""
    return _WORDS[language].more.format(number)


def sum_text(sums: Iterable[Money], language: str, locale: Locale) -> str:
    """One amount for each currency."""
    return f" {_WORDS[language].both} ".join(amount_text(money, locale) for money in sums)


@lru_cache(4096)
def amount_text(money: Money, locale: Locale) -> str:
    """Exactly what is owed; cents that are zero are left out where nobody writes them."""
    pattern = _SPACED.get(str(locale)) or locale.currency_formats["standard"].pattern
    if money.currency not in _WHOLE or money.amount % 1:
        return format_currency(money.amount, money.currency, pattern, locale)
    return format_currency(money.amount, money.currency, pattern.replace(".00", ""), locale, currency_digits=False)


def _pay_options(send: Send) -> str:
    """The portfolio's own words, with the oldest debt's number, by which a payment is found; empty without any."""
    if not send.portfolio.pay_options:
        return ""
    reference = _WORDS[send.language].reference.format(send.lead.debt.terms.debt_id)
    return f"{'; '.join(send.portfolio.pay_options)} ({reference})"


def _listed(send: Send, locale: Locale) -> str:
    """Each debt's number, amount and date, oldest first; how many more there are, where not all fit."""
    shown = [
        f"{due.debt.terms.debt_id}: {_owed([due], send, locale)}, {format_date(due.due_date, 'medium', locale)}"
        for due in send.dues[:_MOST_LISTED]
    ]
    while len(shown) > 1 and len("; ".join(shown)) > _MOST_CHARACTERS:
        shown.pop()
    more = len(send.dues) - len(shown)
    return "; ".join(shown) + (f" {_WORDS[send.language].more.format(more)}" if more else "")
