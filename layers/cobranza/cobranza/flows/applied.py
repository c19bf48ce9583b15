"""What applying a file's rows needs and leaves, and the work that all kinds of rows share."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Protocol

from cobranza.errors import InvalidInput
from cobranza.files.listings import UnmatchedPayment
from cobranza.files.results import Refusal
from cobranza.files.row import Row
from cobranza.flows.close_case import CaseCloser
from cobranza.flows.hands import hands
from cobranza.flows.wake import wake
from cobranza.ledger.case import Closing
from cobranza.policy.due import StrategyOf, local_date
from cobranza.policy.portfolio import Portfolio
from cobranza.refs import References
from cobranza.store import keys
from cobranza.store.book import Book, Known
from cobranza.store.cases import Cases
from cobranza.store.journal import Journal, Line
from cobranza.store.ledger import Ledger
from cobranza.store.payments import Payments
from cobranza.store.table import Write, until_written, utc

CHUNK = 50

# How an import_id begins that stands for no file: a person said it by the API.
BY_API = "api-"

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"

type Outcomes = list[tuple[Row, str | InvalidInput]]


@dataclass(frozen=True, slots=True)
class Job:
    """One file being applied. What this very import wrote in an earlier try counts as written now. `is_first` of
    its kind in the portfolio: it tells history. `by`: no file, but a person who said it by the API."""

    portfolio_id: str
    import_id: str
    now: datetime
    portfolio: Portfolio | None = None
    is_first: bool = False
    by: str = ""

    @property
    def teller(self) -> dict[str, str]:
        """Who told it, as the journal's lines have it."""
        return {"by": self.by} if self.by else {"source": self.import_id}


@dataclass(slots=True)
class Applied:
    """What became of the rows: read = created + updated + unchanged + refused. `listings` are files for the people
    who dropped this one, by name; `warnings` are for them too; `payments` how many were booked for the first time;
    `unmatched` is the money that belongs to nobody."""

    changes: Counter[str] = field(default_factory=Counter[str])
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    listings: dict[str, bytes] = field(default_factory=dict[str, bytes])
    payments: int = 0
    unmatched: list[UnmatchedPayment] = field(default_factory=list[UnmatchedPayment])
    warnings: list[str] = field(default_factory=list[str])

    def note(self, row: Row, outcome: str | InvalidInput) -> None:
        if isinstance(outcome, InvalidInput):
            self.refusals.append(Refusal(row, outcome.code, outcome.reason, outcome.column))
        else:
            self.changes[outcome] += 1

    def note_all(self, outcomes: Outcomes) -> None:
        for row, outcome in outcomes:
            self.note(row, outcome)


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms that touch the world. `workers` is by how many hands."""

    book: Book
    ledger: Ledger
    payments: Payments
    cases: Cases
    journal: Journal
    references: References
    strategy_of: StrategyOf
    workers: int = 16

    def borrower(self, borrower_id: str) -> str:
        return self.references.ref("borrower", borrower_id)

    @property
    def closer(self) -> CaseCloser:
        return CaseCloser(
            book=self.book,
            ledger=self.ledger,
            cases=self.cases,
            journal=self.journal,
            strategy_of=self.strategy_of,
        )

    def wake(self, borrower: str, now: datetime) -> None:
        """Something that kept reminders back is gone, or somebody asks for one: the borrower is looked at when it
        is time, today if today is the day. Nothing for who is no borrower yet."""
        if loaded := self.ledger.load(borrower):
            wake(self.ledger, loaded.book, self.strategy_of, local_date(loaded.book.borrower, now))


@dataclass(slots=True)
class Told:
    """What a borrower's rows ask for. `lines` are what the journal keeps of them; `is_awake`: the borrower has to
    be looked at once it is written; `strange` counts the rows of debts that we do not know yet; `closings` are the
    cases that end with it, by id; `erased_at` is when they wished to be erased."""

    outcomes: list[tuple[Row, str | InvalidInput]] = field(default_factory=list[tuple[Row, str | InvalidInput]])
    writes: list[Write] = field(default_factory=list[Write])
    lines: list[Line] = field(default_factory=list[Line])
    is_awake: bool = False
    strange: int = 0
    closings: dict[str, Closing] = field(default_factory=dict[str, Closing])
    erased_at: datetime | None = None


def write_told(rooms: Rooms, borrower: str, tell: Callable[[Known], Told], now: datetime) -> Told:
    """Writes what `tell` makes of the borrower as known, and asks again where somebody was faster. The journal
    comes first: who dies after it, writes the same again."""

    def write() -> Told | None:
        told = tell(rooms.book.known(borrower))
        rooms.journal.append_all(told.lines, now)
        return told if all(rooms.book.write(told.writes)) else None

    told = until_written(write)
    if told.is_awake:
        rooms.wake(borrower, now)
    return told


def line_of(
    job: Job, borrower: str, event: str, at: datetime, *, debt: str = "", day: str = "", **facts: str
) -> Line:
    """What a row of a file said of a borrower, or of a `debt` of theirs (its key): one line for a moment, or for a
    `day`, whichever file says it again."""
    told = {"portfolio": job.portfolio_id, "source": job.import_id, "debts": [debt] if debt else []}
    return Line(
        subject=keys.borrower_pk(borrower),
        event=event,
        identity="#".join(filter(None, (day or utc(at), debt))),
        at=at,
        facts={**told, **facts},
    )


def in_chunks[T, R](work: Callable[[T], R], all_of: Iterable[T], workers: int) -> Iterable[R]:
    """`work` for each, by many hands, in order."""

    def together(chunk: Sequence[T]) -> list[R]:
        return [work(each) for each in chunk]

    with hands(workers) as many:
        for done in many.map(together, batched(all_of, CHUNK, strict=False)):
            yield from done


class Named(Protocol):
    @property
    def borrower_id(self) -> str: ...


def by_borrower[T: Named](
    rows: Iterable[tuple[Row, T]], ref_of: Callable[[str], str]
) -> list[tuple[str, list[tuple[Row, T]]]]:
    """The rows of each borrower, in the file's order, under the borrower's reference."""
    found: dict[str, list[tuple[Row, T]]] = {}
    for row, told in rows:
        found.setdefault(told.borrower_id, []).append((row, told))
    return [(ref_of(borrower_id), theirs) for borrower_id, theirs in found.items()]
