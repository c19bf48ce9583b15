"""Which debts have a step on, and when a borrower has to be looked at next."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.ledger.standing import WHATSAPP
from cobranza.policy import contact_rules
from cobranza.policy.contact_rules import ContactRules
from cobranza.policy.message import Consumed, Message
from cobranza.policy.segment import last_of, segment_of
from cobranza.policy.strategy import Conditions, Last, Rule, Segment, Strategy

# A request that could not be met in so many days is forgotten.
REQUEST_LIVES = timedelta(days=7)
# So far ahead salary days are looked for: no two lie further apart, whatever holidays are between.
_SALARY_HORIZON = 62

# What comes before everything else: what somebody asked for, and whoever had to stand back yesterday.
TOP = 100

# The strategy in force for a portfolio.
type StrategyOf = Callable[[str], Strategy]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A debt with a step on. `step` is the step's day, `template` its words for this borrower (empty where the
    ladder has none); `due_date` the one that counts, a business day where the strategy says so; `superseded` are
    steps that nobody sent and that this one stands for. A debt that was `requested` is due whatever its steps."""

    debt: Debt
    rule: Rule
    due_date: date
    days_past_due: int
    step: int
    template: str
    superseded: tuple[int, ...] = ()
    requested: bool = False

    @property
    def consumed(self) -> Consumed:
        """A request before the ladder uses up its own day alone, and leaves the steps to come as they are."""
        step = min(self.step, self.days_past_due)
        return Consumed(self.debt.terms.due_date, step if self.debt.step is None else max(step, self.debt.step))

    def is_timely(self, strategy: Strategy) -> bool:
        return self.requested or self.days_past_due - self.step <= strategy.max_days_late


class Look(NamedTuple):
    """When to look at a borrower, and how pressing they are then, 0 to 100; None leaves that as it was."""

    at: datetime
    priority: int | None = None


class _NextStep(NamedTuple):
    """The date on which a debt may have a step on, and what the rule says of hour and priority."""

    day: date
    hour: int
    due_date: date
    priority: int


class _Behaviour(NamedTuple):
    segment: Segment
    last: Last


class _StepOn(NamedTuple):
    days: int
    template: str


def with_consumed(debt: Debt, messages: Sequence[Message]) -> Debt:
    """The debt as the claims leave it: steps are used up and requests are met at once, also when the debt itself
    was never told."""
    told = [m for m in messages if m.uses_up_steps and debt.terms.key in m.debts]
    claims = (message.debts[debt.terms.key] for message in told)
    steps = [c.step for c in claims if c.due_date == debt.terms.due_date]
    if debt.step is not None:
        steps.append(debt.step - 1 if debt.step in _told_to_nobody(debt, messages) else debt.step)
    asked = debt.requested_on
    answered = asked is not None and any(message.day >= asked for message in told)
    return replace(debt, step=max(steps, default=None), requested_on=None if answered else asked)


def _told_to_nobody(debt: Debt, messages: Sequence[Message]) -> set[int]:
    """Steps whose message went to a phone that could not be reached; those before them stay used up."""
    lost = (message.debts.get(debt.terms.key) for message in messages if message.is_lost)
    return {consumed.step for consumed in lost if consumed and consumed.due_date == debt.terms.due_date}


def due_on(
    borrower: Borrower, debts: Sequence[Debt], messages: Sequence[Message], strategy_of: StrategyOf, day: date
) -> tuple[Due, ...]:
    """The debts with a step on, oldest first: the latest step reached that no message has consumed. A debt that
    the creditor asked to remind now has its latest step on, or the first one before the ladder begins."""
    last = last_of(messages, borrower.heard_at)
    due: list[Due] = []
    for portfolio in {debt.terms.portfolio for debt in debts}:
        strategy = strategy_of(portfolio)
        behaviour = _Behaviour(segment_of(debts, strategy.segments), last)
        ours = (debt for debt in debts if debt.terms.portfolio == portfolio)
        due += filter(None, (_due(borrower, debt, strategy, behaviour, day) for debt in ours))
    return tuple(sorted(due, key=lambda d: (d.due_date, d.debt.terms.due_date, d.debt.terms.key)))


