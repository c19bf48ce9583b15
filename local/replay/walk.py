"""The walk: days go by; files come, borrowers are due, reminders are decided and sent, people answer and pay."""

import csv
import heapq
import io
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

from cobranza.policy.strategy import Strategy
from cobranza.queues import Reminder
from cobranza.whatsapp.events import InboundMessage, StatusEvent
from local.replay.book import Invoice, days_of
from local.replay.people import Dispute, Person, Promise, disputes_of, people_of, promises_of
from local.replay.world import NUMBER, PORTFOLIO, STRATEGY, Sent, World

TICK = timedelta(minutes=30)
EVENING = time(23, 30, tzinfo=UTC)
# A file tells the book as it was so long before it comes.
AGE = timedelta(days=1)
# How long a reminder may lie on the queue before a sender takes it, and how many come twice.
_SLOWEST = timedelta(minutes=20)
_DOUBLED = 0.05
_EVENINGS_MISSED = 0.03
_CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class FileTaken:
    """A file that was imported `at` a moment: the invoices that were open at `as_of`, by number."""

    at: datetime
    as_of: datetime
    is_open: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A line of the journal: the outcome of each due debt, by the invoice's number."""

    at: datetime
    customer: str
    code: str
    debts: Mapping[str, str]


@dataclass
class Record:
    """What could be seen from outside. `sent` beside the customer; `stops` is when somebody's BAJA was taken in;
    `disputes` and `promises` are
    by invoice."""

    book: Sequence[Invoice]
    people: Mapping[str, Person]
    disputes: Mapping[str, Dispute]
    promises: Mapping[str, Promise]
    days: Sequence[date] = ()
    files: list[FileTaken] = field(default_factory=list[FileTaken])
    sent: list[tuple[str, Sent]] = field(default_factory=list[tuple[str, Sent]])
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    stops: dict[str, datetime] = field(default_factory=dict[str, datetime])


