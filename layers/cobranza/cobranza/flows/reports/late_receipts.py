"""Receipts that nobody decides about: people are told on the last day of a pause, and asked when it is over."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cobranza.flows.open_case import Matter, case_of, open_case
from cobranza.flows.reports.receipts import is_last_day
from cobranza.flows.reports.report import Day
from cobranza.ledger.receipt import Receipt
from cobranza.policy.portfolio import Portfolio
from cobranza.store.cases import Cases
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.notices import Notices
from cobranza.store.receipts import Receipts


@dataclass(frozen=True, slots=True)
class ReceiptWatch:
    ledger: Ledger
    cases: Cases
    receipts: Receipts
    journal: Journal
    notices: Notices

    def watch(self, day: Day, portfolio: Portfolio, results: str, now: datetime) -> None:
        """At the end of a day: where the time was up on it there is a case, and reminders wait so many days more
        as the portfolio says, once. Whoever dies does it again."""
        waiting = [*self.receipts.waiting(day.portfolio)]
        over = [each for each in waiting if each.until and each.until <= day.date and not each.has_case]
        last_day = sum(is_last_day(each, day) for each in waiting)
        if last_day or over:
            self.notices.receipts_wait(day.portfolio, day.date, last_day, len(over), results)
        until = day.date + timedelta(days=portfolio.receipt_case_days)
        asked = [replace(each, until=until) for each in over if self.receipts.prolong(each, until)]
        for each in (*asked, *(each for each in waiting if each.has_case)):
            self._keep_back(each, day, portfolio, now)

    def _keep_back(self, receipt: Receipt, day: Day, portfolio: Portfolio, now: datetime) -> None:
        loaded = self.ledger.load(receipt.borrower)
        matter = Matter(
            topic="RECEIPT_UNVERIFIED",
            chat=receipt.borrower,
            event=receipt.event,
            portfolio_id=day.portfolio,
            portfolio=portfolio,
        )
        open_case(self.cases, self.journal, case_of(matter, [loaded.book] if loaded else [], now))
        if receipt.until and receipt.until > day.date:
            self.ledger.pause_for_receipt(receipt.borrower, receipt.until)
