"""The cells of one row by canonical column, each read once into what it must hold."""

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.damaged import is_shortened
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.row import Row
from cobranza.files.synonyms import DEBT_NAMES
from cobranza.ledger.debt import MAX_ID
from cobranza.ledger.money import Money, parse_currency

MAX_SOURCE = 100
MAX_TEXT = 1000

# Clocks of two systems differ by minutes.
AHEAD = timedelta(minutes=10)

# Names by which the other kinds of files know what the debts file knows. `Cliente` and `Deudor` are names as often
# as numbers, and there is no column of names here.
BORROWER_NAMES = tuple(name for name in DEBT_NAMES["borrower_id"] if name not in ("cliente", "deudor"))
DEBT_ID_NAMES = tuple(
    name for name in DEBT_NAMES["debt_id"] if name not in ("documento", "id documento", "credito")
)
INSTALMENT_NAMES = DEBT_NAMES["instalment"]


def is_id(text: str) -> bool:
    """Whether it can be somebody's id, or a debt's."""
    return bool(text) and not _is_shapeless(text) and not is_shortened(text)


def _is_shapeless(text: str) -> bool:
    return len(text) > MAX_ID or "#" in text or not text.isprintable()


class Cells:
    """`columns` maps a canonical column's name to its index; a column that is not there reads as empty. `declared`
    tells what stands in every row, and what where a row says nothing. `zone` is the one in which the file's people
    write times. `texts` are all cells by column. Every method may raise InvalidInput."""

    __slots__ = ("formats", "now", "row", "texts", "zone")

    def __init__(
        self,
        columns: Mapping[str, int],
        row: Row,
        formats: Formats,
        declared: Declared,
        zone: tzinfo,
        now: datetime,
    ) -> None:
        if row.fault:
            raise row.fault
        delivered = row.cells
        try:
            texts = {name: delivered[index].strip() for name, index in columns.items()}
        except IndexError:
            raise refuse("RAGGED_ROW", f"{len(delivered)} < {max(columns.values()) + 1}") from None
        for name, text in declared.defaults.items():
            if not texts.get(name):
                texts[name] = text
        texts.update(declared.values)
        self.row, self.formats, self.zone, self.now = row, formats, zone, now
        self.texts: Mapping[str, str] = texts

    def text(self, column: str) -> str:
        return self.texts.get(column, "")

    def required(self, column: str) -> str:
        if text := self.texts.get(column):
            return text
        raise refuse("MISSING_VALUE", column, column)

    def id(self, column: str, *, required: bool = False) -> str:
        """A number that somebody else gave. What a spreadsheet has shortened names nobody, or another one."""
        text = self.required(column) if required else self.text(column)
        if _is_shapeless(text):
            raise refuse("BAD_ID", f"≤ {MAX_ID}, no #", column, es=f"≤ {MAX_ID}, sin #")
        if is_shortened(text):
            raise refuse("BAD_ID", "shortened by a spreadsheet", column, es="acortado por una hoja de cálculo")
        return text

    def line(self, column: str, most: int, *, required: bool = False) -> str:
        """A text of one line, of at most `most` characters."""
        text = self.required(column) if required else self.text(column)
        if len(text) > most or not text.isprintable():
            raise refuse("BAD_TEXT", f"≤ {most}", column)
        return text

    def prose(self, column: str, most: int) -> str:
        """A text that may have line breaks."""
        text = self.text(column)
        if len(text) > most or not text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
            raise refuse("BAD_TEXT", f"≤ {most}", column)
        return text

    def day(self, column: str) -> date:
        return self.formats.date(self.required(column), column)

    def moment(self, column: str) -> tuple[datetime, bool]:
        """An aware moment up to now, and whether its time was written; a date alone is the end of that day. What
        has not happened yet is a date read wrong, and would win over every true moment to come."""
        at, has_time = self.formats.moment(self.required(column), column, self.zone)
        today = self.now.astimezone(self.zone).date()
        if at > self.now + AHEAD if has_time else at.date() > today:
            raise refuse("FUTURE_MOMENT", self.text(column)[:40], column)
        return at, has_time

    def moment_of_stop(self, column: str) -> tuple[datetime, bool]:
        """As `moment`; now where it cannot be read, because what stops us counts all the same."""
        try:
            return self.moment(column)
        except InvalidInput:
            return self.now.astimezone(self.zone), True

    def currency(self) -> str:
        text = self.required("currency")
        try:
            return parse_currency(text)
        except InvalidInput as error:
            raise refuse("BAD_CURRENCY", f"{text[:20]!r} → MXN", "currency") from error

    def money(self) -> Money:
        """The amount in its currency, more than nothing."""
        currency = self.currency()
        amount = self.formats.amount(self.required("amount"), currency, "amount")
        if amount <= 0:
            raise refuse("BAD_AMOUNT", "0", "amount")
        return Money(amount, currency)

    def yes_or_no(self, column: str, code: str) -> bool | None:
        """None where the cell is empty or a dash. What is neither is refused with this code."""
        if not (word := fold(self.text(column))):
            return None
        if answer := ANSWERS.get(word):
            return answer == "yes"
        shown = repr(self.text(column)[:40])
        raise refuse(code, f"{shown}; yes | no", column, es=f"{shown}; sí | no")


def start_of_day(at: datetime) -> datetime:
    return datetime.combine(at.date(), time.min, at.tzinfo)


@lru_cache(4096)
def fold(text: str) -> str:
    """Lower case without accents, words joined by one underscore: "Segundo teléfono" is segundo_telefono."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return "_".join(plain.replace("_", " ").replace("-", " ").split())


def words(**meanings: str) -> dict[str, str]:
    """A dictionary from every folded word to the meaning under which it stands: words(call="llamada phone_call").
    Raises ValueError where a word stands twice."""
    found = [(fold(word), meaning) for meaning, known in meanings.items() for word in (meaning, *known.split())]
    if twice := {word for word, _ in found if [other for other, _ in found].count(word) > 1}:
        raise ValueError(f"twice: {', '.join(sorted(twice))}")
    return dict(found)


ANSWERS: Mapping[str, str] = words(yes="y si s sim 1 true", no="n nao 0 false")
