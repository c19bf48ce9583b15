"""What to do about a borrower now: one pure function, one outcome, always with a code.

The same function serves the import (when to look), the sender (what to do) and later every plan.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.ledger.money import Money, totals
from cobranza.ledger.payment import Credit
from cobranza.ledger.standing import WHATSAPP
from cobranza.policy import contact_rules
from cobranza.policy.caps import too_often
from cobranza.policy.contact_rules import ContactRules
from cobranza.policy.credit import credited
from cobranza.policy.feed import PAUSE_LOOK, Feed, Pause
from cobranza.policy.message import Consumed, Message, State
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.strategy import Step, Strategy

# A request that could not be met in so many days is forgotten.
REQUEST_LIVES = timedelta(days=7)

# Why a due borrower gets nothing today, or nothing yet.
SKIP_REASONS = {
    "PAID": "Nothing of what was due is owed any more",
    "RECALLED": "The creditor took the debt back: sold, withdrawn, with an agency or in court",
    "OPTED_OUT": "The borrower asked us to stop",
    "WRONG_NUMBER": "Somebody else has this number, and we know no other",
    "DISPUTED": "The borrower contests the debt",
    "HELD": "The creditor asked us to wait until a date",
    "OTHER_CHANNEL": "The borrower wants to be reached in another way",
    "ROW_REFUSED": "The newest snapshot lists the debt in a row that cannot be read",
    "RECEIPT_PENDING": "The borrower sent a receipt that nobody has verified yet",
    "NO_PORTFOLIO": "The portfolio has no valid portfolio.yaml",
    "STALE_DATA": "No file has come for longer than the portfolio allows",
    "NO_CONSENT": "We have no consent to write to this borrower on WhatsApp",
    "COUNTRY_OFF": "The portfolio does not name the borrower's country, or we know no contact rules for it",
    "TOO_LATE": "The step's day is too long ago for its text",
    "CREDIT_COVERS": "What the creditor owes the borrower covers what was due",
    "FREQUENCY_CAP": "The borrower has had as many messages as the contact rules allow",
    "NO_TEMPLATE": "There is no template for this step in the borrower's language",
}
DEFER_REASONS = {
    "PAUSED": "Somebody has paused the portfolio, or all of them",
    "WINDOW": "Outside the hours in which a borrower may be contacted",
    "HOLIDAY": "A holiday where the borrower lives",
}


@dataclass(frozen=True, slots=True)
class Due:
    """A debt with a step on. One that was `requested` is due whatever its steps."""

    debt: Debt
    step: Step
    days_past_due: int
    requested: bool = False

    @property
    def consumed(self) -> Consumed:
        """A request before the ladder uses up its own day alone, and leaves the steps to come as they are."""
        step = min(self.step.days, self.days_past_due)
        return Consumed(self.debt.terms.due_date, step if self.debt.step is None else max(step, self.debt.step))

    @property
    def template(self) -> str:
        """Empty where the step's text would not be true: a request before a ladder that begins on the due date
        or later must not say that the debt is due today, or overdue."""
        if self.days_past_due <= 0 <= self.step.days and self.days_past_due < self.step.days:
            return ""
        return self.step.template_on(self.days_past_due)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One message for all due debts. `lead` is the oldest of them: it sets step, template and portfolio.
    `credited` is what credits take off each debt, by its key; `totals` are what is left."""

    day: date
    lead: Due
    template: str
    language: str
    portfolio: Portfolio
    debts: tuple[Debt, ...]
    totals: tuple[Money, ...]
    consumes: Mapping[str, Consumed]
    credited: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])

    def asked(self, debt: Debt) -> Money:
        """What the message asks for this debt."""
        return _less(debt.owed, self.credited.get(debt.terms.key))


@dataclass(frozen=True, slots=True)
class Skip:
    code: str


