"""Answers as WhatsApp's JSON, with amounts and dates as the borrower writes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time

from cobranza.conversation.answers import Answer, Part, words_for
from cobranza.conversation.reply import Owed, Reply, owed_on
from cobranza.ledger.money import Money, totals
from cobranza.policy.decision import Book
from cobranza.policy.portfolio import Portfolio
from cobranza.whatsapp.messages import amount_text, buttons_message, locale_of, more_words, sum_text, text_message

# A longer list is cut, its total is not.
_MOST_LISTED = 10


def answer_message(to: str, text: str, reply: Reply, language: str, reply_to: str) -> dict[str, Any]:
    """`to` is E.164 with its plus, or a user id; `reply_to` the wamid that is answered."""
    if not reply.buttons:
        return text_message(to, text, reply_to)
    titles = [(payload, words_for(title, language)) for payload, title in reply.buttons]
    return buttons_message(to, text, titles, reply_to)


def answer_text(answer: Answer, reply: Reply, book: Book, portfolio: Portfolio, language: str) -> str:
    """What a borrower reads. No figure but of the book, of their own promise, and of when we open again."""
    locale = locale_of(language, book.borrower.country)
    text = _words(answer, reply, book, portfolio, language, locale)
    return f"{text} {_opens(reply.opens, language, locale)}" if reply.opens else text


def _opens(opens: datetime, language: str, locale: Locale) -> str:
    day, hour = format_date(opens, "full", locale), format_time(opens, "short", locale=locale)
    return words_for(Part.OPENS, language, day=day, hour=hour)


def _words(answer: Answer, reply: Reply, book: Book, portfolio: Portfolio, language: str, locale: Locale) -> str:
    match answer:
        case Answer.OWED:
            return "\n".join(_owed_lines(book, portfolio, language, locale))
        case Answer.PROMISED:
            sums = (reply.promised,) if reply.promised else totals(left for _, left in owed_on(book))
            day = format_date(reply.day, "full", locale)
            return words_for(answer, language, amount=sum_text(sums, language, locale), day=day)
        case Answer.COMPLAINT:
            return words_for(answer, language, complaints=portfolio.creditor.complaints_channel)
        case _:
            return words_for(answer, language)


def _owed_lines(book: Book, portfolio: Portfolio, language: str, locale: Locale) -> list[str]:
    """Each debt, its total by currency, how to pay, and what is left out."""
    owed = owed_on(book)
    lines = [words_for(Answer.OWED, language)]
    for debt, left in owed[:_MOST_LISTED]:
        due_date = format_date(debt.terms.due_date, "long", locale)
        lines.append(_debt(debt.terms.debt_id, left, due_date, language, locale))
        if portfolio.approves_link(debt.terms.payment_url):
            lines.append(words_for(Part.LINK, language, link=debt.terms.payment_url))
    if len(owed) > _MOST_LISTED:
        lines.append(more_words(len(owed) - _MOST_LISTED, language))
    if len(owed) > 1:
        total = sum_text(totals(left for _, left in owed), language, locale)
        lines.append(words_for(Part.TOTAL, language, totals=total))
    lines += _way_to_pay(owed, portfolio, language)
    left_out = [debt for debt in book.debts if debt.is_open]
    lines += (
        [words_for(Answer.IN_DISPUTE, language)] if any(d.disputed and not d.recalled for d in left_out) else []
    )
    lines += [words_for(Answer.RECALLED, language)] if any(d.recalled for d in left_out) else []
    return lines


def _debt(name: str, left: Money, due_date: str, language: str, locale: Locale) -> str:
    return words_for(Part.DEBT, language, debt=name, owed=amount_text(left, locale), due_date=due_date)


def _way_to_pay(owed: Owed, portfolio: Portfolio, language: str) -> Sequence[str]:
    """The portfolio's own words where a debt has no link, with the oldest debt's number, as in reminders."""
    if all(portfolio.approves_link(debt.terms.payment_url) for debt, _ in owed[:_MOST_LISTED]):
        return ()
    if not portfolio.pay_options:
        return (words_for(Part.ASK_HOW, language),)
    options = "; ".join(portfolio.pay_options)
    return (words_for(Part.PAY_OPTIONS, language, options=options, debt=owed[0][0].terms.debt_id),)
