"""What a reminder may cost, from its row in a file until it is read: counted on a few by the real handlers."""

import pytest

from local.cost import ALONE, TOGETHER, Counts
from tests.bench.cost import count

pytestmark = pytest.mark.in_memory

FEW, MORE = 20, 60


@pytest.fixture(scope="module")
def counted() -> tuple[Counts, Counts]:
    return count(FEW), count(MORE)


def each(counted: tuple[Counts, Counts], step: str, name: str = "wru") -> float:
    """Of one reminder more: what a file or a day shares is not in it."""
    few, more = counted
    return (more.of(step, name) * MORE - few.of(step, name) * FEW) / (MORE - FEW)


def test_a_row_a_lease_and_a_message_hold_their_units(counted: tuple[Counts, Counts]) -> None:
    assert each(counted, "import") == pytest.approx(5)
    assert each(counted, "lease") == pytest.approx(3)
    assert each(counted, "send") <= 7


def test_statuses_hold_theirs_alone_and_together(
    counted: tuple[Counts, Counts],
) -> None:
    _, more = counted
    assert more.of(TOGETHER, "wru") <= 1
    assert more.of(ALONE, "wru") <= 1.5


def test_a_day_is_closed_with_a_write_for_each(counted: tuple[Counts, Counts]) -> None:
    assert each(counted, "report") == pytest.approx(1, abs=0.01)


def test_others_hear_three_things_of_a_reminder_that_is_read(counted: tuple[Counts, Counts]) -> None:
    _, more = counted
    told = ("message.sent", "message.delivered", "message.read")
    assert {name: times for name, times in more.events.items() if name != "import.finished"} == dict.fromkeys(
        told, 1
    )


def test_reminders_that_are_read_are_logged_in_less_than_four_kilobytes(counted: tuple[Counts, Counts]) -> None:
    said = sum(each(counted, step, "log bytes") for step in ("import", "lease", "send", "events", "report"))
    assert said + 3 * counted[1].of(ALONE, "log bytes") <= 4000
