from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from pydantic import ValidationError

from cobranza.policy.contact_rules import (
    ContactRules,
    Windows,
    closed,
    countries,
    is_holiday,
    next_open,
    rules_for,
    zone_of,
    zones_for,
)

COUNTRIES = [
    *("AR", "BO", "BR", "CL", "CO", "CR", "CU", "DO", "EC", "ES", "GT"),
    *("HN", "MX", "NI", "PA", "PE", "PR", "PY", "SV", "US", "UY", "VE"),
]
# Of ISO 3166-2: states, provinces, departments, Spain's communities; the United States' territories too.
SUBDIVISIONS = {
    "AR": 24,
    "BO": 9,
    "BR": 27,
    "CL": 16,
    "EC": 24,
    "ES": 19,
    "MX": 32,
    "NI": 17,
    "SV": 14,
    "US": 51 + 5,
}


def rules(country: str) -> ContactRules:
    found = rules_for(country)
    assert found
    return found


def local(zone: str, text: str) -> datetime:
    """`zone` without its continent where that is America."""
    name = zone if zone.startswith(("Europe/", "Atlantic/", "Pacific/", "Africa/")) else f"America/{zone}"
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name))


def all_days(first_year: int, last_year: int) -> list[date]:
    days = (date(last_year, 12, 31) - date(first_year, 1, 1)).days + 1
    return [date(first_year, 1, 1) + timedelta(days=number) for number in range(days)]


def test_all_our_countries_have_rules() -> None:
    assert list(countries()) == COUNTRIES


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_data_are_whole(country: str) -> None:
    known = rules(country)
    named = {zone for zones in known.regions.values() for zone in zones}
    assert known.country == country
    assert set(known.timezones) | named <= available_timezones()
    assert not named or set(known.timezones) <= named
    assert len(known.regions) == SUBDIVISIONS.get(country, 0)
    assert known.law
    assert known.note
    assert known.sources or known.confidence == "low"


@pytest.mark.parametrize("country", COUNTRIES)
def test_nobody_is_contacted_on_a_sunday_a_holiday_or_at_night(country: str) -> None:
    windows = rules(country).windows
    assert not windows.sun
    assert not windows.holiday
    hours = [hour for day in (windows.weekdays, windows.sat) for hour in day]
    assert all(time(7) <= start < end <= time(22) for start, end in hours)
    assert bool(hours) == (country != "CU")


@pytest.mark.parametrize("country", COUNTRIES)
def test_our_limits_are_never_looser_than_the_laws(country: str) -> None:
    known = rules(country)
    assert known.max_per_day <= min(1, known.legal.max_per_day or 1)
    assert known.max_per_week <= 3
    assert known.min_days_between >= max(1, known.legal.min_days_between or 1)
    for legal in filter(None, (known.legal.windows, *known.legal.regions.values())):
        for name in Windows.model_fields:
            for start, end in getattr(known.windows, name):
                assert any(opens <= start and end <= closes for opens, closes in getattr(legal, name)), name


@pytest.mark.parametrize(
    ("country", "limits"),
    [
        ("AR", (1, 2, 2)),
        ("BR", (1, 2, 2)),
        ("CL", (1, 2, 3)),  # two a week, two whole days between them
        ("CO", (1, 3, 1)),
        ("DO", (1, 3, 1)),
        ("EC", (1, 3, 1)),
        ("GT", (1, 3, 1)),
        ("MX", (1, 3, 1)),
        ("PE", (1, 3, 1)),
        ("PY", (1, 3, 1)),
        ("US", (1, 2, 3)),
        ("CU", (0, 0, 2)),
    ],
)
def test_the_limits_of_a_country(country: str, limits: tuple[int, int, int]) -> None:
    known = rules(country)
    assert (known.max_per_day, known.max_per_week, known.min_days_between) == limits


def test_what_only_some_laws_ask_for() -> None:
    def whose(name: str) -> list[str]:
        return [country for country in COUNTRIES if getattr(rules(country), name)]

    assert whose("one_channel_per_week") == ["CO"]
    assert whose("opt_out_text_required") == ["DO", "PR", "US"]
    assert whose("effective") == ["CL", "CO", "GT", "US"]
    assert whose("record_years") == ["CL", "PR", "US"]


