"""How much is let through: the limits by property, and where they meet a call."""

from collections.abc import Callable
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.simulator import limits
from local.simulator.borrowers import Saying
from local.simulator.errors import Refusal
from local.simulator.state import State
from tests.unit.simulator_calls import (
    BRAZILIAN,
    MEXICAN,
    NUMBER_ID,
    OTHER_NUMBER_ID,
    accept,
    check,
    code,
    later,
    new_state,
    shipped_template,
    text,
)

# Moments of calls, by the pauses between them: bursts, trickles and long silences.
pauses = st.lists(
    st.one_of(st.just(0.0), st.floats(0, 0.1), st.floats(0, 10), st.floats(0, 1000)), min_size=1, max_size=120
)
people = [f"+52555556{number:04}" for number in range(400)]


def accepted[S](step: Callable[[S | None, float], S | None], moments: list[float]) -> list[float]:
    """The moments at which a call was let through."""
    state: S | None = None
    passed: list[float] = []
    for now in moments:
        new = step(state, now)
        if new is not None:
            state = new
            passed.append(now)
    return passed


def assert_never_more(passed: list[float], rate: float, burst: float) -> None:
    """In no span between two accepted calls, both counted, were there more than rate × span + burst."""
    for first, start in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            assert last - first + 1 <= rate * (end - start) + burst + 1e-6


@settings(deadline=None)
@given(pauses, st.floats(1, 100))
def test_a_number_never_sends_faster_than_its_rate(pauses: list[float], rate: float) -> None:
    def step(bucket: limits.Bucket | None, now: float) -> limits.Bucket | None:
        return limits.take(bucket, rate, now)

    assert_never_more(accepted(step, list(accumulate(pauses))), rate, rate)


@settings(deadline=None)
@given(pauses)
def test_a_pair_never_hears_more_than_one_message_in_six_seconds_and_a_burst(pauses: list[float]) -> None:
    assert_never_more(accepted(limits.borrow, list(accumulate(pauses))), 1 / 6, 45)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(people[:20]), st.floats(0, 20_000)), max_size=200), st.integers(1, 10))
def test_never_more_people_than_the_limit_are_reached_in_a_day(calls: list[tuple[str, float]], limit: int) -> None:
    reached: dict[str, float] = {}
    passed: list[tuple[float, str]] = []
    now = 0.0
    for phone, pause in calls:
        now += pause
        if limits.has_room(reached, phone, limit, now):
            limits.reach(reached, phone, now)
            passed.append((now, phone))
    for start, _ in passed:
        assert len({phone for at, phone in passed if start <= at < start + limits.DAY}) <= limit


def test_a_steady_sender_at_the_rate_is_never_held_up() -> None:
    def step(bucket: limits.Bucket | None, now: float) -> limits.Bucket | None:
        return limits.take(bucket, 80, now)

    assert len(accepted(step, [number / 80 for number in range(2000)])) == 2000
    assert len(accepted(limits.borrow, [number * 6.0 for number in range(100)])) == 100


def test_after_a_burst_of_twenty_a_pair_waits_two_minutes() -> None:
    assert accepted(limits.borrow, [0.1 * number for number in range(60)]) == [0.1 * n for n in range(45)]
    burst = [0.1 * number for number in range(20)]
    assert accepted(limits.borrow, [*burst, 7, 60, 119, 120]) == [*burst, 120]


def test_what_borrowers_send_takes_from_the_rate_too(state: State) -> None:
    state.config = state.config.merged({"rates": {NUMBER_ID: 3}})
    for _ in range(2):
        state.hear(MEXICAN, Saying("text", "hola"))
    assert [code(check(state, shipped_template())) for _ in range(3)] == [200, 130429, 130429]
    assert code(check(state, shipped_template(), number=OTHER_NUMBER_ID)) == 200
    later(state, 1)
    assert [code(check(state, shipped_template())) for _ in range(4)] == [200, 200, 200, 130429]
    for _ in range(10):  # they are never held up, and nothing is owed for them
        state.hear(MEXICAN, Saying("text", "hola"))
    later(state, 2)
    assert code(check(state, shipped_template())) == 200


def test_a_refused_call_counts_as_well_but_one_without_token_does_not(state: State) -> None:
    state.config = state.config.merged({"rates": {NUMBER_ID: 2}})
    assert code(check(state, shipped_template(), token="Bearer x")) == 190
    assert [code(check(state, {})) for _ in range(3)] == [100, 100, 130429]


def test_the_pair_rate_counts_accepted_messages_to_one_person(state: State) -> None:
    for _ in range(50):
        accept(state, shipped_template())
    state.config = state.config.merged({"pair_rate": True})
    for _ in range(45):
        accept(state, shipped_template())
    assert code(check(state, shipped_template())) == 131056
    assert code(check(state, shipped_template(to=BRAZILIAN))) == 200
    assert code(check(state, shipped_template(), number=OTHER_NUMBER_ID)) == 200
    later(state, 45 * 6)
    assert code(check(state, shipped_template())) == 200


def test_the_messaging_limit_counts_people_of_all_numbers_for_a_day(state: State) -> None:
    state.config = state.config.merged({"messaging_limit": 2})
    accept(state, shipped_template(to=people[0]))
    later(state, 3600)
    accept(state, shipped_template(to=people[1]), number=OTHER_NUMBER_ID)
    refused = check(state, shipped_template(to=people[2]))
    assert isinstance(refused, Refusal)
    assert refused.code == 131048
    accept(state, shipped_template(to=people[0]))  # again the same person: and the day begins anew
    later(state, 24 * 3600)
    assert code(check(state, shipped_template(to=people[2]))) == 131048
    later(state, 25 * 3600)
    assert code(check(state, shipped_template(to=people[2]))) == 200


def test_who_wrote_first_is_not_counted_against_the_messaging_limit(state: State) -> None:
    state.config = state.config.merged({"messaging_limit": 0})
    assert code(check(state, shipped_template())) == 131048
    state.hear(MEXICAN, Saying("text", "hola"))
    assert code(check(state, shipped_template())) == code(check(state, text())) == 200
    assert not state.reached


@pytest.mark.parametrize("limit", [None, -1])
def test_without_a_messaging_limit_everybody_can_be_messaged(state: State, limit: int | None) -> None:
    state.config = state.config.merged({"messaging_limit": limit})
    for phone in people:
        accept(state, shipped_template(to=phone))


@pytest.fixture
def state() -> State:
    return new_state()
