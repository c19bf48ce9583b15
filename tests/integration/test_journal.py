"""The journal: a line once, and all lines of a day in one order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cobranza.store.journal import Line
from cobranza.store.kept_days import kept_days
from tests.integration.world import TUESDAY, World, of_day

pytestmark = pytest.mark.in_memory


def line(number: int, at: datetime = TUESDAY) -> Line:
    return Line(subject=f"B#{number}", event="call", identity=f"{number}", at=at, facts={"debts": ["a#b#"]})


def told(lines: list[Line]) -> list[str]:
    return [each.identity for each in lines]


def test_a_line_is_written_once_whoever_tells_it_again(world: World) -> None:
    assert world.journal.append("B#1", TUESDAY, "call", "x", {"code": "A"})
    assert not world.journal.append("B#1", TUESDAY + timedelta(days=1), "call", "x", {"code": "B"})
    world.journal.append_all([line(2), line(2)], TUESDAY)
    world.journal.append_all([line(2, TUESDAY - timedelta(days=9))], TUESDAY)
    first, second = world.items("journal")
    assert (first["code"], second["at"]) == ("A", "2026-11-24T17:00:00Z")


def test_a_line_comes_back_as_it_was_told(world: World) -> None:
    call = line(1, TUESDAY - timedelta(days=3))
    world.journal.append_all([call], TUESDAY)
    assert of_day(world.journal, TUESDAY.date()) == [call]


def test_a_day_is_that_on_which_a_line_was_written_not_that_of_what_it_tells(world: World) -> None:
    world.journal.append_all([line(1, TUESDAY - timedelta(days=2))], TUESDAY)
    assert told(of_day(world.journal, TUESDAY.date() - timedelta(days=2))) == []
    assert told(of_day(world.journal, TUESDAY.date())) == ["1"]


def test_lines_come_in_the_order_in_which_they_were_written_of_one_second_in_that_of_their_keys(
    world: World,
) -> None:
    for second in (7, 3, 5):
        world.journal.append_all((line(second * 100 + n) for n in range(60)), TUESDAY + timedelta(seconds=second))
    found = told(of_day(world.journal, TUESDAY.date()))
    assert found == [str(second * 100 + n) for second in (3, 5, 7) for n in range(60)]


def test_a_span_begins_and_ends_to_the_second_also_over_midnight(world: World) -> None:
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    for number, seconds in enumerate((-3601, -3600, -1, 0, 3599, 3600)):
        world.journal.append_all([line(number)], midnight + timedelta(seconds=seconds))
    hour = timedelta(hours=1)
    assert told(list(world.journal.between(midnight - hour, midnight + hour))) == ["1", "2", "3", "4"]


def test_a_kept_day_is_asked_of_the_table_once_and_told_the_same_each_time(world: World) -> None:
    lines = [replace(line(n), also={"message.sent": TUESDAY}) for n in range(250)]
    world.journal.append_all(lines, TUESDAY)
    span = (TUESDAY - timedelta(hours=1), TUESDAY + timedelta(hours=1))
    told = list(world.journal.between(*span))
    with kept_days(world.journal) as kept:
        assert list(kept.between(*span)) == told
        world.journal.append_all([line(1000)], TUESDAY)
        first, second = kept.between(*span), kept.between(*span)
        assert [next(first), next(second), *first] == [told[0], *told]
        assert list(second) == told[1:]
        assert len(list(kept.between(span[0], TUESDAY + timedelta(hours=2)))) == len(told) + 1
        assert list(kept.of("B#7")) == list(world.journal.of("B#7"))
    assert len(told) == 500
