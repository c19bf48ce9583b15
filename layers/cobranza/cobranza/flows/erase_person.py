"""A borrower is erased: what is personal goes, wherever it lies; what happened stays in the journal, without them.

First it is written down who goes: so files bring nobody back, and who dies on the way is followed by a next try
that finds the rest. Their phones stay silent, also for who comes with one tomorrow.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from cobranza.flows.leave_in_peace import stop_own
from cobranza.store import personal_keys
from cobranza.store.erasures import Erasure, Erasures
from cobranza.store.journal import ERASED, Journal
from cobranza.store.ledger import Ledger
from cobranza.store.objects import Bucket
from cobranza.store.personal_keys import Somebody
from cobranza.store.statuses import noted_in
from cobranza.store.table import ConditionFailed, utc
from cobranza.store.traces import People, Traces


@dataclass(frozen=True, slots=True)
class Erased:
    """How many items of the ledger, and versions of files, are gone. `is_whole`: nothing came back meanwhile;
    `others` have a phone of theirs too, and are written to there."""

    borrower: str
    items: int
    files: int
    is_whole: bool
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EraseDesk:
    """`receipts` is what borrowers sent."""

    ledger: Ledger
    people: People
    erasures: Erasures
    journal: Journal
    receipts: Bucket

    def knows(self, who: Somebody) -> bool:
        """Whether anything leads to them; the whole ledger is read where no erasure, profile or line does."""
        if self.erasures.find(who.ref) or self.ledger.load(who.ref):
            return True
        if any(chain.from_iterable(map(self.journal.of, who.subjects))):
            return True
        (traces,) = self.people.traces([who])
        return bool(traces.items or traces.shared)

    def erase(self, asked: Iterable[Erasure], now: datetime) -> Iterator[Erased]:
        """Each of them, in one pass over the ledger, whether we know them or not; once more changes nothing."""
        first = {kept.who: kept for kept in map(self.erasures.remember, asked)}
        for who in first:
            with suppress(ConditionFailed):  # whom we do not know nobody writes to
                self.ledger.opt_out(who.ref, now)
        for traces in self.people.traces(first):
            yield self._erase(traces, first[traces.who], now)

    def again(self, now: datetime) -> Iterator[Erased]:
        """All who were ever erased, of tables that were restored to a moment before."""
        return self.erase(self.erasures.all(), now)

    def _erase(self, traces: Traces, erasure: Erasure, now: datetime) -> Erased:
        others = stop_own(self.ledger, traces.borrower, traces.numbers, erasure.at)
        files = sum(map(self.receipts.erase, _places(traces)))
        subject, *_ = traces.who.subjects
        self._note_told(subject, traces, now)
        is_whole = self.people.forget(traces)
        self.journal.append(subject, now, ERASED, utc(erasure.at), {"portfolio": erasure.portfolio})
        return Erased(traces.borrower, len(traces.items), files, is_whole, tuple(sorted(others)))

    def _note_told(self, subject: str, traces: Traces, now: datetime) -> None:
        """What WhatsApp told of their messages, which no day's close will find any more."""
        told = {(line.event, line.identity) for line in self.journal.of(subject)}
        for line, _ in noted_in(traces.items):
            if (line.event, line.identity) not in told:
                self.journal.append(subject, now, line.event, line.identity, line.facts, at=line.at)


def _places(traces: Traces) -> list[str]:
    """Where the files lie that came in with their conversations, or with single words in another's."""
    single = (item["object"] for item in traces.items if "object" in item and not traces.is_theirs(item))
    return [*map(personal_keys.receipts_place, traces.chats), *single]
