"""A part of an import: its rows, what it needs to know of the import, and what became of it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cobranza.errors import InvalidInput
from cobranza.files.debts import DebtRow
from cobranza.files.plans import plan_of
from cobranza.files.results import Refusal
from cobranza.files.row import Row
from cobranza.ledger.money import Money
from cobranza.policy.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class PartRow:
    """A row and the reference of the borrower it names, empty where it names none."""

    borrower: str
    row: Row


@dataclass(frozen=True, slots=True)
class Newer:
    """What imports with a later as-of have told already: an older file must not overwrite it. `lists` hold the
    `debt_hash` of each debt that one of them names."""

    lists: Sequence[Container[int]] = ()
    is_whole_book: bool = False

    def has(self, borrower: str, debt: str) -> bool:
        if not self.lists:
            return self.is_whole_book
        hashes = [debt_hash(borrower, debt), debt_hash(*plan_of(borrower, debt))]
        return self.is_whole_book or any(hashed in one for one in self.lists for hashed in hashes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a part needs to know of its import. `key_of` names the debt of a row that is refused, empty where that
    is not sure; `has_strays` is that some row, of this part or another, does not say whose it is; `is_outdated`
    that its bytes are read as of an earlier time; `read` parses a row or raises InvalidInput; `countries` are all
    that the portfolio names, `portfolio` has those alone that are on."""

    import_id: str
    portfolio_id: str
    is_snapshot: bool
    as_of: datetime
    shards: Sequence[int]
    read: Callable[[Row], DebtRow]
    key_of: Callable[[Row], str]
    portfolio: Portfolio | None
    countries: Sequence[str] = ()
    tells_credits: bool = False
    newer: Newer = Newer()
    has_strays: bool = False
    is_outdated: bool = False
    retried: bool = False


@dataclass(slots=True)
class Result:
    """What became of a part's rows: read = created + updated + unchanged + refused. `no_consent` has the name and
    the number of rows of each borrower without consent; `left_out` has rows that are used but for a part;
    `kept_open` counts debts that a snapshot does not list and that are silent: one of its strays may be them, or
    it is outdated. Of changes that the index is read for, `open_before` counts the open debts and `unlisted` those
    that they do not name."""

    changes: Counter[str] = field(default_factory=Counter[str])
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    left_out: list[Refusal] = field(default_factory=list[Refusal])
    closed: int = 0
    kept_open: int = 0
    open_before: int = 0
    unlisted: int = 0
    superseded: int = 0
    paid_since: int = 0
    totals: tuple[Money, ...] = ()
    readiness: Counter[str] = field(default_factory=Counter[str])
    no_consent: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])

    def refuse(self, row: Row, why: InvalidInput) -> None:
        self.refusals.append(Refusal(row, why.code, why.reason, why.column))

    def leave_out(self, row: Row, what: Sequence[InvalidInput]) -> None:
        """One line for a row, however much of it is left out: mended, the lines are rows of a debts file."""
        if what:
            reasons, columns = "; ".join(why.reason for why in what), " ".join(why.column for why in what)
            self.left_out.append(Refusal(row, what[0].code, reasons, columns))


def debt_hash(borrower: str, debt: str) -> int:
    """Eight bytes that stand for a debt where millions of them are kept."""
    return int.from_bytes(hashlib.blake2b(f"{borrower}|{debt}".encode(), digest_size=8).digest())
