"""The scheduler: of those whose moment has come it leases and queues as many as can be served, the most pressing
first. It decides nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, chain, islice

from cobranza.flows.hands import hands
from cobranza.policy.due import TOP
from cobranza.policy.pace import Pace
from cobranza.queues import Queue, Reminder
from cobranza.store import keys
from cobranza.store.ledger import Ledger, Waiting
from cobranza.store.limits import DueLine, Limits
from cobranza.store.table import utc

# Borrowers whom one hand leases and queues at a time: two calls to DynamoDB, five to SQS.
CHUNK = 50
# Where more are due than can be looked at, priorities are asked for in these bands, one after the other.
BANDS = ((TOP, TOP), (75, TOP - 1), (50, 74), (25, 49), (0, 24))
# What is read of each shard at least, in case the most pressing ones are not spread evenly.
LEAST_READ = 100


@dataclass(frozen=True, slots=True)
class Tick:
    queued: int


@dataclass(frozen=True, slots=True)
class Scheduler:
    """`workers` is by how many hands the shards are read, and the chosen leased and queued."""

    ledger: Ledger
    limits: Limits
    line: DueLine
    queue: Queue[Reminder]
    pace: Pace
    workers: int = 16

    def tick(self, now: datetime, trace: str) -> Tick:
        """Queues each borrower once, and nobody while all is paused or no number may send: they stay due. A
        crash in the middle costs leases, never a message."""
        if self.ledger.everybody_waits():
            return Tick(queued=0)
        most = self._most(now)
        until = now + self.pace.lease

        def queue(place: int, chunk: tuple[Waiting, ...]) -> int:
            leased = self.ledger.lease(chunk, until)
            reminders = [Reminder(borrower, utc(until), trace) for borrower in leased]
            return self.queue.put(reminders, delay=self.pace.delay(place))

        with hands(self.workers) as many:
            shards = many.map(lambda shard: _most_pressing(self.ledger, shard, now, most), range(keys.SHARDS))
            waiting = sorted(chain.from_iterable(shards), key=lambda one: (-one.priority, one.due_at))
            if len(waiting) > most:
                self.line.note_full(now)
            chunks = list(batched(waiting[:most], CHUNK, strict=False))
            # Whatever fails ends the tick: chunks that nobody has begun stay due.
            return Tick(sum(many.map(queue, range(0, most, CHUNK), chunks)))

    def _most(self, now: datetime) -> int:
        """What the senders can do until the next tick, and no more than the numbers may write to while they may
        write to anybody. Then whoever is left is queued all the same: the sender tells them the limit, once, and
        they come first tomorrow."""
        left = sum(self.limits.left(number, now) for number in self.ledger.numbers())
        return min(self.pace.capacity, left) if left else self.pace.capacity


def _most_pressing(ledger: Ledger, shard: int, now: datetime, most: int) -> list[Waiting]:
    """Enough of a shard to choose `most` from all of them: the longest waiting of the most pressing bands."""
    enough = min(most, max(2 * most // keys.SHARDS, LEAST_READ))
    found = list(ledger.due(shard, now, enough + 1))
    if len(found) <= enough:
        return found
    return list(islice(_by_bands(ledger, shard, now), enough))


def _by_bands(ledger: Ledger, shard: int, now: datetime) -> Iterator[Waiting]:
    return chain.from_iterable(ledger.due(shard, now, priorities=band) for band in BANDS)