@pytest.mark.parametrize("country", ["", "XX", "mx", "MEX", "../MX", "FR"])
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
        ("ES", "MD", "Europe/Madrid", "2026-01-06T10:00", "HOLIDAY"),  # Spain keeps Epiphany on its day
        ("DO", "", "Santo_Domingo", "2026-01-06T10:00", None),  # kept the day before
        ("DO", "", "Santo_Domingo", "2026-01-05T10:00", "HOLIDAY"),
        ("UY", "", "Montevideo", "2026-01-06T10:00", "HOLIDAY"),  # of the banks' calendar alone
        ("CL", "RM", "Santiago", "2026-10-03T10:00", None),  # Saturday
        ("CL", "RM", "Santiago", "2026-10-03T12:45", "WINDOW"),
        ("CL", "VS", "Santiago", "2026-10-05T08:30", "WINDOW"),  # 06:30 on Easter Island
        ("CL", "VS", "Santiago", "2026-10-05T10:00", None),
        ("CL", "AP", "Santiago", "2026-06-08T10:00", None),
        ("CL", "AP", "Santiago", "2027-06-07T10:00", "HOLIDAY"),  # Arica's own day
        ("ES", "CN", "Europe/Madrid", "2026-10-05T09:30", "WINDOW"),  # 08:30 on the islands
        ("ES", "CN", "Atlantic/Canary", "2026-10-05T09:00", None),
        ("ES", "M", "Europe/Madrid", "2026-10-05T09:30", "WINDOW"),  # a province: perhaps on the islands
        ("EC", "W", "Guayaquil", "2026-10-05T07:30", "WINDOW"),  # 06:30 on the Galápagos
        ("EC", "P", "Guayaquil", "2026-10-05T07:00", None),
        ("EC", "P", "Guayaquil", "2026-10-05T19:45", "WINDOW"),
        ("EC", "P", "Guayaquil", "2026-10-03T12:00", "WINDOW"),  # Saturday
        ("PE", "", "Lima", "2026-10-05T06:59:59", "WINDOW"),
        ("PE", "", "Lima", "2026-10-05T07:00", None),
        ("PE", "LIM", "Lima", "2026-10-05T19:44:59", None),
        ("PE", "", "Lima", "2026-10-05T19:45", "WINDOW"),
        ("PE", "", "Lima", "2026-10-03T12:00", "WINDOW"),  # Saturday
        ("PE", "", "Lima", "2026-10-08T10:00", "HOLIDAY"),  # the battle of Angamos
        ("AR", "C", "Argentina/Buenos_Aires", "2026-10-05T08:59:59", "WINDOW"),
        ("AR", "C", "Argentina/Buenos_Aires", "2026-10-05T09:00", None),
        ("AR", "X", "Argentina/Cordoba", "2026-10-05T18:44:59", None),
        ("AR", "C", "Argentina/Buenos_Aires", "2026-10-05T18:45", "WINDOW"),
        ("AR", "C", "Argentina/Buenos_Aires", "2026-10-03T09:59", "WINDOW"),  # Saturday
        ("AR", "C", "Argentina/Buenos_Aires", "2026-10-03T10:00", None),
        ("AR", "", "Argentina/Buenos_Aires", "2026-10-03T11:45", "WINDOW"),
        ("AR", "C", "Argentina/Buenos_Aires", "2026-10-12T10:00", "HOLIDAY"),
        ("GT", "", "Guatemala", "2026-10-05T07:59", "WINDOW"),
        ("GT", "", "Guatemala", "2026-10-05T17:44", None),
        ("SV", "SS", "El_Salvador", "2026-10-05T16:45", "WINDOW"),
        ("PY", "", "Asuncion", "2026-10-03T11:44", None),  # Saturday
        ("US", "CA", "New_York", "2026-10-05T11:59", "WINDOW"),
        ("US", "CA", "New_York", "2026-10-05T12:00", None),  # 09:00 in Los Angeles
        ("US", "", "New_York", "2026-10-06T14:59", "WINDOW"),
        ("US", "", "New_York", "2026-10-06T15:00", None),  # 09:00 in Honolulu and on the Aleutians
        ("US", "", "New_York", "2026-12-07T15:00", None),
        ("US", "GU", "New_York", "2026-10-05T15:00", "WINDOW"),  # one at night on Guam
        ("CU", "", "Havana", "2026-10-05T12:00", "WINDOW"),
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
    ("country", "region", "friday", "monday"),
    [
        ("US", "NY", "2026-03-06T14:00", "2026-03-09T13:00"),
        ("US", "NY", "2026-10-30T13:00", "2026-11-02T14:00"),
        ("US", "AZ", "2026-03-06T16:00", "2026-03-09T16:00"),  # the Navajo Nation changes, the state does not
        ("ES", "MD", "2026-03-27T08:00", "2026-03-30T07:00"),
        ("CL", "RM", "2026-09-04T12:00", "2026-09-07T11:00"),
        ("PY", "", "2026-10-02T11:00", "2026-10-05T11:00"),  # no change of clocks any more
    ],
)
def test_a_window_opens_by_the_clock_on_the_wall_before_and_after_a_change(
    country: str, region: str, friday: str, monday: str
) -> None:
    for opening in (datetime.fromisoformat(f"{text}+00:00") for text in (friday, monday)):
        assert next_open(rules(country), region, opening.replace(hour=6)) == opening


@pytest.mark.parametrize("day", ["2026-11-09", date(2026, 11, 9)])
def test_a_decreed_day_is_a_holiday_of_its_year_alone(day: object) -> None:
    told = rules("CO").model_dump(by_alias=True) | {"extra_holidays": [day, "12-24"]}
    known = ContactRules.model_validate(told)
    found = [day.isoformat() for day in all_days(2026, 2027) if is_holiday(known, "", day)]
    assert {"2026-11-09", "2026-12-24", "2027-12-24"} <= set(found)
    assert "2027-11-09" not in found


def test_a_day_that_is_none_is_refused() -> None:
    told = rules("CO").model_dump(by_alias=True) | {"extra_holidays": ["tomorrow"]}
    with pytest.raises(ValidationError):
        ContactRules.model_validate(told)


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
    assert moment.astimezone(zone_of("MX", "BCN")).date() == date(2026, 10, 5)
    assert moment.astimezone(zone_of("MX", "ROO")).date() == date(2026, 10, 6)
    assert moment.astimezone(zone_of("MX")).date() == date(2026, 10, 5)
    assert zone_of("FR") is UTC


def test_a_known_region_has_its_own_zones_and_an_unknown_one_all() -> None:
    mexico = rules("MX")
    assert zones_for(mexico, "BCN") == (ZoneInfo("America/Tijuana"),)
    assert len(zones_for(mexico, "")) == 12
    assert zones_for(mexico, "nowhere")[0] == ZoneInfo("America/Mexico_City")
