"""When a portfolio's day ends, and which one its reports have to be made of next."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from cobranza.policy import contact_rules
from cobranza.policy.portfolio import Portfolio

# Whoever began before midnight has written by then: no function runs longer than 15 minutes.
SETTLED = timedelta(minutes=30)
# Days further back are not caught up.
MOST_MISSED = 7


def home_zone(portfolio: Portfolio | None) -> tzinfo:
    """Where the portfolio's days begin: its first country's first zone, UTC while nothing is known."""
    return contact_rules.zone_of(portfolio.countries[0]) if portfolio else UTC


def day_to_close(zone: tzinfo, since: datetime, closed: date | None, now: datetime) -> date | None:
    """The oldest local day that has ended and is not closed, from the day of `since` on; None when there is none
    yet. `closed` is the last that is."""
    ended = (now - SETTLED).astimezone(zone).date() - timedelta(days=1)
    first = closed + timedelta(days=1) if closed else since.astimezone(zone).date()
    day = max(first, ended - timedelta(days=MOST_MISSED - 1))
    return day if day <= ended else None


def bounds(zone: tzinfo, day: date) -> tuple[datetime, datetime]:
    """The local day's beginning, and the next one's (UTC). It has 23 or 25 hours where the clock is changed."""
    start, end = (datetime.combine(each, time.min, zone) for each in (day, day + timedelta(days=1)))
    return start.astimezone(UTC), end.astimezone(UTC)
