"""When a borrower may be contacted, by country: the law as data, and two questions about it.

Each `<country>.yaml` beside this file holds the safe values of one country (never wider than its law), where
they come from, and how sure we are. Adding a country is adding a file. Hours are the borrower's local time.

A borrower whose zone is not certain is contacted only while every zone that it may be is open; one whose
state is not known keeps the holidays of all states.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from importlib import resources
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cobranza import yaml_files

HORIZON = timedelta(days=21)

type ClosedBecause = Literal["WINDOW", "HOLIDAY"]
type Hours = tuple[tuple[time, time], ...]
type MonthDay = Annotated[str, StringConstraints(pattern=r"^\d\d-\d\d$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class EasterDay(_Model):
    """A movable feast, in days from Easter Sunday."""

    easter: int


# A month and day every year ("12-12"), a movable feast, or one day by decree (2026-11-09).
type ExtraHoliday = MonthDay | EasterDay | date


class Windows(_Model):
    """Local hours, start inclusive and end exclusive; an empty list is a closed day."""

    weekdays: Hours = Field(alias="mon-fri")
    sat: Hours
    sun: Hours
    holiday: Hours


class Legal(_Model):
    """What the law allows where it allows more than we do, in the whole country or by region. Nothing acts on
    it: it is told beside our values, which never exceed it."""

    windows: Windows | None = None
    regions: dict[str, Windows] = {}
    max_per_day: int | None = None
    min_days_between: int | None = None


class ContactRules(_Model):
    """The rules of one country. `timezones` are those where a borrower without a region may live, the main one
    first; `regions` names the zones of each ISO 3166-2 subdivision ("BCN"), more than one where the subdivision
    is itself divided. `min_days_between` counts local dates: 1 allows the next day. The limits are per borrower.

    `one_channel_per_week`: after a call or a visit no message that calendar week. `opt_out_text_required`: every
    message says how to stop. `record_years`: how long the law wants contacts kept on record. `effective`: since
    when the newest of these laws holds. None: not found.
    """

    country: str
    version: str
    effective: date | None = None
    timezones: tuple[str, ...]
    regions: dict[str, tuple[str, ...]] = {}
    windows: Windows
    end_margin_minutes: int
    max_per_day: int
    max_per_week: int
    min_days_between: int
    one_channel_per_week: bool = False
    extra_holidays: tuple[ExtraHoliday, ...] = ()
    legal: Legal = Legal()
    opt_out_text_required: bool = False
    record_years: int | None = None
    law: str
    sources: tuple[str, ...]
    confidence: Literal["high", "medium", "low"]
    note: str = ""

    def __hash__(self) -> int:
        """Cheap, because answers are remembered by the rules they come from."""
        return hash((self.country, self.version))

    @property
    def allows_messages(self) -> bool:
        """Whether anybody there may be messaged at all."""
        return self.max_per_day > 0

    @property
    def on_record(self) -> timedelta:
        """For how long the law wants contacts kept on record: never shorter than its years."""
        return timedelta(days=366 * (self.record_years or 0))


def rules_for(country: str) -> ContactRules | None:
    """The rules of an ISO 3166-1 alpha-2 country. None: we know no rules, so nobody is messaged there."""
    return _load(country) if re.fullmatch("[A-Z]{2}", country) else None


@cache
def countries() -> tuple[str, ...]:
    """All countries whose rules we know, in the order of their codes."""
    files = (file.name for file in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml")))


def zones_for(rules: ContactRules, region: str) -> tuple[ZoneInfo, ...]:
    """The zones where a borrower of this region may live: all of the country's if the region is unknown."""
    return _zones(rules.regions.get(region, rules.timezones))


def zone_of(country: str, region: str = "") -> tzinfo:
    """The first of those where a borrower may live; UTC where we know no rules."""
    rules = rules_for(country)
    return zones_for(rules, region)[0] if rules else UTC


def closed(rules: ContactRules, region: str, now: datetime) -> ClosedBecause | None:
    """Why a borrower may not be contacted now, or None when every candidate zone is open.

    HOLIDAY wins over WINDOW: it holds when it is a holiday in any of the zones.
    """
    todays = [(zone, now.astimezone(zone).date()) for zone in zones_for(rules, region)]
    if all(any(start <= now < end for start, end in _spans(rules, region, zone, today)) for zone, today in todays):
        return None
    return "HOLIDAY" if any(is_holiday(rules, region, today) for _, today in todays) else "WINDOW"


