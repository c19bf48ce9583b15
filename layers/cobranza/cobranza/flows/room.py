"""How many people a batch of reminders may still write to.

Limits are read once a batch, counted here, and told at its end. Senders that work at the same time do not see each
other's batch: a limit may be passed by at most one batch of each.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock

from cobranza.policy.pace import ramp_left
from cobranza.policy.portfolio import Portfolio
from cobranza.store.limits import Limits, Ramps


@dataclass(slots=True)
class Room:
    """For many threads at once."""

    limits: Limits
    ramps: Ramps
    _numbers: dict[str, int] = field(default_factory=dict[str, int])
    _ramps: dict[str, dict[date, int]] = field(default_factory=dict[str, dict[date, int]])
    _people: Counter[str] = field(default_factory=Counter[str])
    _of_ramps: Counter[tuple[str, date]] = field(default_factory=Counter[tuple[str, date]])
    _lock: Lock = field(default_factory=Lock)

    def left(self, portfolio: Portfolio, ramp: Sequence[int], day: date, now: datetime) -> int:
        """How many more people the portfolio may write to: what its number may, and its ramp from there
        on that local `day`."""
        number = portfolio.phone_number_id
        with self._lock:
            if number not in self._numbers:
                self._numbers[number] = self.limits.left(number, now)
            left = self._numbers[number] - self._people[number]
            of_ramp = self._ramp_left(number, ramp, day)
        return left if of_ramp is None else min(left, of_ramp)

    def take(self, portfolio: Portfolio, ramp: Sequence[int], day: date) -> None:
        """One more has been written to."""
        number = portfolio.phone_number_id
        with self._lock:
            self._people[number] += 1
            if self._ramp_left(number, ramp, day) is not None:
                self._of_ramps[number, day] += 1

    def tell(self, now: datetime) -> None:
        """Adds what this batch has done to the counters, once."""
        for number, count in self._people.items():
            self.limits.add_people(number, now, count)
        for (number, day), count in self._of_ramps.items():
            self.ramps.add(number, day, count)

    def _ramp_left(self, number: str, ramp: Sequence[int], day: date) -> int | None:
        if not ramp:
            return None
        if number not in self._ramps:
            self._ramps[number] = self.ramps.people(number)
        people = self._ramps[number]
        done = people.get(day, 0) + self._of_ramps[number, day]
        return ramp_left(ramp, people | {day: done}, day)
