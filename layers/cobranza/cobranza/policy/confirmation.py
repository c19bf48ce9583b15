"""What a borrower is told without being asked for anything: that a payment was booked, thanks for one in time,
that the money of a receipt was not found, and that a person has an answer.

All of them go inside hours, never after a stop, and not while the creditor pauses; what else each class obeys
`message_classes` tells. What cannot go within three days is not told any more. The last one is that person's: it
obeys holds too. A day has one of them all.
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
from cobranza.policy.breaker import keeps_number, keeps_template
from cobranza.policy.caps import too_often, went_elsewhere
from cobranza.policy.decision import Book, Policies
from cobranza.policy.due import local_date, opening
from cobranza.policy.feed import PAUSE_LOOK
from cobranza.policy.message import State
from cobranza.policy.message_classes import MANNERS, MessageClass, Obstacle
from cobranza.policy.portfolio import Portfolio, TemplateLanguage

# So long before thanks nothing else was sent.
QUIET = timedelta(hours=24)
_CLASSES = {
    Subject.PAYMENT: MessageClass.RESULT,
    Subject.THANKS: MessageClass.THANKS,
    Subject.RECEIPT_REJECTED: MessageClass.RESULT,
    Subject.CASE: MessageClass.CASE,
}


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
    """`code` as of a Defer."""

    until: datetime
    code: str


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
    today = local_date(book.borrower, now)
    if code := _forbidden(book.borrower, one, portfolio, policies.only_to, today):
        return Drop(one, f"SKIPPED_{code}")
    if now - one.at > FRESH:
        return Drop(one, "SKIPPED_TOO_LATE")
    language = portfolio.template_language(book.borrower.language)
    if (one.subject, language) not in texts:
        return Drop(one, "SKIPPED_NO_TEMPLATE")
    wait = _too_often(book, one, policies, today, now) or _closed(book, one, portfolio, policies, now)
    return wait or Tell(one, portfolio, language, today, book.borrower.phone_ref)


def _forbidden(
    borrower: Borrower, one: Confirmation, portfolio: Portfolio, only_to: frozenset[str] | None, today: date
) -> str:
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
        "HELD": one.subject is Subject.CASE and borrower.held_until is not None and today <= borrower.held_until,
        "NOT_IDENTIFIED": not (borrower.is_known or portfolio.knows_number(borrower.number_from)),
    }
    return next((code for code, stands in reasons.items() if stands), "")


def _too_often(book: Book, one: Confirmation, policies: Policies, today: date, now: datetime) -> Wait | None:
    borrower, rules = book.borrower, contact_rules.rules_for(book.borrower.country)
    caps, obeys = policies.strategy_of(one.portfolio).caps, MANNERS[_CLASSES[one.subject]].obeys
    is_too_often = (
        any(message.day == today and message.state is not State.RETRY for message in book.told)
        or went_elsewhere(book.messages, today, borrower.phone_ref)
        or (
            Obstacle.CAPS in obeys
            and rules is not None
            and too_often(rules, book.contacts, book.touches, today, caps)
        )
    )
    if is_too_often:
        return Wait(_tomorrow(borrower, now), "FREQUENCY_CAP")
    if Obstacle.PERSON_IN_CHARGE in obeys and borrower.human_until and now < borrower.human_until:
        return Wait(borrower.human_until, "PERSON_IN_CHARGE")
    quiet = _quiet_from(book, now)
    return Wait(quiet, "GAP") if Obstacle.GAP in obeys and quiet > now else None


def _closed(book: Book, one: Confirmation, portfolio: Portfolio, policies: Policies, now: datetime) -> Wait | None:
    """What keeps it back whoever it is for: the hour, WhatsApp, the creditor's pause."""
    borrower, rules = book.borrower, contact_rules.rules_for(book.borrower.country)
    if rules and (code := contact_rules.closed(rules, borrower.region, now)):
        return Wait(contact_rules.next_open(rules, borrower.region, now) or _tomorrow(borrower, now), code)
    if keeps_number(policies.breakers, portfolio.phone_number_id) or keeps_template(
        policies.breakers, one.subject
    ):
        return Wait(now + PAUSE_LOOK, "BREAKER")
    if (one.subject, portfolio.template_language(borrower.language)) in policies.faults:
        return Wait(now + PAUSE_LOOK, "TEMPLATE")
    if (feed := policies.feeds.get(one.portfolio)) and feed.pause:
        return Wait(now + PAUSE_LOOK, "PAUSED")
    return Wait(_tomorrow(borrower, now), "LIMIT") if policies.room.get(one.portfolio, 1) <= 0 else None


def _tomorrow(borrower: Borrower, now: datetime) -> datetime:
    return opening(borrower.country, borrower.region, local_date(borrower, now) + timedelta(days=1), 0)


def _quiet_from(book: Book, now: datetime) -> datetime:
    sent = [each.claimed_at for each in (*book.messages, *book.told) if each.state is not State.RETRY]
    return max(sent, default=now - QUIET) + QUIET