@dataclass(frozen=True, slots=True)
class Defer:
    """`pauses` are those that keep the borrower's due debts back, where it is pauses that do."""

    code: str
    until: datetime
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is due: no outcome."""


type Decision = Send | Skip | Defer | Rest


@dataclass(frozen=True, slots=True)
class Book:
    """All that is known of a borrower at this moment. `messages` are the claims of the last 14 days, `touches`
    the local dates of calls and visits made elsewhere, one for each."""

    borrower: Borrower
    debts: tuple[Debt, ...]
    messages: tuple[Message, ...]
    credits: tuple[Credit, ...] = ()
    touches: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        # A claim consumes its steps, and answers its requests, at once, also when the debt itself was never told.
        debts = tuple(_with_consumed(debt, self.messages) for debt in self.debts)
        object.__setattr__(self, "debts", debts)


def decide(
    book: Book,
    portfolios: Mapping[str, Portfolio],
    strategy: Strategy,
    templates: Container[tuple[str, str]],
    now: datetime,
    feeds: Mapping[str, Feed] | None = None,
) -> Decision:
    """Send, Skip, Defer, or Rest when nothing is due.

    `portfolios` holds the valid portfolios of the book's debts; `templates` the (name, language) that exist;
    `now` is aware; `feeds` how each of the portfolios is fed, nothing where only the rest is asked.
    """
    borrower = book.borrower
    rules = contact_rules.rules_for(borrower.country)
    today = _local_date(rules, borrower, now)
    due = due_on(book.debts, strategy, today)
    if not due or _had_a_message(book.messages, today):
        return Rest()
    asked = _may_be_asked_for(due, borrower, strategy, today)
    if isinstance(asked, Skip):
        return asked
    if not (declared := [d for d in asked if d.debt.terms.portfolio in portfolios]):
        return Skip("NO_PORTFOLIO")
    fed = _fed(declared, portfolios, feeds, now)
    if not isinstance(fed, list):
        return fed
    if borrower.consent is None:
        return Skip("NO_CONSENT")
    allowed = [d for d in fed if borrower.country in portfolios[d.debt.terms.portfolio].countries]
    if rules is None or rules.max_per_day < 1 or not allowed:
        return Skip("COUNTRY_OFF")
    taken = credited((d.debt for d in allowed), book.credits)
    if not (left := [d for d in allowed if _less(d.debt.owed, taken.get(d.debt.terms.key)).amount > 0]):
        return Skip("CREDIT_COVERS")
    if too_often(rules, book.messages, book.touches, today):
        return Skip("FREQUENCY_CAP")
    if code := contact_rules.closed(rules, borrower.region, now):
        return Defer(code, contact_rules.next_open(rules, borrower.region, now) or now + timedelta(days=1))
    send = _one_message(left, taken, portfolios, borrower, today)
    return send if (send.template, send.language) in templates else Skip("NO_TEMPLATE")


def _fed(
    declared: list[Due], portfolios: Mapping[str, Portfolio], feeds: Mapping[str, Feed] | None, now: datetime
) -> list[Due] | Skip | Defer:
    """The debts of portfolios whose data is fresh and that nobody has paused."""
    if feeds is None:
        return declared
    of = {name: feeds.get(name, Feed()) for name in portfolios}
    fresh = [
        d for d in declared if not of[d.debt.terms.portfolio].is_stale(portfolios[d.debt.terms.portfolio], now)
    ]
    if not fresh:
        return Skip("STALE_DATA")
    if running := [d for d in fresh if not of[d.debt.terms.portfolio].pause]:
        return running
    pauses = {pause: None for d in fresh if (pause := of[d.debt.terms.portfolio].pause)}
    return Defer("PAUSED", now + PAUSE_LOOK, tuple(pauses))


def _may_be_asked_for(
    due: tuple[Due, ...], borrower: Borrower, strategy: Strategy, today: date
) -> list[Due] | Skip:
    """The due debts that the borrower may be asked for, or why it is none of them. Debts drop out one reason after
    the other; the reason that takes the last ones is told."""
    if not (owed := [d for d in due if d.debt.is_open]):
        return Skip("PAID")
    if not (ours := [d for d in owed if not d.debt.recalled]):
        return Skip("RECALLED")
    if borrower.opted_out_at:
        return Skip("OPTED_OUT")
    if borrower.wrong_number:
        return Skip("WRONG_NUMBER")
    if not (undisputed := [d for d in ours if not d.debt.disputed]):
        return Skip("DISPUTED")
    free = [d for d in undisputed if not _holds(d.debt.held_until, today)]
    if _holds(borrower.held_until, today) or not free:
        return Skip("HELD")
    if borrower.channel != WHATSAPP:
        return Skip("OTHER_CHANNEL")
    if _holds(borrower.receipt_until, today):
        return Skip("RECEIPT_PENDING")
    if not (readable := [d for d in free if not d.debt.refused_row]):
        return Skip("ROW_REFUSED")
    return [d for d in readable if _is_timely(d, strategy)] or Skip("TOO_LATE")


def due_on(debts: tuple[Debt, ...], strategy: Strategy, day: date) -> tuple[Due, ...]:
    """The debts with a step on, oldest first: the latest step reached that no message has consumed. A debt that
    the creditor asked to remind now has its latest step on, or the first one before the ladder begins."""
    due: list[Due] = []
    for debt in debts:
        days = (day - debt.terms.due_date).days
        step = strategy.step_on(days)
        if _is_requested(debt, day):
            due.append(Due(debt, step or strategy.steps[0], days, requested=True))
        elif step and (debt.step is None or debt.step < step.days):
            due.append(Due(debt, step, days))
    return tuple(sorted(due, key=lambda d: (d.debt.terms.due_date, d.debt.terms.key)))


def next_look(borrower: Borrower, debts: tuple[Debt, ...], strategy: Strategy, *, first: date) -> datetime | None:
    """The moment from which this borrower should be looked at again: the first open minute of the first date, not
    before `first`, on which an open debt has a step on or a request to meet. None when no such date comes."""
    dates = [
        d for debt in debts if debt.is_open and not debt.recalled and (d := _next_date(debt, strategy, first))
    ]
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
    told = [m for m in messages if m.state is not State.RETRY and debt.terms.key in m.debts]
    claims = (message.debts[debt.terms.key] for message in told)
    steps = [c.step for c in claims if c.due_date == debt.terms.due_date]
    if debt.step is not None:
        steps.append(debt.step)
    asked = debt.requested_on
    answered = asked is not None and any(message.day >= asked for message in told)
    return replace(debt, step=max(steps, default=None), requested_on=None if answered else asked)


def _next_date(debt: Debt, strategy: Strategy, first: date) -> date | None:
    """The first date, not before `first`, on which the debt has a step on or a request to be met."""
    by_step = _next_step_date(debt, strategy, first)
    asked = max(debt.requested_on, first) if debt.requested_on else None
    dates = [by_step] if by_step else []
    return min([*dates, asked] if asked and _is_requested(debt, asked) else dates, default=None)


def _next_step_date(debt: Debt, strategy: Strategy, first: date) -> date | None:
    days = (first - debt.terms.due_date).days
    consumed = debt.step if debt.step is not None else strategy.steps[0].days - 1
    on = strategy.step_on(days)
    if on and on.days > consumed and days - on.days <= strategy.max_days_late:
        return first
    ahead = (s.days for s in strategy.steps if s.days > days and s.days > consumed)
    following = next(ahead, None)
    return None if following is None else debt.terms.due_date + timedelta(days=following)


def _is_requested(debt: Debt, day: date) -> bool:
    return debt.requested_on is not None and debt.requested_on <= day <= debt.requested_on + REQUEST_LIVES


def _holds(until: date | None, today: date) -> bool:
    """Whether something that lasts up to and including `until` is still on."""
    return until is not None and today <= until


def _had_a_message(messages: tuple[Message, ...], day: date) -> bool:
    return any(message.day == day and message.state is not State.RETRY for message in messages)


def _is_timely(due: Due, strategy: Strategy) -> bool:
    return due.requested or due.days_past_due - due.step.days <= strategy.max_days_late


def _one_message(
    due: list[Due],
    taken: Mapping[str, Decimal],
    portfolios: Mapping[str, Portfolio],
    borrower: Borrower,
    today: date,
) -> Send:
    lead = due[0]
    portfolio = portfolios[lead.debt.terms.portfolio]
    told = {d.debt.terms.key for d in due}
    return Send(
        day=today,
        lead=lead,
        template=lead.template,
        language=portfolio.template_language(borrower.language),
        portfolio=portfolio,
        debts=tuple(d.debt for d in due),
        totals=totals(_less(d.debt.owed, taken.get(d.debt.terms.key)) for d in due),
        consumes={d.debt.terms.key: d.consumed for d in due},
        credited={key: amount for key, amount in taken.items() if key in told},
    )


def _less(owed: Money, amount: Decimal | None) -> Money:
    return Money(owed.amount - (amount or Decimal(0)), owed.currency)
