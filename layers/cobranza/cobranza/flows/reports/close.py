"""Closing days: what happened on a portfolio's local day goes out as files, then the day is closed. With it the
outcomes of the day before are revised, once: late statuses have had 24 hours.

A worker that dies before that leaves a day that is made whole again; what the journal tells has the same bytes.
"""

import csv
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cobranza.errors import NotFound
from cobranza.files.exports import Row
from cobranza.files.listings import write_listing
from cobranza.flows.reports.ageing import AGEING
from cobranza.flows.reports.book import BOOK
from cobranza.flows.reports.cases import CASES
from cobranza.flows.reports.contacts_to_fix import CONTACTS_TO_FIX
from cobranza.flows.reports.interactions import INTERACTIONS
from cobranza.flows.reports.late_receipts import ReceiptWatch
from cobranza.flows.reports.outcomes import OUTCOMES, late_news, revised
from cobranza.flows.reports.payments_out import PAYMENTS_OUT
from cobranza.flows.reports.receipts import RECEIPTS
from cobranza.flows.reports.report import Day, Report, Sources
from cobranza.flows.reports.unmatched import UNMATCHED
from cobranza.policy.closed_day import NOT_LOOKED_AT
from cobranza.policy.closing import day_to_close, home_zone
from cobranza.policy.portfolio import Portfolio
from cobranza.store.ledger import Listed
from cobranza.store.objects import Bucket

# Every report there is.
REPORTS = (PAYMENTS_OUT, INTERACTIONS, AGEING, OUTCOMES, BOOK, CONTACTS_TO_FIX, RECEIPTS, CASES, UNMATCHED)
CSV = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Closed:
    """A day that was closed, how many rows each of its files has, and how many due debts nobody looked at."""

    day: Day
    rows: Mapping[str, int]
    missing: int = 0


@dataclass(frozen=True, slots=True)
class ReportDesk:
    sources: Sources
    results: Bucket
    watch: ReceiptWatch

    def close_days(self, now: datetime) -> Iterator[Closed]:
        """Closes at most one day of each portfolio: who missed several is caught up by the next runs. One that
        fails keeps no other from closing; the first failure is raised at the end."""
        known = {each: portfolio for each in self._listed() if (portfolio := self._portfolio(each))}
        numbers: dict[str, str] = {}
        for each, portfolio in known.items():
            numbers.setdefault(portfolio.phone_number_id, each.id)
        failure: Exception | None = None
        for each, portfolio in known.items():
            zone = home_zone(portfolio)
            date = day_to_close(zone, each.since, each.closed, now)
            if date is None:
                continue
            try:
                day = Day(each.id, date, zone, numbers, others=next(iter(known)).id)
                self.watch.watch(day, portfolio, f"results/{each.id}/{RECEIPTS.name}/", now)
                yield self._close(day)
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure

    def _close(self, day: Day) -> Closed:
        self._revise(replace(day, date=day.date - timedelta(days=1)))
        rows: dict[str, int] = {}
        missing = 0
        for report in REPORTS:
            rows[report.name], counts = self._write(report, day, report.rows(self.sources, day))
            missing += counts[NOT_LOOKED_AT]
        self.sources.ledger.close_day(day.portfolio, day.date)
        return Closed(day, rows, missing)

    def _revise(self, day: Day) -> None:
        """Nothing where the day has no file, as before the first one."""
        try:
            lines = self.results.lines(OUTCOMES.key(day))
        except NotFound:
            return
        rows = csv.reader(line.decode("utf-8-sig") for line in lines)
        next(rows)  # the header
        self._write(OUTCOMES, day, revised(rows, late_news(self.sources, day)), is_revised=True)

    def _write(
        self, report: Report, day: Day, rows: Iterator[Row], *, is_revised: bool = False
    ) -> tuple[int, Counter[str]]:
        """How many rows the file has, and how often its counted column, if any, has each value."""
        counts: Counter[str] = Counter()
        if report.counted:
            rows = _counted(rows, report.columns.index(report.counted), counts)
        with tempfile.TemporaryFile() as file:
            written = write_listing(file, report.columns, rows)
            self.results.put_file(report.key(day), file, CSV)
        if report.summary:
            told = json.dumps(report.summary(day, counts, is_revised), indent=2)
            self.results.put(report.summary_key(day), told.encode(), "application/json")
        return written, counts

    def _listed(self) -> list[Listed]:
        return list(self.sources.ledger.portfolios())

    def _portfolio(self, listed: Listed) -> Portfolio | None:
        return self.sources.ledger.portfolio(listed.id)


def _counted(rows: Iterable[Row], column: int, counts: Counter[str]) -> Iterator[Row]:
    for row in rows:
        counts[row[column]] += 1
        yield row
