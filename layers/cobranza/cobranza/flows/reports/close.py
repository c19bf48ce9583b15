"""Closing days: what happened on a portfolio's local day goes out as files, then the day is closed. With it the
outcomes of the day before are revised, once: late statuses have had 24 hours.

A worker that dies before that leaves a day that is made whole again; what the journal tells has the same bytes.
"""

import csv
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched

from cobranza.errors import NotFound
from cobranza.files.exports import Row
from cobranza.flows.reports.activity import ACTIVITY
from cobranza.flows.reports.ageing import AGEING
from cobranza.flows.reports.book import BOOK
from cobranza.flows.reports.borrowers import borrower_days, walked
from cobranza.flows.reports.cases import CASES
from cobranza.flows.reports.contacts_to_fix import CONTACTS_TO_FIX
from cobranza.flows.reports.draft import Draft, draft_of
from cobranza.flows.reports.interactions import INTERACTIONS
from cobranza.flows.reports.late_receipts import ReceiptWatch
from cobranza.flows.reports.outcomes import OUTCOMES, late_news, revised
from cobranza.flows.reports.payments_out import PAYMENTS_OUT
from cobranza.flows.reports.receipts import RECEIPTS
from cobranza.flows.reports.report import CHUNK, Day, Report, Rows, Sources, Walk
from cobranza.flows.reports.unmatched import UNMATCHED
from cobranza.policy.closed_day import NOT_LOOKED_AT
from cobranza.policy.closing import bounds, day_to_close, home_zone
from cobranza.policy.portfolio import Portfolio
from cobranza.store.kept_days import kept_days
from cobranza.store.ledger import Listed
from cobranza.store.objects import Bucket

# Every report there is: those of one walk through the day's borrowers, those of what was noted or waits, and what
# they add up to.
OF_BORROWERS: tuple[Report[Walk], ...] = (AGEING, OUTCOMES, BOOK, CONTACTS_TO_FIX)
OF_THE_DAY: tuple[Report[Rows], ...] = (PAYMENTS_OUT, INTERACTIONS, RECEIPTS, CASES, UNMATCHED)
REPORTS = (*OF_BORROWERS, *OF_THE_DAY, ACTIVITY)


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
        with kept_days(self.sources.journal) as journal:
            yield from replace(self, sources=replace(self.sources, journal=journal))._close_days(now)

    def _close_days(self, now: datetime) -> Iterator[Closed]:
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
                first = min(each.since, bounds(zone, date)[0])
                since = each.until or (None if each.closed else first)
                day = Day(each.id, date, zone, numbers, others=next(iter(known)).id, since=since)
                self.watch.watch(day, portfolio, f"results/{each.id}/{RECEIPTS.name}/", now)
                yield self._close(day)
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure

    def _close(self, day: Day) -> Closed:
        self._revise(replace(day, date=day.date - timedelta(days=1)))
        drafts = [*self._write_of_borrowers(day), *self._write_of_the_day(day)]
        counts = {draft.report.name: draft.counts for draft in drafts}
        drafts.append(self._write(draft_of(ACTIVITY), day, ACTIVITY.rows(day, counts)))
        self.sources.ledger.close_day(day.portfolio, day.date, bounds(day.zone, day.date)[1])
        rows = {draft.report.name: draft.rows for draft in drafts}
        return Closed(day, rows, sum(draft.counts[NOT_LOOKED_AT] for draft in drafts))

    def _write_of_borrowers(self, day: Day) -> list[Draft]:
        """Side by side, row by row: nothing of the walk stays in memory."""
        with ExitStack() as files:
            drafts = [files.enter_context(draft_of(report)) for report in OF_BORROWERS]
            borrowers = borrower_days(self.sources, day)
            for each in walked(OF_BORROWERS, self.sources, day, borrowers):
                for draft, rows in zip(drafts, each, strict=True):
                    draft.add(rows)
            for draft in drafts:
                draft.put(self.results, day)
        return drafts

    def _write_of_the_day(self, day: Day) -> Iterator[Draft]:
        for report in OF_THE_DAY:
            yield self._write(draft_of(report), day, report.rows(self.sources, day))

    def _revise(self, day: Day) -> None:
        """Nothing where the day has no file, as before the first one."""
        try:
            lines = self.results.lines(OUTCOMES.key(day))
        except NotFound:
            return
        rows = csv.reader(line.decode("utf-8-sig") for line in lines)
        next(rows)  # the header
        news = late_news(self.sources, day)
        self._write(draft_of(OUTCOMES, is_revised=True), day, revised(rows, news))

    def _write(self, begun: AbstractContextManager[Draft], day: Day, rows: Iterator[Row]) -> Draft:
        with begun as draft:
            for some in batched(rows, CHUNK, strict=False):
                draft.add(some)
            draft.put(self.results, day)
        return draft

    def _listed(self) -> list[Listed]:
        return list(self.sources.ledger.portfolios())

    def _portfolio(self, listed: Listed) -> Portfolio | None:
        return self.sources.ledger.portfolio(listed.id)
