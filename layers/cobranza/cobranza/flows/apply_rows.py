"""Rows of payments, contacts, recalls, requests, receipts and cases files: what they tell is written down, each
borrower at a time.

Every row is told once, whatever comes twice or dies on the way: the same file again changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial

from cobranza.errors import InvalidInput
from cobranza.files.cases import read_case
from cobranza.files.cells import Cells
from cobranza.files.codes import refuse
from cobranza.files.contacts import read_contact
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.payments import read_payment
from cobranza.files.recalls import read_recall
from cobranza.files.receipts import read_receipt
from cobranza.files.requests import read_request
from cobranza.files.row import Row
from cobranza.flows.applied import Applied, Job, Named, Rooms
from cobranza.flows.apply_cases import apply_cases
from cobranza.flows.apply_contacts import apply_contacts
from cobranza.flows.apply_payments import apply_payments
from cobranza.flows.apply_recalls import apply_recalls
from cobranza.flows.apply_receipts import apply_receipts
from cobranza.flows.apply_requests import apply_requests
from cobranza.flows.hold_payers import hold_refused
from cobranza.policy.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class RowDesk:
    rooms: Rooms

    def apply(
        self,
        kind: str,
        rows: Iterable[Row],
        columns: Mapping[str, int],
        formats: Formats,
        declared: Declared,
        *,
        portfolio_id: str,
        portfolio: Portfolio | None,
        zone: tzinfo,
        now: datetime,
        import_id: str,
        is_first: bool = False,
    ) -> Applied:
        """All rows of one file of one of the kinds in drops.ROWS."""
        applied, job = Applied(), Job(portfolio_id, import_id, now, portfolio, is_first)

        def good[T](read: Callable[[Cells], T]) -> list[tuple[Row, T]]:
            found: list[tuple[Row, T]] = []
            for row in rows:
                try:
                    cells = Cells(columns, row, formats, declared, zone, now)
                    found.append((row, read(cells)))
                except InvalidInput as error:
                    applied.note(row, error)
            return found

        match kind:
            case "payments":
                apply_payments(self.rooms, good(partial(read_payment, portfolio=portfolio_id)), job, applied)
                hold_refused(self.rooms, columns, job, applied)
            case "contacts":
                read = partial(read_contact, country=_country(portfolio, declared))
                apply_contacts(self.rooms, good(self._of_the_kept(read)), job, applied)
            case "recalls":
                apply_recalls(self.rooms, good(self._of_the_kept(read_recall)), job, applied)
            case "requests":
                apply_requests(self.rooms, good(self._of_the_kept(read_request)), job, applied)
            case "receipts":
                apply_receipts(self.rooms, good(self._of_the_kept(read_receipt)), job, applied)
            case "cases":
                apply_cases(self.rooms, good(read_case), job, applied)
            case _:
                raise ValueError(f"no rows of this kind: {kind}")
        applied.refusals.sort(key=lambda refusal: refusal.row.line)
        return applied

    def _of_the_kept[T: Named](self, read: Callable[[Cells], T]) -> Callable[[Cells], T]:
        """Reads a row unless it is of somebody who was erased. Money is taken all the same."""
        erased = self.rooms.book.erased()

        def kept(cells: Cells) -> T:
            told = read(cells)
            if erased and self.rooms.borrower(told.borrower_id) in erased:
                raise refuse("ERASED", told.borrower_id, "borrower_id")
            return told

        return kept


def _country(portfolio: Portfolio | None, declared: Declared) -> str:
    """That of phones without a country code: declared, else the portfolio's if it has one only."""
    country = declared.values.get("country") or declared.defaults.get("country", "")
    if not country and portfolio and len(portfolio.countries) == 1:
        return portfolio.countries[0]
    return country.upper()
