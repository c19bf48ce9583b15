"""The doors: what a function gets from Lambda, and what it gives back."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cobranza import telemetry
from cobranza.policy.breaker import Breaker
from cobranza.queues import Queue, Reminder
from cobranza.whatsapp.client import Refused
from cobranza.whatsapp.errors import Action, ProviderError, rule_for
from tests.integration.fakes import DyingClient, FakeContext, received
from tests.integration.world import TUESDAY, World, debts, function

pytestmark = pytest.mark.in_memory

PACE = Refused(Action.RETRY, ProviderError(130429, "Too fast", "slow down"), 30)
LOCKED = Refused(Action.STOP_ACCOUNT, ProviderError(131031, "Account locked", "see the manager"))

type Drop = Callable[..., dict[str, Any]]


def record(name: str, body: Any, *, receives: int = 1, sent_at: datetime = TUESDAY) -> dict[str, Any]:
    return {
        "messageId": name,
        "receiptHandle": f"handle of {name}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": received(receives, sent_at),
    }


def failures(*names: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


@dataclass
class Delays:
    """Notes which messages were told to come back later."""

    delayed: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        self.delayed.append((ReceiptHandle, VisibilityTimeout))


# ingest


def file(key: str, version: str = "") -> dict[str, Any]:
    return {"v": 1, "bucket": "inbox", "key": key, "version": version}


def ingest(world: World, *records: dict[str, Any], s3: Any = None, delays: Delays | None = None) -> dict[str, Any]:
    module = function("ingest")
    queue = Queue(delays or Delays(), "url")
    deps = module.Deps(world.importer, world.control, world.approvals, queue, world.clock, s3 or world.s3)
    return module.handler({"Records": list(records)}, FakeContext(), deps=deps)


def put(world: World, key: str, text: str) -> None:
    world.s3.put_object(Bucket="inbox", Key=key, Body=text.encode())


def result(world: World, place: str) -> dict[str, Any]:
    key = f"results/{place}/summary.json"
    return json.loads(world.s3.get_object(Bucket="inbox", Key=key)["Body"].read())


def written(world: World) -> list[str]:
    found = world.s3.list_objects_v2(Bucket="inbox", Prefix="results/").get("Contents", [])
    return [each["Key"] for each in found]


def test_each_file_of_a_batch_is_imported(world: World) -> None:
    put(world, "debts/tienda/a.csv", debts({}))
    put(world, "debts/tienda/a b+c día.csv", debts({"borrower_id": "C2"}))
    answer = ingest(
        world, record("1", file("debts/tienda/a.csv")), record("2", file("debts/tienda/a b+c día.csv"))
    )
    assert answer == failures()
    assert result(world, "tienda/debts/a.csv")["created"] == 1
    assert result(world, "tienda/debts/a b+c día.csv")["created"] == 1


def test_a_folder_and_a_file_that_is_gone_are_nobodys_fault(world: World) -> None:
    put(world, "debts/tienda/", "")
    answer = ingest(world, record("1", file("debts/tienda/")), record("2", file("debts/tienda/gone.csv")))
    assert answer == failures()
    assert written(world) == []
    assert world.book() == []


def test_a_snapshot_that_waits_for_a_person_is_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[str, int]] = []
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: counted.append((name, value)))
    people = [{"borrower_id": f"C{n}", "debt_id": f"F-{n}"} for n in range(10)]
    for name, listed in (("a", people), ("b", people[5:])):
        put(world, f"snapshots/tienda/{name}.csv", debts(*listed))
        assert ingest(world, record(name, file(f"snapshots/tienda/{name}.csv"))) == failures()
    assert [value for name, value in counted if name == "FilesWaiting"] == [0, 1]


def test_a_file_that_is_refused_whole_is_done(world: World) -> None:
    put(world, "debts/tienda/a.csv", "")
    assert ingest(world, record("1", file("debts/tienda/a.csv"))) == failures()
    assert result(world, "tienda/debts/a.csv")["error"]["code"] == "EMPTY_FILE"


def test_only_the_file_that_failed_comes_back(world: World) -> None:
    for name in "abc":
        put(world, f"debts/tienda/{name}.csv", debts({"borrower_id": name}))

    class BrokenAt:
        exceptions = world.s3.exceptions
        put_object = world.s3.put_object

        def get_object(self, **request: Any) -> Any:
            if request["Key"].endswith("b.csv"):
                raise OSError("S3 is away")
            return world.s3.get_object(**request)

    records = [record(name, file(f"debts/tienda/{name}.csv")) for name in "abc"]
    assert ingest(world, *records, s3=BrokenAt()) == failures("b")
    assert [bool(world.item("PROFILE", name)) for name in "abc"] == [True, False, True]


def test_a_body_that_cannot_be_read_keeps_no_other_file_from_its_import(world: World) -> None:
    put(world, "debts/tienda/a.csv", debts({}))
    answer = ingest(world, record("1", "no json"), record("2", file("debts/tienda/a.csv")))
    assert answer == failures("1")
    assert result(world, "tienda/debts/a.csv")["created"] == 1


def test_a_file_that_fails_comes_again_in_a_minute_and_then_in_ten(world: World) -> None:
    delays = Delays()
    for receives in (1, 2, 3):
        ingest(world, record("1", "no json", receives=receives), delays=delays)
    assert delays.delayed == [("handle of 1", seconds) for seconds in (60, 600, 600)]


def test_a_second_try_plans_what_the_first_did_not(world: World) -> None:
    put(world, "debts/tienda/a.csv", debts({}))
    ingest(world, record("1", file("debts/tienda/a.csv")))
    world.later(minutes=5)
    put(world, "debts/tienda/b.csv", debts({"debt_id": "F-2", "due_date": "2026-11-20"}))
    # Writes: profile and debt, and then the plan, at which it dies.
    dying = replace(world, dynamodb=DyingClient(world.dynamodb, 1, done=False, error=RuntimeError))
    plan = world.item("PROFILE")
    world.table.put(plan | {"due_at": "2026-12-24T15:00:00Z"})
    assert ingest(dying, record("2", file("debts/tienda/b.csv"))) == failures("2")
    assert world.item("PROFILE")["due_at"] == "2026-12-24T15:00:00Z"
    assert ingest(world, record("2", file("debts/tienda/b.csv"), receives=2)) == failures()
    assert world.item("PROFILE")["due_at"] == "2026-11-24T15:00:00Z"


def test_the_version_that_was_dropped_is_read(world: World) -> None:
    world.s3.put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
    key = "debts/tienda/a.csv"
    first = world.s3.put_object(Bucket="inbox", Key=key, Body=debts({}).encode())["VersionId"]
    put(world, key, debts({"borrower_id": "C2"}))
    assert ingest(world, record("1", file(key, first))) == failures()
    assert world.item("PROFILE", "C1")
    assert not world.item("PROFILE", "C2")
    assert ingest(world, record("1", file(key, "no-such-version"))) == failures()


def test_a_control_file_comes_straight_from_its_rule(world: World) -> None:
    put(world, "control/tienda/PAUSE", "")
    module = function("ingest")
    deps = module.Deps(
        world.importer, world.control, world.approvals, Queue(Delays(), "url"), world.clock, world.s3
    )
    assert module.handler(file("control/tienda/PAUSE"), FakeContext(), deps=deps) == failures()
    assert result(world, "tienda/control/PAUSE")["pause"]["state"] == "PAUSED"


def test_a_control_file_that_fails_is_an_error_for_lambda_to_try_again(world: World) -> None:
    class Forbidden:
        exceptions = world.s3.exceptions

        def get_object(self, **request: Any) -> Any:
            raise PermissionError("403")

    module = function("ingest")
    deps = module.Deps(
        world.importer, world.control, world.approvals, Queue(Delays(), "url"), world.clock, Forbidden()
    )
    with pytest.raises(PermissionError):
        module.handler(file("control/tienda/PAUSE"), FakeContext(), deps=deps)


def test_a_control_file_from_the_queue_is_one_as_well(world: World) -> None:
    put(world, "control/all/PAUSE", "")
    assert ingest(world, record("1", file("control/all/PAUSE"))) == failures()
    assert result(world, "all/control/PAUSE")["pause"]["state"] == "PAUSED"


# send


def send(world: World, *records: dict[str, Any], delays: Delays | None = None, remaining: int = 120_000) -> Any:
    module = function("send")
    deps = module.Deps(world.sender, Queue(delays or Delays(), "url"), world.clock)
    return module.handler({"Records": list(records)}, FakeContext(remaining=remaining), deps=deps)


def body(reminder: Reminder) -> dict[str, Any]:
    return {"v": 1, "borrower": reminder.borrower, "lease": reminder.lease, "trace": reminder.trace}


@pytest.fixture
def reminders(world: World, drop: Drop, portfolio: None) -> dict[str, dict[str, Any]]:
    """Two borrowers who are due, as records by their id."""
    assert drop("debts/tienda/a.csv", debts({}, {"borrower_id": "C2", "phone": "+525555550102"}))["created"] == 2
    names = {world.ref(name): name for name in ("C1", "C2")}
    return {names[each.borrower]: record(names[each.borrower], body(each)) for each in world.tick()}


def test_a_batch_of_reminders_is_sent_and_done(world: World, reminders: dict[str, dict[str, Any]]) -> None:
    assert send(world, *reminders.values()) == failures()
    assert {message["to"] for message in world.whatsapp.sent} == {"+525555550101", "+525555550102"}
    assert send(world, *reminders.values()) == failures()
    assert len(world.whatsapp.sent) == 2


def test_whether_it_is_paused_is_read_once_a_batch(world: World, reminders: dict[str, dict[str, Any]]) -> None:
    asked: list[str] = []

    def feed(portfolio: str) -> Any:
        asked.append(portfolio)
        return world.ledger.feed(portfolio)

    world.sender = replace(world.sender, feed=feed)
    send(world, *reminders.values())
    assert asked == ["tienda"]


def test_a_pause_stops_the_next_batch(world: World, reminders: dict[str, dict[str, Any]]) -> None:
    assert send(world, reminders["C1"]) == failures()
    world.controls.begin("tienda", "", world.now)
    assert send(world, reminders["C2"]) == failures()
    assert len(world.whatsapp.sent) == 1
    assert sorted(world.outcomes()) == ["DEFERRED_PAUSED", "SENT"]


def test_a_reminder_that_was_refused_for_now_comes_back_later(
    world: World, reminders: dict[str, dict[str, Any]]
) -> None:
    world.whatsapp.answers = [PACE]
    delays = Delays()
    assert send(world, reminders["C1"], reminders["C2"], delays=delays) == failures("C1")
    assert delays.delayed == [("handle of C1", 30)]
    assert [message["to"] for message in world.whatsapp.sent] == ["+525555550102"]


def test_a_stop_is_obeyed_by_the_rest_of_its_batch(world: World, reminders: dict[str, dict[str, Any]]) -> None:
    world.whatsapp.answers = [LOCKED]
    delays = Delays()
    assert send(world, *reminders.values(), delays=delays) == failures()
    assert (delays.delayed, world.whatsapp.sent) == ([], [])
    assert world.outcomes() == ["DEFERRED_BREAKER", "DEFERRED_BREAKER"]
    assert len(world.message_items()) == 1


@pytest.mark.parametrize(
    ("error", "metric", "scope"),
    [
        (LOCKED.error, "BreakersOpened", "number:all"),
        (ProviderError(999_999, "News of +525555550101", "of Lucía"), "UnknownErrorCodes", None),
        (ProviderError(132012, "Mismatch of +525555550101", "of Lucía"), "RequestsAtFault", None),
        (ProviderError(131026, "Undeliverable", ""), None, None),
    ],
)
def test_what_a_person_must_look_at_is_counted_and_an_error_in_the_log(
    world: World,
    reminders: dict[str, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    error: ProviderError,
    metric: str | None,
    scope: str | None,
) -> None:
    counted: list[str] = []
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: counted.append(name))
    monkeypatch.setattr(telemetry.logger, "error", lambda message, **told: logged.append(told))
    world.whatsapp.answers = [Refused(rule_for(error.code).action, error)]
    assert send(world, reminders["C1"]) == failures()
    assert [name for name in counted if not name.startswith("Outcome")] == ([metric] if metric else [])
    assert [told["code"] for told in logged] == ([error.code] if metric else [])
    assert not any(personal in str(logged) for personal in ("5555550101", "Lucía"))
    if scope:
        assert (logged[0]["scope"], logged[0]["then"]) == (scope, f"cobranza resume {scope}")


def test_only_the_reminder_that_failed_comes_back(world: World, reminders: dict[str, dict[str, Any]]) -> None:
    dying = replace(world, dynamodb=DyingClient(world.dynamodb, 0, done=False, error=RuntimeError))
    answer = send(dying, record("0", "no json"), reminders["C1"], reminders["C2"])
    assert answer == failures("0", "C1")
    assert [message["to"] for message in world.whatsapp.sent] == ["+525555550102"]
    assert send(world, reminders["C1"]) == failures()
    assert len(world.whatsapp.sent) == 2


def test_without_time_for_a_call_reminders_go_back_untouched(
    world: World, reminders: dict[str, dict[str, Any]]
) -> None:
    before = world.kept()
    delays = Delays()
    assert send(world, *reminders.values(), delays=delays, remaining=18_000) == failures(*reminders)
    assert world.kept() == before
    assert (delays.delayed, world.whatsapp.sent) == ([], [])


def test_a_reminder_that_comes_back_tells_how_long_it_has_waited(
    world: World, reminders: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(telemetry, "measure", lambda name, seconds: told.append((name, seconds)))
    world.whatsapp.answers = [PACE]
    refused = reminders["C1"] | {"attributes": received(4, world.now - timedelta(minutes=36))}
    unreadable = record("0", "no json", sent_at=world.now - timedelta(minutes=12))
    assert send(world, unreadable, refused, reminders["C2"], delays=Delays()) == failures("0", "C1")
    assert told == [("RetriedReminderAge", 720.0), ("RetriedReminderAge", 2160.0)]


def test_a_reminder_comes_back_also_when_it_cannot_be_told_when(
    world: World, reminders: dict[str, dict[str, Any]]
) -> None:
    class Away(Delays):
        def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
            raise OSError("SQS is away")

    world.whatsapp.answers = [PACE]
    assert send(world, reminders["C1"], reminders["C2"], delays=Away()) == failures("C1")
    assert len(world.whatsapp.sent) == 1


# scheduler


def test_every_tick_tells_what_whatsapp_has_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: dict[str, int] = {}
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: counted.update({name: value}))
    monkeypatch.setattr(telemetry.logger, "error", lambda message, **told: logged.append(told))
    module = function("scheduler")
    deps = module.Deps(world.scheduler, world.clock)
    module.handler({}, FakeContext(), deps=deps)
    assert (counted["BreakersOpen"], logged) == (0, [])
    world.ledger.open_breaker(Breaker("number:all", "2026-11-24T17:00:00Z", 131042), {})
    module.handler({}, FakeContext(), deps=deps)
    assert counted["BreakersOpen"] == 1
    assert logged[0]["then"] == "cobranza resume number:all"


def test_the_scheduler_tells_how_many_it_queued(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}, {"borrower_id": "C2"}, {"borrower_id": "C3", "due_date": "2027-01-15"}))
    module = function("scheduler")
    deps = module.Deps(world.scheduler, world.clock)
    event = {"v": 1, "source": "schedule"}
    assert module.handler(event, FakeContext(), deps=deps) == {"queued": 2}
    assert module.handler(event, FakeContext(), deps=deps) == {"queued": 0}
    assert {reminder.trace for reminder in world.received()} == {"request-1"}
