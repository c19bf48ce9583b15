"""When each message of a number may leave: the places of one line, in which all senders stand.

Meta counts a number's messages, out and in, against what it takes in one second (Meta, "Throughput"): we keep to
a share of that, evenly, and what borrowers write and clocks that differ have the rest. Moments and intervals are
whole microseconds, moments since 1970.
"""

from collections.abc import Iterator
from dataclasses import dataclass

SECOND = 1_000_000
# Messages a second that Meta takes from a number, where nothing says otherwise.
ALLOWED = 80
# Of those, what we use.
SHARE_PERCENT = 90
# Who would have to wait longer takes no slot: the reminder goes back to the queue, and the worker to another.
HORIZON = 2 * SECOND
# A slot that is so long gone is lost: to use it would put two messages where one was meant to be.
STALE = SECOND // 2


@dataclass(frozen=True, slots=True)
class Block:
    """`count` slots of a number's line, one after each `interval`; `end` is the moment after the last."""

    end: int
    count: int
    interval: int

    def __iter__(self) -> Iterator[int]:
        """The moment of each, soonest first."""
        return iter(range(self.end - self.count * self.interval, self.end, self.interval))


def interval(allowed: int) -> int:
    """From one message of a number to its next, where Meta takes so many a second."""
    return -(-SECOND * 100 // (allowed * SHARE_PERCENT))


def block_of(wanted: int, every: int) -> int:
    """How many slots are taken at once for so many who want one: not more than are waited for."""
    return max(1, min(wanted, HORIZON // every))
