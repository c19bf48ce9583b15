"""How often customers are written to, and about what: ours, and the plain cadence that everybody builds first."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple

from local.replay.book import Invoice
from local.replay.facts import LAWS, STEPS, age_of_data, is_known_paid, is_paid, local, newest
from local.replay.walk import FileTaken, Record

# Above so many contacts in a calendar week a customer feels chased.
MANY = 2
_HOUR = time(10)


class Told(NamedTuple):
    """One invoice in a message."""

    invoice: Invoice
    at: datetime

    @property
    def day(self) -> date:
        return local(self.invoice.country, self.at).date()


@dataclass(frozen=True)
class Cadence:
    """`contacts` are messages, each with its customer and their local date."""

    contacts: Sequence[tuple[str, date]]
    told: Sequence[Told]

    @cached_property
    def weeks(self) -> Counter[tuple[str, int, int]]:
        """Contacts by customer, ISO year and week, where there were any."""
        return Counter((customer, *day.isocalendar()[:2]) for customer, day in self.contacts)

    @property
    def crowded(self) -> list[tuple[str, int, int]]:
        return [week for week, number in self.weeks.items() if number > MANY]

    def paid_unknown(self, files: Sequence[FileTaken]) -> Counter[int]:
        """Times that an invoice was asked for which was paid already, as no file had told yet, by the age of the
        newest file in whole days."""
        return Counter(
            age_of_data(files, each.at)
            for each in self.told
            if is_paid(each.invoice, each.at) and not is_known_paid(each.invoice, files, each.at)
        )


def plain(record: Record) -> Cadence:
    """A message for each invoice at each of the same steps, if the newest file lists it: nothing else is asked."""
    told = [told for invoice in record.book for told in _at_each_step(invoice, record)]
    return Cadence([(each.invoice.customer, each.day) for each in told], told)


def _at_each_step(invoice: Invoice, record: Record) -> Iterator[Told]:
    for step in STEPS:
        day = invoice.due + timedelta(days=step)
        moment = datetime.combine(day, _HOUR, LAWS[invoice.country].zone)
        file = newest(record.files, moment)
        if day <= record.days[-1] and file and invoice.number in file.is_open:
            yield Told(invoice, moment)
