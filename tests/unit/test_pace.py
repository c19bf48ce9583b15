from datetime import date, timedelta

import pytest

from cobranza.policy.pace import LEASE, Pace, ramp_left

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 11, day) for day in (23, 24, 25))
EVERY_FIVE = Pace(80, timedelta(minutes=5))


def test_a_tick_queues_what_can_be_done_until_the_next() -> None:
    assert EVERY_FIVE.capacity == 24_000


def test_nothing_is_queued_for_later_than_sqs_can_hide_it() -> None:
    rare = Pace(2, timedelta(minutes=60))
    assert rare.capacity == 2 * 900
    assert rare.delay(rare.capacity - 1) < 900


def test_the_line_moves_evenly() -> None:
    assert [EVERY_FIVE.delay(place) for place in (0, 79, 80, 159, 160, 23_999)] == [0, 0, 1, 1, 2, 299]


@pytest.mark.parametrize("minutes", [2, 5, 30, 60, 99])
def test_a_lease_lasts_three_ticks_at_least(minutes: int) -> None:
    lease = Pace(1, timedelta(minutes=minutes)).lease
    assert lease >= max(LEASE, timedelta(minutes=3 * minutes))


@pytest.mark.parametrize(
    ("people", "left"),
    [
        ({}, 100),
        ({TUESDAY: 99}, 1),
        ({TUESDAY: 100}, 0),
        ({TUESDAY: 130}, 0),
        ({MONDAY: 3}, 250),
        ({MONDAY: 3, TUESDAY: 40}, 210),
        ({date(2026, 11, 2): 3, MONDAY: 250}, None),
    ],
)
def test_each_day_of_sending_takes_the_next_figure_of_the_ramp(people: dict[date, int], left: int | None) -> None:
    assert ramp_left((100, 250), people, TUESDAY) == left


def test_a_later_day_is_no_day_before() -> None:
    assert ramp_left((100, 250), {WEDNESDAY: 7}, TUESDAY) == 100


def test_no_ramp_is_no_limit() -> None:
    assert ramp_left((), {}, TUESDAY) is None
