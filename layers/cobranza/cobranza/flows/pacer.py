"""Each message waits for its turn in the line of its number.

Whoever asks first in a worker waits a moment for the others and takes slots for all of them with one write: as
many as really stand there, so none is lost for a reminder that turns out to be none.
"""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from cobranza.policy.slots import SECOND, STALE, block_of, interval
from cobranza.store.slots import Slots

# How long the first of those who ask waits for the others: a part of the line, which they will stand in anyway.
SHORTEST_GATHERING, LONGEST_GATHERING = SECOND // 10, SECOND // 4
PART_OF_LINE = 8


class Turn(NamedTuple):
    """The moment (microseconds since 1970) of a slot; `is_taken` false: nobody waits so long, come back then."""

    at: int
    is_taken: bool


def _now() -> int:
    return time.time_ns() // 1000


@dataclass(slots=True)
class Pacer:
    """`allowed` tells how many messages a second Meta takes from a number. For many threads."""

    slots: Slots
    allowed: Callable[[str], int]
    now: Callable[[], int] = _now
    sleep: Callable[[float], object] = time.sleep
    _lock: Lock = field(default_factory=Lock, init=False)
    _ends: dict[str, int] = field(default_factory=dict[str, int], init=False)
    _asking: dict[str, list[Future[Turn]]] = field(default_factory=dict[str, list[Future[Turn]]], init=False)

    def wait(self, number: str) -> int:
        """Returns 0 when it is one's turn; else the seconds after which to come back, without waiting for them."""
        while True:
            turn = self._ask(number)
            left = turn.at - self.now()
            if not turn.is_taken:
                return max(math.ceil(left / SECOND), 1)
            if left > -STALE:
                self.sleep(max(left, 0) / SECOND)
                return 0

    def slow_down(self, number: str, seconds: int) -> None:
        """Meta takes nothing more from the number for so long."""
        self.slots.hold(number, self.now() + seconds * SECOND)

    def _ask(self, number: str) -> Turn:
        mine: Future[Turn] = Future()
        with self._lock:
            asking = self._asking.setdefault(number, [])
            asking.append(mine)
        if asking[0] is mine:
            self.sleep(self.gathering(number, self.now()) / SECOND)
            with self._lock:
                self._asking.pop(number)
            self._answer(number, asking)
        return mine.result()

    def _answer(self, number: str, asking: Sequence[Future[Turn]]) -> None:
        try:
            turns = self.take(number, len(asking), self.now())
        except BaseException as error:
            for each in asking:
                each.set_exception(error)
        else:
            for each, turn in zip(asking, turns, strict=True):
                each.set_result(turn)

    def gathering(self, number: str, now: int) -> int:
        """Microseconds, by the line as it was last seen."""
        part = (self._ends.get(number, now) - now) // PART_OF_LINE
        return min(max(part, SHORTEST_GATHERING), LONGEST_GATHERING)

    def take(self, number: str, count: int, now: int) -> list[Turn]:
        """A turn for each of so many, with one write. Those for whom the line is too long are told when the others
        will be through."""
        every = interval(self.allowed(number))
        wanted = block_of(count, every)
        block = self.slots.take(number, wanted, every, now, self._ends.get(number, 0))
        self._ends[number] = block if isinstance(block, int) else block.end
        if isinstance(block, int):
            return [Turn(block + place * every, is_taken=False) for place in range(count)]
        later = (Turn(block.end + place * every, is_taken=False) for place in range(count - wanted))
        return [*(Turn(at, is_taken=True) for at in block), *later]
