"""The journal table: what happened, append-only. Roles may insert what is not there, and read; nothing else.

A line has two moments: `at`, when the thing happened, and `noted_at`, when we wrote it down. Days are those of the
second, so that what is told late still comes out with a day that is not closed yet, once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from cobranza.store import keys
from cobranza.store.table import Bundle, Insert, Item, Table, utc

PAYMENT_APPLIED = "payment.applied"
CASE_ANSWERED = "case.answered"
PAYMENT_UNMATCHED = "payment.unmatched"
DEBT_CLOSED = "debt.closed"
PROMISE_KEPT = "promise.kept"
PROMISE_BROKEN = "promise.broken"
ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event of a subject (a borrower's key, a portfolio's); with `identity` it is told once, whoever tells it
    again. No personal data in any of them."""

    subject: str
    event: str
    identity: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    also: Mapping[str, datetime] = field(default_factory=dict[str, datetime])

    @property
    def debts(self) -> list[str]:
        """The keys of those it is about, also of those to which money went. An outcome tells one for each debt
        that was looked at: those of its own are meant."""
        told: Any = self.facts.get("debts", self.facts.get("allocations", {}))
        if self.event == "outcome":
            return sorted(key for key, code in told.items() if code == self.facts["code"])
        return sorted(told)

    @property
    def portfolio(self) -> str:
        """The one that it names, or whose it is, else that of its first debt; empty where nothing tells."""
        of_subject = keys.portfolio_of(self.subject) if keys.is_portfolio(self.subject) else ""
        return self.facts.get("portfolio") or of_subject or min(self.debts, default="").partition("#")[0]


class Noted(NamedTuple):
    """A line, and when it was written down (UTC, as a key)."""

    line: Line
    noted_at: str


class Journal:
    def __init__(self, table: Table) -> None:
        self.table = table

    def append(
        self,
        subject: str,
        now: datetime,
        event: str,
        identity: str,
        facts: Mapping[str, Any] | None = None,
        *,
        at: datetime | None = None,
    ) -> bool:
        """Writes one line, of something that happened now unless `at` is told. False if it was there."""
        line = Line(subject=subject, event=event, identity=identity, at=at or now, facts=facts or {})
        (is_new,) = self.table.write_all([Insert(_item(line, now))])
        return is_new

    def append_all(self, lines: Iterable[Line], now: datetime) -> None:
        """Writes those that are not there, 25 a call."""
        self.table.write_all(self.bundle(lines, now).writes)

    def bundle(self, lines: Iterable[Line], now: datetime) -> Bundle:
        """The same, to be written beside others."""
        return self._inserts(_item(line, now) for line in lines)

    def settle(self, told: Iterable[Sequence[Noted]]) -> None:
        """The same for what a day's close has found elsewhere, all of a message in one line. It is in no index of
        days, and told to nobody, since both were done."""
        items = (_item(_together(each), datetime.fromisoformat(each[-1].noted_at)) for each in told)
        unlisted = ({name: value for name, value in item.items() if name != "noted_on"} for item in items)
        self.table.write_all(self._inserts(unlisted).writes)

    def _inserts(self, items: Iterable[Item]) -> Bundle:
        once = {(item["pk"], item["sk"]): item for item in items}
        return Bundle(self.table, [Insert(item) for item in once.values()])

    def between(self, start: datetime, end: datetime) -> Iterator[Line]:
        """What was noted from `start` on and before `end`, both to the second, in the order of it and one page of
        each shard at a time. Lines of one second are in the order of their keys: always the same."""
        last = end - timedelta(seconds=1)
        day = start.astimezone(UTC).date()
        while day <= last.astimezone(UTC).date():
            noted = merge(*(self._shard(day, n, start, last) for n in range(keys.SHARDS)), key=_NOTED)
            for _, items in groupby(noted, _NOTED):
                for item in sorted(items, key=itemgetter("pk", "sk")):
                    yield from lines_of(item)
            day += timedelta(days=1)

    def of(self, subject: str, event: str = "", since: str = "", *, consistent: bool = True) -> Iterator[Line]:
        """A subject's lines in the order of their keys: all, or those of one event whose identity is not before
        `since`."""
        start, end = (f"{event}#{since}", f"{event}#~") if event else ("!", "~")
        values = {"pk": subject, "start": start, "end": end}
        found = self.table.query("pk = :pk AND sk BETWEEN :start AND :end", values, consistent=consistent)
        return (line for item in found for line in lines_of(item))

    def _shard(self, day: date, shard: int, start: datetime, last: datetime) -> Iterator[Item]:
        return self.table.query(
            "noted_on = :day AND noted_at BETWEEN :start AND :last",
            {"day": keys.journal_day(day, shard), "start": utc(start), "last": utc(last)},
            index="days",
        )


def news_of(item: Item) -> Iterator[Noted]:
    """The lines of a new item; none where a day's close has settled what others had heard before."""
    if "noted_on" in item:
        yield from (Noted(line, item["noted_at"]) for line in lines_of(item))


_NOTED = itemgetter("noted_at")
_OURS: Sequence[str] = ("pk", "sk", "event", "at", "noted_at", "noted_on", "also")


def _item(line: Line, now: datetime) -> Item:
    sk = f"{line.event}#{line.identity}"
    day = keys.journal_day(now.astimezone(UTC).date(), keys.journal_shard(line.subject, sk))
    ours = {
        "pk": line.subject,
        "sk": sk,
        "event": line.event,
        "at": utc(line.at),
        "noted_at": utc(now),
        "noted_on": day,
    }
    also = {"also": {event: utc(at) for event, at in line.also.items()}} if line.also else {}
    return {**line.facts, **ours, **also}


def _together(told: Sequence[Noted]) -> Line:
    """The last line, and the others with it."""
    *before, last = told
    return replace(last.line, also={each.line.event: each.line.at for each in before})


def lines_of(item: Item) -> Iterator[Line]:
    """Earlier events first."""
    last = _line(item)
    for event, at in sorted(item.get("also", {}).items(), key=itemgetter(1)):
        yield replace(last, event=event, at=datetime.fromisoformat(at))
    yield last


def _line(item: Item) -> Line:
    return Line(
        subject=item["pk"],
        event=item["event"],
        identity=item["sk"].removeprefix(f"{item['event']}#"),
        at=datetime.fromisoformat(item["at"]),
        facts={name: value for name, value in item.items() if name not in _OURS},
    )
