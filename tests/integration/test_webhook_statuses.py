"""What Meta tells of a message that left, in any order and number, ends in the same state."""

import itertools
import json
from io import StringIO
from typing import Any

import pytest

from cobranza import telemetry
from cobranza.whatsapp.signature import sign
from tests.integration.deliveries import PHONE, Drop, Element, call, failed, left, post, status, tell
from tests.integration.fakes import FakeContext
from tests.integration.world import World

pytestmark = pytest.mark.in_memory

UUID = 36  # letters of an invocation's id


def news(world: World) -> list[dict[str, Any]]:
    return [item for item in world.items() if item["pk"].startswith("NEWS#")]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the function logs; its metrics are printed. Powertools reads the service when it is imported."""
    lines = StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", lines)
    monkeypatch.setattr(telemetry.metrics.provider, "service", "webhook")
    return lines


@pytest.fixture
def sent(world: World, drop: Drop, portfolio: None) -> Element:
    return left(world, drop)


def test_statuses_in_any_order_and_number_end_in_the_same_message(world: World, sent: Element) -> None:
    before = world.message_items()[0]
    statuses = [status(sent, "sent"), status(sent, "delivered"), status(sent, "read"), failed(sent)]
    ends: list[dict[str, Any]] = []
    for order in itertools.permutations(statuses):
        world.table.put(before)
        assert tell(world, statuses=[*order, order[0]]) == 200
        ends.append(world.item("MSG#2026-11-24"))
    assert len(ends) == 24
    assert all(end == ends[0] for end in ends)
    assert ends[0]["state"] == "READ"
    assert ends[0]["reason"]["code"] == 131026
    assert {"accepted_at", "sent_at", "delivered_at", "read_at", "failed_at"} <= ends[0].keys()
    assert news(world) == []


@pytest.mark.parametrize(
    ("states", "end"),
    [
        (("sent", "failed"), "FAILED"),
        (("failed", "delivered"), "DELIVERED"),
        (("delivered", "sent"), "DELIVERED"),
        (("read", "sent"), "READ"),
    ],
)
def test_the_later_state_wins_whichever_comes_first(
    world: World, sent: Element, states: tuple[str, str], end: str
) -> None:
    for state in states:
        tell(world, statuses=[status(sent, state)])
    assert world.item("MSG#2026-11-24")["state"] == end


@pytest.mark.parametrize("recipient", ["525555550101", "5215555550101"])
def test_a_status_without_our_id_is_found_by_recipient_and_wamid(
    world: World, sent: Element, recipient: str
) -> None:
    bare = {"id": sent["id"], "recipient_id": recipient}
    assert tell(world, statuses=[status(bare, "delivered")]) == 200
    assert world.item("MSG#2026-11-24")["state"] == "DELIVERED"
    assert news(world) == []


@pytest.mark.parametrize(
    "told",
    [
        {"id": "wamid.other", "recipient_id": PHONE},
        {"id": "wamid.0", "recipient_id": "525555550199"},
        {"id": "wamid.0"},
        {"id": "wamid.0", "biz_opaque_callback_data": "of-another-system"},
        {"id": "wamid.0", "biz_opaque_callback_data": f"m1.{'A' * 26}.20261124"},
        {"id": "wamid.0", "biz_opaque_callback_data": f"m1.{'A' * 26}.20261399"},
    ],
)
def test_a_stray_status_is_kept_once(world: World, sent: Element, told: Element) -> None:
    before = world.message_items()
    for _ in range(2):
        assert tell(world, statuses=[status(told, "delivered")]) == 200
    assert [item["pk"] for item in news(world)] == ["NEWS#stray_status"]
    assert world.message_items() == before


def test_a_stray_status_is_kept_as_it_came(world: World) -> None:
    tell(world, statuses=[failed({"id": "wamid.other", "recipient_id": PHONE})])
    (item,) = news(world)
    assert not [word for word in ("wamid.other", "failed", "131026") if word not in item["raw"]]


def test_a_state_that_nobody_knows_is_kept(world: World, sent: Element) -> None:
    assert tell(world, statuses=[status(sent, "played")]) == 200
    assert [item["pk"] for item in news(world)] == ["NEWS#status"]
    assert [message["state"] for message in world.message_items()] == ["ACCEPTED"]


def test_news_that_is_no_message_is_kept_once(world: World) -> None:
    change = {"field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}}
    body = json.dumps({"entry": [{"id": "W", "time": 1, "changes": [change, change]}, 7]}).encode()
    for _ in range(2):
        assert call(world, post(body, sign(body, "new-secret")))["statusCode"] == 200
    assert [item["pk"] for item in news(world)] == ["NEWS#account_update", "NEWS#unreadable"]


def test_a_failure_that_comes_later_is_in_the_journal_once(world: World, sent: Element) -> None:
    for _ in range(2):
        assert tell(world, statuses=[failed(sent)]) == 200
    entries = [item for item in world.items("journal") if item["event"] == "message.failed"]
    assert [entry["code"] for entry in entries] == ["FAILED_131026"]


@pytest.mark.parametrize(
    ("code", "metric"),
    [(999_999, "UnknownErrorCodes"), (132012, "RequestsAtFault"), (131026, None), (131048, None)],
)
def test_a_failure_that_a_person_must_look_at_is_counted_and_an_error_in_the_log(
    world: World, sent: Element, monkeypatch: pytest.MonkeyPatch, code: int, metric: str | None
) -> None:
    counted: list[str] = []
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: counted.append(name))
    monkeypatch.setattr(
        telemetry.logger, "error", lambda message, **told: logged.append({"message": message, **told})
    )
    error = {"code": code, "title": f"News of +{PHONE}", "error_data": {"details": "of Lucía"}}
    assert tell(world, statuses=[status(sent, "failed", errors=[error])]) == 200
    assert counted == [*([metric] if metric else []), "MessagesFailed"]
    assert [told["code"] for told in logged] == ([code] if metric else [])
    assert {told["borrower"] for told in logged} <= {world.ref()}
    assert not any(personal in str(logged) for personal in (PHONE, "Lucía", "wamid"))
    assert world.item("MSG#2026-11-24")["reason"]["code"] == code


def test_what_is_told_of_messages_is_counted_by_status(
    world: World, sent: Element, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: dict[str, int] = {}
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: counted.update({name: value}))
    assert tell(world, statuses=[status(sent, "delivered"), status(sent, "read")]) == 200
    assert counted == {"MessagesDelivered": 1, "MessagesRead": 1}


@pytest.mark.parametrize("state", ["sent", "delivered", "read"])
def test_a_status_alone_is_one_line_of_few_bytes_with_its_metric_and_its_trace(
    world: World, sent: Element, logged: StringIO, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    """Three millions of them come of a million reminders, and each byte is paid for."""
    capsys.readouterr()
    assert tell(world, statuses=[status(sent, state)]) == 200
    (line,) = capsys.readouterr().out.splitlines()
    assert logged.getvalue() == ""
    said = json.loads(line)
    (emf,) = said["_aws"]["CloudWatchMetrics"]
    metric = f"Messages{state.title()}"
    assert emf["Metrics"] == [{"Name": metric, "Unit": "Count"}]
    assert (said[metric], said["service"], said["trace"]) == ([1.0], "webhook", FakeContext.aws_request_id)
    assert len(line) - len(said["trace"]) + UUID <= 260


def test_what_comes_beside_a_status_is_counted_by_kind_in_a_line_of_its_own(
    world: World, sent: Element, logged: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(world, statuses=[status(sent, "read"), status({"id": "wamid.9"}, "read")])
    (line,) = map(json.loads, logged.getvalue().splitlines())
    assert line["counts"] == {"read": 1, "stray_status": 1}
    assert line["function_request_id"] == FakeContext.aws_request_id
    assert "trace" not in json.loads(capsys.readouterr().out.splitlines()[-1])