def next_open(rules: ContactRules, region: str, after: datetime) -> datetime | None:
    """The first whole minute (UTC) from `after` on that is not `closed`; None if none is within 21 days."""
    return _next_open(rules, region, _whole_minute(after))


# An import asks for the same midnights again and again.
@lru_cache(maxsize=4096)
def _next_open(rules: ContactRules, region: str, first: datetime) -> datetime | None:
    zones = zones_for(rules, region)
    moment = first
    while True:
        opens = [_opens(rules, region, zone, moment) for zone in zones]
        # No common moment can come before the zone that opens last: jump there and ask all again.
        latest = max((at for at in opens if at), default=None)
        if latest is None or None in opens or latest > first + HORIZON:
            return None
        if latest == moment:
            return moment
        moment = latest


def _opens(rules: ContactRules, region: str, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """`moment` itself when the zone is open then, else the start of its next window."""
    today = moment.astimezone(zone).date()
    for days in range(HORIZON.days + 2):
        for start, end in _spans(rules, region, zone, today + timedelta(days=days)):
            if moment < end:
                return max(moment, start)
    return None


def _spans(rules: ContactRules, region: str, zone: ZoneInfo, day: date) -> Iterator[tuple[datetime, datetime]]:
    """The day's windows in UTC, each cut by the margin that queues and retries need."""
    margin = timedelta(minutes=rules.end_margin_minutes)
    for start, end in _hours(rules, region, day):
        opens = datetime.combine(day, start, zone).astimezone(UTC)
        closes = datetime.combine(day, end, zone).astimezone(UTC) - margin
        if opens < closes:
            yield opens, closes


def _hours(rules: ContactRules, region: str, day: date) -> Hours:
    windows = rules.windows
    if is_holiday(rules, region, day):
        return windows.holiday
    return {5: windows.sat, 6: windows.sun}.get(day.weekday(), windows.weekdays)


def opens_on(rules: ContactRules, region: str, day: date) -> bool:
    """Whether there is an hour of this local date in which a borrower may be contacted."""
    return bool(_hours(rules, region, day))


def is_holiday(rules: ContactRules, region: str, day: date) -> bool:
    """A day on which the country, or the region where it is named, rests."""
    return day in _official_holidays(rules.country, region if region in rules.regions else "", day.year) or (
        day in _extra_holidays(rules.extra_holidays, day.year)
    )


def rests_everywhere(rules: ContactRules, day: date) -> bool:
    """A public holiday of the whole country: nobody works."""
    return day in _public_holidays(rules.country, day.year)


@cache
def _zones(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    # zoneinfo itself keeps only eight zones and would read the others from disk again.
    return tuple(ZoneInfo(name) for name in names)


@cache
def _official_holidays(country: str, region: str, year: int) -> frozenset[date]:
    """Every category that the `holidays` package knows, with the region's own days.

    Without a region, the days of all regions count: a day too many blocked harms nobody. Cities' days are not
    known.
    """
    import holidays  # heavy: only who asks about a day pays for it

    known = holidays.country_holidays(country)
    if not known.subdivisions:
        subdivisions = (None,)
    elif region in known.subdivisions:
        subdivisions = (region,)
    else:
        subdivisions = (None, *known.subdivisions)
    return frozenset(
        day
        for subdivision in subdivisions
        for day in holidays.country_holidays(
            country, subdiv=subdivision, years=year, categories=known.supported_categories
        )
    )


@cache
def _public_holidays(country: str, year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays(country, years=year))


@cache
def _extra_holidays(days: tuple[ExtraHoliday, ...], year: int) -> frozenset[date]:
    return frozenset(_in_year(day, year) for day in days)


def _in_year(day: ExtraHoliday, year: int) -> date:
    from dateutil.easter import easter

    match day:
        case date():
            return day
        case EasterDay():
            return easter(year) + timedelta(days=day.easter)
        case str():
            return date.fromisoformat(f"{year}-{day}")


def _whole_minute(moment: datetime) -> datetime:
    utc = moment.astimezone(UTC)
    floor = utc.replace(second=0, microsecond=0)
    return floor if floor == utc else floor + timedelta(minutes=1)


@cache
def _load(country: str) -> ContactRules | None:
    file = resources.files(__name__) / f"{country}.yaml"
    if not file.is_file():
        return None
    return ContactRules.model_validate(yaml_files.own(file))
