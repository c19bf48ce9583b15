from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.policy.contact_rules import (
    ContactRules,
    closed,
    local_date,
    next_open,
    rules_for,
    zones_for,
)

COUNTRIES = ["MX", "CO", "BR"]


def rules(country: str) -> ContactRules:
    found = rules_for(country)
    assert found
    return found


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(f"America/{zone}"))


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_data_are_whole(country: str) -> None:
    known = rules(country)
    named = {zone for zones in known.regions.values() for zone in zones}
    assert known.country == country
    assert set(known.timezones) <= available_timezones()
    assert named in (set(), set(known.timezones))
    assert len(known.regions) == {"MX": 32, "CO": 0, "BR": 27}[country]
    assert known.sources
    assert known.law
    assert not known.windows.sun
    assert not known.windows.holiday


@pytest.mark.parametrize("country", ["", "XX", "mx", "MEX", "../MX", "US"])
def test_a_country_without_rules_has_none(country: str) -> None:
    assert rules_for(country) is None


@pytest.mark.parametrize(
    ("country", "region", "zone", "moment", "expected"),
    [
        ("CO", "", "Bogota", "2026-10-05T06:59:59", "WINDOW"),
        ("CO", "", "Bogota", "2026-10-05T07:00", None),
        ("CO", "", "Bogota", "2026-10-05T18:44:59", None),
        ("CO", "", "Bogota", "2026-10-05T18:45", "WINDOW"),
        ("CO", "ANT", "Bogota", "2026-10-05T07:00", None),
        ("CO", "", "Bogota", "2026-10-03T07:59", "WINDOW"),
        ("CO", "", "Bogota", "2026-10-03T08:00", None),
        ("CO", "", "Bogota", "2026-10-03T14:44", None),
        ("CO", "", "Bogota", "2026-10-03T15:00", "WINDOW"),
        ("CO", "", "Bogota", "2026-10-04T10:00", "WINDOW"),  # Sunday
        ("CO", "", "Bogota", "2026-01-06T10:00", None),  # Epiphany is kept on the Monday after
        ("CO", "", "Bogota", "2026-01-12T10:00", "HOLIDAY"),
        ("CO", "", "Bogota", "2026-04-03T10:00", "HOLIDAY"),
        ("MX", "CMX", "Mexico_City", "2026-10-05T07:00", None),
        ("MX", "CMX", "Mexico_City", "2026-10-05T21:44", None),
        ("MX", "CMX", "Mexico_City", "2026-10-05T21:45", "WINDOW"),
        ("MX", "CMX", "Mexico_City", "2026-10-03T12:00", "WINDOW"),  # Saturday
        ("MX", "CMX", "Mexico_City", "2026-09-16T12:00", "HOLIDAY"),
        ("MX", "CMX", "Mexico_City", "2026-04-02T12:00", "HOLIDAY"),  # Holy Thursday
        ("MX", "CMX", "Mexico_City", "2026-04-03T12:00", "HOLIDAY"),  # Good Friday
        ("MX", "CMX", "Mexico_City", "2026-11-02T12:00", "HOLIDAY"),
        ("MX", "CMX", "Mexico_City", "2025-12-12T12:00", "HOLIDAY"),
        ("MX", "BCN", "Mexico_City", "2026-10-05T07:30", "WINDOW"),  # 06:30 in Tijuana
        ("MX", "BCN", "Mexico_City", "2026-10-05T22:00", None),  # 21:00 in Tijuana
        ("MX", "CHH", "Chihuahua", "2026-07-06T21:00", "WINDOW"),  # 22:00 in Ojinaga
        ("BR", "SP", "Sao_Paulo", "2026-10-05T09:00", None),
        ("BR", "SP", "Sao_Paulo", "2026-10-05T17:45", "WINDOW"),
        ("BR", "AC", "Sao_Paulo", "2026-10-05T09:00", "WINDOW"),  # 07:00 in Rio Branco
        ("BR", "AC", "Rio_Branco", "2026-10-05T09:00", None),
        ("BR", "SP", "Sao_Paulo", "2026-07-09T12:00", "HOLIDAY"),  # the state's own day
        ("BR", "RJ", "Sao_Paulo", "2026-07-09T12:00", None),
        ("BR", "", "Sao_Paulo", "2026-07-09T12:00", "HOLIDAY"),  # it may be São Paulo
        ("BR", "XX", "Sao_Paulo", "2026-07-09T12:00", "HOLIDAY"),
        ("BR", "RJ", "Sao_Paulo", "2026-02-17T12:00", "HOLIDAY"),  # Carnival is optional, and kept
    ],
)
def test_a_moment_is_open_or_closed(
    country: str, region: str, zone: str, moment: str, expected: str | None
) -> None:
    assert closed(rules(country), region, local(zone, moment)) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-10-05T13:59", "WINDOW"),  # 08:59 in Cancún, 06:59 in Tijuana
        ("2026-10-05T14:00", None),
        ("2026-10-06T02:44", None),  # 21:44 in Cancún
        ("2026-10-06T02:45", "WINDOW"),
    ],
)
@pytest.mark.parametrize("region", ["", "ZZZ", "cmx"])
def test_without_a_known_region_only_the_hours_open_everywhere_count(
    region: str, moment: str, expected: str | None
) -> None:
    assert closed(rules("MX"), region, datetime.fromisoformat(moment).replace(tzinfo=UTC)) == expected


