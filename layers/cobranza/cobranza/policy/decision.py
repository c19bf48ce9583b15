"""What to do about a borrower now: one pure function, one outcome, always with a code.

The same function serves the import (when to look), the sender (what to do) and later every plan.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.ledger.money import Money, totals
from cobranza.policy import contact_rules
from cobranza.policy.contact_rules import ContactRules
from cobranza.policy.message import Consumed, Message, State
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.strategy import Step, Strategy

# Why a due borrower gets nothing today, or nothing yet.
SKIP_REASONS = {
    "PAID": "Nothing of what was due is owed any more",
    "OPTED_OUT": "The borrower asked us to stop",
    "RECEIPT_PENDING": "The borrower sent a receipt that nobody has verified yet",
    "NO_PORTFOLIO": "The portfolio has no valid portfolio.yaml",
    "NO_CONSENT": "We have no consent to write to this borrower on WhatsApp",
    "COUNTRY_OFF": "The portfolio does not name the borrower's country, or we know no contact rules for it",
    "TOO_LATE": "The step's day is too long ago for its text",
    "FREQUENCY_CAP": "The borrower has had as many messages as the contact rules allow",
    "NO_TEMPLATE": "There is no template for this step in the borrower's language",
}
DEFER_REASONS = {
    "WINDOW": "Outside the hours in which a borrower may be contacted",
    "HOLIDAY": "A holiday where the borrower lives",
}


@dataclass(frozen=True, slots=True)
class Due:
    debt: Debt
    step: Step
    days_past_due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One message for all due debts. `lead` is the oldest of them: it sets step, template and portfolio."""

    day: date
    lead: Due
    template: str
    language: str
    portfolio: Portfolio
    debts: tuple[Debt, ...]
    totals: tuple[Money, ...]
    consumes: Mapping[str, Consumed]


@dataclass(frozen=True, slots=True)
class Skip:
    code: str


