"""What must be zero, counted from outside: from what was sent, what files had told and what the journal says.

Nothing here knows the decision or its rules.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise

from local.replay.book import Invoice
from local.replay.cadence import MANY, Cadence, Told
from local.replay.facts import LAWS, STEPS, hours_of, is_known_paid, local, may_be_closed, newest, reached
from local.replay.walk import Record

MAX_DAYS_LATE = 7
WEEK = timedelta(days=7)
GRACE = timedelta(days=2)
_MESSAGE_LEFT = ("SENT", "UNKNOWN", "FAILED")


@dataclass(frozen=True)
class Findings:
    """What was found of a record, each as lines for people; empty is as it should be."""

    record: Record

    @cached_property
    def zeros(self) -> dict[str, list[str]]:
        return {
            "messages to invoices known to be paid": list(self._known_paid()),
            "messages to invoices known to be disputed": list(self._known_disputed()),
            "messages to invoices with an open promise": list(self._promised()),
            "messages to borrowers who had said BAJA": list(self._after_a_stop()),
            "messages outside the law's hours": list(self._outside_hours()),
            "messages above the law's caps": list(self._above_caps()),
            "borrowers with two messages in a day": list(self._doubled_days()),
            "invoices told twice of the same step": list(self._doubled_steps()),
            "messages that the journal does not know": list(self._not_in_the_journal()),
            "due invoices without an outcome that day": list(self._without_outcome()),
            f"customer-weeks over {MANY} contacts": [
                f"{customer} in {year}-W{week:02}" for customer, year, week in self.ours.crowded
            ],
        }

    @cached_property
    def ours(self) -> Cadence:
        """When customers were written to, and what the messages spoke of, by the journal."""
        invoices = {invoice.number: invoice for invoice in self.record.book}
        told = [
            Told(invoices[number], line.at)
            for line in self.record.outcomes
            for number, code in line.debts.items()
            if code.startswith(_MESSAGE_LEFT)
        ]
        contacts = [(customer, self._day(customer, sent.at)) for customer, sent in self.record.sent]
        return Cadence(contacts, told)

    def _known_paid(self) -> Iterator[str]:
        for told in self.ours.told:
            if is_known_paid(told.invoice, self.record.files, told.at):
                yield f"{told.invoice.number} on {told.day}"

    def _known_disputed(self) -> Iterator[str]:
        """Disputes are taken in on their own evening, and so is their end."""
        for told in self.ours.told:
            dispute = self.record.disputes.get(told.invoice.number)
            utc_day = told.at.date()
            if dispute and dispute.since < utc_day and (dispute.resolved is None or utc_day < dispute.resolved):
                yield f"{told.invoice.number} on {told.day}"

    def _promised(self) -> Iterator[str]:
        """A promise is taken in on its own evening, and open until a file tells of what came after its grace."""
        for told in self.ours.told:
            promise = self.record.promises.get(told.invoice.number)
            if promise and promise.made < told.at.date():
                file = newest(self.record.files, told.at)
                if file is None or file.as_of.date() <= promise.until + GRACE:
                    yield f"{told.invoice.number} on {told.day}"

    def _after_a_stop(self) -> Iterator[str]:
        for customer, sent in self.record.sent:
            if (stop := self.record.stops.get(customer)) and sent.at > stop:
                yield f"{customer} at {sent.at}"

    def _outside_hours(self) -> Iterator[str]:
        for customer, sent in self.record.sent:
            moment = local(self._country(customer), sent.at)
            hours = hours_of(self._country(customer), moment.date())
            if hours is None or not hours[0] <= moment.time() < hours[1]:
                yield f"{customer} at {moment}"

    def _above_caps(self) -> Iterator[str]:
        for customer, days in self._days_by_customer().items():
            law = LAWS[self._country(customer)]
            weeks = Counter(day.isocalendar()[:2] for day in days)
            rolling = max(sum(day - WEEK < other <= day for other in days) for day in days)
            if max(*weeks.values(), rolling) > law.a_week:
                yield f"{customer}: more than {law.a_week} in a week"
            if any((after - before).days < law.days_between for before, after in pairwise(days)):
                yield f"{customer}: two within {law.days_between} days"

    def _doubled_days(self) -> Iterator[str]:
        for (customer, day), number in Counter(self.ours.contacts).items():
            if number > 1:
                yield f"{customer} on {day}"

    def _doubled_steps(self) -> Iterator[str]:
        steps = Counter((told.invoice.number, reached(told.invoice, told.day)) for told in self.ours.told)
        return (f"{number} step {step}" for (number, step), times in steps.items() if times > 1)

    def _not_in_the_journal(self) -> Iterator[str]:
        noted = {(told.invoice.customer, told.day) for told in self.ours.told}
        return (f"{customer} on {day}" for customer, day in self.ours.contacts if (customer, day) not in noted)

    def _without_outcome(self) -> Iterator[str]:
        """An invoice is due on a day on which its country is open, when the newest file at the opening lists it,
        and no message has told its latest step. A step that is a week old says nothing useful any more."""
        told = defaultdict[str, list[date]](list)
        for each in self.ours.told:
            told[each.invoice.number].append(each.day)
        noted = {
            (number, self._day(line.customer, line.at)) for line in self.record.outcomes for number in line.debts
        }
        for invoice in self.record.book:
            days = (invoice.due + timedelta(days=past) for past in range(STEPS[0], STEPS[-1] + MAX_DAYS_LATE + 1))
            for day in days:
                if self._is_due(invoice, day, told[invoice.number]) and (invoice.number, day) not in noted:
                    yield f"{invoice.number} on {day}"

    def _is_due(self, invoice: Invoice, day: date, told_on: Sequence[date]) -> bool:
        step = reached(invoice, day)
        if step is None or day > self.record.days[-1] or may_be_closed(invoice.country, day):
            return False
        if (day - invoice.due).days - step > MAX_DAYS_LATE:
            return False
        later_steps = STEPS[STEPS.index(step) :]
        if any(reached(invoice, other) in later_steps for other in told_on if other < day):
            return False
        opening = datetime.combine(day, LAWS[invoice.country].weekday[0], LAWS[invoice.country].zone)
        file = newest(self.record.files, opening)
        return file is not None and invoice.number in file.is_open

    def _days_by_customer(self) -> Mapping[str, list[date]]:
        days = defaultdict[str, list[date]](list)
        for customer, day in sorted(self.ours.contacts):
            days[customer].append(day)
        return days

    def _country(self, customer: str) -> str:
        return self.record.people[customer].country

    def _day(self, customer: str, moment: datetime) -> date:
        return local(self._country(customer), moment).date()
