"""The world as anybody can see it: the law once more as a table, days counted once more, what files had told."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays
from dateutil.easter import easter

from local.replay.book import Invoice
from local.replay.walk import FileTaken

STEPS = (-3, 0, 3, 7, 15)


class Law(NamedTuple):
    """Local hours of Monday to Friday and of Saturday, none on Sunday; messages in a week; days between two."""

    zone: ZoneInfo
    weekday: tuple[time, time]
    saturday: tuple[time, time] | None
    a_week: int
    days_between: int


LAWS = {
    "MX": Law(ZoneInfo("America/Mexico_City"), (time(7), time(22)), None, 3, 1),
    "CO": Law(ZoneInfo("America/Bogota"), (time(7), time(19)), (time(8), time(15)), 3, 1),
    "BR": Law(ZoneInfo("America/Sao_Paulo"), (time(9), time(18)), None, 2, 2),
    "CL": Law(ZoneInfo("America/Santiago"), (time(8), time(20)), (time(10), time(13)), 2, 3),
    "PE": Law(ZoneInfo("America/Lima"), (time(7), time(20)), None, 3, 1),
}


def local(country: str, moment: datetime) -> datetime:
    return moment.astimezone(LAWS[country].zone)


def hours_of(country: str, day: date) -> tuple[time, time] | None:
    """The law's hours; None on Sundays and the country's public holidays."""
    if day.weekday() == 6 or day in _public_holidays(country, day.year):
        return None
    return LAWS[country].saturday if day.weekday() == 5 else LAWS[country].weekday


def may_be_closed(country: str, day: date) -> bool:
    """A day on which somebody in the country may rest: no outcome is asked for."""
    return day.weekday() >= 5 or day in _any_holidays(country, day.year)


def reached(invoice: Invoice, day: date) -> int | None:
    """The latest step that the day has reached."""
    return max((step for step in STEPS if step <= (day - invoice.due).days), default=None)


def newest(files: Sequence[FileTaken], moment: datetime) -> FileTaken | None:
    """The last file that had been taken in at the moment."""
    index = bisect_right(files, moment, key=lambda file: file.at)
    return files[index - 1] if index else None


def age_of_data(files: Sequence[FileTaken], moment: datetime) -> int:
    """In whole days; -1 before the first file."""
    file = newest(files, moment)
    return (moment - file.as_of).days if file else -1


def is_paid(invoice: Invoice, moment: datetime) -> bool:
    """People pay at noon."""
    noon = time(12, tzinfo=LAWS[invoice.country].zone)
    return invoice.settled is not None and datetime.combine(invoice.settled, noon) <= moment


def is_known_paid(invoice: Invoice, files: Sequence[FileTaken], moment: datetime) -> bool:
    """Whether a file that was taken in had told the payment."""
    file = newest(files, moment)
    return file is not None and invoice.settled is not None and invoice.settled <= file.as_of.date()


@cache
def _public_holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


@cache
def _any_holidays(country: str, year: int) -> frozenset[date]:
    """Of any kind and any region; and what offices of Mexico keep besides."""
    known = holidays.country_holidays(country)
    regions = (None, *known.subdivisions)
    days = {
        day
        for region in regions
        for day in holidays.country_holidays(
            country, subdiv=region, years=year, categories=known.supported_categories
        )
    }
    if country == "MX":
        good_friday = easter(year) - timedelta(days=2)
        days |= {date(year, 11, 2), date(year, 12, 12), good_friday, good_friday - timedelta(days=1)}
    return frozenset(days)