def _due(borrower: Borrower, debt: Debt, strategy: Strategy, behaviour: _Behaviour, day: date) -> Due | None:
    due_date = counted_from(debt, strategy, borrower)
    days = (day - due_date).days
    tags = tags_of(borrower, debt, strategy, days, behaviour)
    rule = next((rule for rule in strategy.rules if _governs(rule.when, debt, tags, days, behaviour)), None)
    if rule is None:
        return None
    on = _step_on(rule, borrower, day, days, behaviour)
    requested = is_requested(debt, day)
    if requested:
        on = on or _first_step(rule, days, behaviour)
    elif on is None or (debt.step is not None and debt.step >= on.days):
        return None
    elif (came_back := _came_back_on(borrower)) and due_date + timedelta(days=on.days) <= came_back:
        return None  # the next step is the first that they asked for
    elif not debt.is_open and days - on.days > strategy.max_days_late:
        return None  # paid, and nobody would be told of it any more
    passed = [s.days for s in rule.steps if s.days < on.days and (debt.step is None or s.days > debt.step)]
    return Due(
        debt=debt,
        rule=rule,
        due_date=due_date,
        days_past_due=days,
        step=on.days,
        template=on.template,
        superseded=tuple(passed),
        requested=requested,
    )


def _came_back_on(borrower: Borrower) -> date | None:
    """The local date on which they asked for messages by WhatsApp."""
    consent = borrower.consent
    by_reply = consent is not None and consent.source == WHATSAPP
    return local_date(borrower, consent.at) if consent and consent.at and by_reply else None


def _step_on(rule: Rule, borrower: Borrower, day: date, days: int, behaviour: _Behaviour) -> _StepOn | None:
    if rule.salary and days > 0 and _is_salary_day(rule, borrower, day):
        return _StepOn(days, rule.salary.template)
    step = rule.step_on(days)
    return _StepOn(step.days, step.template_on(days, behaviour.segment)) if step else None


def _first_step(rule: Rule, days: int, behaviour: _Behaviour) -> _StepOn:
    if not rule.steps:
        return _StepOn(days, "")
    first = rule.steps[0]
    return _StepOn(first.days, first.template_on(days, behaviour.segment))


class Tags(NamedTuple):
    """Those that a debt has, and those that it may have besides, by what the borrower does."""

    certain: frozenset[str]
    possible: frozenset[str] = frozenset()


def tags_of(borrower: Borrower, debt: Debt, strategy: Strategy, days: int, behaviour: _Behaviour | None) -> Tags:
    """Of files, of people and replies, and of the strategy's own conditions."""
    tags = Tags(frozenset((*debt.terms.tags, *borrower.tags)))
    for each in strategy.tags:
        if _governs(each.when, debt, tags, days, behaviour):
            is_certain = behaviour is not None or not (each.when.is_of_behaviour or tags.possible)
            tags = (
                Tags(tags.certain | {each.tag}, tags.possible)
                if is_certain
                else Tags(tags.certain, tags.possible | {each.tag})
            )
    return tags


def _governs(when: Conditions, debt: Debt, tags: Tags, days: int, behaviour: _Behaviour | None) -> bool:
    """Without a behaviour: whether it may govern the debt, whatever the borrower does."""
    return (
        (when.days_past_due is None or when.days_past_due.holds(days))
        and (when.balance is None or when.balance.holds(debt.owed.amount))
        and (not when.currency or debt.terms.currency in when.currency)
        and (not when.risk or (debt.terms.risk or "none") in when.risk)
        and (not when.tags or not tags.certain.isdisjoint(when.tags) or not tags.possible.isdisjoint(when.tags))
        and tags.certain.isdisjoint(when.without_tags)
        and (behaviour is None or not when.segment or behaviour.segment in when.segment)
        and (behaviour is None or not when.last_message or behaviour.last in when.last_message)
    )


def is_requested(debt: Debt, day: date) -> bool:
    return debt.requested_on is not None and debt.requested_on <= day <= debt.requested_on + REQUEST_LIVES


def counted_from(debt: Debt, strategy: Strategy, borrower: Borrower) -> date:
    """The due date, or the next business day where it is a weekend or a holiday and the strategy says so."""
    day = debt.terms.due_date
    rules = contact_rules.rules_for(borrower.country)
    if strategy.due_day == "as_given" or rules is None:
        return day
    while day.weekday() >= 5 or contact_rules.is_holiday(rules, borrower.region, day):
        day += timedelta(days=1)
    return day


# When to look next.


