"""A batch is worked on at once: one message each, whoever fails or dies beside it, and at the number's pace."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Barrier, Lock
from typing import Any

import pytest

from cobranza.flows.pacer import Pacer
from cobranza.policy.slots import SECOND
from cobranza.queues import Queue, Reminder
from cobranza.store.slots import Slots
from cobranza.whatsapp.client import Answer, Refused
from tests.integration.fakes import DyingClient, FakeContext, FakeWhatsApp, Killed, received
from tests.integration.sending import NOT_ON_WHATSAPP, PACE
from tests.integration.test_handlers import Delays, body, failures, record
from tests.integration.world import World, debts, function

NUMBER = "100000000000001"
NAMES = [f"C{number}" for number in range(8)]

type Drop = Callable[..., dict[str, Any]]
type Records = dict[str, dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


class OneCallAtATime:
    """The tables in memory are not made for threads; DynamoDB does each call whole."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def call(*args: Any, **request: Any) -> Any:
            with self._lock:
                return operation(*args, **request)

        return call if callable(operation) else operation


@pytest.fixture
def together(world: World) -> World:
    return replace(world, dynamodb=OneCallAtATime(world.dynamodb))


@pytest.fixture
def records(world: World, drop: Drop) -> Records:
    """Eight borrowers who are due, as records by their id."""
    people = [{"borrower_id": name, "phone": f"+5255555501{name[1:]:>02}"} for name in NAMES]

    def begin() -> None:
        drop("debts/tienda/a.csv", debts(*people))
        world.tick()

    world.begin("eight queued", begin)
    lease = world.item("PROFILE", "C0")["lease"]
    return {name: record(name, body(Reminder(world.ref(name), lease, "trace"))) for name in NAMES}


def send(world: World, *records: dict[str, Any], delays: Delays | None = None) -> Any:
    module = function("send")
    deps = module.Deps(world.sender, Queue(delays or Delays(), "url"), world.clock, workers=len(NAMES))
    return module.handler({"Records": list(records)}, FakeContext(), deps=deps)


def with_whatsapp(world: World, whatsapp: FakeWhatsApp) -> World:
    return replace(world, whatsapp=whatsapp)


def everybody_once(world: World, whatsapp: FakeWhatsApp) -> bool:
    told = Counter(message["to"] for message in whatsapp.sent)
    return len(told) == len(NAMES) and set(told.values()) == {1}


class Meeting(FakeWhatsApp):
    """Nobody's call is answered before all have called."""

    def __init__(self, callers: int) -> None:
        super().__init__()
        self.barrier = Barrier(callers, timeout=10)

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        self.barrier.wait()
        return super().send(phone_number_id, message)


def test_all_calls_of_a_batch_are_in_flight_at_once(together: World, records: Records) -> None:
    meeting = Meeting(len(NAMES))
    assert send(with_whatsapp(together, meeting), *records.values()) == failures()
    assert everybody_once(together, meeting)
    assert together.outcomes() == ["SENT"] * len(NAMES)
    assert {item["state"] for item in together.message_items()} == {"ACCEPTED"}
    assert not [item for item in together.items() if "lease" in item]
    assert together.limits.left(NUMBER, together.now) == 1000 - len(NAMES)


def test_of_two_records_of_one_borrower_in_a_batch_one_sends(together: World, records: Records) -> None:
    twice = [records["C0"], records["C0"] | {"messageId": "again"}]
    for _ in range(20):
        before = together.kept()
        together.whatsapp.sent.clear()
        answer = send(together, *twice)
        assert len(together.whatsapp.sent) == 1
        assert len(answer["batchItemFailures"]) <= 1  # whoever met the other's claim comes back, and finds it done
        assert send(together, *twice) == failures()
        assert len(together.whatsapp.sent) == 1
        assert together.outcomes() == ["SENT"]
        together.restore(before)


def test_what_fails_for_one_is_not_lost_for_the_others_at_whatever_write(world: World, records: Records) -> None:
    before = world.kept()
    for at in range(4 * len(NAMES)):
        world.restore(before)
        dying = DyingClient(OneCallAtATime(world.dynamodb), at, done=at % 2 == 0, error=RuntimeError)
        whatsapp = FakeWhatsApp()
        failing = replace(world, dynamodb=dying, whatsapp=whatsapp)
        failed = send(failing, *records.values())["batchItemFailures"]
        assert len(failed) <= 1, f"write {at}"
        failing.later(minutes=4)
        assert send(failing, *(records[one["itemIdentifier"]] for one in failed)) == failures()
        assert len(whatsapp.sent) + unknown(world) >= len(NAMES), f"write {at}"
        assert max(Counter(message["to"] for message in whatsapp.sent).values()) == 1, f"write {at}: twice"
        assert len(world.outcomes()) == len(NAMES), f"write {at}: {world.outcomes()}"


