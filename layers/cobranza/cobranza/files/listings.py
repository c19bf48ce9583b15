"""Lists that go back to the people who drop files: tables that a spreadsheet opens and runs nothing of."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from cobranza.files import contacts, payments
from cobranza.files.results import csv_lines, csv_pieces, exact
from cobranza.files.row import WHY
from cobranza.ledger.money import Money
from cobranza.ledger.payment import UNMATCHED, Payment, Unmatched


def listing(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A small table as CSV; the header alone when there are no rows. Raises ValueError for a row of another
    width."""
    out = io.BytesIO()
    write_listing(out, header, rows)
    return out.getvalue()


def write_listing(out: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """The same of any size, piece by piece into a file; how many rows."""
    count = 0

    def counted() -> Iterator[Sequence[str]]:
        nonlocal count
        for row in rows:
            if len(row) != len(header):
                raise ValueError(f"{len(row)} cells under {len(header)} columns")
            count += 1
            yield row

    out.writelines(csv_pieces(header, counted()))
    return count


class Listing:
    """The same, growing by some rows at a time, so that several can be written side by side. `rows` is how many it
    has."""

    def __init__(self, out: IO[bytes], header: Sequence[str]) -> None:
        self.rows = 0
        self._out, self._width = out, len(header)
        out.writelines(csv_pieces(header, ()))

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Raises ValueError for a row of another width."""
        for row in rows:
            if len(row) != self._width:
                raise ValueError(f"{len(row)} cells under {self._width} columns")
        self.rows += len(rows)
        self._out.write(csv_lines(rows))


@dataclass(frozen=True, slots=True)
class UnmatchedPayment:
    line: int
    payment: Payment
    code: Unmatched


UNMATCHED_COLUMNS = (*WHY, *payments.COLUMNS.names)


def unmatched_csv(rows: Iterable[UnmatchedPayment]) -> bytes:
    return listing(UNMATCHED_COLUMNS, unmatched_rows(rows))


def unmatched_rows(rows: Iterable[UnmatchedPayment]) -> Iterator[Sequence[str]]:
    """Money that belongs to nobody we know, with the columns of the payments file: filled in, it can be dropped
    there again."""
    for row in rows:
        if row.code:
            why = (_column(row.payment), row.code, UNMATCHED[row.code])
            yield str(row.line), *why, *payment_cells(row.payment)


@dataclass(frozen=True, slots=True)
class LatePayment:
    """A payment for a debt that the creditor had taken back. `kind` is why (RecallKind)."""

    payment: Payment
    debt_id: str
    instalment: str
    kind: str
    given: Money


def payments_after_recall_csv(rows: Iterable[LatePayment]) -> bytes:
    return listing(
        ("recalled_debt_id", "recalled_instalment", "recall", "given", *payments.COLUMNS.names),
        ((row.debt_id, row.instalment, row.kind, exact(row.given), *payment_cells(row.payment)) for row in rows),
    )


@dataclass(frozen=True, slots=True)
class WithoutConsent:
    borrower_id: str
    name: str
    debts: int


def no_consent_csv(rows: Iterable[WithoutConsent]) -> Iterator[bytes]:
    """Borrowers whom we may not write to, in pieces; with the empty columns filled in it is a contacts file."""
    empty = tuple(name for name in contacts.COLUMNS.names if name.startswith("consent"))
    return csv_pieces(
        ("borrower_id", "name", "debts", *empty),
        ((row.borrower_id, row.name, str(row.debts), *("" for _ in empty)) for row in rows),
    )


def payment_cells(payment: Payment) -> tuple[str, ...]:
    """A payment as its file's columns; a time that nobody wrote is not invented."""
    paid_at = payment.paid_at.isoformat() if payment.has_time else payment.paid_at.date().isoformat()
    return (
        payment.payment_id,
        payment.borrower_id,
        payment.debt_id,
        payment.instalment,
        payment.reference,
        exact(payment.amount),
        payment.amount.currency,
        paid_at,
        payment.method,
        payment.source,
    )


def _column(payment: Payment) -> str:
    """The column that names nobody."""
    return next((name for name in ("debt_id", "reference") if getattr(payment, name)), "borrower_id")
