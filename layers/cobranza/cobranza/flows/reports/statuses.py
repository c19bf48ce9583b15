"""What WhatsApp told on the day of young messages: their claims know it, and the journal from here on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import batched, chain

from cobranza.flows.hands import hands
from cobranza.flows.reports.report import CHUNK, Day, Sources
from cobranza.policy.closing import bounds
from cobranza.store import keys
from cobranza.store.journal import Line, Noted
from cobranza.store.keys import MessageKey
from cobranza.store.statuses import noted_of
from cobranza.store.table import utc

# A message is young on its date and on the next one, which may be a day behind where the portfolio lives.
_YOUNG = timedelta(days=2)


def statuses(sources: Sources, day: Day) -> Iterator[Line]:
    """What was told since the day before was closed, in the order in which the messages were noted. Each is in the
    journal before it is given."""

    def read(some: Sequence[tuple[MessageKey, str]]) -> list[Noted]:
        told = _told(sources, dict(some), utc(bounds(day.zone, day.date)[1]))
        sources.journal.settle(told)
        return [noted for each in told for noted in each]

    with hands(sources.workers) as many:
        some = batched(_messages(sources, day), CHUNK, strict=False)
        for each in batched(some, sources.workers, strict=False):
            yield from (noted.line for noted in chain.from_iterable(many.map(read, each)))


def _messages(sources: Sources, day: Day) -> Iterator[tuple[MessageKey, str]]:
    """Those whose sending was noted since then, or in the two days before, and from when on what is told of them
    is the day's to tell: a line of the day itself may be that of a worker that died before."""
    start, end = bounds(day.zone, day.date)
    since = day.since or start
    first = since.astimezone(day.zone).date() - timedelta(days=1)
    for line in _lines(sources, day, since - _YOUNG, since):
        if (key := message_of(line)) and key.day >= first:
            yield key, utc(since)
    for line in _lines(sources, day, since, end):
        if key := message_of(line):
            yield key, ""


def _lines(sources: Sources, day: Day, start: datetime, end: datetime) -> Iterator[Line]:
    """Day by day, as others read them too."""
    while start < end:
        midnight = bounds(day.zone, start.astimezone(day.zone).date())[1]
        yield from day.lines_between(sources.journal, start, min(midnight, end))
        start = midnight


def message_of(line: Line) -> MessageKey | None:
    """The message whose sending a line tells; None of any other line."""
    if line.event != "outcome" or "T" in line.identity:
        return None
    return MessageKey(keys.borrower_of(line.subject), date.fromisoformat(line.identity))


def statuses_of(
    sources: Sources, messages: Iterable[MessageKey], since: datetime, until: datetime
) -> Iterator[Line]:
    """What their claims noted of these messages between two moments."""
    for some in batched(messages, CHUNK, strict=False):
        for told in _told(sources, dict.fromkeys(some, utc(since)), utc(until)):
            yield from (noted.line for noted in told)


def _told(sources: Sources, since: Mapping[MessageKey, str], until: str) -> list[list[Noted]]:
    """Of each message what was noted from its moment on and before `until`."""
    claims = sources.messages.claims(since, consistent=False)
    told = ((since[key], noted_of(claims[key])) for key in since if key in claims)
    found = ([noted for noted in each if first <= noted.noted_at < until] for first, each in told)
    return [each for each in found if each]