class Walk:
    """`days` walks only the first so many."""

    def __init__(
        self, book: Sequence[Invoice], seed: int, *, strategy: Strategy = STRATEGY, days: int | None = None
    ) -> None:
        people = people_of(book, seed)
        self.record = Record(
            book, people, disputes_of(book, seed), promises_of(book, seed), days=tuple(days_of(book))[:days]
        )
        self._world = World(seed, strategy)
        self._customers = {self._world.references.ref("borrower", customer): customer for customer in people}
        self._had: Counter[str] = Counter()
        self._chance = random.Random(f"{seed} walk")
        self._to_come: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._turn = count()
        self._listed: set[str] = set()  # open invoices that files have told

    def run(self, each_day: Callable[[date], None] = lambda _: None) -> Record:
        first = datetime.combine(self.record.days[0], time(), UTC)
        self._world.begin(first)
        for day in self.record.days:
            self._live(datetime.combine(day, time(), UTC))
            each_day(day)
        self._read_journal()
        return self.record

    def _at(self, moment: datetime, happens: Callable[[datetime], None]) -> None:
        heapq.heappush(self._to_come, (moment, next(self._turn), happens))

    def _live(self, midnight: datetime) -> None:
        tomorrow = midnight + timedelta(days=1)
        self._world.expire(midnight)
        self._at(datetime.combine(midnight, EVENING), self._evening)
        for number in range(timedelta(days=1) // TICK):
            self._at(midnight + number * TICK, self._tick)
        while self._to_come and self._to_come[0][0] < tomorrow:
            moment, _, happens = heapq.heappop(self._to_come)
            happens(moment)

    # The creditor.

    def _evening(self, now: datetime) -> None:
        self._drop_contacts(now)
        if self._chance.random() < _EVENINGS_MISSED:
            return
        as_of = now - AGE
        day = as_of.date()
        self._drop_payments(day, now, as_of)
        listed = [invoice for invoice in self.record.book if invoice.is_owed_on(day)]
        if listed:
            rows = [self._debt_row(invoice) for invoice in listed]
            self._world.drop(f"snapshots/{PORTFOLIO}/cartera {day}.csv", _table(rows), now, as_of)
        is_open = frozenset(invoice.number for invoice in listed)
        self._listed |= is_open
        self.record.files.append(FileTaken(now, as_of, is_open))

    def _drop_payments(self, day: date, now: datetime, as_of: datetime) -> None:
        paid = [
            invoice
            for invoice in self.record.book
            if invoice.number in self._listed and invoice.settled and invoice.settled <= day
        ]
        rows = [
            {
                "payment_id": f"P-{invoice.number}",
                "borrower_id": invoice.customer,
                "debt_id": invoice.number,
                "amount": f"{invoice.amount:.2f}",
                "currency": _CURRENCY,
                "paid_at": f"{invoice.settled}",
            }
            for invoice in paid
        ]
        if rows:
            self._world.drop(f"payments/{PORTFOLIO}/pagos {day}.csv", _table(rows), now, as_of)
        self._listed -= {invoice.number for invoice in paid}

    def _drop_contacts(self, now: datetime) -> None:
        """Disputes and promises are told on the day."""
        said = [
            (number, action, day, "")
            for number, dispute in self.record.disputes.items()
            for action, day in (("dispute", dispute.since), ("resolved", dispute.resolved))
        ]
        said += [(n, "promise", promise.made, f"{promise.until}") for n, promise in self.record.promises.items()]
        customers = {invoice.number: invoice.customer for invoice in self.record.book}
        rows = [
            {
                "borrower_id": customers[number],
                "debt_id": number,
                "action": action,
                "at": now.isoformat(),
                "until": until,
                "source": "mesa de ayuda",
            }
            for number, action, day, until in said
            if day == now.date()
        ]
        if rows:
            self._world.drop(f"contacts/{PORTFOLIO}/gestiones {now.date()}.csv", _table(rows), now)

    def _debt_row(self, invoice: Invoice) -> dict[str, str]:
        person = self.record.people[invoice.customer]
        return {
            "borrower_id": person.customer,
            "name": person.name,
            "phone": person.phone,
            "country": person.country,
            "region": person.region,
            "language": person.language,
            "debt_id": invoice.number,
            "amount": f"{invoice.amount:.2f}",
            "currency": _CURRENCY,
            "due_date": f"{invoice.due}",
            "consent": "sí",
        }

    # Scheduler and sender.

    def _tick(self, now: datetime) -> None:
        for reminder in self._world.tick(now):
            taken = now + self._chance.random() * _SLOWEST
            self._at(taken, self._reminding(reminder))
            if self._chance.random() < _DOUBLED:
                self._at(taken + timedelta(seconds=1), self._reminding(reminder))

    def _reminding(self, reminder: Reminder) -> Callable[[datetime], None]:
        def remind(now: datetime) -> None:
            whatsapp = self._world.whatsapp
            whatsapp.now, before = now, len(whatsapp.sent)
            outcome = self._world.sender.remind(reminder, now)
            if outcome.retry_after is not None:
                self._at(now + timedelta(seconds=max(outcome.retry_after, 1)), remind)
            for sent in whatsapp.sent[before:]:
                self._arrives(sent)

        return remind

    # The borrower.

    def _arrives(self, sent: Sent) -> None:
        customer = self._customers[sent.borrower]
        person = self.record.people[customer]
        self.record.sent.append((customer, sent))
        self._had[customer] += 1
        self._at(sent.at + timedelta(seconds=8), self._status(sent, "delivered"))
        if person.reads:
            self._at(sent.at + timedelta(hours=2), self._status(sent, "read"))
        if self._had[customer] == person.stops_after:
            self._at(sent.at + timedelta(hours=1), self._stop(person))

    def _status(self, sent: Sent, status: str) -> Callable[[datetime], None]:
        def told(now: datetime) -> None:
            event = StatusEvent(sent.wamid, status, now, "", sent.opaque, (), NUMBER)
            self._world.recorder.record([event], now, "replay")

        return told

    def _stop(self, person: Person) -> Callable[[datetime], None]:
        def says_stop(now: datetime) -> None:
            event = InboundMessage(
                wamid=f"wamid.stop.{person.customer}",
                sender=person.phone.removeprefix("+"),
                sender_bsuid=None,
                at=now,
                type="text",
                text="BAJA",
                payload="",
                media=None,
                context_wamid=None,
                phone_number_id=NUMBER,
                raw={},
            )
            self._world.recorder.record([event], now, "replay")
            self.record.stops[person.customer] = now

        return says_stop

    def _read_journal(self) -> None:
        lines = (item for item in self._world.lines.items() if item["event"] == "outcome")
        for line in sorted(lines, key=lambda item: item["at"]):
            customer = self._customers[line["pk"].removeprefix("B#")]
            debts = {key.split("#")[1]: code for key, code in line.get("debts", {}).items()}
            self.record.outcomes.append(Outcome(datetime.fromisoformat(line["at"]), customer, line["code"], debts))


def _table(rows: Iterable[Mapping[str, str]]) -> str:
    told = list(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(told[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(told)
    return out.getvalue()