def test_a_holiday_in_one_candidate_zone_is_a_holiday() -> None:
    # New Year has begun in Cancún, not yet in Tijuana.
    moment = datetime(2026, 1, 1, 5, 30, tzinfo=UTC)
    assert closed(rules("MX"), "", moment) == "HOLIDAY"
    assert closed(rules("MX"), "BCN", moment) is None


def test_daylight_saving_time_moves_the_window_of_tijuana_alone() -> None:
    # The clocks go forward on Sunday 8 March 2026.
    mexico = rules("MX")
    friday, monday = datetime(2026, 3, 6, 8, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)
    assert next_open(mexico, "BCN", friday) == datetime(2026, 3, 6, 15, tzinfo=UTC)
    assert next_open(mexico, "BCN", monday) == datetime(2026, 3, 9, 14, tzinfo=UTC)
    assert next_open(mexico, "CMX", friday) == datetime(2026, 3, 6, 13, tzinfo=UTC)
    assert next_open(mexico, "CMX", monday) == datetime(2026, 3, 9, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("country", "region", "zone", "after", "expected"),
    [
        ("CO", "", "Bogota", "2026-10-05T10:00", "2026-10-05T10:00"),
        ("CO", "", "Bogota", "2026-10-05T10:00:01", "2026-10-05T10:01"),
        ("CO", "", "Bogota", "2026-10-05T18:44:30", "2026-10-06T07:00"),
        ("CO", "", "Bogota", "2026-10-10T15:00", "2026-10-13T07:00"),  # Sunday, then a holiday Monday
        ("MX", "CMX", "Mexico_City", "2026-04-01T21:50", "2026-04-06T07:00"),  # Easter
        ("BR", "SP", "Sao_Paulo", "2026-12-23T18:00", "2026-12-28T09:00"),
    ],
)
def test_the_next_opening(country: str, region: str, zone: str, after: str, expected: str) -> None:
    found = next_open(rules(country), region, local(zone, after))
    assert found == local(zone, expected)
    assert found
    assert found.tzinfo is UTC


def test_a_country_that_never_opens_has_no_next_opening() -> None:
    shut = rules("CO").windows.model_copy(update={"weekdays": (), "sat": ()})
    never = rules("CO").model_copy(update={"windows": shut})
    assert next_open(never, "", datetime(2026, 10, 5, tzinfo=UTC)) is None


def test_the_date_is_the_borrowers() -> None:
    moment = datetime(2026, 10, 6, 5, 30, tzinfo=UTC)
    assert local_date(rules("MX"), "BCN", moment) == date(2026, 10, 5)
    assert local_date(rules("MX"), "ROO", moment) == date(2026, 10, 6)
    assert local_date(rules("MX"), "", moment) == date(2026, 10, 5)


def test_a_known_region_has_its_own_zones_and_an_unknown_one_all() -> None:
    mexico = rules("MX")
    assert zones_for(mexico, "BCN") == (ZoneInfo("America/Tijuana"),)
    assert len(zones_for(mexico, "")) == 12
    assert zones_for(mexico, "nowhere")[0] == ZoneInfo("America/Mexico_City")


moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def places(draw: st.DrawFn) -> tuple[ContactRules, str]:
    known = rules(draw(st.sampled_from(COUNTRIES)))
    return known, draw(st.sampled_from(["", "??", *known.regions]))


@given(places(), moments, st.data())
def test_the_next_opening_is_the_first_open_minute(
    place: tuple[ContactRules, str], after: datetime, data: st.DataObject
) -> None:
    found = next_open(*place, after)
    assert found
    assert found >= after
    assert found.second == found.microsecond == 0
    assert closed(*place, found) is None
    minutes = int((found - after) / timedelta(minutes=1))
    if minutes:
        earlier = found - timedelta(minutes=data.draw(st.integers(1, minutes)))
        assert closed(*place, earlier) is not None
        assert closed(*place, found - timedelta(minutes=1)) is not None


@given(places(), moments)
def test_open_means_inside_the_window_of_every_zone(place: tuple[ContactRules, str], now: datetime) -> None:
    known, region = place
    if closed(known, region, now) is None:
        for zone in zones_for(known, region):
            there = now.astimezone(zone)
            hours = {5: known.windows.sat, 6: known.windows.sun}.get(there.weekday(), known.windows.weekdays)
            in_a_while = there.replace(tzinfo=None) + timedelta(minutes=known.end_margin_minutes)
            assert any(
                start <= there.time() and in_a_while < datetime.combine(there.date(), end) for start, end in hours
            )
