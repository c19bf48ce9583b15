"""Receipts that nobody decides about: people are told on the last day of a pause, and asked when it is over."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cobranza.flows.reports.receipts import is_last_day
from cobranza.flows.reports.report import Day
from cobranza.ledger.receipt import Receipt
from cobranza.store.conversations import Conversations
from cobranza.store.ledger import Ledger
from cobranza.store.notices import Notices
from cobranza.store.receipts import Receipts


@dataclass(frozen=True, slots=True)
class ReceiptWatch:
    ledger: Ledger
    conversations: Conversations
    receipts: Receipts
    notices: Notices

    def watch(self, day: Day, case_days: int, results: str, now: datetime) -> None:
        """At the end of a day: where the time was up on it there is a case, and reminders wait `case_days` more,
        once. Whoever dies does it again."""
        waiting = [*self.receipts.waiting(day.portfolio)]
        over = [each for each in waiting if each.until and each.until <= day.date and not each.has_case]
        last_day = sum(is_last_day(each, day) for each in waiting)
        if last_day or over:
            self.notices.receipts_wait(day.portfolio, day.date, last_day, len(over), results)
        until = day.date + timedelta(days=case_days)
        asked = [replace(each, until=until) for each in over if self.receipts.prolong(each, until)]
        for each in (*asked, *(each for each in waiting if each.has_case)):
            self._keep_back(each, day, now)

    def _keep_back(self, receipt: Receipt, day: Day, now: datetime) -> None:
        self.conversations.open_case(receipt.borrower, receipt.event, "RECEIPT_UNVERIFIED", now)
        if receipt.until and receipt.until > day.date:
            self.ledger.pause_for_receipt(receipt.borrower, receipt.until)
