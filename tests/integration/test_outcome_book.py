"""The outcome book: every due debt of a day has exactly one outcome, whatever stood still."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cobranza import telemetry
from cobranza.policy.breaker import Breaker
from cobranza.policy.pace import Pace
from cobranza.policy.strategy import shipped
from cobranza.store.keys import MessageKey
from cobranza.store.table import utc
from cobranza.whatsapp.client import Refused
from cobranza.whatsapp.errors import Action, ProviderError
from cobranza.whatsapp.events import StatusEvent
from tests.integration.fakes import FakeContext
from tests.integration.rows import apply
from tests.integration.world import TUESDAY, World, debts, function

type Drop = Callable[..., dict[str, Any]]
type Row = dict[str, str]

MIDNIGHT = datetime(2026, 11, 25, 6, tzinfo=UTC)  # in Mexico City
AS_OF = {"as-of": "2026-11-23T10:00:00-06:00"}
STANDARD = f"standard@{shipped('standard').version}"

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def remind(world: World) -> list[str]:
    return [world.sender.remind(reminder, world.now).code for reminder in world.tick()]


def close(world: World, days: int = 0) -> int:
    """Closes the Tuesday, or so many days later; how many due debts nobody looked at."""
    (closed,) = world.reports.close_days(MIDNIGHT + timedelta(days=days, hours=1))
    return closed.missing


def _object(world: World, report: str, file: str, day: str) -> str:
    key = f"results/tienda/{report}/dt=2026-11-{day}/{file}"
    return world.s3.get_object(Bucket="inbox", Key=key)["Body"].read().decode("utf-8-sig")


def rows(world: World, report: str = "outcomes", day: str = "24") -> list[Row]:
    return list(csv.DictReader(io.StringIO(_object(world, report, f"{report}.csv", day), newline="")))


def told(world: World, day: str = "24") -> dict[str, str]:
    """The outcome of each due debt, by debt and step."""
    steps = every_step(world, day)
    return {step: outcome for step, outcome in steps.items() if outcome != "SKIPPED_SUPERSEDED"}


def every_step(world: World, day: str) -> dict[str, str]:
    """With the steps that others stand for."""
    return {f"{row['debt_id']} {row['step']}": row["outcome"] for row in rows(world, day=day)}


def summary(world: World, day: str = "24") -> dict[str, Any]:
    return json.loads(_object(world, "outcomes", "summary.json", day))


def status(world: World, state: str, seconds: int = 5) -> StatusEvent:
    return StatusEvent(
        wamid="wamid.0",
        status=state,
        at=TUESDAY + timedelta(seconds=seconds),
        recipient="525555550101",
        opaque=MessageKey(world.ref(), TUESDAY.date()).opaque,
        errors=(ProviderError(131026, "Undeliverable", ""),) if state == "failed" else (),
        phone_number_id="100000000000001",
    )


def hear(world: World, *states: str) -> None:
    world.recorder.record([status(world, state) for state in states], world.now, "trace")


def one(drop: Drop, **changes: str) -> None:
    """C1 owes F-1, which is due today."""
    drop("debts/tienda/a.csv", debts(changes), metadata=AS_OF)


def test_a_message_is_one_outcome_with_its_step_rule_and_words(world: World, drop: Drop) -> None:
    one(drop)
    assert remind(world) == ["SENT"]
    assert close(world) == 0
    row, before = rows(world)
    assert (before["step"], before["outcome"]) == ("-3", "SKIPPED_SUPERSEDED")  # it came after that day
    assert row == {
        "day": "2026-11-24",
        "portfolio": "tienda",
        "borrower_id": "C1",
        "debt_id": "F-1",
        "instalment": "",
        "step": "0",
        "rule": "everyone",
        "strategy": STANDARD,
        "template": "vence_hoy",
        "outcome": "SENT",
        "at": "2026-11-24T11:00:00-06:00",
        "es": "WhatsApp aceptó el mensaje",
        "en": "WhatsApp took the message",
        "to_do_es": "",
        "to_do_en": "",
    }
    assert summary(world) == {
        "v": 1,
        "portfolio": "tienda",
        "day": "2026-11-24",
        "due": 1,
        "outcomes": {"SENT": 1},
        "missing": 0,
        "superseded": 1,
        "revised": False,
    }


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        (("sent",), "SENT"),
        (("read", "delivered"), "READ"),
        (("delivered", "failed"), "DELIVERED"),
        (("sent", "failed"), "FAILED_131026"),
    ],
)
def test_what_statuses_told_by_midnight_is_the_outcome(
    world: World, drop: Drop, states: tuple[str, ...], outcome: str
) -> None:
    one(drop)
    remind(world)
    hear(world, *states)
    close(world)
    row = rows(world)[0]
    assert row["outcome"] == outcome
    assert ("teléfono" in row["to_do_es"], "phone" in row["to_do_en"]) == (outcome == "FAILED_131026",) * 2


def test_a_late_status_revises_the_day_once_and_never_again(world: World, drop: Drop) -> None:
    one(drop)
    remind(world)
    close(world)
    world.later(days=1)
    hear(world, "delivered")
    close(world, days=1)
    assert told(world) == {"F-1 0": "DELIVERED"}
    assert (summary(world)["due"], summary(world)["outcomes"]) == (1, {"DELIVERED": 1})
    assert summary(world)["revised"]
    row = rows(world)[0]
    assert row["en"] == "The message reached the phone"
    world.later(days=1)
    hear(world, "read")
    close(world, days=2)
    assert told(world) == {"F-1 0": "DELIVERED"}


def test_a_revision_lowers_nothing_and_touches_what_is_no_message(world: World, drop: Drop) -> None:
    two = debts({}, {"debt_id": "F-2"})
    drop("debts/tienda/a.csv", two, metadata=AS_OF)
    apply(
        world,
        "contacts",
        {
            "borrower_id": "C1",
            "debt_id": "F-2",
            "action": "pausa",
            "until": "2026-12-01",
            "at": "2026-11-24",
            "source": "call centre",
        },
    )
    remind(world)
    hear(world, "read")
    close(world)
    before = rows(world)
    assert told(world) == {"F-1 0": "READ", "F-2 0": "SKIPPED_HELD"}
    world.later(days=1)
    hear(world, "delivered")
    close(world, days=1)
    assert rows(world) == before


def test_whoever_is_left_in_the_line_at_midnight_was_deferred_by_the_pace(world: World, drop: Drop) -> None:
    other = {"borrower_id": "C2", "debt_id": "F-2", "phone": "+525555550102"}
    drop("debts/tienda/a.csv", debts({}, other), metadata=AS_OF)
    world.scheduler = replace(world.scheduler, pace=Pace(1, timedelta(seconds=1)))
    assert len(remind(world)) == 1
    assert close(world) == 0
    assert sorted(told(world).values()) == ["DEFERRED_RATE", "SENT"]


def test_a_day_that_nobody_looked_at_is_missing_and_the_next_step_supersedes_its_steps(
    world: World, drop: Drop
) -> None:
    one(drop)
    missing = [close(world, days) for days in range(3)]  # the scheduler is off
    assert missing == [1, 1, 1]
    assert [told(world, day) for day in ("24", "25", "26")] == [{"F-1 0": "SKIPPED_NOT_LOOKED_AT"}] * 3
    assert (summary(world)["due"], summary(world)["outcomes"], summary(world)["missing"]) == (1, {}, 1)
    world.later(days=3)
    assert remind(world) == ["SENT"]
    assert close(world, 3) == 0
    assert every_step(world, "27") == {
        "F-1 3": "SENT",
        "F-1 -3": "SKIPPED_SUPERSEDED",
        "F-1 0": "SKIPPED_SUPERSEDED",
    }
    assert (summary(world, "27")["due"], summary(world, "27")["superseded"]) == (1, 2)


def test_the_alarms_metric_counts_what_is_missing(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one(drop)
    counted: Counter[str] = Counter()
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: counted.update({name: value}))
    reports = function("reports")
    deps = reports.Deps(world.reports, world.planning, lambda: MIDNIGHT + timedelta(hours=1))
    reports.handler({}, FakeContext(), deps=deps)
    assert (counted["DaysClosed"], counted["OutcomesMissing"]) == (1, 1)


def test_a_step_that_a_message_used_up_is_due_no_more_on_the_days_after(world: World, drop: Drop) -> None:
    one(drop)
    remind(world)
    for day in range(3):
        assert close(world, day) == 0
    assert [len(told(world, day)) for day in ("24", "25", "26")] == [1, 0, 0]


def test_a_day_that_is_closed_late_knows_nothing_of_the_messages_since(world: World, drop: Drop) -> None:
    one(drop)
    world.later(days=2)
    assert remind(world) == ["SENT"]
    assert [close(world, 4) for _ in range(3)] == [1, 1, 0]
    assert told(world, "26") == {"F-1 0": "SENT"}


def test_what_came_after_hours_waits_for_the_morning(world: World, drop: Drop) -> None:
    world.later(hours=11)  # 22:00
    one(drop)
    assert close(world) == 0
    assert told(world) == {"F-1 0": "DEFERRED_WINDOW"}


def test_a_debt_that_comes_after_the_days_message_has_had_its_message(world: World, drop: Drop) -> None:
    one(drop)
    remind(world)
    drop("debts/tienda/b.csv", debts({"debt_id": "F-2"}), metadata=AS_OF)
    world.later(hours=1)
    assert remind(world) in ([""], [])
    assert close(world) == 0
    assert told(world) == {"F-1 0": "SENT", "F-2 0": "SKIPPED_FREQUENCY_CAP"}


def test_nobody_is_missing_while_all_is_paused(world: World, drop: Drop) -> None:
    one(drop)
    world.s3.put_object(Bucket="inbox", Key="control/all/PAUSE", Body=b"")
    world.control.take(world.reports.results, "control/all/PAUSE", world.now)
    assert remind(world) == []
    assert close(world) == 0
    assert told(world) == {"F-1 0": "DEFERRED_PAUSED"}


@pytest.mark.parametrize(("scope", "queued"), [("number:all", 0), ("number:100000000000001", 0), ("number:2", 1)])
def test_nobody_is_missing_while_no_number_may_send(world: World, drop: Drop, scope: str, queued: int) -> None:
    one(drop)
    world.ledger.open_breaker(Breaker(scope, utc(world.now), 131031), {})
    assert len(remind(world)) == queued
    assert close(world) == 0
    assert told(world) == {"F-1 0": "SENT" if queued else "DEFERRED_BREAKER"}


def test_what_met_a_stop_waits_as_far_as_its_day_is_told(world: World, drop: Drop) -> None:
    one(drop)
    error = ProviderError(131031, "Account locked", "see the manager")
    world.whatsapp.answers = [Refused(Action.STOP_ACCOUNT, error)]
    assert remind(world) == ["DEFERRED_BREAKER"]
    assert close(world) == 0
    assert told(world) == {"F-1 0": "DEFERRED_BREAKER"}


def test_what_was_paid_before_the_look_is_told_though_it_left_the_book(world: World, drop: Drop) -> None:
    one(drop)
    payment = {"payment_id": "P-1", "borrower_id": "C1", "amount": "1234.50", "currency": "MXN"}
    reminders = world.tick()
    apply(world, "payments", payment | {"paid_at": "2026-11-24T09:00:00-06:00"})
    assert [world.sender.remind(each, world.now).code for each in reminders] == ["SKIPPED_PAID"]
    close(world)
    assert told(world) == {"F-1 0": "SKIPPED_PAID"}
    assert rows(world, "book") == []


def test_a_step_that_is_too_old_when_its_debt_comes_is_not_due(world: World, drop: Drop) -> None:
    one(drop, due_date="2026-10-20")
    assert remind(world) == []
    assert close(world) == 0
    assert rows(world) == []
    (row,) = rows(world, "book")
    assert (row["outcome"], row["en"]) == ("NOTHING_DUE", "No step of it was on that day")


def test_a_worker_that_died_after_its_claim_leaves_an_unknown(world: World, drop: Drop) -> None:
    one(drop)
    (reminder,) = world.tick()
    world.whatsapp.answers = [SystemExit()]
    with pytest.raises(SystemExit):
        world.sender.remind(reminder, world.now)
    assert close(world) == 0
    assert told(world) == {"F-1 0": "UNKNOWN"}


def test_the_book_tells_of_every_open_debt(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}, {"debt_id": "F-2", "due_date": "2026-12-20"}), metadata=AS_OF)
    remind(world)
    hear(world, "read")
    close(world)
    first, second = rows(world, "book")
    assert first == {
        "day": "2026-11-24",
        "portfolio": "tienda",
        "borrower_id": "C1",
        "name": "Lucía Ejemplo",
        "debt_id": "F-1",
        "instalment": "",
        "balance": "1234.50",
        "currency": "MXN",
        "due_date": "2026-11-24",
        "days_past_due": "0",
        "as_of": "2026-11-23T10:00:00-06:00",
        "consent": "solicitud",
        "stopped": "",
        "channel": "whatsapp",
        "held_until": "",
        "disputed": "",
        "recalled": "",
        "receipt_until": "",
        "case_until": "",
        "tags": "",
        "promised_for": "",
        "last_contact": "2026-11-24T11:00:00-06:00",
        "last_template": "vence_hoy",
        "last_state": "READ",
        "next_look": first["next_look"],
        "outcome": "READ",
        "es": "La persona leyó el mensaje",
        "en": "The borrower read the message",
    }
    assert first["next_look"].startswith("2026-11-27T")
    assert (second["days_past_due"], second["outcome"]) == ("-26", "NOTHING_DUE")


def test_the_files_name_no_person_in_their_keys(world: World, drop: Drop) -> None:
    one(drop)
    remind(world)
    close(world)
    keys = [each["Key"] for each in world.s3.list_objects_v2(Bucket="inbox", Prefix="results/")["Contents"]]
    assert not [key for key in keys if "C1" in key or "5550101" in key or world.ref() in key]
