"""What WhatsApp told of a young message is in its claim alone, until a day's close writes it into the journal:
once, whenever it was told, and whoever dies.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from cobranza.policy import contact_rules
from cobranza.store.keys import MessageKey
from cobranza.store.statuses import is_young
from tests.integration.fakes import DyingClient, Killed
from tests.integration.test_reports import MIDNIGHT, close, raw, read, remind, status, two
from tests.integration.world import TUESDAY, World

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

TOLD = ("message.sent", "message.delivered", "message.read")
DAYS = [date(2026, 11, 24) + timedelta(days=days) for days in range(5)]
HOUR = timedelta(hours=1)


@pytest.fixture
def sent(world: World, drop: Drop, portfolio: None) -> None:
    two(drop)
    assert remind(world) == ["SENT"]


def tell(world: World, *states: str) -> None:
    world.recorder.record([status(world, state) for state in states], world.now, "trace")


def reported(world: World) -> Counter[str]:
    """How often each status stands in the files of all days."""
    rows = [row["event"] for day in DAYS[:-1] for row in read(world, "interactions", day.isoformat())]
    return Counter(event for event in rows if event in TOLD)


def noted(world: World) -> Counter[str]:
    lines = world.journal.of(f"B#{world.ref()}")
    return Counter(line.event for line in lines if line.event in TOLD)


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("first", [*range(0, 60, 5), 12.999, 13, 13.5, 36.999, 37, 46])
def test_whenever_it_is_told_it_is_reported_and_noted_once(world: World, first: float) -> None:
    """In Mexico City the message's day ends 13 hours later; `delivered` comes at that hour, `read` seven later."""
    tell(world, "sent")
    news = [(TUESDAY + first * HOUR, "delivered"), (TUESDAY + (first + 7) * HOUR, "read")]
    closes = [(datetime(day.year, day.month, day.day, 7, tzinfo=UTC), "") for day in DAYS[1:]]
    for moment, state in sorted([*news, *closes]):
        world.now = moment
        if state:
            tell(world, state, "sent")
        else:
            close(world, moment)
    assert reported(world) == noted(world) == dict.fromkeys(TOLD, 1)


@pytest.mark.usefixtures("sent")
def test_all_of_a_day_is_one_line_that_is_in_no_index_and_is_told_to_nobody(world: World) -> None:
    tell(world, "sent", "delivered", "read")
    assert noted(world) == {}
    close(world)
    (item,) = (item for item in world.items("journal") if item["event"].startswith("message."))
    assert (item["event"], {*item["also"]}) == ("message.read", {"message.sent", "message.delivered"})
    assert "noted_on" not in item
    assert item["debts"] == ["tienda#F-1#"]
    assert noted(world) == dict.fromkeys(TOLD, 1)


@pytest.mark.usefixtures("sent")
def test_whoever_dies_while_a_day_is_closed_settles_and_reports_the_same(world: World) -> None:
    tell(world, "sent", "delivered")
    before = world.kept()
    close(world)
    undisturbed, lines = raw(world, "interactions"), noted(world)
    world.restore(before)
    counting = DyingClient(world.dynamodb, 1000, done=False)
    close(replace(world, dynamodb=counting))
    assert counting.writes == 2  # the line, and that the day is closed
    for kill, done in product(range(counting.writes), (False, True)):
        world.restore(before)
        with pytest.raises(Killed):
            close(replace(world, dynamodb=DyingClient(world.dynamodb, kill, done=done)))
        world.now = MIDNIGHT + HOUR
        tell(world, "read")
        close(world, MIDNIGHT + 2 * HOUR)
        assert raw(world, "interactions") == undisturbed
        assert noted(world) == lines
        world.now = TUESDAY


@pytest.mark.usefixtures("sent")
def test_what_was_told_before_a_worker_that_died_had_noted_its_message_is_not_lost(world: World) -> None:
    """Its status came on the day, and its own line on the next one."""
    tell(world, "delivered")
    lines = [item for item in world.items("journal") if item["event"] == "outcome"]
    for item in lines:
        world.dynamodb.delete_item(TableName="journal", Key={n: {"S": item[n]} for n in ("pk", "sk")})
    close(world)
    assert noted(world) == {}
    for item in lines:
        late = MIDNIGHT + timedelta(hours=2)
        world.journal.append(
            item["pk"], late, "outcome", "2026-11-24", {"code": "SENT", "debts": item["debts"]}, at=late
        )
    close(world, MIDNIGHT + timedelta(hours=25))
    assert noted(world) == {"message.delivered": 1}
    (row,) = (row for row in read(world, "interactions", "2026-11-25") if row["event"] in TOLD)
    assert row["at"] == "2026-11-24T11:00:05-06:00"


@pytest.mark.parametrize("country", sorted(contact_rules.countries()))
def test_a_young_message_is_of_its_date_or_the_next_one_wherever_its_portfolio_lives(country: str) -> None:
    """So the close of one of those days finds what is told of it."""
    key = MessageKey("A" * 26, date(2026, 7, 14))
    last = datetime(2026, 7, 15, 21, 59, 59, tzinfo=UTC)
    assert is_young(key, last)
    assert not is_young(key, last + timedelta(seconds=1))
    rules = contact_rules.rules_for(country)
    assert rules
    for zone in contact_rules.zones_for(rules, ""):
        assert last.astimezone(zone).date() <= date(2026, 7, 15)
