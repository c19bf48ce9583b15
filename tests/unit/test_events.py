import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.events import (
    InboundMessage,
    Media,
    OtherEvent,
    StatusEvent,
    Unreadable,
    parse,
)

type Json = dict[str, Any]
NUMBER = "106540352242922"
AT = datetime(2026, 10, 5, 15, 0, tzinfo=UTC)
STAMP = str(int(AT.timestamp()))


def body(value: Any, field: str = "messages") -> bytes:
    return json.dumps({"entry": [{"id": "W1", "changes": [{"field": field, "value": value}]}]}).encode()


def value(**lists: list[Any]) -> Json:
    return {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}, **lists}


def message(kind: str = "text", **content: Any) -> Json:
    return {"from": "525555550101", "id": "wamid.in1", "timestamp": STAMP, "type": kind, **content}


def status(**changes: Any) -> Json:
    return {
        "id": "wamid.out1",
        "status": "delivered",
        "timestamp": STAMP,
        "recipient_id": "5215555550101",
        **changes,
    }


def read_message(raw: Json) -> InboundMessage:
    [event] = parse(body(value(messages=[raw])))
    assert isinstance(event, InboundMessage)
    return event


def read_status(raw: Json) -> StatusEvent:
    [event] = parse(body(value(statuses=[raw])))
    assert isinstance(event, StatusEvent)
    return event


def test_a_text() -> None:
    raw = message(text={"body": "Ya pagué"}, context={"id": "wamid.out1", "from": NUMBER})
    assert read_message(raw) == InboundMessage(
        wamid="wamid.in1",
        sender="525555550101",
        sender_bsuid=None,
        at=AT,
        type="text",
        text="Ya pagué",
        payload="",
        media=None,
        context_wamid="wamid.out1",
        phone_number_id=NUMBER,
        raw=raw,
    )


def test_a_status() -> None:
    raw = status(status="failed", biz_opaque_callback_data="o1")
    raw["errors"] = [
        {"code": 131026, "title": "Undeliverable", "error_data": {"details": "Not on WhatsApp"}},
        {"code": "131049", "title": "Limit", "message": "Not delivered"},
        {"code": None},
        "broken",
    ]
    assert read_status(raw) == StatusEvent(
        wamid="wamid.out1",
        status="failed",
        at=AT,
        recipient="5215555550101",
        opaque="o1",
        errors=(
            ProviderError(131026, "Undeliverable", "Not on WhatsApp"),
            ProviderError(131049, "Limit", "Not delivered"),
            ProviderError(0, "", ""),
            ProviderError(0, "", ""),
        ),
        phone_number_id=NUMBER,
    )


@pytest.mark.parametrize("recipient", [None, "", "MX.13491208655302741918"])
def test_a_status_without_a_number(recipient: str | None) -> None:
    assert read_status(status(recipient_id=recipient)).recipient == ""


def test_an_unknown_status_is_kept() -> None:
    assert read_status(status(status="teleported")).status == "teleported"


@pytest.mark.parametrize(
    ("raw", "text", "payload"),
    [
        (message("button", button={"text": "Ya pagué", "payload": "PAID"}), "Ya pagué", "PAID"),
        (
            message(
                "interactive",
                interactive={"type": "button_reply", "button_reply": {"id": "b1", "title": "Stop"}},
            ),
            "Stop",
            "b1",
        ),
        (
            message(
                "interactive",
                interactive={"type": "list_reply", "list_reply": {"id": "l1", "title": "Monday"}},
            ),
            "Monday",
            "l1",
        ),
        (
            message("interactive", interactive={"type": "nfm_reply", "nfm_reply": {"body": "Sent"}}),
            "Sent",
            "",
        ),
        (message("image", image={"id": "m1", "caption": "my receipt"}), "my receipt", ""),
        (message("reaction", reaction={"message_id": "wamid.out1", "emoji": "👍"}), "", ""),
        (message("location", location={"latitude": 1.0, "longitude": 2.0}), "", ""),
        (message("hologram", hologram={"body": "?"}), "", ""),
        (message("text", text={"body": 7}), "", ""),
        (message("text"), "", ""),
        (message("text", text={"body": "half \ud83d"}), "half ?", ""),
    ],
)
def test_what_was_said(raw: Json, text: str, payload: str) -> None:
    event = read_message(raw)
    assert (event.type, event.text, event.payload) == (raw["type"], text, payload)
    assert event.raw == raw


def test_a_document() -> None:
    document = {"id": "m2", "mime_type": "application/pdf", "sha256": "abc=", "filename": "pago.pdf"}
    assert read_message(message("document", document=document)).media == Media("m2", "application/pdf", "abc=")
    assert read_message(message("document", document={"caption": "no file"})).media is None


