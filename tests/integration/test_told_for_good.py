"""What WhatsApp told is in the files and in the journal once, also where something has gone wrong."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cobranza.flows.erase_person import EraseDesk
from cobranza.policy.portfolio import parse_portfolio
from cobranza.store.erasures import Erasure, Erasures
from cobranza.store.keys import MessageKey
from cobranza.store.objects import Bucket
from cobranza.store.traces import People
from tests.integration.fakes import DyingClient, Killed
from tests.integration.replies import press, say
from tests.integration.replies import tell as hear
from tests.integration.rows import codes
from tests.integration.sending import through
from tests.integration.test_reports import MIDNIGHT, close, read, remind, status, two
from tests.integration.test_sender_deaths import Late
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

TOLD = ("message.sent", "message.delivered", "message.read")
PHONE, LUCIA = "525555550101", "MX.13491208655302741918"


def tell(world: World, *states: str) -> None:
    world.recorder.record([status(world, state) for state in states], world.now, "trace")


def noted(world: World) -> Counter[str]:
    return Counter(line.event for line in world.journal.of(f"B#{world.ref()}") if line.event in TOLD)


def reported(world: World, day: str = "2026-11-24", portfolio: str = "tienda") -> list[str]:
    return [row["event"] for row in read(world, "interactions", day, portfolio) if row["event"] in TOLD]


def reach(world: World, state: str) -> None:
    opaque = MessageKey(world.ref(), world.now.date()).opaque
    told = {"id": "wamid.0", "status": state, "biz_opaque_callback_data": opaque}
    hear(world, "statuses", told | {"recipient_id": PHONE, "recipient_user_id": LUCIA})


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("write", [0, 1])
def test_whose_number_a_user_id_is_is_learnt_though_the_first_who_heard_died(
    world: World, drop: Drop, write: int, done: bool
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    assert codes(world) == ["SENT"]
    world.later(minutes=1)
    with pytest.raises(Killed):
        reach(replace(world, dynamodb=DyingClient(world.dynamodb, write, done=done)), "delivered")
    world.later(minutes=1)
    reach(world, "read")
    stop = {"id": "wamid.baja", "type": "text", "text": {"body": "BAJA"}, "from_user_id": LUCIA}
    hear(world, "messages", stop)
    assert "opted_out_at" in world.item("PROFILE")


def test_a_message_whose_worker_died_is_noted_on_another_day_though_a_status_was_faster(
    world: World, drop: Drop
) -> None:
    two(drop)
    (reminder,) = world.tick()
    with pytest.raises(Killed):
        through(world, Late()).sender.remind(reminder, world.now)
    tell(world, "sent", "delivered")
    world.later(days=1)
    for again in world.tick():
        world.sender.remind(again, world.now)
    for days in range(2):
        close(world, MIDNIGHT + timedelta(days=days, hours=1))
    assert noted(world) == {"message.sent": 1, "message.delivered": 1}
    assert reported(world, "2026-11-25") == ["message.sent", "message.delivered"]
    lines = [line for line in world.journal.of(f"B#{world.ref()}", "outcome") if line.identity == "2026-11-24"]
    assert [line.facts["code"] for line in lines] == ["SENT"]


def test_what_was_told_on_days_that_were_never_closed_comes_out_with_the_first_that_is(
    world: World, drop: Drop
) -> None:
    two(drop)
    assert remind(world) == ["SENT"]
    tell(world, "sent", "delivered")
    closed = close(world, MIDNIGHT + timedelta(days=9, hours=1))
    assert closed == ["tienda 2026-11-27"]
    assert noted(world) == {"message.sent": 1, "message.delivered": 1}
    assert reported(world, "2026-11-27") == ["message.sent", "message.delivered"]


def test_a_first_contact_whose_worker_died_is_of_its_own_portfolio(world: World, drop: Drop) -> None:
    text = PORTFOLIO_YAML.replace("numbers_given_by_borrower: [solicitud, sucursal]\n", "")
    for name in ("alfa", "tienda"):
        world.ledger.save_portfolio(parse_portfolio(text.encode(), name), world.now)
    world.ledger.refresh("tienda", world.now)
    drop("debts/tienda/a.csv", debts({}))
    (reminder,) = world.tick()
    with pytest.raises(Killed):
        through(world, Late()).sender.remind(reminder, world.now)
    tell(world, "sent", "delivered")
    world.later(minutes=15)
    world.sender.remind(reminder, world.now)
    close(world)
    assert reported(world, portfolio="alfa") == []
    assert reported(world) == ["message.sent", "message.delivered"]


def test_what_was_told_of_somebody_who_is_erased_stays(world: World, drop: Drop) -> None:
    world.s3.create_bucket(Bucket="receipts")
    drop("debts/tienda/a.csv", debts({}))
    assert codes(world) == ["SENT"]
    reach(world, "sent")
    close(world)
    world.now = MIDNIGHT + timedelta(hours=2)
    tell(world, "delivered")
    desk = EraseDesk(
        world.ledger,
        People(world.table, world.references),
        Erasures(world.table, Bucket(world.s3, "work")),
        world.journal,
        Bucket(world.s3, "receipts"),
    )
    for _ in range(2):
        list(desk.erase([Erasure(world.ref(), world.now, "tienda")], world.now))
    close(world, MIDNIGHT + timedelta(days=1, hours=1))
    assert noted(world) == {"message.sent": 1, "message.delivered": 1}
    assert (reported(world), reported(world, "2026-11-25")) == (["message.sent"], ["message.delivered"])


def test_a_portfolio_that_moves_to_another_zone_loses_no_hour_and_repeats_none(world: World, drop: Drop) -> None:
    """Its day was closed at 03:00Z; the next one begins at 06:00Z, and the one after it at 03:00Z again."""
    two(drop)
    east = parse_portfolio(PORTFOLIO_YAML.replace("[MX, CO, BR]", "[BR, CO, MX]").encode(), "tienda")
    west = parse_portfolio(PORTFOLIO_YAML.encode(), "tienda")
    world.ledger.save_portfolio(east, world.now)
    assert remind(world) == ["SENT"]
    tell(world, "sent")
    close(world, datetime(2026, 11, 25, 3, 40, tzinfo=UTC))
    world.now = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)
    tell(world, "delivered")
    world.now = datetime(2026, 11, 25, 5, 30, tzinfo=UTC)
    world.ledger.save_portfolio(west, world.now)
    close(world, MIDNIGHT + timedelta(days=1, hours=1))
    world.ledger.save_portfolio(east, MIDNIGHT + timedelta(days=1, hours=2))
    close(world, MIDNIGHT + timedelta(days=2, hours=1))
    assert noted(world) == {"message.sent": 1, "message.delivered": 1}
    days = ("2026-11-24", "2026-11-25", "2026-11-26")
    assert [reported(world, day) for day in days] == [["message.sent"], ["message.delivered"], []]


def test_a_status_that_an_older_version_had_noted_is_told_once(world: World, drop: Drop) -> None:
    two(drop)
    assert remind(world) == ["SENT"]
    tell(world, "delivered")
    (claim,) = world.message_items()
    gone = {"delivered_noted_at", "number", "message"}
    world.table.put({name: value for name, value in claim.items() if name not in gone})
    facts = {"portfolio": "tienda", "debts": ["tienda#F-1#"]}
    at = status(world, "delivered").at
    world.journal.append(claim["pk"], world.now, "message.delivered", "2026-11-24", facts, at=at)
    tell(world, "delivered")
    tell(world, "read")
    close(world)
    assert reported(world) == ["message.delivered", "message.read"]


def test_the_words_of_a_stop_that_cannot_be_done_are_kept(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(drop)

    def broken(*_: Any) -> None:
        raise RuntimeError("throttled")

    monkeypatch.setattr(type(world.ledger), "opt_out", broken)
    with pytest.raises(RuntimeError):
        hear(world, "messages", {"id": "wamid.baja", "type": "text", "text": {"body": "BAJA"}, "from": PHONE})
    (kept,) = (item for item in world.items() if item["pk"] == f"CHAT#{world.ref()}")
    assert kept["text"] == "BAJA"


def test_a_case_that_a_press_closed_was_closed_on_whatsapp(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    say(world, "cancelar")
    press(world, "Pagar")
    close(world)
    (row,) = (row for row in read(world, "interactions") if row["event"] == "case.closed")
    assert row["channel"] == "whatsapp"
