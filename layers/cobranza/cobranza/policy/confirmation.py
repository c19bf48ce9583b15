"""What a borrower is told without being asked for anything: that a payment was booked, thanks for one in time, and
that the money of a receipt was not found.

These are results (`MessageClass.RESULT`): inside hours, never after a stop, not while the creditor pauses or a
person answers the borrower, one a day. What cannot go within three days is not told any more.
"""

from collections.abc import Container
from datetime import date, datetime, timedelta
from typing import NamedTuple

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.confirmation import Confirmation, Subject
from cobranza.ledger.debt import Debt
from cobranza.ledger.payment import FRESH, Payment
from cobranza.ledger.standing import WHATSAPP
from cobranza.policy import contact_rules
from cobranza.policy.breaker import keeps_number
from cobranza.policy.caps import went_elsewhere
from cobranza.policy.decision import Book, Policies
from cobranza.policy.due import local_date, opening
from cobranza.policy.feed import PAUSE_LOOK
from cobranza.policy.message import State
from cobranza.policy.portfolio import Portfolio, TemplateLanguage

# So long before thanks nothing else was sent.
QUIET = timedelta(hours=24)


class Tell(NamedTuple):
    """`phone_ref` stands for where it goes."""

    confirmation: Confirmation
    portfolio: Portfolio
    language: TemplateLanguage
    day: date
    phone_ref: str


class Drop(NamedTuple):
    """It is not told, for a reason of the outcome book."""

    confirmation: Confirmation
    outcome: str


class Wait(NamedTuple):
    until: datetime


def confirmations_of(
    payment: Payment, paid: Debt | None, portfolio: Portfolio, now: datetime
) -> list[Confirmation]:
    """What to tell of a payment that was booked now; `paid` is the debt that it settled, where it settled one."""
    if not payment.is_news(now):
        return []
    day = payment.paid_at.date()
    is_punctual = paid is not None and not paid.is_open and day <= paid.terms.due_date
    wanted = {
        Subject.PAYMENT: portfolio.confirms_payments,
        Subject.THANKS: portfolio.thanks_punctual and is_punctual,
    }
    return [
        Confirmation(
            subject=subject,
            ref=payment.payment_id,
            portfolio=portfolio.portfolio_id,
            amount=payment.amount,
            day=day,
            at=now,
        )
        for subject, is_wanted in wanted.items()
        if is_wanted
    ]


def next_confirmation(
    book: Book, policies: Policies, texts: Container[tuple[str, str]], now: datetime
) -> Tell | Drop | Wait | None:
    """What becomes of the oldest that waits; None where none does. `texts` are those that exist, by (name,
    language)."""
    told = {message.confirms for message in book.told if message.state is not State.RETRY}
    waiting = [each for each in book.confirmations if each.id not in told]
    if not waiting:
        return None
    one = min(waiting, key=lambda each: (each.at, each.subject is Subject.THANKS, each.ref))
    portfolio = policies.portfolios.get(one.portfolio)
    if portfolio is None:
        return Drop(one, "SKIPPED_NO_PORTFOLIO")
    if code := _forbidden(book.borrower, portfolio, policies.only_to):
        return Drop(one, f"SKIPPED_{code}")
    if now - one.at > FRESH:
        return Drop(one, "SKIPPED_TOO_LATE")
    language = portfolio.template_language(book.borrower.language)
    if (one.subject, language) not in texts:
        return Drop(one, "SKIPPED_NO_TEMPLATE")
    today = local_date(book.borrower, now)
    until = _waits_until(book, one, policies, portfolio, today, now)
    return Wait(until) if until else Tell(one, portfolio, language, today, book.borrower.phone_ref)


def _forbidden(borrower: Borrower, portfolio: Portfolio, only_to: frozenset[str] | None) -> str:
    rules = contact_rules.rules_for(borrower.country)
    reasons = {
        "OPTED_OUT": borrower.opted_out_at is not None,
        "WRONG_NUMBER": borrower.wrong_number,
        "UNREACHABLE": borrower.unreachable,
        "NO_PHONE": not borrower.phone,
        "OTHER_CHANNEL": borrower.channel != WHATSAPP,
        "TEST_STAGE": only_to is not None and borrower.phone not in only_to,
        "NO_CONSENT": borrower.consent is None,
        "COUNTRY_OFF": rules is None or not rules.allows_messages or borrower.country not in portfolio.countries,
        "NOT_IDENTIFIED": not (borrower.is_known or portfolio.knows_number(borrower.number_from)),
    }
    return next((code for code, stands in reasons.items() if stands), "")


def _waits_until(
    book: Book, one: Confirmation, policies: Policies, portfolio: Portfolio, today: date, now: datetime
) -> datetime | None:
    borrower = book.borrower
    rules = contact_rules.rules_for(borrower.country)
    tomorrow = opening(borrower.country, borrower.region, today + timedelta(days=1), 0)
    if any(message.day == today and message.state is not State.RETRY for message in book.told):
        return tomorrow
    if went_elsewhere(book.messages, today, borrower.phone_ref):
        return tomorrow
    if borrower.human_until and now < borrower.human_until:
        return borrower.human_until
    if one.subject is Subject.THANKS and (quiet := _quiet_from(book, now)) > now:
        return quiet
    if rules and contact_rules.closed(rules, borrower.region, now):
        return contact_rules.next_open(rules, borrower.region, now) or tomorrow
    text, feed = (one.subject, portfolio.template_language(borrower.language)), policies.feeds.get(one.portfolio)
    is_stopped = keeps_number(policies.breakers, portfolio.phone_number_id) is not None
    if is_stopped or text in policies.faults or (feed and feed.pause):
        return now + PAUSE_LOOK
    return tomorrow if policies.room.get(one.portfolio, 1) <= 0 else None


def _quiet_from(book: Book, now: datetime) -> datetime:
    sent = [each.claimed_at for each in (*book.messages, *book.told) if each.state is not State.RETRY]
    return max(sent, default=now - QUIET) + QUIET
