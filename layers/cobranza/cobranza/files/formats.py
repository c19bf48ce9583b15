"""How a file writes its dates and amounts: declared, or decided by evidence for the whole file; never guessed.

A date is read in one of three orders (`DMY`, `MDY`, and `YMD` where the year has two digits), an amount with a
decimal point or a decimal comma. What has one reading only (`2026-01-31`, `20260131`, `1500`) needs no decision.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from typing import Literal

from cobranza.errors import InvalidInput
from cobranza.files.amounts import Values, read_amount, readings
from cobranza.files.codes import refuse

type DateOrder = Literal["YMD", "DMY", "MDY", ""]
type DecimalSign = Literal[".", ",", ""]
type Days = tuple[date | None, date | None, date | None]

DATE_ORDERS: tuple[DateOrder, ...] = ("DMY", "MDY", "YMD")
_SIGN_WORDS: dict[DecimalSign, str] = {".": "point", ",": "comma"}

_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{4})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_TIME = re.compile(
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?:\s*([ap])\.?\s?m\.?)?"
    r"\s*(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_DATE_AND_TIME = re.compile(r"([0-9][0-9./-]*[0-9])(?:(?:T|,?\s+)([0-9]{1,2}:.*))?", re.IGNORECASE)
_POINT: frozenset[DecimalSign] = frozenset((".",))
_COMMA: frozenset[DecimalSign] = frozenset((",",))
_EITHER = _POINT | _COMMA
_END_OF_DAY = time(23, 59, 59)
_SEEN = 4096


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one file. Empty means that nothing in it needs a decision; a cell that does is refused."""

    date_order: DateOrder = ""
    decimal: DecimalSign = ""

    @property
    def words(self) -> str:
        """As text that no spreadsheet changes: `DMY comma`; empty where nothing is decided."""
        return " ".join(word for word in (self.date_order, _SIGN_WORDS.get(self.decimal)) if word)

    @classmethod
    def of_words(cls, text: str) -> "Formats":
        """What `words` wrote; what it did not write decides nothing."""
        told = text.split()
        orders: list[DateOrder] = [order for order in DATE_ORDERS if order in told]
        signs: list[DecimalSign] = [sign for sign, word in _SIGN_WORDS.items() if word in told]
        return cls(orders[0] if len(orders) == 1 else "", signs[0] if len(signs) == 1 else "")

    def or_else(self, other: "Formats") -> "Formats":
        """These, and what `other` decides where these do not."""
        return Formats(self.date_order or other.date_order, self.decimal or other.decimal)

    def date(self, text: str, column: str) -> date:
        """A day between 2000 and 2100. A time of day beside it is dropped; one with a zone must be midnight,
        else the day would depend on where one stands.

        Raises InvalidInput (BAD_DATE).
        """
        day, clock = self._day(text, column)
        if clock:
            at = _clock(clock)
            if at is None or (at[1] and at[0] != time.min):
                raise _bad_date(text, column)
        return day

    def moment(self, text: str, column: str, zone: tzinfo) -> tuple[datetime, bool]:
        """An aware moment, and whether a time was written. Without one it is the end of that day in `zone`
        (23:59:59), and so is a midnight without zone, because spreadsheets write dates as that. Another time
        without zone is local time in `zone`.

        Raises InvalidInput (BAD_DATE).
        """
        day, clock = self._day(text, column)
        at = _clock(clock) if clock else (time.min, None)
        if at is None:
            raise _bad_date(text, column)
        if at == (time.min, None):
            return datetime.combine(day, _END_OF_DAY, zone), False
        return datetime.combine(day, at[0], at[1] or zone), True

    def amount(self, text: str, currency: str, column: str) -> Decimal:
        """An exact amount in `currency` (ISO 4217), with no more decimals than the currency has.

        Thousands may be separated by the other sign, by blanks or by apostrophes. In currencies without
        decimals `1.234` is 1234 whatever the sign. Negative amounts, also `(1.00)` and `1.00-`, are refused.
        Raises InvalidInput (BAD_AMOUNT).
        """
        return read_amount(text, currency, self.decimal, column)

    def _day(self, text: str, column: str) -> tuple["date", str]:
        days, clock = _days(text)
        if self.date_order:
            day = days[DATE_ORDERS.index(self.date_order)]
        else:
            different = set(days) - {None}
            day = different.pop() if len(different) == 1 else None
        if day is None:
            raise _bad_date(text, column)
        return day, clock