def unknown(world: World) -> int:
    return sum(item["state"] == "UNKNOWN" for item in world.message_items())


class Deadly(FakeWhatsApp):
    """The worker dies at its third call, before or after Meta has it, and the other threads with it."""

    def __init__(self, *, taken: bool) -> None:
        super().__init__()
        self.taken = taken
        self.calls = 0
        self.lock = Lock()

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        with self.lock:
            self.calls += 1
            turn = self.calls
        if turn < 3:
            return super().send(phone_number_id, message)
        if turn == 3 and self.taken:
            super().send(phone_number_id, message)
        raise Killed


@pytest.mark.parametrize("taken", [False, True], ids=["before it was taken", "after it was taken"])
def test_a_batch_whose_worker_dies_comes_again_and_nobody_is_written_to_twice(
    together: World, records: Records, taken: bool
) -> None:
    deadly = Deadly(taken=taken)
    with pytest.raises(Killed):
        send(with_whatsapp(together, deadly), *records.values())
    together.later(minutes=4)
    assert send(together, *records.values()) == failures()
    told = Counter(message["to"] for message in (*deadly.sent, *together.whatsapp.sent))
    assert set(told.values()) == {1}
    outcomes = Counter(together.outcomes())
    assert outcomes.total() == len(NAMES)
    # Nobody is left who knows what became of those whom it had claimed.
    sent = len(together.whatsapp.sent)
    assert outcomes == Counter(SENT=sent, UNKNOWN=len(NAMES) - sent)
    assert send(together, *records.values()) == failures()
    assert not [item for item in together.items() if "lease" in item]


# The number's pace.


@dataclass
class Clock:
    """Whoever sleeps sleeps at once."""

    now: int = 1_790_000_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        pass


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def paced(together: World, clock: Clock) -> World:
    pacer = Pacer(Slots(together.table), together.limits.allowed, now=clock, sleep=clock.sleep)
    together.sender = replace(together.sender, pacer=pacer)
    return together


def pacer_of(world: World) -> Pacer:
    assert world.sender.pacer
    return world.sender.pacer


@pytest.mark.parametrize(
    ("answer", "waits"),
    [(PACE, 4), (replace(PACE, retry_after=120), 120), (replace(PACE, error=replace(PACE.error, code=80007)), 30)],
    ids=["a second's count", "as long as Meta says", "an hour's count"],
)
def test_what_meta_says_of_the_numbers_pace_is_obeyed_by_every_worker(
    paced: World, clock: Clock, records: Records, answer: Refused, waits: int
) -> None:
    paced.whatsapp.answers = [answer]
    assert send(paced, records["C0"]) == failures("C0")
    delays = Delays()
    rest = [records[name] for name in NAMES[1:]]
    assert len(send(paced, *rest, delays=delays)["batchItemFailures"]) == len(rest)
    assert all(waits <= seconds <= waits + 3 for _, seconds in delays.delayed)
    assert [item["state"] for item in paced.message_items()] == ["RETRY"]  # nobody claimed
    clock.now += (waits + 1) * SECOND
    assert send(paced, *records.values()) == failures()
    assert everybody_once(paced, paced.whatsapp)


def test_what_is_one_persons_is_not_the_numbers(paced: World, records: Records) -> None:
    paced.whatsapp.answers = [NOT_ON_WHATSAPP]
    assert send(paced, *records.values()) == failures()
    assert len(paced.whatsapp.sent) == len(NAMES) - 1


@pytest.mark.parametrize(("held", "receives"), [(301, 1), (3, 4)], ids=["for minutes", "again and again"])
def test_who_would_wait_too_long_for_a_turn_is_told_so_and_comes_with_the_line(
    paced: World, records: Records, held: int, receives: int
) -> None:
    pacer_of(paced).slow_down(NUMBER, held)
    waiting = records["C0"] | {"attributes": received(receives)}
    assert send(paced, waiting) == failures()
    assert paced.outcomes() == ["DEFERRED_RATE"]
    assert paced.message_items() == []
    profile = paced.item("PROFILE", "C0")
    assert profile["due_at"] >= "2026-11-24T17:05:00Z"
    assert "lease" not in profile


def test_two_numbers_have_two_lines(paced: World, records: Records) -> None:
    pacer_of(paced).slow_down("another", 60)
    assert send(paced, *records.values()) == failures()
    assert everybody_once(paced, paced.whatsapp)


# One message to a person in six seconds.


def test_who_was_just_answered_is_reminded_a_little_later(together: World, records: Records) -> None:
    together.ledger.wrote_to(together.ref("C0"), together.now)
    delays = Delays()
    together.now = together.now.replace(second=5)
    assert send(together, *records.values(), delays=delays) == failures("C0")
    assert delays.delayed == [("handle of C0", 6)]
    together.now = together.now.replace(second=6)
    assert send(together, records["C0"]) == failures()
    assert everybody_once(together, together.whatsapp)
