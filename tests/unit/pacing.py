"""Many workers in simulated time, who take their slots as senders do, and Meta, who counts.

A worker is begun at an odd moment, has a clock that is off, holds as many calls at once as the answers' latency
asks for, and may die with all of them; another one takes its place.
"""

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cobranza.flows.pacer import Pacer, Turn
from cobranza.policy.slots import SECOND, SHARE_PERCENT, STALE
from cobranza.store.slots import Slots
from local.replay.table import MemoryTable
from local.simulator.limits import Bucket, take

NUMBER = "1"
BEGINS = 1_790_000_000 * SECOND

type Event = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`allowed` is Meta's rate; times are seconds. A death is of one worker, which takes its slots with it."""

    allowed: int
    workers: int
    seconds: float = 30.0
    latency: tuple[float, float] = (0.05, 5.0)
    clock_off: float = 0.2
    between_deaths: float = 20.0
    demand: float = 1.3
    seed: int = 1

    @property
    def lanes(self) -> int:
        """How many calls a worker has in flight: enough for the pace, and some more."""
        held = sum(self.latency) / 2 + 1
        return math.ceil(self.allowed * SHARE_PERCENT / 100 * held * self.demand / self.workers)


@dataclass(slots=True)
class Worker:
    """`off` is by how much its clock is wrong."""

    off: int
    pacer: Pacer
    lives: bool = True
    asking: int = 0


@dataclass(slots=True)
class Seen:
    """What Meta counted, and the writes that the line cost."""

    accepted: int = 0
    refused: int = 0
    calls: list[int] = field(default_factory=list[int])
    writes: int = 0

    def share(self, plan: Plan) -> float:
        """Of the pace, from when the last worker has begun to the end."""
        begin, end = BEGINS + 2 * SECOND, BEGINS + int(plan.seconds * SECOND)
        made = sum(begin <= at < end for at in self.calls)
        return made / (plan.allowed * SHARE_PERCENT / 100 * (end - begin) / SECOND)


class CountingTable(MemoryTable):
    """Counts what is written, also in vain."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def update(self, *args: Any, **options: Any) -> Any:
        self.writes += 1
        return super().update(*args, **options)


class Simulation:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.seen = Seen()
        self.now = BEGINS
        self._random = random.Random(plan.seed)
        self._table = CountingTable()
        self.slots = Slots(self._table)
        self._bucket: Bucket | None = None
        self._events: list[tuple[int, int, Event, Worker | None]] = []
        self._order = 0
        self._workers: list[Worker] = []

    def run(self) -> Seen:
        for _ in range(self.plan.workers):
            self._begin(within=2 * SECOND)
        self._after(self._between_deaths(), self._die)
        while self.now < BEGINS + self.plan.seconds * SECOND:
            self.now, _, event, worker = heapq.heappop(self._events)
            if worker is None or worker.lives:
                event()
        self.seen.writes = self._table.writes
        return self.seen

    def _after(self, wait: int, event: Event, worker: Worker | None = None) -> None:
        self._order += 1
        heapq.heappush(self._events, (self.now + wait, self._order, event, worker))

    def _milliseconds(self, least: int, most: int) -> int:
        return self._random.randint(least * 1000, most * 1000)

    def _between_deaths(self) -> int:
        return int(self._random.expovariate(1 / self.plan.between_deaths) * SECOND)

    def _begin(self, within: int) -> None:
        off = int(self.plan.clock_off * SECOND)
        worker = Worker(self._random.randint(-off, off), Pacer(self.slots, lambda _: self.plan.allowed))
        self._workers.append(worker)
        begins = self._random.randrange(within)
        for _ in range(self.plan.lanes):
            self._after(begins, partial(self._read, worker), worker)

    def _die(self) -> None:
        dead = self._workers.pop(self._random.randrange(len(self._workers)))
        dead.lives = False
        self._begin(within=SECOND)
        self._after(self._between_deaths(), self._die)

    def _read(self, worker: Worker) -> None:
        self._after(self._milliseconds(5, 40), partial(self._ask, worker), worker)

    def _ask(self, worker: Worker) -> None:
        worker.asking += 1
        if worker.asking == 1:
            wait = worker.pacer.gathering(NUMBER, self.now + worker.off)
            self._after(wait, partial(self._gathered, worker), worker)

    def _gathered(self, worker: Worker) -> None:
        count, worker.asking = worker.asking, 0
        ask = partial(self._take, worker, count, self.now + worker.off)
        self._after(self._milliseconds(3, 20), ask, worker)

    def _take(self, worker: Worker, count: int, asked_at: int) -> None:
        turns = worker.pacer.take(NUMBER, count, asked_at)
        answered = partial(self._answered, worker, turns)
        self._after(self._milliseconds(3, 20), answered, worker)

    def _answered(self, worker: Worker, turns: list[Turn]) -> None:
        for turn in turns:
            left = turn.at - self.now - worker.off
            goes = turn.is_taken and left > -STALE
            self._after(max(left, 0), partial(self._claim if goes else self._read, worker), worker)

    def _claim(self, worker: Worker) -> None:
        self._after(self._milliseconds(5, 30), partial(self._call, worker), worker)

    def _call(self, worker: Worker) -> None:
        self.seen.calls.append(self.now)
        latency = int(self._random.uniform(*self.plan.latency) * SECOND)
        self._after(self._random.randrange(latency), self._arrive)  # whether or not the worker lives then
        self._after(latency, partial(self._read, worker), worker)

    def _arrive(self) -> None:
        taken = take(self._bucket, self.plan.allowed, self.now / SECOND)
        if taken:
            self._bucket = taken
            self.seen.accepted += 1
        else:
            self.seen.refused += 1
