"""What Meta tells of a message that left, in any order and number, ends in the same state."""

import itertools
import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from cobranza import telemetry
from cobranza.signature import sign
from cobranza.store.conversations import MAX_RAW
from cobranza.store.keys import MessageKey
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


@pytest.mark.parametrize("body", [b'{"entry": [{"from": "52555', b"[]", b"\xff\xfe", b"null", b"x" * 200_000])
def test_a_signed_body_that_nobody_can_read_is_kept_as_it_came_and_rings(
    world: World, logged: StringIO, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    """What Meta was told to send again would come again for days, and be as unreadable."""
    for _ in range(2):
        assert call(world, post(body, sign(body, "new-secret"), encoded=True))["statusCode"] == 200
    (kept,) = news(world)
    assert kept["pk"] == "NEWS#unreadable"
    assert json.dumps(body.decode(errors="backslashreplace"))[1:99_000] in kept["raw"]
    assert len(kept["raw"]) <= MAX_RAW
    assert kept["expires"] == int((world.now + timedelta(days=90)).timestamp())
    (error, _) = [line for line in map(json.loads, logged.getvalue().splitlines()) if line["level"] == "ERROR"]
    assert (error["message"], error["pieces"]) == ("meta told what cannot be read", 1)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("WebhooksUnreadable") for line in metrics] == [[1.0], [1.0]]


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


def test_each_message_that_failed_late_has_a_line_with_its_code_and_its_borrower(
    world: World, sent: Element, logged: StringIO
) -> None:
    """Meta may leave our id out of a failure: then it is the recipient's."""
    bare = {name: value for name, value in sent.items() if name != "biz_opaque_callback_data"}
    tell(world, statuses=[failed(sent), failed({**bare, "id": "wamid.other"})])
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    failures = [line for line in lines if line["message"] == "meta failed a message"]
    assert [(line["level"], line["code"], line["borrower"]) for line in failures] == [
        ("INFO", 131026, world.ref())
    ] * 2


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
    assert said["borrowers"] == [world.ref()]
    assert len(line) - len(said["trace"]) + UUID <= 310


def test_a_line_of_many_statuses_names_twenty_people_and_says_how_many_more_there_are(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    refs = [world.ref(f"C{number}") for number in range(23)]
    key = {"sk": "MSG#2026-11-24", "rank": 20, "state": "ACCEPTED", "template": "t", "debts": {}}
    for ref in refs:
        world.table.put({"pk": f"B#{ref}", **key})
    opaque = [MessageKey(ref, world.now.date()).opaque for ref in refs]
    told = [{"id": f"wamid.{n}", "biz_opaque_callback_data": each} for n, each in enumerate(opaque)]
    capsys.readouterr()
    assert tell(world, statuses=[status(each, state) for each in told for state in ("sent", "read")]) == 200
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["borrowers"], said["more"]) == (refs[:20], 3)


def test_what_comes_beside_a_status_is_counted_by_kind_in_a_line_of_its_own(
    world: World, sent: Element, logged: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(world, statuses=[status(sent, "read"), status({"id": "wamid.9"}, "read")])
    (line,) = map(json.loads, logged.getvalue().splitlines())
    assert line["counts"] == {"read": 1, "stray_status": 1}
    assert line["borrowers"] == [world.ref()]
    assert line["function_request_id"] == FakeContext.aws_request_id
    assert "trace" not in json.loads(capsys.readouterr().out.splitlines()[-1])
