from collections.abc import Iterable
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.policy.message import State

NEWS = (State.ACCEPTED, State.SENT, State.FAILED, State.DELIVERED, State.READ)


def after(news: Iterable[State], start: State = State.CLAIMED) -> State:
    """As the store does it: a state moves only to one of a higher rank."""
    state = start
    for told in news:
        if state.rank < told.rank:
            state = told
    return state


def test_states_rise_in_the_order_of_a_messages_life() -> None:
    assert [state.name for state in sorted(State, key=lambda state: state.rank)] == [
        "RETRY",
        "CLAIMED",
        "UNKNOWN",
        "ACCEPTED",
        "SENT",
        "FAILED",
        "DELIVERED",
        "READ",
    ]
    assert all(earlier.rank < later.rank for earlier, later in pairwise(State))


@pytest.mark.parametrize("news", [*permutations(NEWS)])
def test_the_order_of_the_news_does_not_matter(news: tuple[State, ...]) -> None:
    assert after(news) is State.READ


@given(st.data(), st.lists(st.sampled_from(State), min_size=1, max_size=8))
def test_news_that_come_twice_and_in_any_order_end_the_same(data: st.DataObject, news: list[State]) -> None:
    repeated = news + data.draw(st.lists(st.sampled_from(news), max_size=8))
    shuffled = data.draw(st.permutations(repeated))
    assert after(shuffled) is after(news) is max([State.CLAIMED, *news], key=lambda state: state.rank)


@given(st.lists(st.sampled_from(State), max_size=8), st.sampled_from(State))
def test_a_state_never_goes_back(news: list[State], start: State) -> None:
    ranks = [after(news[:count], start).rank for count in range(len(news) + 1)]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("news", "end"),
    [
        ([], State.CLAIMED),
        ([State.UNKNOWN, State.SENT], State.SENT),  # a status settles what was unclear
        ([State.UNKNOWN, State.FAILED], State.FAILED),
        ([State.SENT, State.ACCEPTED], State.SENT),  # the webhook was quicker than the answer
        ([State.READ, State.DELIVERED, State.SENT], State.READ),
        ([State.SENT, State.FAILED], State.FAILED),
        ([State.FAILED, State.SENT], State.FAILED),
        ([State.DELIVERED, State.FAILED], State.DELIVERED),  # one that arrived has arrived
        ([State.FAILED, State.DELIVERED], State.DELIVERED),
        ([State.SENT, State.RETRY], State.SENT),
        ([State.SENT, State.UNKNOWN], State.SENT),
    ],
)
def test_late_news_change_nothing_and_later_ones_win(news: list[State], end: State) -> None:
    assert after(news) is end


def test_only_a_claim_may_be_taken_back_for_another_try() -> None:
    assert [state for state in State if state.rank < State.CLAIMED.rank] == [State.RETRY]


@pytest.mark.parametrize("state", State)
def test_a_state_is_stored_as_its_own_name(state: State) -> None:
    assert State(str(state)) is state
    assert state.value == state.name
