"""Days that a message tells, in Spanish, Portuguese and English, seen from the day on which it was written.

A day to come is always a later one, but for "hoy": "el viernes" written on a Friday is the next Friday. Vague
ones are read late, so that nobody is reminded on a day on which they still meant to pay: "la próxima semana" is
its Friday, "esta quincena" the next 15th or last day of a month.
"""

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

from cobranza.conversation.words import Word, sound

HORIZON = timedelta(days=365)
FRIDAY, SUNDAY = 4, 6
FIFTH_WORKING_DAY = 5  # Brazil: the latest day for wages (CLT, art. 459)

_WEEKDAYS = (
    "lunes segunda monday lun mon",
    "martes terca terça tuesday tue",
    "miercoles quarta wednesday mierkoles wed",
    "jueves quinta thursday juebes thu",
    "viernes sexta friday vierne biernes fri",
    "sabado saturday savado sabdo",
    "domingo sunday domigo",
)
_MONTHS = (
    "enero janeiro january ene jan",
    "febrero fevereiro february feb fev",
    "marzo março march mar",
    "abril april abr apr",
    "mayo maio may",
    "junio junho june jun",
    "julio julho july jul",
    "agosto august ago aug",
    "septiembre setembro september setiembre sep sept set",
    "octubre outubro october oct out",
    "noviembre novembro november nov",
    "diciembre dezembro december dic dez dec",
)
_NUMBERS = (
    "un uno una um uma a one primero primeiro first 1ro 1ero 1st|dos dois duas two|tres three|cuatro quatro four|"
    "cinco five|seis six|siete sete seven|ocho oito eight|nueve nove nine|diez dez ten|once onze|doce doze twelve|"
    "trece treze|catorce|quince quinze fifteen|dieciseis|diecisiete|dieciocho|diecinueve|veinte vinte twenty|"
    "veintiuno|veintidos|veintitres|veinticuatro|veinticinco|veintiseis|veintisiete|veintiocho|veintinueve|"
    "treinta trinta"
)
# Ordinals in Spanish, weekdays in Portuguese.
_ORDINALS = "segunda terca terça quarta quinta"
_SIGNS = "#NWMDY"
_DIGITS = re.compile(r"(\d{1,2})(?:st|nd|rd|t|ro|ero|o|ª|º)?", re.ASCII)
_FULL = re.compile(r"(\d{1,4})[/.-](\d{1,2})(?:[/.-](\d{2}|\d{4}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """A day in a message, by the places of its first and last word. `day` is None where no such day exists (31/02)
    or it lies more than 365 days ahead; `is_over` where it lies before the day of the message."""

    first: int
    last: int
    day: date | None = None
    is_over: bool = False
    is_day: bool = True  # "por la mañana" is none


def days_told(words: list[Word], today: date, language: str = "") -> list[Told]:
    """Every day that the words tell, in order. `language` says which of 4/5 is the month ("en": the first) and
    whether "quinta" is a Thursday ("pt")."""
    reader = _Reader([word.sound for word in words], today, language)
    told: list[Told] = []
    place = 0
    while place < len(words):
        found = reader.at(place)
        if found and words[found.last].clause == words[place].clause:
            told += [found] if found.is_day else []
            place = found.last
        place += 1
    return told


def _places(rows: tuple[str, ...], first: int) -> dict[str, int]:
    return {sound(name): number for number, names in enumerate(rows, first) for name in names.split()}


@cache
def _names() -> tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int], frozenset[str]]:
    """Weekdays from 0, months from 1, numbers, and the weekdays that are ordinals too."""
    numbers = _places(tuple(_NUMBERS.split("|")), 1)
    return _places(_WEEKDAYS, 0), _places(_MONTHS, 1), numbers, frozenset(map(sound, _ORDINALS.split()))


@cache
def _sayings() -> Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """Of `phrases/days.txt`, by first word: (words, meaning), longest first."""
    days = resources.files("cobranza") / "conversation" / "phrases" / "days.txt"
    by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for line in days.read_text(encoding="utf-8").splitlines():
        meaning, _, sayings = line.partition(":")
        for said in sayings.split(",") if not line.startswith("#") else ():
            words = tuple(each if each in _SIGNS else sound(each) for each in said.split())
            by_first.setdefault(words[0], []).append((words, meaning))
    return {first: tuple(sorted(rows, key=lambda row: -len(row[0]))) for first, rows in by_first.items()}


class _Reader:
    def __init__(self, heard: list[str], today: date, language: str) -> None:
        self._heard, self._today, self._language = heard, today, language
        self._weekdays, self._months, self._numbers, self._ordinals = _names()

    def at(self, place: int) -> Told | None:
        """The longest saying that begins at this place."""
        best: Told | None = None
        for kind in self._kinds(place):
            for said, meaning in _sayings().get(kind, ()):
                last = place + len(said) - 1
                if (best and last <= best.last) or last >= len(self._heard):
                    continue
                if (values := self._values(said, place)) is not None:
                    best = self._meant(meaning, values, place, last) or best
        return best

    def _kinds(self, place: int) -> Iterator[str]:
        heard = self._heard[place]
        yield heard
        yield from (kind for kind in "#WMD" if self._value(kind, heard) is not None)

    def _values(self, said: tuple[str, ...], place: int) -> list[int] | None:
        """The numbers, weekdays and months in the places of the signs; None where the words are others."""
        values: list[int] = []
        for offset, expected in enumerate(said):
            heard = self._heard[place + offset]
            if expected in _SIGNS:
                value = self._value(expected, heard)
                if value is None:
                    return None
                values.append(value)
            elif heard != expected:
                return None
        return values

    def _value(self, kind: str, heard: str) -> int | None:
        match kind:
            case "W":
                return self._weekdays.get(heard)
            case "M":
                return self._months.get(heard)
            case "#" | "N":
                found = _DIGITS.fullmatch(heard)
                in_words = self._numbers.get(heard) if kind == "#" else None
                return int(found[1]) if found else in_words
            case "Y":
                return int(heard) if heard.isascii() and heard.isdigit() and len(heard) == 4 else None
            case _:
                return 0 if _FULL.fullmatch(heard) else None

    def _meant(self, meaning: str, values: list[int], first: int, last: int) -> Told | None:
        if meaning == "none":
            return Told(first, last, is_day=False)
        if meaning == "over":
            return Told(first, last, None, is_over=True)
        if meaning == "weekday or ordinal":
            if self._heard[first] in self._ordinals and self._language != "pt":
                return None
            meaning = "weekday"
        day = self._full(self._heard[first]) if meaning == "full" else _MEANINGS[meaning](self._today, *values)
        if day is None and meaning == "weekday day":
            return None
        if day is None or day - self._today > HORIZON:
            return Told(first, last)
        return Told(first, last, None, is_over=True) if day < self._today else Told(first, last, day)

    def _full(self, written: str) -> date | None:
        """15/12, 15-12-2026 or 2026-12-15; the month first in English, or where it can be nothing else."""
        found = _FULL.fullmatch(written)
        if not found:
            return None
        first, second, third = int(found[1]), int(found[2]), found[3]
        if len(found[1]) == 4:
            return _date(first, second, int(third)) if third else None
        swap = second > 12 or (self._language == "en" and first <= 12)
        day, month = (second, first) if swap else (first, second)
        if third is None:
            return _nearest(self._today, day, month)
        return _date(int(third) + (2000 if len(third) == 2 else 0), month, day)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _nearest(today: date, day: int, month: int, year: int = 0) -> date | None:
    """Of last year's, this year's and next year's the one nearest to today: "10/11" on the 22nd is over."""
    if year:
        return _date(year, month, day)
    years = (today.year - 1, today.year, today.year + 1)
    those = [each for each in (_date(number, month, day) for number in years) if each]
    return min(those, key=lambda each: abs(each - today), default=None)


def _next_weekday(today: date, weekday: int) -> date:
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def _next_day_of_month(today: date, day: int) -> date | None:
    """The next month that has such a day has it."""
    for months in range(4):
        year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
        found = _date(year, month + 1, day)
        if found and found > today:
            return found
    return None


def _month_end(today: date, months: int = 0) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    end = date(year, month + 1, calendar.monthrange(year, month + 1)[1])
    return end if end > today else _month_end(today, months + 1)


def _half_month(today: date) -> date:
    return min(filter(None, (_next_day_of_month(today, 15), _month_end(today))))


def _friday_of_next_week(today: date) -> date:
    return today + timedelta(days=7 - today.weekday() + FRIDAY)


def _this_week(today: date) -> date:
    return _next_weekday(today, FRIDAY if today.weekday() < FRIDAY or today.weekday() == SUNDAY else SUNDAY)


def _fifth_working_day(today: date) -> date:
    for start in (today.replace(day=1), _month_end(today.replace(day=1)) + timedelta(days=1)):
        month = (start + timedelta(days=each) for each in range(9))
        day = [each for each in month if each.weekday() < 5][FIFTH_WORKING_DAY - 1]
        if day > today:
            return day
    raise AssertionError("next month's lies ahead")


def _weekday_after(today: date, weekday: int) -> date:
    return today + timedelta(days=7 - today.weekday() + weekday)


def _weekday_day(today: date, weekday: int, day: int) -> date | None:
    """ "Viernes 4": the next fourth, where that is a Friday; "viernes 2 cuotas" tells a Friday alone."""
    found = _next_day_of_month(today, day)
    return found if found and found.weekday() == weekday else None


def _next_of_month(today: date, day: int, month: int) -> date | None:
    """In this year's or the next year's month, on its last day where it has no such day."""
    for year in (today.year, today.year + 1):
        found = _date(year, month, min(day, calendar.monthrange(year, month)[1]))
        if found and found > today:
            return found
    return None


_MEANINGS: Mapping[str, Callable[..., date | None]] = {
    "today": lambda today, *_: today,
    "in 1": lambda today, *_: today + timedelta(days=1),
    "in 2": lambda today: today + timedelta(days=2),
    "in days": lambda today, days: today + timedelta(days=days),
    "in weeks": lambda today, weeks: today + timedelta(weeks=weeks),
    "in month": lambda today, months: today + timedelta(days=30 * months),
    "a week on": lambda today: today + timedelta(days=7),
    "two weeks on": lambda today: today + timedelta(days=15),
    "weekday": _next_weekday,
    "weekday a week on": lambda today, weekday: _next_weekday(today, weekday) + timedelta(days=7),
    "weekday day": _weekday_day,
    "weekday day of month": lambda today, _, day, month: _nearest(today, day, month),
    "weekday month day": lambda today, _, month, day: _nearest(today, day, month),
    "day of first half": lambda today, month: _next_of_month(today, 15, month),
    "last of month": lambda today, month: _next_of_month(today, 31, month),
    "weekday after": _weekday_after,
    "next week": _friday_of_next_week,
    "this week": _this_week,
    "weekend": lambda today: _next_weekday(today, SUNDAY),
    "month end": _month_end,
    "next month": lambda today: _month_end(_month_end(today.replace(day=1)) + timedelta(days=1)),
    "year end": lambda today: date(today.year, 12, 31),
    "half month": _half_month,
    "fifth working day": _fifth_working_day,
    "day": _next_day_of_month,
    "day of month": _nearest,
    "month day": lambda today, month, day, year=0: _nearest(today, day, month, year),
}
