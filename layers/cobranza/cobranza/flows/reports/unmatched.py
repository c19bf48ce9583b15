"""unmatched.csv: payments that a gateway told on the day, and that belong to nobody we know. Those of files came
back with their files."""

from collections.abc import Iterator
from itertools import batched

from cobranza.files.exports import Row
from cobranza.files.listings import UNMATCHED_COLUMNS, UnmatchedPayment, unmatched_rows
from cobranza.flows.reports.report import CHUNK, Day, Report, Sources
from cobranza.store.journal import PAYMENT_UNMATCHED


def _rows(sources: Sources, day: Day) -> Iterator[Row]:
    return unmatched_rows(_payments(sources, day))


def _payments(sources: Sources, day: Day) -> Iterator[UnmatchedPayment]:
    lines = (line for line in day.lines(sources.journal) if line.event == PAYMENT_UNMATCHED)
    for number, some in enumerate(batched(lines, CHUNK, strict=False)):
        kept = sources.payments.unmatched((line.identity for line in some), day.zone)
        left = (kept[line.identity] for line in some if line.identity in kept)
        for place, (payment, code) in enumerate(left, start=1 + number * CHUNK):
            yield UnmatchedPayment(place, payment, code)


UNMATCHED = Report("unmatched", UNMATCHED_COLUMNS, _rows)
