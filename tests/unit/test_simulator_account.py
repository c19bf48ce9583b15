"""What Meta answers whatever is sent: stops of the account, and every error of its table."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator import graph
from local.simulator.account import Account
from local.simulator.borrowers import Saying
from local.simulator.config import Config
from local.simulator.errors import ERRORS, Refusal
from local.simulator.faults import parse_fault
from local.simulator.state import State
from local.simulator.world import Answer, World
from tests.unit.simulator_calls import (
    MEXICAN,
    NUMBER_ID,
    OTHER_NUMBER_ID,
    TOKEN,
    accept,
    check,
    code,
    new_state,
    shipped_template,
)

NUMBERS = {NUMBER_ID: "", OTHER_NUMBER_ID: ""}
# Meta's table of error codes with its HTTP statuses; 400 where it has none.
STATUSES = {
    **dict.fromkeys((0, 190), 401),
    **dict.fromkeys((10, *range(200, 300), 368, 130497, 131005, 131031), 403),
    132001: 404,
    **dict.fromkeys((3, 131000, 131016, 131045, 131057, 133000), 500),
    **dict.fromkeys((2, 133004), 503),
    **dict.fromkeys((1, 4, 33, 100, 80007, 130403, 130429, 130472), 400),
    **dict.fromkeys((131008, 131009, 131021, 131026, 131030, 131035, 131036, 131037, 131042), 400),
    **dict.fromkeys((131047, 131048, 131049, 131050, 131051, 131052, 131053, 131055, 131056), 400),
    **dict.fromkeys((131062, 131063, 131064, 132000, 132005, 132007, 132008, 132012), 400),
    **dict.fromkeys((132015, 132016, 132018, 132068, 132069, 133005, 133006, 133008), 400),
    **dict.fromkeys((133009, 133010, 133015, 133016, 134011, 134100, 134101, 134102, 135000, 2494100), 400),
}


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.state = new_state()
    yield world
    world.close()


def send(world: World) -> Answer:
    return world.send(graph.Call(NUMBER_ID, TOKEN, shipped_template()))


def test_the_table_of_errors_is_metas() -> None:
    assert ERRORS.keys() == STATUSES.keys() - set(range(201, 300))


@pytest.mark.parametrize("code", sorted(STATUSES))
def test_every_error_can_be_provoked(world: World, code: int) -> None:
    world.state.faults.append(parse_fault({"kind": "error", "code": code}))
    answer = send(world)
    assert answer.body
    error = answer.body["error"]
    assert (answer.status, error["code"]) == (STATUSES[code], code)
    assert set(error) == {"message", "type", "code", "error_data", "fbtrace_id"}
    assert error["message"].startswith(f"(#{code}) ")
    assert error["type"] == "OAuthException"
    assert set(error["error_data"]) == {"messaging_product", "details"}
    assert world.state.counters.refused == {str(code): 1}
    assert not world.state.messages


@pytest.mark.parametrize("status", [400, 429])
def test_too_many_messages_are_answered_with_either_status(world: World, status: int) -> None:
    world.state.config = world.state.config.merged({"throttle_status": status, "rates": {NUMBER_ID: 1}})
    world.state.take_token(NUMBER_ID)
    answer = send(world)
    assert answer.body
    assert (answer.status, answer.body["error"]["code"]) == (status, 130429)


def test_an_unknown_code_is_answered_too() -> None:
    assert Refusal(999_999, "news").error.status == 400


def test_a_stop_answers_every_send_until_it_is_lifted() -> None:
    state = new_state()
    state.account = Account().changed({"restricted": 368}, NUMBERS)
    assert code(check(state, shipped_template())) == code(check(state, {})) == 368
    state.account = state.account.changed({"restricted": None, "numbers": {NUMBER_ID: 133010}}, NUMBERS)
    assert code(check(state, shipped_template())) == 133010
    assert code(check(state, shipped_template(), number=OTHER_NUMBER_ID)) == 200
    state.account = state.account.changed({"numbers": {OTHER_NUMBER_ID: 131042}}, NUMBERS)
    assert code(check(state, shipped_template())) == 133010
    state.account = state.account.changed({"numbers": {NUMBER_ID: None}}, NUMBERS)
    assert code(check(state, shipped_template())) == 200
    assert state.account == Account(None, {OTHER_NUMBER_ID: 131042})


@pytest.mark.parametrize(
    "order",
    [
        [],
        {"stopped": 368},
        {"restricted": "368"},
        {"restricted": True},
        {"numbers": [NUMBER_ID]},
        {"numbers": {"999": 368}},
        {"numbers": {NUMBER_ID: "368"}},
    ],
)
def test_an_impossible_stop_is_refused(order: object) -> None:
    with pytest.raises(ValueError, match=r"JSON object|unknown|no such|error code"):
        Account().changed(order, NUMBERS)


@pytest.mark.parametrize(
    "change",
    [
        {"rates": []},
        {"rates": {NUMBER_ID: 0}},
        {"rates": {NUMBER_ID: "80"}},
        {"pair_rate": 1},
        {"messaging_limit": -2},
        {"messaging_limit": 2.5},
        {"throttle_status": 500},
    ],
)
def test_impossible_limits_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot have"):
        Config().merged(change)


def test_numbers_have_conversations_of_their_own(state: State) -> None:
    ours = accept(state, shipped_template())
    theirs = accept(state, shipped_template(), number=OTHER_NUMBER_ID)
    assert state.last_to(MEXICAN, NUMBER_ID) == ours
    assert state.last_to(MEXICAN, OTHER_NUMBER_ID) == theirs
    answer = state.hear(MEXICAN, Saying("button", "Ya pagué", number=NUMBER_ID))
    assert (answer.context, answer.phone_number_id) == (ours.id, NUMBER_ID)
    assert answer.as_json()["phone_number_id"] == NUMBER_ID
    assert state.counters.accepted_by_number == {NUMBER_ID: 1, OTHER_NUMBER_ID: 1}
    with pytest.raises(ValueError, match="no business number"):
        state.hear(MEXICAN, Saying("text", "hola", number="999"))


@pytest.fixture
def state() -> State:
    return new_state()
