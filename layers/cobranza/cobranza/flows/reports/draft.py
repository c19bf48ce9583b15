"""A report's file while it is written: on the disk, until it is whole."""

import json
import tempfile
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from cobranza.files.exports import Row
from cobranza.files.listings import Listing
from cobranza.flows.reports.report import AnyReport, Day
from cobranza.flows.results import CSV
from cobranza.store.objects import Bucket


@contextmanager
def draft_of(report: AnyReport, *, is_revised: bool = False) -> Generator["Draft"]:
    """Gone from the disk when it is left."""
    with tempfile.TemporaryFile() as file:
        yield Draft(report, file, is_revised=is_revised)


class Draft:
    """`counts` is how many rows count as the same, where the report's are counted."""

    def __init__(self, report: AnyReport, file: IO[bytes], *, is_revised: bool = False) -> None:
        self.report = report
        self.counts: Counter[Any] = Counter()
        self._is_revised = is_revised
        self._file = file
        self._listing = Listing(file, report.columns)

    @property
    def rows(self) -> int:
        return self._listing.rows

    def add(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        self._listing.add(rows)
        if self.report.counted:
            self.counts.update(map(self.report.counted, rows))

    def put(self, results: Bucket, day: Day) -> None:
        """The whole file goes out, and its summary beside it."""
        results.put_file(self.report.key(day), self._file, CSV)
        if self.report.summary:
            told = json.dumps(self.report.summary(day, self.counts, self._is_revised), indent=2)
            results.put(self.report.summary_key(day), told.encode(), "application/json")
