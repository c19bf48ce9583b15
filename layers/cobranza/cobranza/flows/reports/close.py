"""Closing days: what happened on a portfolio's local day goes out as files, then the day is closed.

A worker that dies before that leaves a day that is made whole again; what the journal tells has the same bytes.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cobranza.files.listings import write_listing
from cobranza.flows.reports.ageing import AGEING
from cobranza.flows.reports.interactions import INTERACTIONS
from cobranza.flows.reports.payments_out import PAYMENTS_OUT
from cobranza.flows.reports.report import Day, Sources
from cobranza.policy.closing import day_to_close, home_zone
from cobranza.policy.portfolio import Portfolio
from cobranza.store.ledger import Listed
from cobranza.store.objects import Bucket

# Every report there is.
REPORTS = (PAYMENTS_OUT, INTERACTIONS, AGEING)
CSV = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Closed:
    """A day that was closed, and how many rows each of its files has."""

    day: Day
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ReportDesk:
    sources: Sources
    results: Bucket

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
                yield self._close(Day(each.id, date, zone, numbers, others=next(iter(known)).id))
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure

    def _close(self, day: Day) -> Closed:
        rows: dict[str, int] = {}
        for report in REPORTS:
            with tempfile.TemporaryFile() as file:
                rows[report.name] = write_listing(file, report.columns, report.rows(self.sources, day))
                self.results.put_file(report.key(day), file, CSV)
        self.sources.ledger.close_day(day.portfolio, day.date)
        return Closed(day, rows)

    def _listed(self) -> list[Listed]:
        return list(self.sources.ledger.portfolios())

    def _portfolio(self, listed: Listed) -> Portfolio | None:
        return self.sources.ledger.portfolio(listed.id)
