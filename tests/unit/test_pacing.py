"""Slots of a number's line: evenly, once each, and as many as Meta takes."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from threading import Event, Lock, Semaphore

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.flows.pacer import Pacer
from cobranza.policy.slots import HORIZON, SECOND, Block, block_of, interval
from cobranza.store.limits import Limits
from cobranza.store.numbers import Numbers
from cobranza.store.slots import Slots
from local.replay.table import MemoryTable
from tests.unit.pacing import CountingTable, Plan, Simulation

NOW = 1_790_000_000 * SECOND
EVERY = interval(80)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(("allowed", "every"), [(80, 13_889), (1000, 1_112), (20, 55_556), (1, 1_111_112)])
def test_the_pace_is_nine_tenths_of_what_meta_takes(allowed: int, every: int) -> None:
    assert interval(allowed) == every


def test_no_more_slots_are_taken_at_once_than_anybody_waits_for() -> None:
    assert [block_of(wanted, EVERY) for wanted in (1, 40, 1000)] == [1, 40, HORIZON // EVERY]
    assert block_of(5, interval(1)) == 1


def taken(block: Block | int) -> list[int]:
    assert isinstance(block, Block)
    return list(block)


def test_a_line_begins_now_and_goes_on_where_it_ended() -> None:
    slots = Slots(MemoryTable())
    first, second = (taken(slots.take("1", 3, EVERY, NOW, seen=0)) for _ in range(2))
    assert first == [NOW, NOW + EVERY, NOW + 2 * EVERY]
    assert second[0] == NOW + 3 * EVERY
    assert taken(slots.take("2", 1, EVERY, NOW, seen=0)) == [NOW]


def test_slots_that_nobody_took_in_time_are_gone() -> None:
    slots = Slots(MemoryTable())
    slots.take("1", 3, EVERY, NOW, seen=0)
    assert taken(slots.take("1", 2, EVERY, NOW + SECOND, seen=0)) == [NOW + SECOND, NOW + SECOND + EVERY]


def test_who_would_wait_too_long_is_told_how_long_the_line_is() -> None:
    slots = Slots(MemoryTable())
    slots.take("1", 1, HORIZON + 1, NOW, seen=0)
    assert slots.take("1", 1, EVERY, NOW, seen=0) == NOW + HORIZON + 1
    assert taken(slots.take("1", 1, EVERY, NOW + 1, seen=0)) == [NOW + HORIZON + 1]


def test_a_guess_of_where_the_line_ends_costs_a_write_and_never_a_slot() -> None:
    table = CountingTable()
    slots = Slots(table)
    ends = [taken(slots.take("1", 2, EVERY, NOW, seen=seen))[-1] for seen in (NOW + 1, 0, NOW + 1)]
    assert ends == [NOW + place * EVERY for place in (1, 3, 5)]
    assert table.writes == 2 + 2 + 1  # wrong, wrong, right


def test_a_number_that_meta_slows_down_is_held_for_every_worker() -> None:
    slots = Slots(MemoryTable())
    slots.hold("1", NOW + 30 * SECOND)
    slots.hold("1", NOW + 5 * SECOND)
    assert slots.take("1", 1, EVERY, NOW, seen=0) == NOW + 30 * SECOND
    assert taken(slots.take("1", 1, EVERY, NOW + 29 * SECOND, seen=0)) == [NOW + 30 * SECOND]


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(-SECOND // 5, SECOND // 5)), min_size=1, max_size=40),
)
def test_no_two_slots_are_nearer_than_the_interval_whoever_asks(asked: list[tuple[int, int]]) -> None:
    slots, given_out = Slots(MemoryTable()), list[int]()
    for step, (count, off) in enumerate(asked):
        block = slots.take("1", count, EVERY, NOW + step * SECOND // 10 + off, seen=0)
        given_out += [] if isinstance(block, int) else list(block)
    ordered = sorted(given_out)
    assert all(after - before >= EVERY for before, after in pairwise(ordered))


def test_what_meta_takes_from_a_number_is_80_a_second_unless_it_is_told() -> None:
    table = MemoryTable()
    limits = Limits(table, 250)
    assert limits.allowed("1") == 80
    Numbers(table).set_allowed("1", 1000, NOON)
    limits.add_people("1", NOON, 3)
    assert (limits.allowed("1"), limits.left("1", NOON)) == (1000, 247)


# Many workers, in simulated time.


@pytest.mark.parametrize(
    "plan",
    [
        Plan(allowed=80, workers=5),
        Plan(allowed=80, workers=20),
        Plan(allowed=80, workers=50),
        Plan(allowed=1000, workers=5),
        Plan(allowed=1000, workers=50, seconds=10),
    ],
    ids=lambda plan: f"{plan.allowed}/s, {plan.workers} workers",
)
def test_many_workers_keep_the_pace_and_meta_refuses_nothing(plan: Plan) -> None:
    seen = Simulation(plan).run()
    assert seen.refused == 0
    assert seen.accepted > 0
    assert 0.95 <= seen.share(plan) <= 1.02


def test_workers_that_do_not_know_of_each_other_are_refused() -> None:
    """The limiter that the others never meet."""

    class Alone(Slots):
        def take(self, number: str, count: int, every: int, now: int, seen: int) -> Block | int:
            return Block(now + count * every, count, every)

    plan = Plan(allowed=80, workers=5, seconds=10)
    simulation = Simulation(plan)
    simulation.slots = Alone(CountingTable())
    assert simulation.run().refused > 0


# Threads of one worker.


@dataclass
class Clock:
    """Time goes by where somebody sleeps."""

    now: int = NOW
    slept: list[float] = field(default_factory=list[float])

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Locked(CountingTable):
    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def update(self, *args: object, **options: object) -> object:
        with self._lock:
            return super().update(*args, **options)


def test_the_threads_of_a_worker_take_their_slots_together() -> None:
    table, everybody_asks, asking = Locked(), Event(), Semaphore(0)
    pacer = Pacer(Slots(table), lambda _: 1000, sleep=lambda _: everybody_asks.wait())

    def wait(number: str) -> int:
        asking.release()
        return pacer.wait(number)

    with ThreadPoolExecutor(20) as threads:
        waits = threads.map(wait, ["1"] * 20)
        for _ in range(20):
            asking.acquire()
        time.sleep(0.1)  # from there to the line is a step for each
        everybody_asks.set()
    assert list(waits) == [0] * 20
    assert table.writes <= 4


def test_who_is_too_far_back_is_told_when_to_come_again() -> None:
    clock = Clock()
    pacer = Pacer(Slots(MemoryTable()), lambda _: 80, now=clock, sleep=clock.sleep)
    pacer.slow_down("1", 30)
    assert pacer.wait("1") == 30
    assert pacer.wait("2") == 0


def test_a_slot_that_came_too_late_is_lost_and_another_taken() -> None:
    clock, slept = Clock(), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.now += SECOND if len(slept) == 1 else 0  # the first write takes a second

    slots = Slots(MemoryTable())
    slots.hold("1", NOW + SECOND // 4)
    pacer = Pacer(slots, lambda _: 80, now=clock, sleep=sleep)
    assert pacer.wait("1") == 0


def test_every_thread_learns_that_the_line_could_not_be_asked() -> None:
    class Away(Slots):
        def take(self, number: str, count: int, every: int, now: int, seen: int) -> Block | int:
            raise OSError("DynamoDB is away")

    def outcome(number: str, wait: Callable[[str], int]) -> str:
        try:
            wait(number)
        except OSError as error:
            return str(error)
        return "sent"

    pacer = Pacer(Away(MemoryTable()), lambda _: 80)
    with ThreadPoolExecutor(5) as threads:
        outcomes = list(threads.map(lambda number: outcome(number, pacer.wait), ["1"] * 5))
    assert outcomes == ["DynamoDB is away"] * 5
