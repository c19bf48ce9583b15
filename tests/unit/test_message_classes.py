"""What each class of message obeys: the table, and the code that goes by it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations

import pytest

from cobranza.policy.decision import Decision, Defer, Skip
from cobranza.policy.feed import Feed, Pause
from cobranza.policy.message import Message
from cobranza.policy.message_classes import MANNERS, MessageClass, Obstacle, may_go
from tests.unit.books import LONG_AGO, NOON, TODAY, borrower, debt, decided, message, messages

EVERY_SET = [
    set(some)
    for some in chain.from_iterable(combinations(Obstacle, number) for number in range(len(Obstacle) + 1))
]


def stops(kind: MessageClass, sent_today: int = 0) -> set[Obstacle]:
    """The obstacles that keep it back, each alone."""
    return {obstacle for obstacle in Obstacle if not may_go(kind, {obstacle}, sent_today)}


@pytest.mark.parametrize("kind", MessageClass)
def test_every_class_has_its_manners(kind: MessageClass) -> None:
    assert stops(kind) == MANNERS[kind].obeys
    assert may_go(kind, set())


@pytest.mark.parametrize("kind", MessageClass)
@pytest.mark.parametrize("obstacles", EVERY_SET, ids=lambda some: "+".join(sorted(some)) or "none")
def test_one_obstacle_is_enough(kind: MessageClass, obstacles: set[Obstacle]) -> None:
    assert may_go(kind, obstacles) == (not obstacles & stops(kind))


def test_reminders_obey_everything_once_a_day() -> None:
    for kind in (MessageClass.REMINDER, MessageClass.PROMISE_REMINDER):
        assert stops(kind) == set(Obstacle)
        assert not may_go(kind, set(), sent_today=1)


def test_answers_obey_the_person_in_charge_alone() -> None:
    assert stops(MessageClass.ANSWER) == {Obstacle.PERSON_IN_CHARGE}
    assert may_go(MessageClass.ANSWER, set(Obstacle) - {Obstacle.PERSON_IN_CHARGE}, sent_today=20)


def test_the_confirmation_of_a_stop_always_goes_once() -> None:
    assert may_go(MessageClass.STOP_CONFIRMATION, set(Obstacle))
    assert not may_go(MessageClass.STOP_CONFIRMATION, set(), sent_today=1)


def test_results_obey_hours_stop_pause_and_the_person_in_charge_once_a_day() -> None:
    obeyed = {Obstacle.HOURS, Obstacle.STOP, Obstacle.PAUSE, Obstacle.PERSON_IN_CHARGE}
    assert stops(MessageClass.RESULT) == obeyed
    assert not may_go(MessageClass.RESULT, set(), sent_today=1)


def test_a_persons_template_is_kept_back_by_all_but_what_is_between_two_machines() -> None:
    assert stops(MessageClass.CASE) == set(Obstacle) - {Obstacle.GAP, Obstacle.PERSON_IN_CHARGE}
    assert not may_go(MessageClass.CASE, set(), sent_today=1)


def lately() -> Message:
    return replace(message(TODAY - timedelta(days=2)), claimed_at=NOON - timedelta(hours=47))


# The decision knows no table: it says why. What it says must be what the table says.

REMINDED: dict[Obstacle, tuple[Callable[[], Decision], str]] = {
    Obstacle.HOURS: (lambda: decided(debt(), now=NOON + timedelta(hours=12)), "WINDOW"),
    Obstacle.CAPS: (lambda: decided(debt(), messages=messages(1, 2, 3)), "FREQUENCY_CAP"),
    Obstacle.GAP: (lambda: decided(debt(3), messages=[lately()]), "GAP"),
    Obstacle.STOP: (lambda: decided(debt(), of=borrower(opted_out_at=LONG_AGO)), "OPTED_OUT"),
    Obstacle.PERSON_IN_CHARGE: (
        lambda: decided(debt(), of=borrower(human_until=NOON + timedelta(hours=1))),
        "OPEN_CASE",
    ),
    Obstacle.PAUSE: (lambda: decided(debt(), feeds={"tarjetas": Feed(NOON, Pause("tarjetas", "now"))}), "PAUSED"),
}


@pytest.mark.parametrize("obstacle", REMINDED)
def test_a_reminder_is_kept_back_as_the_table_says(obstacle: Obstacle) -> None:
    decide, code = REMINDED[obstacle]
    decision = decide()
    assert isinstance(decision, Skip | Defer)
    assert decision.code == code
    assert not may_go(MessageClass.REMINDER, {obstacle})
