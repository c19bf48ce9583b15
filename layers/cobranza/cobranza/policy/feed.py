"""How a portfolio is fed: whether its book is fresh enough to be acted on, and whether somebody has paused it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from cobranza.policy import contact_rules
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.strategy import Strategy

HOUR = timedelta(hours=1)
# So many days back are looked at: a book that is older is stale whatever the calendar says.
HORIZON = 60
# How soon a paused portfolio is looked at again.
PAUSE_LOOK = timedelta(minutes=30)


class Pause(NamedTuple):
    """That somebody has stopped `scope`, a portfolio or all of them, `since` a moment (ISO 8601, UTC)."""

    scope: str
    since: str


@dataclass(frozen=True, slots=True)
class Feed:
    """`as_of` is that of the newest file, None before the first one; `pause` the one that is on, that of all
    before the portfolio's own; `approved_on` the local days whose plans a person agreed to, the newest two."""

    as_of: datetime | None = None
    pause: Pause | None = None
    approved_on: frozenset[date] = frozenset()

    def is_stale(self, portfolio: Portfolio, now: datetime) -> bool:
        """Whether more business hours have gone by since the newest file than the portfolio allows, by the
        calendar of its first country, if it has any: all hours of Monday to Friday but those of the country's
        public holidays."""
        if self.as_of is None:
            return True
        country = next(iter(portfolio.countries), "")
        return _business_hours(self.as_of, now, country) > portfolio.freshness_hours * HOUR

    def is_approved(self, strategy: Strategy, today: date) -> bool:
        """Whether a person agreed to what is sent today, as far as the strategy asks for it."""
        match strategy.approval:
            case "never":
                return True
            case "first_plan":
                return any(day <= today for day in self.approved_on)
            case "every_day":
                return today in self.approved_on


def _business_hours(since: datetime, until: datetime, country: str) -> timedelta:
    rules, zone = contact_rules.rules_for(country), contact_rules.zone_of(country)
    day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    if (last - day).days > HORIZON:
        return timedelta.max
    total = timedelta()
    while day <= last:
        if day.weekday() < 5 and not (rules and contact_rules.rests_everywhere(rules, day)):
            midnight = datetime.combine(day, time(), zone).astimezone(UTC)
            following = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
            total += max(min(until, following) - max(since, midnight), timedelta())
        day += timedelta(days=1)
    return total
