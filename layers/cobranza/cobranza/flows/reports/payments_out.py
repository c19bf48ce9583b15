"""payments_out.csv: every payment that was booked on the day, with where its money went."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import batched

from cobranza.files.exports import PAYMENTS_OUT_COLUMNS, Part, PaymentOut, Row, payments_out
from cobranza.flows.reports.report import CHUNK, Day, Report, Sources
from cobranza.store import keys
from cobranza.store.journal import PAYMENT_APPLIED, Line


def _rows(sources: Sources, day: Day) -> Iterator[Row]:
    return payments_out(_payments(sources, day))


def _payments(sources: Sources, day: Day) -> Iterator[PaymentOut]:
    lines = (line for line in day.lines(sources.journal) if line.event == PAYMENT_APPLIED)
    for some in batched(lines, CHUNK, strict=False):
        told = sources.payments.told((line.identity for line in some), day.zone)
        ids = sources.ledger.borrower_ids(keys.borrower_of(line.subject) for line in some)
        for line in (line for line in some if line.identity in told):  # of who was erased there is none
            borrower_id = ids.get(keys.borrower_of(line.subject), "")
            yield PaymentOut(replace(told[line.identity], borrower_id=borrower_id), _parts(line))


def _parts(line: Line) -> list[Part]:
    allocations: dict[str, Decimal] = line.facts["allocations"]
    parts: list[Part] = []
    for key, amount in sorted(allocations.items()):
        _, debt_id, instalment = key.split("#")
        parts.append(Part("debt", amount, debt_id, instalment))
    rest = (Part("credit", line.facts["credit"]), Part("in_balance", line.facts["included"]))
    return parts + [part for part in rest if part.amount]


PAYMENTS_OUT = Report("payments_out", PAYMENTS_OUT_COLUMNS, _rows)
