"""How fast reminders leave, and how many people may be written to on a number's first days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

# SQS hides a message no longer.
LONGEST_DELAY = timedelta(minutes=15)
# WhatsApp takes one message to the same person in six seconds (Meta, "About the platform", pair rate).
PAIR_PAUSE = timedelta(seconds=6)
# Longer than a reminder can wait on the queue and be tried again; then the borrower comes back by themselves.
LEASE = timedelta(minutes=90)


@dataclass(frozen=True, slots=True)
class Pace:
    """`per_second` reminders are looked at by all senders together; the next tick comes after `tick`."""

    per_second: int
    tick: timedelta

    @property
    def capacity(self) -> int:
        """What the senders can do until the next tick, or until the last moment for which SQS can hide it."""
        return self.per_second * int(min(self.tick, LONGEST_DELAY).total_seconds())

    @property
    def lease(self) -> timedelta:
        return max(LEASE, 3 * self.tick)

    def delay(self, place: int) -> int:
        """Seconds until the turn of whoever stands at this place of the line, from 0."""
        return place // self.per_second


def ramp_left(ramp: Sequence[int], people: Mapping[date, int], today: date) -> int | None:
    """How many more people a number may write to today; None when the ramp is over. `people` are those of each of
    its days of sending so far: the first of them has the ramp's first figure."""
    before = sum(day < today for day in people)
    return max(ramp[before] - people.get(today, 0), 0) if before < len(ramp) else None
