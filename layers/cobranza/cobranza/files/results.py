"""What goes back to the people who dropped a file: the refused rows, and a summary."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from babel.numbers import get_currency_precision

from cobranza.errors import InvalidInput
from cobranza.files.origin import Origin
from cobranza.files.row import ADDED, Row
from cobranza.ledger.money import Money

# A spreadsheet runs a cell that starts with one of these. What already has an apostrophe before it gets one
# more, so that reading gives back exactly what was there.
_RISKY = re.compile(r"'*[=+\-@\t\r]")
PIECE = 1024 * 1024
_NOTHING = Origin()
_PLAIN_NUMBER = re.compile(r"[+-][0-9]+(?:[.,][0-9]+)?")


@dataclass(frozen=True, slots=True)
class Refusal:
    row: Row
    code: str
    reason: str
    column: str


def refused_csv(header: Sequence[str], refusals: Iterable[Refusal], origin: Origin = _NOTHING) -> Iterator[bytes]:
    """The refused rows as they came, and why, in pieces; mended, the file can be dropped as it is, and is read by
    the formats of its `origin`, as of the same moment.

    Where a mended file is refused again, the new ADDED columns take the place of the old.
    """
    rows = (
        (str(each.row.line), each.column, each.code, each.reason, origin.words, *_kept(header, each.row.cells))
        for each in refusals
    )
    return csv_pieces((*ADDED, *_kept(header, header)), rows)


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """A CSV of which a spreadsheet runs nothing, in pieces of about a megabyte.

    UTF-8 with BOM, without which Excel takes it for the local code page.
    """
    out = io.StringIO("\ufeff", newline="")
    out.seek(1)
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow(map(guard, row))
        if out.tell() > PIECE:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """A few rows as they follow in such a CSV."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(map(guard, row) for row in rows)
    return out.getvalue().encode()


def _kept(header: Sequence[str], cells: Sequence[str]) -> tuple[str, ...]:
    width = len(header)
    return tuple(cell for i, cell in enumerate(cells) if i >= width or header[i] not in ADDED)


def guard(cell: str) -> str:
    """The cell with an apostrophe before it if a spreadsheet would run it.

    Rows hold strangers' text, and the person who mends them has a spreadsheet that may call programs and send
    data away. A plain number (-12.5, +525555550100) is data under any reading, and with an apostrophe it
    would look broken in a file that is about broken cells, so it stays.
    """
    return f"'{cell}" if _RISKY.match(cell) and not _PLAIN_NUMBER.fullmatch(cell) else cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How many good rows could be messaged as things are, and what keeps the others from it."""

    messageable: int = 0
    no_consent: int = 0
    no_portfolio: int = 0
    country_off: int = 0
    no_template: int = 0
    bad_phone: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What became of a file. `digest` is its SHA-256 in hex; `totals` the balances of its good rows, one for each
    currency; `balance_from` the column they were read from; `closed` the debts that a snapshot does not list any
    more; `superseded` the unchanged rows that a newer file has told; `paid_since` the rows whose debt has had a
    payment since its balance moved, which stays taken off; `payments` how many it booked; `recognised` what was
    taken for what; `waiting` why a person must confirm before anything is changed; `pause` what is paused, of a
    file in control/; `approval` of which plan, of a file beside one; `error` why the file was refused whole."""

    kind: str
    portfolio: str
    file: str
    digest: str
    as_of: datetime
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    refused_by_code: Mapping[str, int] = field(default_factory=dict[str, int])
    totals: Sequence[Money] = ()
    balance_from: str = ""
    closed: int = 0
    superseded: int = 0
    paid_since: int = 0
    payments: int = 0
    readiness: Readiness = Readiness()
    recognised: Mapping[str, Any] = field(default_factory=dict[str, Any])
    warnings: Sequence[str] = ()
    waiting: Mapping[str, Any] | None = None
    pause: Mapping[str, Any] | None = None
    approval: Mapping[str, Any] | None = None
    error: InvalidInput | None = None

    def __post_init__(self) -> None:
        if not self.waiting and self.read != self.created + self.updated + self.unchanged + self.refused:
            raise ValueError(f"rows are lost: {self.read} read, but not as many accounted for")
        if self.error and self.read:
            raise ValueError("a file that is refused whole has no rows")

    def to_json(self) -> bytes:
        document = {
            "v": 1,
            "kind": self.kind,
            "portfolio": self.portfolio,
            "file": self.file,
            "digest": self.digest,
            "as_of": self.as_of.isoformat(),
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "refused_by_code": dict(sorted(self.refused_by_code.items())),
            "totals": {money.currency: exact(money) for money in self.totals},
            "balance_from": self.balance_from,
            "closed": self.closed,
            "superseded": self.superseded,
            "paid_since": self.paid_since,
            "payments": self.payments,
            "recognised": dict(self.recognised),
            "warnings": list(self.warnings),
            "waiting": self.waiting and dict(self.waiting),
            "readiness": asdict(self.readiness),
            "error": self.error and {"code": self.error.code, "reason": self.error.reason},
        }
        if self.pause:
            document["pause"] = dict(self.pause)
        if self.approval:
            document["approval"] = dict(self.approval)
        return json.dumps(document, ensure_ascii=False, indent=2).encode()


def exact(money: Money) -> str:
    """With all decimals of its currency: 1234.50 MXN, 1234 CLP."""
    return f"{money.amount:.{get_currency_precision(money.currency)}f}"
