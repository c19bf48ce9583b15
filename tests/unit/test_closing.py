"""Which local day is closed next: zones, changes of the clock, and days that were missed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.policy.closing import MOST_MISSED, SETTLED, bounds, day_to_close, home_zone
from tests.unit.books import MEXICO, portfolio

SANTIAGO = ZoneInfo("America/Santiago")
SINCE = datetime(2026, 11, 24, 17, tzinfo=UTC)
FIRST = date(2026, 11, 24)
ZONES = st.sampled_from([UTC, MEXICO, SANTIAGO, ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/New_York")])


@pytest.mark.parametrize(
    ("countries", "zone"),
    [(("MX", "BR"), "America/Mexico_City"), (("BR", "MX"), "America/Sao_Paulo"), (("JP",), "UTC")],
)
def test_a_portfolio_lives_in_the_zone_of_its_first_country(countries: tuple[str, ...], zone: str) -> None:
    assert str(home_zone(portfolio(countries=countries))) == zone
    assert home_zone(None) is UTC


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-24T18:00:00-06:00", None),
        ("2026-11-25T00:00:00+00:00", None),
        ("2026-11-25T00:29:59-06:00", None),
        ("2026-11-25T00:30:00-06:00", FIRST),
        ("2026-11-25T23:59:59-06:00", FIRST),
    ],
)
def test_a_day_is_closed_when_it_has_ended_where_the_portfolio_is(now: str, day: date | None) -> None:
    assert day_to_close(MEXICO, SINCE, None, datetime.fromisoformat(now)) == day


def test_no_day_before_the_portfolio_was_declared_is_closed() -> None:
    assert day_to_close(MEXICO, SINCE, None, SINCE + timedelta(days=3)) == FIRST


def test_missed_days_are_closed_one_after_the_other_and_at_most_seven() -> None:
    now = datetime(2026, 12, 24, 12, tzinfo=MEXICO)
    closed, made = FIRST, list[date]()
    while day := day_to_close(MEXICO, SINCE, closed, now):
        made.append(day)
        closed = day
    assert made == [date(2026, 12, 17) + timedelta(days=n) for n in range(MOST_MISSED)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (MEXICO, FIRST, 24),
        (SANTIAGO, date(2026, 4, 4), 25),
        (SANTIAGO, date(2026, 9, 6), 23),  # midnight is left out: the day begins at one
        (ZoneInfo("America/New_York"), date(2026, 3, 8), 23),
        (ZoneInfo("America/New_York"), date(2026, 11, 1), 25),
    ],
)
def test_a_day_has_the_hours_that_its_clock_gives_it(zone: ZoneInfo, day: date, hours: int) -> None:
    start, end = bounds(zone, day)
    assert end - start == timedelta(hours=hours)


@given(ZONES, st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_days_follow_each_other_without_a_gap(zone: ZoneInfo, day: date) -> None:
    assert bounds(zone, day)[1] == bounds(zone, day + timedelta(days=1))[0]


@given(ZONES, st.datetimes(datetime(2026, 12, 1), datetime(2029, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_no_day_is_closed_before_everybody_has_written(zone: ZoneInfo, now: datetime) -> None:
    day = day_to_close(zone, now - timedelta(days=30), None, now)
    assert day
    assert bounds(zone, day)[1] + SETTLED <= now
