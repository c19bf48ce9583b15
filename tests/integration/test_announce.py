import json
from typing import Any

import boto3
import pytest

from cobranza.bus import Bus
from cobranza.flows.announce import Announcer, Change
from cobranza.store.aws import client
from cobranza.store.journal import Line, Noted, news_of
from cobranza.store.table import unpacked
from tests.integration.fakes import FakeContext
from tests.integration.memory import packed
from tests.integration.world import function
from tests.unit.test_bus import FakeEvents
from tests.unit.test_event_of import AT, SILENT, TOLD, line

NOTED_AT = "2026-11-24T17:00:01Z"
BAD = line("reply", "M" * 26, {"type": "text"})  # without its message


def image(of: Line) -> dict[str, Any]:
    """As the stream of the table shows it."""
    ours = {"pk": of.subject, "sk": f"{of.event}#{of.identity}", "event": of.event, "at": of.at.isoformat()}
    item = {**of.facts, **ours, "noted_at": NOTED_AT, "noted_on": "2026-11-24#03"}
    return packed(item)


def record(place: int, of: Line, kind: str = "INSERT") -> dict[str, Any]:
    return {"eventName": kind, "dynamodb": {"NewImage": image(of), "SequenceNumber": str(place)}}


def change(of: Line, place: str) -> Change:
    return Change(Noted(of, NOTED_AT), place)


def handled(fake: FakeEvents, *records: dict[str, Any]) -> dict[str, Any]:
    events = function("events")
    deps = events.Deps(Announcer(Bus(fake, "bus")))
    return events.handler({"Records": list(records)}, FakeContext(), deps=deps)


def names(fake: FakeEvents) -> list[str]:
    return [entry["DetailType"] for call in fake.calls for entry in call]


def orders(fake: FakeEvents) -> list[str]:
    """By their places alone: all were noted in one second."""
    return [json.loads(entry["Detail"])["order"][10:].lstrip("0") or "0" for call in fake.calls for entry in call]


@pytest.mark.parametrize("of", [*(of for of, _, _ in TOLD), *SILENT], ids=lambda of: of.event)
def test_a_line_comes_back_from_the_stream_as_it_was_noted(of: Line) -> None:
    assert [*news_of(unpacked(image(of)))] == [Noted(of, NOTED_AT)]


def test_lines_are_told_in_their_order_and_the_rest_is_left_out() -> None:
    fake = FakeEvents()
    mixed = [TOLD[0][0], SILENT[0], TOLD[4][0], SILENT[3], TOLD[8][0]]
    assert handled(fake, *(record(n, of) for n, of in enumerate(mixed))) == {"batchItemFailures": []}
    assert names(fake) == ["message.unknown", "message.sent", "reply.received"]
    assert orders(fake) == ["0", "2", "4"]


def test_what_is_removed_is_told_to_nobody() -> None:
    fake = FakeEvents()
    removed = {"eventName": "REMOVE", "dynamodb": {"Keys": {}, "SequenceNumber": "1"}}
    assert handled(fake, removed, record(2, TOLD[0][0])) == {"batchItemFailures": []}
    assert orders(fake) == ["2"]


def test_what_a_days_close_settles_is_told_to_nobody() -> None:
    fake = FakeEvents()
    settled = record(1, TOLD[4][0])
    del settled["dynamodb"]["NewImage"]["noted_on"]
    assert handled(fake, settled, record(2, TOLD[0][0])) == {"batchItemFailures": []}
    assert orders(fake) == ["2"]


