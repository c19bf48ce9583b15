"""What every report is made from, and of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from cobranza.files.exports import Row
from cobranza.policy.closing import bounds
from cobranza.store.book import Book
from cobranza.store.journal import Journal, Line
from cobranza.store.ledger import Ledger
from cobranza.store.payments import Payments

# Lines whose borrowers, or payments, are looked up together.
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Sources:
    journal: Journal
    ledger: Ledger
    book: Book
    payments: Payments


@dataclass(frozen=True, slots=True)
class Day:
    """A portfolio's local day. `numbers` says whose a sending number is (by Meta's id), `others` whose are the
    messages to numbers that nobody declares."""

    portfolio: str
    date: date
    zone: tzinfo
    numbers: Mapping[str, str]
    others: str

    def lines(self, journal: Journal) -> Iterator[Line]:
        """What the journal noted of this portfolio on this day, in order."""
        return (line for line in journal.between(*bounds(self.zone, self.date)) if self._is_of(line))

    def _is_of(self, line: Line) -> bool:
        """A line is of one portfolio: the one it names, that of the first debt in it, or of the sending number."""
        facts = line.facts
        named = facts.get("portfolio") or min(facts.get("debts", ()), default="").partition("#")[0]
        return (named or self.numbers.get(facts.get("number", ""), self.others)) == self.portfolio


@dataclass(frozen=True, slots=True)
class Report:
    """`name` is its folder's and its file's; `rows` yields as many as there are, one after the other."""

    name: str
    columns: Sequence[str]
    rows: Callable[[Sources, Day], Iterator[Row]]

    def key(self, day: Day) -> str:
        return f"results/{day.portfolio}/{self.name}/dt={day.date.isoformat()}/{self.name}.csv"
