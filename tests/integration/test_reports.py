"""The files of a day: all that happened is in them, once, and they add up."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from cobranza.store.keys import MessageKey
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.events import Event, InboundMessage, StatusEvent
from tests.integration.fakes import DyingClient, Killed
from tests.integration.rows import apply, owed, writes_of
from tests.integration.world import TUESDAY, World, debts

type Drop = Callable[..., dict[str, Any]]
type Row = dict[str, str]

AS_OF = {"as-of": "2026-11-23T10:00:00-06:00"}
PAID = {
    "payment_id": "P-1",
    "borrower_id": "C1",
    "amount": "150.00",
    "currency": "MXN",
    "paid_at": "2026-11-24T09:00:00-06:00",
}
SAID = {"borrower_id": "C1", "at": "2026-11-24T09:00:00-06:00", "source": "call centre"}
MIDNIGHT = datetime(2026, 11, 25, 6, tzinfo=UTC)  # in Mexico City

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def close(world: World, now: datetime = MIDNIGHT + timedelta(hours=1)) -> list[str]:
    """One run of the function: the days that it closed."""
    return [f"{closed.day.portfolio} {closed.day.date}" for closed in world.reports.close_days(now)]


def raw(world: World, report: str, day: str = "2026-11-24", portfolio: str = "tienda") -> bytes:
    key = f"results/{portfolio}/{report}/dt={day}/{report}.csv"
    return world.s3.get_object(Bucket="inbox", Key=key)["Body"].read()


def read(world: World, report: str, day: str = "2026-11-24", portfolio: str = "tienda") -> list[Row]:
    text = raw(world, report, day, portfolio).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def two(drop: Drop) -> None:
    """100.00 due today, 80.00 due in a week."""
    file = debts({"amount": "100.00"}, {"debt_id": "F-2", "amount": "80.00", "due_date": "2026-12-01"})
    drop("debts/tienda/a.csv", file, metadata=AS_OF)


def remind(world: World) -> list[str]:
    return [world.sender.remind(reminder, world.now).code for reminder in world.tick()]


def status(world: World, state: str, **changes: Any) -> StatusEvent:
    told = StatusEvent(
        wamid="wamid.0",
        status=state,
        at=TUESDAY + timedelta(seconds=5),
        recipient="525555550101",
        opaque=MessageKey(world.ref(), TUESDAY.date()).opaque,
        errors=(ProviderError(131026, "Undeliverable", ""),) if state == "failed" else (),
        phone_number_id="100000000000001",
    )
    return replace(told, **changes)


def wrote(words: str, number: int = 1, **changes: Any) -> InboundMessage:
    told = InboundMessage(
        wamid=f"wamid.IN{number}",
        sender="525555550101",
        sender_bsuid=None,
        at=TUESDAY + timedelta(minutes=number),
        type="text",
        text=words,
        payload="",
        media=None,
        context_wamid=None,
        phone_number_id="100000000000001",
        raw={},
    )
    return replace(told, **changes)


# Payments.


def test_a_payment_over_two_debts_is_listed_with_both_and_adds_up(world: World, drop: Drop) -> None:
    two(drop)
    apply(world, "payments", PAID)
    assert owed(world) == {"F-1": "0.00", "F-2": "30.00"}
    assert close(world) == ["tienda 2026-11-24"]
    rows = read(world, "payments_out")
    assert [(row["part_debt_id"], row["part_amount"]) for row in rows] == [("F-1", "100.00"), ("F-2", "50.00")]
    assert {(row["payment_id"], row["borrower_id"], row["amount"], row["paid_at"]) for row in rows} == {
        ("P-1", "C1", "150.00", "2026-11-24T09:00:00-06:00")
    }


def test_every_payment_is_its_parts_whatever_became_of_the_money(world: World, drop: Drop) -> None:
    two(drop)
    rows = [
        PAID,
        PAID | {"payment_id": "P-2", "amount": "90.00"},  # 30.00 are still owed
        PAID | {"payment_id": "P-3", "amount": "20.00", "paid_at": "2026-11-20"},  # the balance holds it
        PAID | {"payment_id": "P-4", "amount": "10.00", "borrower_id": "", "debt_id": "F-2"},
        PAID | {"payment_id": "P-5", "borrower_id": "C9"},  # nobody's
    ]
    apply(world, "payments", *rows)
    close(world)
    found: dict[str, dict[str, Decimal]] = {}
    for row in read(world, "payments_out"):
        found.setdefault(row["payment_id"], {})[row["part_to"] + row["part_debt_id"]] = Decimal(row["part_amount"])
        assert row["borrower_id"] == "C1"
    assert {name: sum(parts.values()) for name, parts in found.items()} == {
        row["payment_id"]: Decimal(row["amount"]) for row in rows[:4]
    }
    assert set(found["P-3"]) == {"in_balance"}
    assert [row["paid_at"] for row in read(world, "payments_out") if row["payment_id"] == "P-3"] == ["2026-11-20"]


def test_a_payment_comes_out_once_however_often_its_file_comes(world: World, drop: Drop) -> None:
    two(drop)
    for _ in range(2):
        apply(world, "payments", PAID)
    close(world)
    world.later(days=1)
    apply(world, "payments", PAID)
    close(world, world.now + timedelta(hours=14))
    assert [len(read(world, "payments_out", day)) for day in ("2026-11-24", "2026-11-25")] == [2, 0]


def test_a_payment_whose_worker_died_for_good_comes_out_with_the_next_file_that_tells_it(
    world: World, drop: Drop
) -> None:
    two(drop)
    held = PAID | {"payment_id": "P-2", "paid_at": "2026-11-20"}
    before = world.kept()
    for at in range(writes_of(world, "payments", PAID, held, import_id="first")):
        world.restore(before)
        dying = DyingClient(world.dynamodb, at, done=False)
        with pytest.raises(Killed):
            apply(replace(world, dynamodb=dying), "payments", PAID, held, import_id="first")
        apply(world, "payments", PAID, held, import_id="second")
        close(world)
        assert sorted(row["payment_id"] for row in read(world, "payments_out")) == ["P-1", "P-1", "P-2"]


# Interactions.


def test_for_n_webhook_events_there_are_n_interactions(world: World, drop: Drop) -> None:
    two(drop)
    assert remind(world) == ["SENT"]
    events: list[Event] = [
        *(status(world, state) for state in ("sent", "delivered", "read")),
        status(world, "delivered", wamid="wamid.ANSWER", opaque=None),
        status(
            world, "read", wamid="wamid.OLD", opaque=MessageKey(world.ref(), TUESDAY.date().replace(day=2)).opaque
        ),
        wrote("hola"),
        wrote("", 2, type="image"),
        wrote("¿quién?", 3, sender="525555550199"),
        wrote("hola", 4, sender="", sender_bsuid="MX.1"),
    ]
    before = world.kept()
    for order in [events, events[::-1], events * 2, events[4:] + events[:6]]:
        world.restore(before)
        world.recorder.record(order, world.now, "trace")
        close(world)
        rows = [row for row in read(world, "interactions") if row["message"]]
        assert Counter(row["event"] for row in rows) == {
            "message.sent": 1,
            "message.delivered": 2,
            "message.read": 2,
            "reply": 4,
        }
        assert len(rows) == len(events)
        assert len({(row["message"], row["event"]) for row in rows}) == len(events)


def test_an_interaction_names_borrower_debts_message_step_and_moment(world: World, drop: Drop) -> None:
    two(drop)
    remind(world)
    world.recorder.record([status(world, "read"), wrote("ya pagué", context_wamid="wamid.0")], world.now, "trace")
    close(world)
    left, opened, reply = sorted(read(world, "interactions"), key=lambda row: row["at"])
    assert (left["event"], left["code"], left["debts"], left["step"]) == ("message.accepted", "SENT", "F-1", "0")
    wamid = world.references.ref("wamid", "wamid.0")
    assert opened == {
        "at": "2026-11-24T11:00:05-06:00",
        "portfolio": "tienda",
        "borrower_id": "C1",
        "event": "message.read",
        "channel": "whatsapp",
        "code": "",
        "debts": "F-1",
        "step": "0",
        "template": "vence_hoy",
        "detail": "",
        "message": wamid,
    }
    assert (reply["event"], reply["debts"], reply["detail"]) == ("reply", "F-1", "text")


def test_whatever_order_statuses_come_in_each_is_told_once(world: World, drop: Drop) -> None:
    two(drop)
    remind(world)
    before = world.kept()
    for order in permutations([status(world, state) for state in ("sent", "delivered", "failed")]):
        world.restore(before)
        world.recorder.record([*order, order[0]], world.now, "trace")
        close(world)
        told = {row["event"]: row["code"] for row in read(world, "interactions")}
        assert told == {
            "message.accepted": "SENT",
            "message.sent": "",
            "message.delivered": "",
            "message.failed": "FAILED_131026",
        }


def test_what_people_said_elsewhere_comes_out_without_their_words(world: World, drop: Drop) -> None:
    two(drop)
    apply(
        world,
        "contacts",
        SAID | {"action": "llamada", "text": "prometió pagar"},
        SAID | {"action": "pausa", "debt_id": "F-1", "until": "2026-12-01"},
        SAID | {"action": "telefono", "phone": "+525555550109"},
        SAID | {"action": "canal", "channel": "correo", "consent": "no"},
        SAID | {"action": "disputa", "text": "no es mía"},
    )
    apply(world, "recalls", {"borrower_id": "C1", "debt_id": "F-2", "action": "vendida", "at": "2026-11-23"})
    apply(world, "requests", {"borrower_id": "C1", "debt_id": "F-1"})
    close(world)
    rows = read(world, "interactions")
    assert {(row["event"], row["channel"], row["debts"], row["detail"]) for row in rows} == {
        ("call", "call", "", ""),
        ("hold", "file", "F-1", "2026-12-01"),
        ("phone", "file", "", ""),
        ("channel", "file", "", "email"),
        ("no_consent", "file", "", ""),
        ("dispute", "file", "", ""),
        ("recall.sold", "file", "F-2", ""),
        ("request", "file", "F-1", ""),
    }
    journal = json.dumps(world.items("journal"), default=str, ensure_ascii=False)
    assert not [word for word in ("prometi", "5550109", "call centre", "C1", "mía") if word in journal]


def test_what_is_told_late_comes_out_with_the_day_on_which_it_is_told(world: World, drop: Drop) -> None:
    two(drop)
    remind(world)
    close(world)
    world.later(days=1)
    late = status(world, "delivered")
    world.recorder.record([late], world.now, "trace")
    close(world, world.now + timedelta(hours=14))
    (row,) = read(world, "interactions", "2026-11-25")
    assert (row["event"], row["at"]) == ("message.delivered", "2026-11-24T11:00:05-06:00")


def test_skips_are_no_interactions(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({"consent": "no"}), metadata=AS_OF)
    assert remind(world) == ["SKIPPED_NO_CONSENT"]
    close(world)
    assert read(world, "interactions") == []


# Ageing.


def test_ageing_is_what_is_owed_now_by_days_past_due(world: World, drop: Drop) -> None:
    ages = {"F-1": 0, "F-2": 1, "F-3": 30, "F-4": 31, "F-5": 90, "F-6": 91}
    rows = [
        {"debt_id": name, "amount": "100.00", "due_date": str(TUESDAY.date() - timedelta(days=age))}
        for name, age in ages.items()
    ]
    foreign = {"borrower_id": "C2", "phone": "+525555550102", "currency": "USD", "amount": "5.00"}
    drop("debts/tienda/a.csv", debts(*rows, foreign), metadata=AS_OF)
    apply(world, "payments", PAID | {"debt_id": "F-6", "amount": "40.00"})
    close(world)
    found = {(row["currency"], row["bucket"]): row["amount"] for row in read(world, "ageing")}
    assert [found["MXN", f"days_{name}"] for name in ("0", "1_30", "31_60", "61_90", "over_90")] == [
        "100.00",
        "200.00",
        "100.00",
        "100.00",
        "60.00",
    ]
    assert found["MXN", "total"] == found["MXN", "book"] == "560.00"
    assert sum(map(Decimal, owed(world).values())) == Decimal(found["MXN", "book"])
    assert found["USD", "days_0"] == found["USD", "book"] == "5.00"
