"""As many people as WhatsApp and a number's ramp allow; the others are told, and come first tomorrow."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cobranza.flows.queue_due import Scheduler
from cobranza.flows.room import Room
from cobranza.policy.pace import Pace
from cobranza.policy.portfolio import parse_portfolio
from cobranza.policy.strategy import Strategy
from cobranza.queues import Reminder
from cobranza.store import keys
from tests.integration.test_sender import CUT, NOT_ON_WHATSAPP
from tests.integration.world import PORTFOLIO_YAML, World, debts
from tests.unit.books import DAILY

NUMBER = "100000000000001"
NAMES = [f"C{number}" for number in range(6)]

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


@pytest.fixture
def queued(world: World, drop: Drop) -> list[Reminder]:
    """Six borrowers, due today and queued."""
    people = [{"borrower_id": name, "phone": f"+5255555501{name[1:]:>02}"} for name in NAMES]
    drop("debts/tienda/a.csv", debts(*people))
    return world.tick()


@contextmanager
def batch(world: World) -> Generator[World]:
    """What one call of the sender knows of limits, and tells at its end."""
    world.sender = replace(world.sender, room=Room(world.limits, world.ramps))
    yield world
    world.sender.room.tell(world.now)


def send(world: World, *reminders: Reminder) -> list[str]:
    with batch(world):
        return [world.sender.remind(reminder, world.now).code for reminder in reminders]


def ramping(world: World, *people: int) -> None:
    slowly: Strategy = DAILY.model_copy(update={"ramp": people})
    world.sender = replace(world.sender, strategy_of=lambda _: slowly)


def test_whoever_comes_after_the_numbers_limit_is_deferred_within_a_batch(
    world: World, queued: list[Reminder]
) -> None:
    world.numbers.set_tier(NUMBER, 2, world.now)
    assert send(world, *queued[:4]) == ["SENT", "SENT", "DEFERRED_LIMIT", "DEFERRED_LIMIT"]
    assert len(world.whatsapp.sent) == 2


def test_the_next_batch_knows_what_the_last_has_done(world: World, queued: list[Reminder]) -> None:
    world.numbers.set_tier(NUMBER, 3, world.now)
    assert send(world, *queued[:2]) == ["SENT", "SENT"]
    assert world.limits.left(NUMBER, world.now) == 1
    assert send(world, *queued[2:4]) == ["SENT", "DEFERRED_LIMIT"]


def test_a_number_without_a_tier_has_what_the_stack_says(world: World, queued: list[Reminder]) -> None:
    assert world.limits.left(NUMBER, world.now) == 1000
    send(world, *queued)
    assert world.limits.left(NUMBER, world.now) == 994


def test_people_leave_the_limit_a_day_later(world: World, queued: list[Reminder]) -> None:
    send(world, *queued)
    for hours, left in ((23, 994), (24, 994), (25, 1000)):
        assert world.limits.left(NUMBER, world.now + timedelta(hours=hours)) == left


def test_each_counter_costs_one_write_a_batch(world: World, queued: list[Reminder]) -> None:
    send(world, *queued)
    counters = [item for item in world.items() if item["pk"] == keys.number_pk(NUMBER)]
    assert [(item["sk"], item["people"]) for item in counters] == [
        ("PEOPLE#2026-11-24T17", 6),
        ("RAMP#2026-11-24", 6),
    ]


def test_whoever_stood_back_comes_first_tomorrow(world: World, drop: Drop, queued: list[Reminder]) -> None:
    world.numbers.set_tier(NUMBER, 5, world.now)
    send(world, *queued)
    (last,) = (name for name in NAMES if "MSG#2026-11-24" not in messages_of(world, name))
    profile = world.item("PROFILE", last)
    assert (profile["due_at"], profile["priority"]) == ("2026-11-25T15:00:00Z", 100)
    drop("debts/tienda/b.csv", debts({"borrower_id": "D1", "phone": "+525555550201", "due_date": "2026-11-25"}))
    world.later(days=1, hours=2)
    world.numbers.set_tier(NUMBER, 1, world.now)
    (first,) = world.tick()
    assert first.borrower == world.ref(last)
    assert send(world, first) == ["SENT"]


def messages_of(world: World, name: str) -> set[str]:
    return {item["sk"] for item in world.message_items() if item["pk"] == keys.borrower_pk(world.ref(name))}


def test_after_the_day_the_priority_is_the_rules_again(world: World, queued: list[Reminder]) -> None:
    world.numbers.set_tier(NUMBER, 5, world.now)
    send(world, *queued)
    world.later(days=1)
    world.numbers.set_tier(NUMBER, 1000, world.now)
    (again,) = world.tick()
    assert send(world, again) == ["SENT"]
    assert {item["priority"] for item in world.items() if item["sk"] == "PROFILE"} == {50}


def test_a_new_number_begins_with_few_people(world: World, queued: list[Reminder]) -> None:
    ramping(world, 2, 3)
    assert send(world, *queued[:3]) == ["SENT", "SENT", "DEFERRED_LIMIT"]
    assert send(world, *queued[3:]) == ["DEFERRED_LIMIT"] * 3
    world.later(days=1)
    assert send(world, *world.tick()) == ["SENT", "SENT", "SENT", "DEFERRED_LIMIT"]


def test_a_ramp_that_is_over_is_not_counted_any_more(world: World, queued: list[Reminder]) -> None:
    ramping(world, 1)
    assert send(world, *queued) == ["SENT", *["DEFERRED_LIMIT"] * 5]
    world.later(days=1)
    assert send(world, *world.tick()) == ["SENT"] * 5
    assert [item["sk"] for item in world.items() if item["sk"].startswith("RAMP#")] == ["RAMP#2026-11-24"]


def test_two_portfolios_on_one_number_have_one_ramp(world: World, drop: Drop, queued: list[Reminder]) -> None:
    ramping(world, 2, 3)
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "otra"), world.now)
    drop("debts/otra/a.csv", debts({"borrower_id": "D1", "phone": "+525555550201"}))
    assert send(world, *queued[:2]) == ["SENT", "SENT"]
    (other,) = world.tick()
    assert send(world, other) == ["DEFERRED_LIMIT"]


def test_a_new_number_of_an_old_portfolio_begins_with_few_people(
    world: World, drop: Drop, queued: list[Reminder]
) -> None:
    ramping(world, 1)
    send(world, queued[0])
    world.later(days=1)
    moved = PORTFOLIO_YAML.replace(NUMBER, "100000000000002")
    world.ledger.save_portfolio(parse_portfolio(moved.encode(), "tienda"), world.now)
    assert send(world, *world.tick()) == ["SENT", *["DEFERRED_LIMIT"] * 4]


def test_a_refused_message_is_nobody_written_to(world: World, queued: list[Reminder]) -> None:
    world.whatsapp.answers = [NOT_ON_WHATSAPP, CUT]
    assert send(world, *queued[:3]) == ["FAILED_131026", "UNKNOWN", "SENT"]
    assert world.limits.left(NUMBER, world.now) == 998


# What the scheduler makes of limits.


def test_no_more_are_queued_than_the_numbers_may_write_to(world: World, queued: list[Reminder]) -> None:
    world.now += timedelta(minutes=90)
    world.numbers.set_tier(NUMBER, 4, world.now)
    assert len(world.tick()) == 4


def test_once_nobody_may_be_written_to_the_rest_are_told_so(world: World, queued: list[Reminder]) -> None:
    world.numbers.set_tier(NUMBER, 4, world.now)
    send(world, *queued[:4])
    world.now += timedelta(minutes=90)
    rest = world.tick()
    assert send(world, *rest) == ["DEFERRED_LIMIT"] * 2
    assert world.tick() == []


def test_no_more_are_queued_than_the_senders_can_do(world: World, queued: list[Reminder]) -> None:
    world.now += timedelta(minutes=90)
    slow: Scheduler = replace(world.scheduler, pace=Pace(1, timedelta(seconds=2)))
    assert slow.tick(world.now, "trace").queued == 2
    assert world.line.full()


def test_a_reminder_whose_lease_has_moved_is_dropped(world: World, queued: list[Reminder]) -> None:
    world.now += timedelta(minutes=90)
    again = world.tick()
    assert send(world, *queued) == [""] * 6
    assert world.whatsapp.sent == []
    assert send(world, *again) == ["SENT"] * 6
