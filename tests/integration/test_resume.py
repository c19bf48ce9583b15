"""What WhatsApp or a person stops is open or closed as the last moment says, in whatever order moments come."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from cobranza.policy.breaker import Breaker
from cobranza.store.objects import Bucket
from cobranza.store.table import exact
from tests.integration.replies import NUMBER, Drop
from tests.integration.sending import ACCOUNT, OTHER, due, refusal, remind, resume, second_portfolio
from tests.integration.world import World

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


# Opening and closing.


@pytest.mark.parametrize("first", [1, 3])
def test_whatever_order_openings_and_closings_come_in_the_last_moment_decides(world: World, first: int) -> None:
    """Openings at minutes 1, 3 and 5, closings at 2 and 4, or the other way round."""
    events = [(minute, minute % 2 == first % 2) for minute in range(first, first + 5)]
    for number, order in enumerate(permutations(events)):
        scope = f"number:{number}"
        for minute, opens in (*order, order[0]):
            at = world.now + timedelta(minutes=minute)
            if opens:
                world.ledger.open_breaker(Breaker(scope, exact(at), 131048), {})
            else:
                world.controls.close(scope, at)
        assert (scope in world.ledger.breakers()) == events[-1][1], order


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize(("opened", "closed"), [(1, 2), (2, 1), (1, 1)])
def test_within_a_second_too_the_later_counts_and_of_two_at_once_the_stop(
    world: World, opened: int, closed: int, late: bool
) -> None:
    """Microseconds apart; `late`: the opening is known after the closing."""
    open_at, close_at = (exact(world.now.replace(microsecond=micros)) for micros in (opened, closed))
    stop = Breaker(ACCOUNT, open_at, 131031)
    world.later(seconds=1)
    orders: list[Callable[[], object]] = [
        lambda: world.ledger.open_breaker(stop, {}),
        lambda: resume(world, ACCOUNT, close_at),
    ]
    for order in reversed(orders) if late else orders:
        order()
    assert world.ledger.breakers() == ({} if closed > opened else {ACCOUNT: stop})


def test_a_stop_that_is_met_again_is_open_since_it_was_met_first(world: World) -> None:
    for minute in (0, 1, 2):
        at = exact(world.now + timedelta(minutes=minute))
        world.ledger.open_breaker(Breaker(ACCOUNT, at, 368 + minute), {"title": "Blocked"})
    assert world.ledger.breakers() == {ACCOUNT: Breaker(ACCOUNT, exact(world.now), 368)}


def test_an_order_that_comes_doubled_or_late_closes_nothing_that_was_met_after_it(
    world: World, drop: Drop
) -> None:
    queued = due(world, drop, "C1")
    told = exact(world.now)
    resume(world, ACCOUNT, told)
    world.later(minutes=1)
    world.whatsapp.answers = [refusal(131031)]
    assert remind(world, queued) == ["DEFERRED_BREAKER"]
    summary = resume(world, ACCOUNT, told)
    assert (summary.pause["state"], summary.pause["reason"]) == ("PAUSED", "131031 Meta's title")
    assert list(world.ledger.breakers()) == [ACCOUNT]


def test_a_moment_to_come_closes_nothing_that_is_met_until_then(world: World) -> None:
    resume(world, ACCOUNT, exact(world.now + timedelta(days=1)))
    world.ledger.open_breaker(Breaker(ACCOUNT, exact(world.now + timedelta(minutes=1)), 368), {})
    assert list(world.ledger.breakers()) == [ACCOUNT]


def test_to_close_twice_is_to_close_once(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1")
    world.whatsapp.answers = [refusal(131031)]
    remind(world, queued)
    world.later(minutes=1)
    assert [resume(world, ACCOUNT).pause["held"] for _ in range(2)] == [1, 1]
    assert remind(world, world.tick()) == ["SENT"]
    closed = [item for item in world.items("journal") if item["event"] == "breaker.closed"]
    assert len(closed) == 1


def test_a_long_name_of_a_template_is_resumed_as_well(world: World) -> None:
    scope = f"template:{'a' * 300}"
    world.ledger.open_breaker(Breaker(scope, exact(world.now), 132015), {})
    world.later(seconds=1)
    assert resume(world, scope).pause["state"] == "RUNNING"


def test_a_file_without_a_moment_closes_what_was_met_before_it_was_dropped(world: World) -> None:
    world.ledger.open_breaker(Breaker(ACCOUNT, "2020-01-01T00:00:00Z", 368), {})
    assert resume(world, ACCOUNT, "").pause["state"] == "RUNNING"
    assert world.ledger.breakers() == {}


@pytest.mark.parametrize("text", ["now", "2026-11-24T17:00:00", "{}x"])
def test_a_text_that_is_no_moment_closes_nothing(world: World, text: str) -> None:
    world.ledger.open_breaker(Breaker(ACCOUNT, "2020-01-01T00:00:00Z", 368), {})
    assert resume(world, ACCOUNT, text).error.code == "BAD_CONTROL"
    assert list(world.ledger.breakers()) == [ACCOUNT]


@pytest.mark.parametrize(
    "key",
    [
        "control/number:1x/RESUME",
        "control/number:/RESUME",
        "control/template:A/RESUME",
        "control/tienda/RESUME",
        "control/all/RESUME",
        "control/number:all/STOP",
    ],
)
def test_nothing_else_is_an_order_to_resume(world: World, key: str) -> None:
    world.ledger.open_breaker(Breaker(ACCOUNT, "2020-01-01T00:00:00Z", 368), {})
    world.s3.put_object(Bucket="inbox", Key=key, Body=b"")
    summary = world.control.take(Bucket(world.s3, "inbox"), key, world.now)
    assert summary
    assert summary.error
    assert list(world.ledger.breakers()) == [ACCOUNT]


def test_a_pause_of_all_outlives_the_breaker_of_the_account(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1")
    world.whatsapp.answers = [refusal(131031)]
    remind(world, queued)
    world.controls.begin("all", "", world.now)
    world.later(minutes=1)
    resume(world, ACCOUNT)
    assert world.tick() == []
    world.controls.end("all", world.now)
    assert remind(world, world.tick()) == ["SENT"]


# By hand.


def pause(world: World, scope: str, text: str) -> Any:
    key = f"control/{scope}/PAUSE"
    world.s3.put_object(Bucket="inbox", Key=key, Body=text.encode())
    return world.control.take(Bucket(world.s3, "inbox"), key, world.now)


@pytest.mark.parametrize("scope", [f"number:{NUMBER}", "template:vence_hoy"])
def test_a_person_pauses_a_number_or_a_template_and_resumes_it(world: World, drop: Drop, scope: str) -> None:
    reminders = due(world, drop, "C1")
    summary = pause(world, scope, f"{exact(world.now)} new SIM card")
    assert (summary.pause["state"], summary.pause["reason"]) == ("PAUSED", "new SIM card")
    assert remind(world, reminders) == ["DEFERRED_PAUSED"]
    assert world.whatsapp.sent == []
    world.later(minutes=2)
    assert resume(world, scope).pause["held"] == 1
    assert remind(world, world.tick()) == ["SENT"]


def test_a_pause_that_comes_late_undoes_no_resume(world: World) -> None:
    before = exact(world.now)
    world.later(minutes=1)
    resume(world, f"number:{NUMBER}")
    assert pause(world, f"number:{NUMBER}", before).pause["state"] == "RUNNING"
    assert world.ledger.breakers() == {}


def test_a_number_that_is_paused_by_hand_leaves_the_others(world: World, drop: Drop) -> None:
    second_portfolio(world)
    pause(world, f"number:{OTHER}", exact(world.now))
    assert remind(world, due(world, drop, "C1")) == ["SENT"]
    assert remind(world, due(world, drop, "C2", portfolio="otra")) == ["DEFERRED_PAUSED"]
