"""Each alarm rings at its own metric of its own thing, and at no other; it ends with its period."""

from collections.abc import Iterator

import pytest

from tests.unit.ringing import Datum, Metric, rings, watched
from tests.unit.template import Node, sources, stack

ALARM = "AWS::CloudWatch::Alarm"
SILENCE = "SchedulerStandsStill"  # rings while nothing is said
RATE = "MessagesFail"
each_alarm = pytest.mark.parametrize("name", sorted(set(sources(ALARM)) - {SILENCE, RATE}))


def alarm(name: str) -> Node:
    return stack("prod").of(ALARM)[name]


def said(metric: Metric, value: float, age: float = 0.0) -> Datum:
    return Datum(metric.namespace, metric.name, metric.dimensions, value, age)


def others(name: str) -> Iterator[Metric]:
    """All that other alarms watch, and this one does not."""
    own = {(each.namespace, each.name, each.dimensions) for each in watched(alarm(name)).values()}
    for other in stack("prod").of(ALARM).values():
        for metric in watched(other).values():
            if (metric.namespace, metric.name, metric.dimensions) not in own:
                yield metric


@each_alarm
def test_an_alarm_rings_at_each_of_its_metrics_and_ends_with_its_period(name: str) -> None:
    watching = alarm(name)
    for metric in watched(watching).values():
        threshold = watching["Threshold"]
        assert not rings(watching, [])
        assert not rings(watching, [said(metric, threshold)])
        assert rings(watching, [said(metric, threshold + 1)])
        assert rings(watching, [said(metric, threshold + 1, metric.period - 1)])
        assert not rings(watching, [said(metric, threshold + 1, metric.period)])
        assert not rings(watching, [said(metric, threshold + 1, metric.period), said(metric, 0)])


@each_alarm
def test_an_alarm_does_not_ring_for_another(name: str) -> None:
    assert not rings(alarm(name), [said(metric, 1e9) for metric in others(name)])


def test_a_scheduler_that_says_nothing_rings_and_one_that_queued_nobody_does_not() -> None:
    watching = alarm(SILENCE)
    (ticks,) = watched(watching).values()
    assert rings(watching, [])
    assert rings(watching, [said(metric, 1e9) for metric in others(SILENCE)])
    assert not rings(watching, [said(ticks, 0, age=ticks.period - 1)])
    assert rings(watching, [said(ticks, 0, age=ticks.period)])


@pytest.mark.parametrize(
    ("taken", "refused", "failed", "is_ringing"),
    [
        (0, 0, 0, False),
        (0, 0, 50, False),  # of another hour's messages
        (10, 9, 0, False),  # too few to tell
        (18, 2, 0, False),
        (17, 3, 0, True),
        (100, 0, 10, False),
        (100, 0, 11, True),
        (89, 11, 0, True),
        (0, 20, 0, True),
    ],
)
def test_more_than_a_tenth_of_twenty_messages_at_least_rings(
    taken: int, refused: int, failed: int, is_ringing: bool
) -> None:
    metrics = watched(alarm(RATE))
    figures = {"taken": taken, "refused": refused, "failed": failed}
    data = [said(metrics[name], 1) for name, count in figures.items() for _ in range(count)]
    assert rings(alarm(RATE), data) == is_ringing
    hour_ago = [Datum(each.namespace, each.name, each.dimensions, each.value, 3600) for each in data]
    assert not rings(alarm(RATE), hour_ago)


def test_every_alarm_is_tried() -> None:
    assert set(stack("prod").of(ALARM)) == set(sources(ALARM))
    assert len(sources(ALARM)) > 30
