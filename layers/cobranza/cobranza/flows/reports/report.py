"""What every report is made from, and of."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from cobranza.files.exports import Row
from cobranza.ledger.debt import Debt
from cobranza.policy.closed_day import DebtDay
from cobranza.policy.closing import bounds
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal, Line
from cobranza.store.ledger import Ledger, Loaded
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
    conversations: Conversations
    workers: int = 16


@dataclass(frozen=True, slots=True)
class Day:
    """A portfolio's local day. `numbers` says whose a sending number is (by Meta's id), `others` whose are the
    messages to numbers that nobody declares. Before it all is closed until `since`, or until the day begins where
    that is not known."""

    portfolio: str
    date: date
    zone: tzinfo
    numbers: Mapping[str, str]
    others: str
    since: datetime | None = None

    def lines(self, journal: Journal) -> Iterator[Line]:
        """What the journal noted of this portfolio on this day, in order."""
        return self.lines_between(journal, *bounds(self.zone, self.date))

    def lines_between(self, journal: Journal, start: datetime, end: datetime) -> Iterator[Line]:
        """What it noted of this portfolio between two moments."""
        return (line for line in journal.between(start, end) if self._is_of(line))

    def _is_of(self, line: Line) -> bool:
        """A line is of one portfolio: its own, or that of the sending number."""
        return (line.portfolio or self.numbers.get(line.facts.get("number", ""), self.others)) == self.portfolio


@dataclass(frozen=True, slots=True)
class BorrowerDay:
    """A borrower, and what became on a day of the debts that were due."""

    loaded: Loaded
    outcomes: tuple[DebtDay, ...]

    @property
    def ref(self) -> str:
        return self.loaded.book.borrower.ref

    def outcomes_of(self, portfolio: str) -> Iterator[DebtDay]:
        return (each for each in self.outcomes if is_of(portfolio, each.debt))

    def listed(self, portfolio: str) -> Iterator[Debt]:
        """The portfolio's debts that the creditor's files list, also where payments have met them since."""
        debts = (debt for debt in self.loaded.book.debts if debt.terms.portfolio == portfolio)
        return (debt for debt in debts if debt.terms.is_open and not debt.closed)

    def debts(self, portfolio: str) -> Iterator[Debt]:
        """The portfolio's open debts."""
        return (debt for debt in self.listed(portfolio) if debt.is_open)


# One after the other, as many as there are.
type Rows = Callable[[Sources, Day], Iterator[Row]]
# Of the borrowers of the day, who are read once for all reports: the rows of each, none or many, before the next
# one is taken; after the last one whatever is told of all together.
type Walk = Callable[[Sources, Day, Iterator[BorrowerDay]], Iterator[Sequence[Row]]]
# Of what the other reports have counted, by their names.
type Sums = Callable[[Day, Mapping[str, Counter[Any]]], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Report[Make: (Rows, Walk, Sums)]:
    """`name` is its folder's and its file's; `rows` makes what is in it. Where rows are `counted`, what `summary`
    makes of how many count as the same, and of whether the file is a revised one, lies beside it."""

    name: str
    columns: Sequence[str]
    rows: Make
    counted: Callable[[Row], Hashable] | None = None
    summary: Callable[[Day, Counter[Any], bool], Mapping[str, Any]] | None = None

    def key(self, day: Day) -> str:
        return f"{self._folder(day)}/{self.name}.csv"

    def summary_key(self, day: Day) -> str:
        return f"{self._folder(day)}/summary.json"

    def _folder(self, day: Day) -> str:
        return f"results/{day.portfolio}/{self.name}/dt={day.date.isoformat()}"


type AnyReport = Report[Rows] | Report[Walk] | Report[Sums]


def is_of(portfolio: str, debt: str) -> bool:
    return debt.partition("#")[0] == portfolio


def debt_id(key: str) -> str:
    """A debt as people call it, with the instalment where there is one: `F-1`, `L-7#3`."""
    return key.partition("#")[2].removesuffix("#")