class Evidence:
    """Looks at a file's date and amount cells as they stream by, in constant memory, and decides at the end.

    Two-digit years are never first in Spanish, Portuguese or English (CLDR's short dates), so `YMD` is decided
    only where nothing else can read the dates. But where they would make sense as years in front (their first
    parts vary less than their last), the file is ambiguous.
    """

    def __init__(self) -> None:
        self._dates: frozenset[DateOrder] = frozenset(DATE_ORDERS)
        self._signs = _EITHER
        # A date and an amount for each way of being read, to show.
        self._date_examples: dict[frozenset[DateOrder], str] = {}
        self._number_examples: dict[frozenset[DecimalSign], str] = {}
        self._differing: dict[tuple[DateOrder, DateOrder], str] = {}
        self._first, self._last = (99, 0), (99, 0)
        self._seen: set[str] = set()

    def date(self, text: str) -> None:
        """A raw cell of a date column, blank or not."""
        if text in self._seen:
            return
        if len(self._seen) >= _SEEN:
            self._seen.clear()
        self._seen.add(text)
        days, _ = _days(text)
        possible: list[DateOrder] = [order for order, day in zip(DATE_ORDERS, days, strict=True) if day]
        orders = frozenset(possible)
        if not orders or (len(orders) == 3 and days[0] == days[1] == days[2]):
            return
        self._dates &= orders
        self._date_examples.setdefault(orders, text.strip())
        for one, other in combinations(range(3), 2):
            if days[one] and days[other] and days[one] != days[other]:
                self._differing.setdefault((DATE_ORDERS[one], DATE_ORDERS[other]), text.strip())
        if parts := _YEAR_LAST.match(text.strip()):
            first, last = int(parts[1]), int(parts[4])
            self._first = min(self._first[0], first), max(self._first[1], first)
            self._last = min(self._last[0], last), max(self._last[1], last)

    def amount(self, text: str, currency: str = "") -> Values:
        """A raw cell of an amount column and its row's currency; gives back its value with a decimal point and
        with a decimal comma, None where it has none."""
        values = point, comma = readings(text, currency)
        # None first: comparing a Decimal with it is slow, and this runs for every amount of a file.
        if comma is None:
            signs = _POINT
        elif point is None:
            signs = _COMMA
        elif point == comma:
            return values
        else:
            signs = _EITHER
        if signs not in self._number_examples and (comma is not None or point is not None):
            self._signs &= signs
            self._number_examples[signs] = text.strip()
        return values

    def decide(self, declared: Formats = Formats()) -> Formats:
        """What is declared wins. Raises InvalidInput (AMBIGUOUS_DATES, MIXED_DATES, AMBIGUOUS_NUMBERS,
        MIXED_NUMBERS), each telling how to declare it."""
        return Formats(declared.date_order or self._date_order(), declared.decimal or self._decimal())

    def _date_order(self) -> DateOrder:
        if not self._date_examples:
            return ""
        examples = ", ".join(sorted(set(self._date_examples.values()))[:3])
        if not self._dates:
            raise refuse("MIXED_DATES", f"{examples}; date_order: DMY | MDY | YMD")
        left: list[DateOrder] = [order for order in DATE_ORDERS if order in self._dates]
        if len(left) == 1:
            return left[0]
        if "YMD" in left and self._first[1] - self._first[0] >= self._last[1] - self._last[0]:
            left.remove("YMD")
        for one, other in combinations(left, 2):
            if example := self._differing.get((one, other)):
                raise refuse("AMBIGUOUS_DATES", f"{example} = {one}, {other}? date_order: {' | '.join(left)}")
        return left[0]

    def _decimal(self) -> DecimalSign:
        if not self._number_examples:
            return ""
        examples = "; ".join(sorted(self._number_examples.values())[:3])
        if not self._signs:
            raise refuse("MIXED_NUMBERS", f'{examples}; decimal: "." | ","')
        if len(self._signs) == 2:
            raise refuse("AMBIGUOUS_NUMBERS", f'{examples}; decimal: "." | ","')
        return next(iter(self._signs))


@lru_cache(1 << 14)
def _days(text: str) -> tuple[Days, str]:
    """The day in each of DATE_ORDERS, and the time of day as text."""
    whole = _DATE_AND_TIME.fullmatch(text.strip()) if len(text) <= 60 else None
    if whole is None:
        return (None, None, None), ""
    written, clock = whole[1], whole[2] or ""
    if parts := _YEAR_FIRST.fullmatch(written):
        day = _day(parts[1] or parts[5], parts[3] or parts[6], parts[4] or parts[7])
        return (day, day, day), clock
    if parts := _YEAR_LAST.fullmatch(written):
        first, second, last = parts[1], parts[3], parts[4]
        short = len(last) == 2
        year = f"20{last}" if short else last
        in_front = _day(f"20{first}", second, last) if short and len(first) == 2 else None
        return (_day(year, second, first), _day(year, first, second), in_front), clock
    return (None, None, None), ""


def _day(year: str, month: str, day: str) -> date | None:
    if not 2000 <= int(year) <= 2100:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _clock(text: str) -> tuple[time, tzinfo | None] | None:
    parts = _TIME.fullmatch(text.strip())
    if parts is None:
        return None
    hour, half, offset = int(parts[1]), (parts[5] or "").lower(), parts[6] or ""
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    zone = None
    try:
        if offset:
            zone = UTC if offset in "Zz" else _offset(offset)
        micro = int((parts[4] or "0").ljust(6, "0")[:6])
        return time(hour, int(parts[2]), int(parts[3] or 0), micro), zone
    except ValueError:
        return None


def _offset(text: str) -> tzinfo:
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-ahead if text[0] == "-" else ahead)


def _bad_date(text: str, column: str) -> InvalidInput:
    shown = text.strip()[:40]
    if shown.isdigit() and len(shown) == 5:
        return refuse(
            "BAD_DATE",
            f"{shown} is a spreadsheet's day number, format the column as a date",
            column,
            es=f"{shown} es el número de día de una hoja de cálculo, dé formato de fecha a la columna",
        )
    return refuse("BAD_DATE", f"{shown!r} → 2026-01-31", column)
