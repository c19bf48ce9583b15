"""The scheduler: whoever's moment has come is leased and queued. Nothing is decided here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cobranza.queues import Queue, Reminder
from cobranza.store.keys import ALL, SHARDS
from cobranza.store.ledger import Ledger

# Longer than a reminder can wait on the queue and be tried again; then the borrower comes back by themselves.
LEASE = timedelta(minutes=90)
# What one tick takes of a shard: 4,000 in all, about what five senders can do until the next. The rest has waited
# longest then, and comes first.
MOST_PER_SHARD = 250


@dataclass(frozen=True, slots=True)
class Tick:
    queued: int


def queue_due(ledger: Ledger, queue: Queue[Reminder], now: datetime, trace: str) -> Tick:
    """Queues every due borrower once, and nobody while all is paused: they stay due. A crash in the middle costs a
    lease, never a message."""
    if ledger.pause(ALL):
        return Tick(queued=0)
    return Tick(queued=queue.put(_leased(ledger, now, trace)))


def _leased(ledger: Ledger, now: datetime, trace: str) -> Iterator[Reminder]:
    for shard in range(SHARDS):
        for borrower, due_at in ledger.due(shard, now, MOST_PER_SHARD):
            if leased := ledger.lease(borrower, due_at, now + LEASE):
                yield Reminder(borrower, leased.until, trace)