@dataclass(frozen=True, slots=True)
class Defer:
    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is due: no outcome."""


type Decision = Send | Skip | Defer | Rest


@dataclass(frozen=True, slots=True)
class Book:
    """All that is known of a borrower at this moment. `messages` are the claims of the last 14 days."""

    borrower: Borrower
    debts: tuple[Debt, ...]
    messages: tuple[Message, ...]

    def __post_init__(self) -> None:
        # A claim consumes its steps at once, also when the debt itself was never told.
        debts = tuple(_with_consumed(debt, self.messages) for debt in self.debts)
        object.__setattr__(self, "debts", debts)


def decide(
    book: Book,
    portfolios: Mapping[str, Portfolio],
    strategy: Strategy,
    templates: Container[tuple[str, str]],
    now: datetime,
) -> Decision:
    """Send, Skip, Defer, or Rest when nothing is due.

    `portfolios` holds the valid portfolios of the book's debts; `templates` the (name, language) that exist;
    `now` is aware.
    """
    borrower = book.borrower
    rules = contact_rules.rules_for(borrower.country)
    today = _local_date(rules, borrower, now)
    due = due_on(book.debts, strategy, today)
    if not due or _had_a_message(book.messages, today):
        return Rest()
    if not (owed := [d for d in due if d.debt.terms.is_open]):
        return Skip("PAID")
    if borrower.opted_out_at:
        return Skip("OPTED_OUT")
    if borrower.receipt_until and today <= borrower.receipt_until:
        return Skip("RECEIPT_PENDING")
    if not (timely := [d for d in owed if _is_timely(d, strategy)]):
        return Skip("TOO_LATE")
    if not (declared := [d for d in timely if d.debt.terms.portfolio in portfolios]):
        return Skip("NO_PORTFOLIO")
    if borrower.consent is None:
        return Skip("NO_CONSENT")
    allowed = [d for d in declared if borrower.country in portfolios[d.debt.terms.portfolio].countries]
    if rules is None or rules.max_per_day < 1 or not allowed:
        return Skip("COUNTRY_OFF")
    if _too_often(rules, book.messages, today):
        return Skip("FREQUENCY_CAP")
    if code := contact_rules.closed(rules, borrower.region, now):
        return Defer(code, contact_rules.next_open(rules, borrower.region, now) or now + timedelta(days=1))
    send = _one_message(allowed, portfolios, borrower, today)
    return send if (send.template, send.language) in templates else Skip("NO_TEMPLATE")


def due_on(debts: tuple[Debt, ...], strategy: Strategy, day: date) -> tuple[Due, ...]:
    """The debts with a step on, oldest first: the latest step reached that no message has consumed."""
    due: list[Due] = []
    for debt in debts:
        days = (day - debt.terms.due_date).days
        step = strategy.step_on(days)
        if step and (debt.step is None or debt.step < step.days):
            due.append(Due(debt, step, days))
    return tuple(sorted(due, key=lambda d: (d.debt.terms.due_date, d.debt.terms.key)))


def next_look(borrower: Borrower, debts: tuple[Debt, ...], strategy: Strategy, *, first: date) -> datetime | None:
    """The moment from which this borrower should be looked at again: the first open minute of the first date, not
    before `first`, on which an open debt has a step on. None when no such date comes."""
    dates = [d for debt in debts if debt.terms.is_open and (d := _next_date(debt, strategy, first))]
    if not dates:
        return None
    rules = contact_rules.rules_for(borrower.country)
    zone = contact_rules.zones_for(rules, borrower.region)[0] if rules else UTC
    midnight = datetime.combine(min(dates), time(), zone)
    opening = contact_rules.next_open(rules, borrower.region, midnight) if rules else None
    return opening or midnight.astimezone(UTC)


def local_date(borrower: Borrower, now: datetime) -> date:
    """The borrower's date; UTC's where we know no rules."""
    return _local_date(contact_rules.rules_for(borrower.country), borrower, now)


def _local_date(rules: ContactRules | None, borrower: Borrower, now: datetime) -> date:
    return contact_rules.local_date(rules, borrower.region, now) if rules else now.astimezone(UTC).date()


def _with_consumed(debt: Debt, messages: tuple[Message, ...]) -> Debt:
    final = (m for m in messages if m.state is not State.RETRY)
    claims = (m.debts[debt.terms.key] for m in final if debt.terms.key in m.debts)
    steps = [c.step for c in claims if c.due_date == debt.terms.due_date]
    if debt.step is not None:
        steps.append(debt.step)
    return replace(debt, step=max(steps, default=None))


def _next_date(debt: Debt, strategy: Strategy, first: date) -> date | None:
    days = (first - debt.terms.due_date).days
    consumed = debt.step if debt.step is not None else strategy.steps[0].days - 1
    on = strategy.step_on(days)
    if on and on.days > consumed and days - on.days <= strategy.max_days_late:
        return first
    ahead = (s.days for s in strategy.steps if s.days > days and s.days > consumed)
    following = next(ahead, None)
    return None if following is None else debt.terms.due_date + timedelta(days=following)


def _had_a_message(messages: tuple[Message, ...], day: date) -> bool:
    return any(message.day == day and message.state is not State.RETRY for message in messages)


def _is_timely(due: Due, strategy: Strategy) -> bool:
    return due.days_past_due - due.step.days <= strategy.max_days_late


def _too_often(rules: ContactRules, messages: tuple[Message, ...], today: date) -> bool:
    """Counts attempts, not answers, over all debts. Seven days back hold the calendar week so far."""
    days = [message.day for message in messages if message.state is not State.RETRY]
    week = sum(today - timedelta(days=7) < day <= today for day in days)
    near = any((today - day).days < rules.min_days_between for day in days)
    return near or week >= rules.max_per_week


def _one_message(due: list[Due], portfolios: Mapping[str, Portfolio], borrower: Borrower, today: date) -> Send:
    lead = due[0]
    portfolio = portfolios[lead.debt.terms.portfolio]
    return Send(
        day=today,
        lead=lead,
        template=lead.step.template_on(lead.days_past_due),
        language=portfolio.template_language(borrower.language),
        portfolio=portfolio,
        debts=tuple(d.debt for d in due),
        totals=totals(d.debt.terms.owed for d in due),
        consumes={d.debt.terms.key: Consumed(d.debt.terms.due_date, d.step.days) for d in due},
    )