def next_look(borrower: Borrower, debts: Sequence[Debt], strategy_of: StrategyOf, *, first: date) -> Look | None:
    """The moment from which this borrower should be looked at again: the first open minute, not before the rule's
    own hour, of the first date, not before `first`, on which an open debt may have a step on or a request to meet.
    Never too late, whatever the borrower does until then. None when no such date comes. The oldest debt of that
    date tells the priority."""
    steps = [
        step
        for debt in debts
        if debt.is_open and not debt.recalled and (step := _next_step(borrower, debt, strategy_of, first))
    ]
    if not steps:
        return None
    day, hour, *_ = min(steps)
    oldest = min((step for step in steps if step.day == day), key=lambda step: (step.due_date, -step.priority))
    return Look(opening(borrower.country, borrower.region, day, hour), oldest.priority)


# Of a file's many borrowers the places and dates are few.
@lru_cache(4096)
def opening(country: str, region: str, day: date, hour: int) -> datetime:
    """The first open minute from a date on, not before the hour; the date's midnight where we know no rules."""
    rules = contact_rules.rules_for(country)
    midnight = datetime.combine(day, time(), contact_rules.zone_of(country, region))
    opens = contact_rules.next_open(rules, region, midnight) if rules else None
    if not (rules and opens):
        return midnight.astimezone(UTC)
    return not_before(rules, region, opens, hour)


def not_before(rules: ContactRules, region: str, opening: datetime, hour: int) -> datetime:
    """The opening, or the local hour of the same day where that is open too."""
    zone = contact_rules.zones_for(rules, region)[0]
    wanted = datetime.combine(opening.astimezone(zone).date(), time(hour), zone).astimezone(UTC)
    return wanted if wanted > opening and not contact_rules.closed(rules, region, wanted) else opening


def _next_step(borrower: Borrower, debt: Debt, strategy_of: StrategyOf, first: date) -> _NextStep | None:
    """The first on which the debt may have a step on or a request to be met."""
    strategy = strategy_of(debt.terms.portfolio)
    asked = max(debt.requested_on, first) if debt.requested_on else None
    request = _NextStep(asked, 0, debt.terms.due_date, TOP) if asked and is_requested(debt, asked) else None
    for day, rule in _step_dates(borrower, debt, strategy, first):
        if request and request.day <= day:
            break
        return _NextStep(day, rule.hour or 0, debt.terms.due_date, rule.priority)
    return request


def _step_dates(borrower: Borrower, debt: Debt, strategy: Strategy, first: date) -> Iterator[tuple[date, Rule]]:
    """Dates from `first` on, soonest first, on which a rule that may govern the debt has a timely step on."""
    due_date = counted_from(debt, strategy, borrower)
    start = (first - due_date).days
    days = [start, *(day for day in strategy.turning_days if day > start)]
    if any(rule.salary for rule in strategy.rules):
        days = sorted({*days, *range(start, start + _SALARY_HORIZON)})
    for past_due in days:
        day = due_date + timedelta(days=past_due)
        for rule in _rules_that_may_govern(borrower, strategy, debt, past_due):
            on = _step_on(rule, borrower, day, past_due, _Behaviour("unknown", "none"))
            is_news = on is not None and (debt.step is None or debt.step < on.days)
            if on and is_news and past_due - on.days <= strategy.max_days_late:
                yield day, rule
                break


def _rules_that_may_govern(borrower: Borrower, strategy: Strategy, debt: Debt, days: int) -> Iterator[Rule]:
    tags = tags_of(borrower, debt, strategy, days, None)
    for rule in strategy.rules:
        if _governs(rule.when, debt, tags, days, None):
            yield rule
            if not rule.when.is_of_behaviour and tags.possible.isdisjoint(
                (*rule.when.tags, *rule.when.without_tags)
            ):
                return


# Salary days.


def _is_salary_day(rule: Rule, borrower: Borrower, day: date) -> bool:
    """Whether the day is one, or the first open day after one that was closed."""
    rules = contact_rules.rules_for(borrower.country)
    if rule.salary is None or rules is None or not contact_rules.opens_on(rules, borrower.region, day):
        return False
    while not _is_nominal(day, rule.salary.days):
        day -= timedelta(days=1)
        if contact_rules.opens_on(rules, borrower.region, day):
            return False
    return True


def _is_nominal(day: date, salary_days: Sequence[int]) -> bool:
    is_last = (day + timedelta(days=1)).month != day.month
    return day.day in salary_days or (is_last and any(wanted > day.day for wanted in salary_days))


def local_date(borrower: Borrower, now: datetime) -> date:
    """The borrower's date; UTC's where we know no rules."""
    return now.astimezone(contact_rules.zone_of(borrower.country, borrower.region)).date()
