"""What every report is made from, and of."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from cobranza.files.exports import Row
from cobranza.policy.closing import bounds
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal, Line
from cobranza.store.ledger import Ledger
from cobranza.store.limits import DueLine
from cobranza.store.messages import Messages
from cobranza.store.payments import Payments
from cobranza.store.receipts import Receipts

# Lines whose borrowers, or payments, are looked up together.
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Sources:
    """`workers` is by how many hands borrowers are read."""

    journal: Journal
    ledger: Ledger
    messages: Messages
    book: Book
    payments: Payments
    imports: Imports
    line: DueLine
    receipts: Receipts
    cases: Cases
    workers: int = 16


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
    """`name` is its folder's and its file's; `rows` yields as many as there are, one after the other. Where a
    column is `counted`, what `summary` makes of how often it has each value, and of whether the file is a revised
    one, lies beside it."""

    name: str
    columns: Sequence[str]
    rows: Callable[[Sources, Day], Iterator[Row]]
    counted: str = ""
    summary: Callable[[Day, Counter[str], bool], Mapping[str, Any]] | None = None

    def key(self, day: Day) -> str:
        return f"{self._folder(day)}/{self.name}.csv"

    def summary_key(self, day: Day) -> str:
        return f"{self._folder(day)}/summary.json"

    def _folder(self, day: Day) -> str:
        return f"results/{day.portfolio}/{self.name}/dt={day.date.isoformat()}"


def debt_id(key: str) -> str:
    """A debt as people call it, with the instalment where there is one: `F-1`, `L-7#3`."""
    return key.partition("#")[2].removesuffix("#")