def moved(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    images = {"OldImage": packed(old), "NewImage": packed(new)}
    return {"eventName": "MODIFY", "dynamodb": {**images, "SequenceNumber": "1"}}


def test_a_claim_tells_what_it_did_not_know_before() -> None:
    """Two streams, one order: what was noted later has the greater one, whatever its place in its stream."""
    fake = FakeEvents()
    claim = {"pk": f"B#{'A' * 26}", "sk": "MSG#2026-11-24", "debts": {"tienda#F-1#": []}, "portfolio": "tienda"}
    sent = claim | {"sent_at": "2026-11-24T17:00:00+00:00", "sent_noted_at": "2026-11-24T17:00:02Z"}
    read = sent | {"read_at": "2026-11-24T17:01:00+00:00", "read_noted_at": "2026-11-24T17:01:01Z"}
    records = [moved(claim, sent), moved(sent, read), moved(read, read | {"wamid": "w"}), record(99, TOLD[0][0])]
    assert handled(fake, *records) == {"batchItemFailures": []}
    assert names(fake) == ["message.sent", "message.read", "message.unknown"]
    told = [json.loads(entry["Detail"]) for entry in fake.calls[0]]
    assert [each["at"] for each in told[:2]] == ["2026-11-24T17:00:00Z", "2026-11-24T17:01:00Z"]
    assert told[0]["debts"] == ["tienda#F-1#"]
    unknown, said, seen = sorted(told, key=lambda each: int(each["order"]))
    assert unknown["data"]["code"] == "UNKNOWN"
    assert [said["at"], seen["at"]] == ["2026-11-24T17:00:00Z", "2026-11-24T17:01:00Z"]


@pytest.mark.parametrize(("refused", "place"), [({0}, 0), ({1}, 2), ({1, 2}, 2), ({2}, 4)])
def test_the_stream_comes_again_from_the_first_that_the_bus_refused(refused: set[int], place: int) -> None:
    fake = FakeEvents(refused)
    mixed = [TOLD[0][0], SILENT[0], TOLD[4][0], SILENT[3], TOLD[8][0]]
    answer = handled(fake, *(record(n, of) for n, of in enumerate(mixed)))
    assert answer == {"batchItemFailures": [{"itemIdentifier": str(place)}]}


def test_a_line_that_cannot_be_told_keeps_none_behind_it_back() -> None:
    fake = FakeEvents()
    assert handled(fake, record(1, BAD), record(2, TOLD[0][0])) == {"batchItemFailures": []}
    assert orders(fake) == ["2"]
    told = Announcer(Bus(fake, "bus")).announce([change(BAD, "1")])
    assert (told.events, told.unreadable) == (0, ("1 reply",))


def test_an_event_that_no_bus_takes_is_such_a_line() -> None:
    debts = [f"tienda#{number:064}#" for number in range(5000)]
    huge = line("message.sent", "2026-11-24", {"debts": debts})
    told = Announcer(Bus(FakeEvents(), "bus")).announce([change(huge, "1"), change(TOLD[0][0], "2")])
    assert (told.events, told.unreadable) == (1, ("1 message.sent",))


def test_an_unclear_answer_of_the_bus_fails_the_whole_batch() -> None:
    class Broken:
        def put_events(self, **_: Any) -> dict[str, Any]:
            raise TimeoutError

    events = function("events")
    with pytest.raises(TimeoutError):
        events.handler(
            {"Records": [record(1, TOLD[0][0])]}, FakeContext(), deps=events.Deps(Announcer(Bus(Broken(), "bus")))
        )


def test_an_event_carries_the_moment_at_which_it_happened() -> None:
    fake = FakeEvents()
    handled(fake, record(1, TOLD[0][0]))
    assert fake.calls[0][0]["Time"] == AT


@pytest.mark.usefixtures("world")
def test_boto3_takes_the_events_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the function is wired: every event there is, with the client's own checks of types and sizes."""
    for name, value in {"STAGE": "dev", "EVENT_BUS": "the-bus"}.items():
        monkeypatch.setenv(name, value)
    boto3.client("events", "us-east-1").create_event_bus(Name="the-bus")
    client.cache_clear()
    records = [record(place, of) for place, (of, _, _) in enumerate(TOLD)]
    answer = function("events").handler({"Records": records}, FakeContext())
    client.cache_clear()
    assert answer == {"batchItemFailures": []}
    assert f'"EventsAnnounced":[{len(TOLD)}.0],"LinesUnreadable":[0.0]' in capsys.readouterr().out
