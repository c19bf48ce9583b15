"""A person decides about a receipt by the API: one row of a receipts file, applied as such a row is."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cobranza.errors import InvalidInput
from cobranza.files.cells import Cells
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.receipts import ReceiptRow, read_receipt
from cobranza.files.row import Row
from cobranza.flows.applied import BY_API, Applied, Job, Rooms
from cobranza.flows.apply_receipts import apply_receipts
from cobranza.flows.case_desk import Caller, CaseRefused
from cobranza.ledger.money import parse_amount
from cobranza.ledger.receipt import Receipt
from cobranza.policy.closing import home_zone
from cobranza.policy.portfolio import Portfolio
from cobranza.store.receipts import Receipts

# A page shows so many receipts that wait, and the rest of its last borrower's.
PAGE = 50


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """A receipt, and the creditor's own number of its borrower; empty where nobody has told one. `payments`: how
    many were booked by what was decided just now."""

    receipt: Receipt
    borrower_id: str
    payments: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDesk:
    """Every method raises CaseRefused (NOT_FOUND) for what the caller may not see."""

    rooms: Rooms
    receipts: Receipts
    portfolio: Callable[[str], Portfolio | None]

    def page(self, caller: Caller, portfolio: str, after: str) -> tuple[list[ReceiptShown], str]:
        """Some of those that wait, and what to go on after; empty at the end."""
        if not caller.sees(portfolio):
            raise CaseRefused("NOT_FOUND")
        found, following = self.receipts.page(portfolio, after, PAGE)
        ids = self.rooms.ledger.borrower_ids(each.borrower for each in found)
        return [ReceiptShown(each, ids.get(each.borrower, "")) for each in found], following

    def decide(self, caller: Caller, receipt_id: str, told: Mapping[str, str], now: datetime) -> ReceiptShown:
        """`told` are the row's other cells by column. The receipt as it is then; the same decision again changes
        nothing. Raises InvalidInput with the code of a refused row."""
        receipt = self._find(caller, told["borrower_id"], receipt_id)
        portfolio, cells = self.portfolio(receipt.portfolio), {**told, "receipt_id": receipt_id}
        row = Row(1, tuple(cells.values()))
        columns = {name: index for index, name in enumerate(cells)}
        usual = Declared(defaults={"currency": receipt.currency})
        found = _read(Cells(columns, row, Formats(decimal="."), usual, home_zone(portfolio), now))
        job = Job(receipt.portfolio, _source(caller, cells, now), now, portfolio, by=caller.name)
        applied = Applied()
        apply_receipts(self.rooms, [(row, found)], job, applied)
        for refused in applied.refusals:
            raise InvalidInput(refused.code, refused.reason, refused.column)
        return ReceiptShown(self._find(caller, found.borrower_id, receipt_id), found.borrower_id, applied.payments)

    def _find(self, caller: Caller, borrower_id: str, receipt_id: str) -> Receipt:
        found = next(self.receipts.find([(self.rooms.borrower(borrower_id), receipt_id)]), None)
        if found is None or not caller.sees(found.portfolio):
            raise CaseRefused("NOT_FOUND")
        return found


def _read(cells: Cells) -> ReceiptRow:
    """As a file's row, but that no evidence of a file tells what a comma means: there may be none."""
    found = read_receipt(cells)
    if found.amount:
        parse_amount(cells.text("amount"), found.amount.currency)
    return found


def _source(caller: Caller, cells: Mapping[str, str], now: datetime) -> str:
    """What stands where imports have their id: one for all tries of a day to tell the same. Whoever dies comes
    again under it, and ends what it began; later nobody is told again what they were told."""
    words = [
        caller.name,
        now.astimezone(UTC).date().isoformat(),
        *(f"{name}={cells[name]}" for name in sorted(cells)),
    ]
    digest = hashlib.sha256("\n".join(words).encode()).digest()
    return f"{BY_API}{base64.b32encode(digest[:20])[:26].decode()}"