@pytest.mark.parametrize(
    ("who", "sender", "bsuid"),
    [
        ({"from": "573005550101"}, "573005550101", None),
        ({"from": "573005550101", "from_user_id": "CO.1a"}, "573005550101", "CO.1a"),
        ({"from": "", "from_user_id": "CO.1a"}, "", "CO.1a"),
        ({"from": "+573005550101"}, "573005550101", None),
        ({"from": "CO.1a"}, "", "CO.1a"),
        ({"from_user_id": "CO.1a"}, "", "CO.1a"),
        ({"from": None}, "", None),
        ({}, "", None),
    ],
)
def test_who_sent_it(who: Json, sender: str, bsuid: str | None) -> None:
    raw = message(text={"body": "hola"})
    del raw["from"]
    event = read_message(raw | who)
    assert (event.sender, event.sender_bsuid) == (sender, bsuid)


def test_news_of_other_fields_is_kept_as_it_came() -> None:
    news = {"event": "PAUSED", "message_template_id": 1}
    raw = {"entry": [{"id": "W1", "time": 1790000000, "changes": [{"field": "account_update", "value": news}]}]}
    assert parse(json.dumps(raw).encode()) == [OtherEvent("account_update", news, "W1", "1790000000")]


def test_an_error_of_the_whole_number_is_kept() -> None:
    broken = value(errors=[{"code": 131000}])
    assert parse(body(broken)) == [OtherEvent("messages", broken, "W1")]


def test_every_event_of_a_batch_is_read() -> None:
    change = {
        "field": "messages",
        "value": value(
            messages=[message(id="wamid.a", text={"body": "1"}), message(id="wamid.b", text={"body": "2"})],
            statuses=[status(), status(status="read"), status(status="sent")],
        ),
    }
    payload = {"object": "whatsapp_business_account", "entry": [{"id": "W", "changes": [change] * 3}] * 3}
    events = parse(json.dumps(payload).encode())
    assert len(events) == 45
    assert sum(isinstance(event, InboundMessage) for event in events) == 18
    assert sum(isinstance(event, StatusEvent) for event in events) == 27


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "text",
        [],
        {},
        message(timestamp="soon"),
        message(timestamp=None),
        message(timestamp="9" * 30),
        message(timestamp="9" * 5000),
        message(timestamp="-1"),
        message(timestamp=str(2**32)),
        message(id=""),
        message(id=7),
    ],
)
def test_one_bad_message_never_blocks_the_rest(bad: Any) -> None:
    good = message(text={"body": "hola"})
    first, second, third = parse(body(value(messages=[good, bad, good])))
    assert isinstance(first, InboundMessage)
    assert isinstance(second, Unreadable)
    assert second.raw == bad
    assert second.reason
    assert isinstance(third, InboundMessage)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"entry": {}},
        {"entry": [1]},
        {"entry": [{}]},
        {"entry": [{"changes": [None]}]},
        {"entry": [{"changes": [{}]}]},
        {"entry": [{"changes": [{"field": "messages"}]}]},
        {"entry": [{"changes": [{"field": "messages", "value": {"messages": {}}}]}]},
        {"entry": [{"changes": [{"field": "messages", "value": {"statuses": [{"id": "wamid.x"}]}}]}]},
    ],
)
def test_a_broken_frame_is_reported(payload: Json) -> None:
    [event] = parse(json.dumps(payload).encode())
    assert isinstance(event, Unreadable)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'"x"', b"1", b"null", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_a_body_that_is_no_json_object_is_kept_as_one_text(data: bytes) -> None:
    [event] = parse(data)
    assert isinstance(event, Unreadable)
    assert event.raw.encode() == data.replace(b"\xff\xfe", rb"\xff\xfe")
    assert event.reason


FRAME = ["entry", "changes", "field", "value", "messages", "statuses", "errors"]
KEYS = st.sampled_from([*FRAME, "id", "type", "timestamp", "from", "text", "body", "context", "code"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["messages", "text", STAMP]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=5),
    max_leaves=30,
)


@given(JSON | st.dictionaries(st.just("entry"), JSON))
def test_any_json_is_read(payload: Any) -> None:
    parse(json.dumps(payload).encode())


@given(JSON)
def test_any_value_of_messages_is_read(anything: Any) -> None:
    parse(body(anything))
    parse(body(value(messages=[anything], statuses=[anything])))
    parse(body(value(messages=[message("text", text=anything, context=anything)])))
    parse(body(value(statuses=[status(errors=anything, timestamp=anything)])))


@given(st.binary())
def test_any_bytes_are_read(data: bytes) -> None:
    assert parse(data)
