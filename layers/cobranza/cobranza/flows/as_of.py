"""The moment that a file's balances speak of: declared, or dated in its name, or when it was dropped."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo

from cobranza.files.codes import refuse

# A clock may be a little fast; a balance of tomorrow is a mistake.
TOLERANCE = timedelta(minutes=5)

_DATE_IN_NAME = re.compile(r"(?<![0-9])(20[0-9]{2})([-_.]?)([01][0-9])\2([0-3][0-9])(?![0-9])")


def as_of(file: str, metadata: Mapping[str, str], dropped_at: datetime, now: datetime, zone: tzinfo) -> datetime:
    """An aware moment, to the second. The object's metadata `as-of` wins (ISO 8601; without a zone it is local
    time, a date alone the end of that day); then a date in the file's name, year first: the end of that local
    day, never later than `dropped_at`; then `dropped_at`.

    Raises InvalidInput: BAD_AS_OF for metadata that cannot be read, FUTURE_AS_OF for one that has not come yet.
    """
    if declared := metadata.get("as-of", "").strip():
        moment = _declared(declared, zone)
        if moment > now + TOLERANCE:
            raise refuse("FUTURE_AS_OF", f"as-of = {declared}")
    else:
        day = _day_in(file)
        moment = min(_end_of(day, zone), dropped_at) if day else dropped_at
        if day and day > (now + TOLERANCE).astimezone(zone).date():
            raise refuse("FUTURE_AS_OF", file[:100])
    return moment.replace(microsecond=0)


def is_dated(file: str) -> bool:
    """Whether the file's name tells its day."""
    return _day_in(file) is not None


def _declared(text: str, zone: tzinfo) -> datetime:
    try:
        if len(text) == 10:
            return _end_of(date.fromisoformat(text), zone)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise refuse("BAD_AS_OF", f"as-of = {text[:40]}; 2026-01-31T18:00:00-06:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _day_in(file: str) -> date | None:
    """The only date in a name. Two of them decide nothing."""
    days: set[date] = set()
    for year, _, month, day in _DATE_IN_NAME.findall(file):
        try:
            days.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return days.pop() if len(days) == 1 else None


def _end_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(23, 59, 59), zone)
