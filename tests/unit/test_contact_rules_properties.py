"""What holds for every country, in all its zones, at any moment: on the edges of its hours, on holidays, and on
the days when clocks change too."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.policy.contact_rules import (
    ContactRules,
    Hours,
    Windows,
    closed,
    countries,
    is_holiday,
    next_open,
    rules_for,
    zones_for,
)

type Place = tuple[ContactRules, str]

YEARS = range(2025, 2029)
UNKNOWN = ["", "??"]


def rules(country: str) -> ContactRules:
    found = rules_for(country)
    assert found
    return found


@cache
def clock_changes(zone: ZoneInfo) -> list[datetime]:
    """The hours after which the zone's offset is another one."""
    start = datetime(YEARS.start, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=number) for number in range(365 * len(YEARS))]
    hours = [day + timedelta(hours=n) for day in days if changes(zone, day, timedelta(days=1)) for n in range(24)]
    return [hour for hour in hours if changes(zone, hour, timedelta(hours=1))]


def changes(zone: ZoneInfo, moment: datetime, within: timedelta) -> bool:
    return moment.astimezone(zone).utcoffset() != (moment + within).astimezone(zone).utcoffset()


@st.composite
def places(draw: st.DrawFn) -> Place:
    known = rules(draw(st.sampled_from(countries())))
    return known, draw(st.sampled_from([*UNKNOWN, *known.regions]))


def days() -> st.SearchStrategy[date]:
    return st.dates(date(YEARS.start, 1, 1), date(YEARS.stop - 1, 12, 31))


def hours_of(windows: Windows, day: date, *, is_holiday: bool = False) -> Hours:
    if is_holiday:
        return windows.holiday
    return {5: windows.sat, 6: windows.sun}.get(day.weekday(), windows.weekdays)


@st.composite
def moments(draw: st.DrawFn, place: Place) -> datetime:
    """Any moment, one around an edge of somebody's hours, or one within two days of a change of clocks."""
    known, region = place
    zone = draw(st.sampled_from(zones_for(known, region)))
    day, jitter = draw(days()), timedelta(seconds=draw(st.integers(-120, 120)))
    edges = [hour for hours in known.windows.weekdays + known.windows.sat for hour in hours]
    match draw(st.sampled_from(["any", "edge", "change"])):
        case "edge" if edges:
            there = datetime.combine(day, draw(st.sampled_from(edges)), zone).astimezone(UTC)
            return there + jitter - timedelta(minutes=draw(st.sampled_from([0, known.end_margin_minutes])))
        case "change" if changes := clock_changes(zone):
            return draw(st.sampled_from(changes)) + timedelta(minutes=draw(st.integers(-2880, 2880)))
        case _:
            midnight = datetime.combine(day, time(), UTC)
            return midnight + timedelta(seconds=draw(st.integers(0, 86_399)))


@st.composite
def places_and_moments(draw: st.DrawFn) -> tuple[Place, datetime]:
    place = draw(places())
    return place, draw(moments(place))


@given(places_and_moments(), st.data())
@settings(max_examples=500, deadline=None)
def test_the_next_opening_is_the_first_open_minute(of: tuple[Place, datetime], data: st.DataObject) -> None:
    place, after = of
    found = next_open(*place, after)
    if not place[0].allows_messages:
        assert found is None
        return
    assert found
    assert found >= after
    assert found.second == found.microsecond == 0
    assert closed(*place, found) is None
    minutes = int((found - after) / timedelta(minutes=1))
    if minutes:
        earlier = found - timedelta(minutes=data.draw(st.integers(1, minutes)))
        assert closed(*place, earlier) is not None
        assert closed(*place, found - timedelta(minutes=1)) is not None


@given(places_and_moments())
@settings(max_examples=1000, deadline=None)
def test_open_means_inside_the_legal_hours_of_every_zone_until_after_the_margin(
    of: tuple[Place, datetime],
) -> None:
    (known, region), now = of
    if closed(known, region, now):
        return
    legal = known.legal.regions.get(region) or known.legal.windows or known.windows
    margin = timedelta(minutes=known.end_margin_minutes)
    for zone in zones_for(known, region):
        # Added to the moment, not to the clock on the wall.
        there, at_the_end = now.astimezone(zone), (now + margin).astimezone(zone)
        assert there.date() == at_the_end.date()
        assert not is_holiday(known, region, there.date())
        for windows in (known.windows, legal):
            hours = hours_of(windows, there.date())
            assert any(start <= there.time() and at_the_end.time() < end for start, end in hours)


@given(places_and_moments())
@settings(max_examples=500, deadline=None)
def test_closed_means_that_somewhere_there_it_is_outside_the_hours(of: tuple[Place, datetime]) -> None:
    (known, region), now = of
    why = closed(known, region, now)
    todays = [now.astimezone(zone).date() for zone in zones_for(known, region)]
    if why == "HOLIDAY":
        assert any(is_holiday(known, region, day) for day in todays)
    elif why == "WINDOW":
        assert not any(is_holiday(known, region, day) for day in todays)
        margin = timedelta(minutes=known.end_margin_minutes)
        assert any(
            not any(
                datetime.combine(day, start, zone)
                <= now
                < datetime.combine(day, end, zone).astimezone(UTC) - margin
                for start, end in hours_of(known.windows, day)
            )
            for zone, day in zip(zones_for(known, region), todays, strict=True)
        )


@given(places_and_moments())
@settings(max_examples=500, deadline=None)
def test_what_is_open_for_whoever_names_no_region_is_open_for_everybody(of: tuple[Place, datetime]) -> None:
    (known, _), now = of
    if closed(known, "", now):
        return
    for region, zones in known.regions.items():
        if set(zones) <= set(known.timezones):
            assert closed(known, region, now) is None, region


@given(st.sampled_from(countries()), days(), st.data())
@settings(deadline=None)
def test_hours_begin_on_the_minute_and_end_before_the_margin(country: str, day: date, data: st.DataObject) -> None:
    known = rules(country)
    alone = [region for region in ("", *known.regions) if len(zones_for(known, region)) == 1]
    region = data.draw(st.sampled_from(alone))
    zone = zones_for(known, region)[0]
    hours = hours_of(known.windows, day, is_holiday=is_holiday(known, region, day))
    for start, end in hours:
        opens = datetime.combine(day, start, zone).astimezone(UTC)
        closes = datetime.combine(day, end, zone).astimezone(UTC) - timedelta(minutes=known.end_margin_minutes)
        second = timedelta(seconds=1)
        assert closed(known, region, opens - second) == "WINDOW"
        assert closed(known, region, opens) is None
        assert closed(known, region, closes - second) is None
        assert closed(known, region, closes) == "WINDOW"
