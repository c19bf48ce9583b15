"""The simulator's webhooks have the shapes that Meta's pages give, and our own parser reads each of them whole."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cobranza.whatsapp.events import Event, InboundMessage, OtherEvent, StatusEvent, parse
from local.simulator import media
from local.simulator.account import Account
from local.simulator.config import Config
from local.simulator.courier import changed
from local.simulator.faults import KINDS, parse_fault
from local.simulator.news import of_account, of_template, parse_news
from local.simulator.numbers import user_id
from local.simulator.state import Message, wamid
from local.simulator.templates import Template
from local.simulator.webhooks import Update, encode, message_update, status_update, together
from tests.unit.webhook_shapes import CONTENT, CONTEXT, METADATA, NEWS, PERSON, STATUS, assert_shape

BORROWER = "+525555550101"
ANOTHER = "+573005550100"
NUMBER_ID = "100000000000100"
NOON = 1_795_370_400.0
CONFIG = Config(phone_numbers={NUMBER_ID: "+52 55 5555 0100", "200": "+52 55 5555 0200"})

BUTTON_REPLY = {"type": "button_reply", "id": "paid", "title": "Ya pagué"}
LIST_REPLY = {"type": "list_reply", "id": "1", "title": "Hoy", "description": "antes de las seis"}
CARD = {
    "name": {"formatted_name": "Alba Ejemplo", "first_name": "Alba"},
    "phones": [{"phone": "+525555550101", "wa_id": "5215555550101"}],
}
SAID: Mapping[str, Message] = {
    "text": Message(BORROWER, "text", "¿Cuánto debo?"),
    "button": Message(BORROWER, "button", "Ya pagué", payload="PAID|m-1", context="wamid.1"),
    "button_reply": Message(BORROWER, "interactive", "Ya pagué", reply=BUTTON_REPLY, context="wamid.1"),
    "list_reply": Message(BORROWER, "interactive", "Hoy", reply=LIST_REPLY, context="wamid.1"),
    "image": Message(BORROWER, "image", "Mi pago"),
    "video": Message(BORROWER, "video", ""),
    "sticker": Message(BORROWER, "sticker", ""),
    "audio": Message(BORROWER, "audio", ""),
    "document": Message(BORROWER, "document", "Comprobante"),
    "location": Message(BORROWER, "location", "", reply={"latitude": 19.4, "longitude": -99.1, "name": "Banco"}),
    "contacts": Message(BORROWER, "contacts", "", reply={"contacts": [CARD]}),
    "reaction": Message(
        BORROWER, "reaction", "", reply={"message_id": "wamid.1", "emoji": "👍"}, context="wamid.1"
    ),
    "unsupported": Message(BORROWER, "unsupported", "", reply={"type": "poll"}),
}
ORDERS: list[dict[str, Any]] = [
    {"field": "message_template_status_update", "event": "APPROVED", "name": "saldo_vencido"},
    {"field": "message_template_status_update", "event": "PAUSED", "name": "a", "title": "FIRST_PAUSE"},
    {"field": "message_template_status_update", "event": "REJECTED", "name": "a", "recommendation": "Say less"},
    {"field": "message_template_status_update", "event": "DISABLED", "name": "a", "language": "pt_BR"},
    {"field": "message_template_quality_update", "name": "saldo_vencido", "new": "RED"},
    {"field": "template_category_update", "name": "saldo_vencido", "new": "UTILITY", "correct": "MARKETING"},
    {"field": "template_category_update", "name": "saldo_vencido", "previous": "UTILITY", "new": "MARKETING"},
    {"field": "phone_number_quality_update"},
    {"field": "phone_number_quality_update", "event": "FLAGGED", "limit": "TIER_250", "phone_number_id": "200"},
    {"field": "account_update", "event": "ACCOUNT_VIOLATION", "violation": "UTILITY_TEMPLATE_ABUSE"},
    {"field": "account_update", "event": "ACCOUNT_RESTRICTION", "restriction": "RESTRICTED_UTILITY_TEMPLATES"},
    {"field": "account_update", "event": "DISABLED_UPDATE", "ban": "DISABLE"},
    {"field": "account_update", "event": "ACCOUNT_DELETED"},
    {"field": "account_alerts"},
    {"field": "account_review_update", "decision": "REJECTED"},
    {"field": "business_capability_update", "limit": -1},
    {"field": "security"},
    {"field": "user_preferences", "to": BORROWER, "preference": "stop"},
    {"field": "user_preferences", "to": BORROWER, "preference": "resume"},
    {"field": "user_id_update", "to": BORROWER},
]


def posted(*updates: Update) -> tuple[dict[str, Any], list[Event]]:
    """What is on the wire, and what our parser makes of it."""
    raw = encode(together(updates))
    events = parse(raw)
    assert all(isinstance(event, InboundMessage | StatusEvent | OtherEvent) for event in events)
    return json.loads(raw), events


def value_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    assert_shape(payload, {"object": ("whatsapp_business_account",), "entry": [dict]}, "body")
    (entry,) = payload["entry"]
    (change,) = entry["changes"]
    assert (entry.keys(), change.keys()) == ({"id", "changes"}, {"field", "value"})
    assert (entry["id"], change["field"]) == (CONFIG.waba_id, "messages")
    return change["value"]


def heard(message: Message) -> Message:
    return replace(
        message,
        direction="in",
        phone_number_id=NUMBER_ID,
        id=wamid(message.phone, inbound=True),
        at=NOON,
    )


def sent(status: str, *, phone: str = BORROWER, code: int = 0, type: str = "template") -> Message:
    id = wamid(phone, inbound=False)
    return Message(phone, type, "Hola", "out", NUMBER_ID, id, NOON, status=status, code=code, opaque_id="m-1")


def news_of(order: dict[str, Any], config: Config = CONFIG) -> Update:
    return parse_news(order, config, NOON)


@pytest.mark.parametrize("kind", SAID)
def test_a_message_has_the_shape_of_its_type_and_is_read_whole(kind: str) -> None:
    message = heard(SAID[kind])
    file = media.make("m-1", message.type, media.Quirks(), {}) if media.is_file(message.type) else None
    payload, (event,) = posted(message_update(CONFIG, message, file, "http://here/_media/x"))
    value = value_of(payload)
    common = {"from?": str, "from_user_id": str, "id": str, "timestamp": str, "type": (message.type,)}
    context = {"context": CONTEXT} if message.context and message.type != "reaction" else {}
    assert_shape(value, PERSON | {"messages": [common | CONTENT[kind] | context]})

    assert isinstance(event, InboundMessage)
    assert (event.wamid, event.sender, event.sender_bsuid) == (message.id, "5215555550101", user_id(BORROWER))
    assert (event.type, event.phone_number_id, event.at.timestamp()) == (message.type, NUMBER_ID, NOON)
    assert event.text == ("" if kind in ("location", "contacts", "reaction", "unsupported") else message.text)
    assert event.payload == (message.payload or message.reply.get("id", ""))
    assert event.context_wamid == (message.context if context else None)
    assert (event.media.id if event.media else None) == (file.id if file else None)
    assert event.raw == value["messages"][0]


@pytest.mark.parametrize("kind", ["user_changed_number", "user_changed_user_id"])
def test_a_new_number_is_told_by_the_system_and_introduces_nobody(kind: str) -> None:
    order = {"field": "messages", "system": kind, "to": BORROWER, "new": "+525555550102"}
    payload, (event,) = posted(news_of(order))
    value = value_of(payload)
    common = {"from": str, "from_user_id": str, "id": str, "timestamp": str, "type": ("system",)}
    shape = {"messaging_product": ("whatsapp",), "metadata": METADATA, "messages": [common | CONTENT["system"]]}
    assert_shape(value, shape)
    told = value["messages"][0]["system"]
    assert (told["previous_user_id"], told["user_id"]) == (user_id(BORROWER), user_id("+525555550102"))
    assert told.get("wa_id") == ("5215555550102" if kind == "user_changed_number" else None)
    assert isinstance(event, InboundMessage)
    assert event.type == "system"


@pytest.mark.parametrize("status", ["sent", "delivered", "read"])
@pytest.mark.parametrize("priced", [True, False])
@pytest.mark.parametrize("type", ["template", "text"])
def test_a_status_has_its_shape_and_is_read_whole(status: str, priced: bool, type: str) -> None:
    message = sent(status, type=type)
    payload, (event,) = posted(status_update(CONFIG, message, NOON, priced=priced))
    value = value_of(payload)
    assert_shape(value, PERSON | {"statuses": [STATUS]})
    told = value["statuses"][0]
    assert ("pricing" in told) == priced
    assert "errors" not in told
    if priced:
        assert told["pricing"]["category"] == ("utility" if type == "template" else "service")
    assert isinstance(event, StatusEvent)
    assert (event.wamid, event.status, event.opaque) == (message.id, status, "m-1")
    assert (event.recipient, event.at.timestamp(), event.errors) == ("5215555550101", NOON, ())


@pytest.mark.parametrize("named", [True, False])
def test_a_failure_says_why_and_introduces_nobody(named: bool) -> None:
    config = replace(CONFIG, opaque_on_failed=named)
    payload, (event,) = posted(status_update(config, sent("failed", code=131049), NOON))
    value = value_of(payload)
    shape = {"messaging_product": ("whatsapp",), "metadata": METADATA, "statuses": [STATUS]}
    assert_shape(value, shape)
    assert "pricing" not in value["statuses"][0]
    assert isinstance(event, StatusEvent)
    (error,) = event.errors
    assert (error.code, event.opaque) == (131049, "m-1" if named else None)
    assert error.title.startswith("This message was not delivered")
    assert error.details


def test_a_code_that_nobody_knows_fails_too() -> None:
    _, (event,) = posted(status_update(CONFIG, sent("failed", code=999), NOON))
    assert isinstance(event, StatusEvent)
    assert event.errors[0].code == 999


@pytest.mark.parametrize(("hidden_as", "shown"), [("missing", None), ("empty", "")])
def test_who_hides_the_number_is_known_by_user_id_alone(hidden_as: Any, shown: str | None) -> None:
    config = replace(CONFIG, hidden=(BORROWER,), hidden_as=hidden_as)
    said = message_update(config, heard(SAID["text"])).value
    told = status_update(config, sent("read"), NOON).value
    assert said["messages"][0].get("from") == shown
    assert told["statuses"][0].get("recipient_id") == shown
    assert said["contacts"] == told["contacts"]
    (contact,) = said["contacts"]
    assert contact.get("wa_id") == shown
    assert contact["user_id"] == said["messages"][0]["from_user_id"] == told["statuses"][0]["recipient_user_id"]
    assert contact["profile"]["username"].startswith("@")
    assert "5555550101" not in json.dumps([contact, said["messages"][0] | {"id": ""}])

    _, (event,) = posted(message_update(config, heard(SAID["text"])))
    assert isinstance(event, InboundMessage)
    assert (event.sender, event.sender_bsuid) == ("", user_id(BORROWER))


def test_a_post_groups_updates_by_number_and_kind_and_introduces_everybody_once() -> None:
    elsewhere = replace(heard(SAID["text"]), phone_number_id="200")
    updates = [
        status_update(CONFIG, sent("sent"), NOON, priced=True),
        message_update(CONFIG, heard(SAID["text"])),
        news_of({"field": "security"}),
        status_update(CONFIG, sent("failed", code=131026), NOON),
        status_update(CONFIG, sent("sent", phone=ANOTHER), NOON),
        message_update(CONFIG, elsewhere),
        status_update(CONFIG, sent("delivered"), NOON),
        news_of({"field": "security"}),
    ]
    payload, events = posted(*updates)
    assert len(events) == len(updates)
    messages, others = payload["entry"]
    assert (messages.get("time"), others["time"]) == (None, int(NOON))
    statuses, at_one, at_the_other = (change["value"] for change in messages["changes"])
    assert [status["status"] for status in statuses["statuses"]] == ["sent", "failed", "sent", "delivered"]
    assert [contact["user_id"] for contact in statuses["contacts"]] == [user_id(BORROWER), user_id(ANOTHER)]
    assert (at_one["metadata"]["phone_number_id"], at_the_other["metadata"]["phone_number_id"]) == (
        NUMBER_ID,
        "200",
    )
    assert [change["field"] for change in others["changes"]] == ["security", "security"]
    assert updates[0].value["statuses"] == statuses["statuses"][:1], "grouping leaves the updates as they are"


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order['field']}-{len(order)}")
def test_news_has_the_shape_of_its_field_and_is_read_whole(order: dict[str, Any]) -> None:
    payload, (event,) = posted(news_of(order))
    (entry,) = payload["entry"]
    (change,) = entry["changes"]
    assert_shape(entry, {"id": str, "time": int, "changes": [dict]})
    assert change["field"] == order["field"]
    assert_shape(change["value"], NEWS[order["field"]])
    assert event == OtherEvent(order["field"], change["value"], CONFIG.waba_id, str(int(NOON)))


def test_every_field_has_an_order() -> None:
    assert {order["field"] for order in ORDERS} == NEWS.keys()


def test_a_changed_category_is_told_before_or_after() -> None:
    notice, done = (news_of(order).value for order in ORDERS if order["field"] == "template_category_update")
    assert notice.keys() - done.keys() == {"correct_category", "category_update_timestamp"}
    assert done.keys() - notice.keys() == {"previous_category"}


def test_any_field_can_be_told_with_a_value_of_ones_own() -> None:
    value = {"messages": "none", "odd": [1]}
    assert news_of({"field": "tomorrows_news", "value": value}) == Update(
        CONFIG.waba_id, value, field="tomorrows_news", time=int(NOON)
    )
    assert together([news_of({"field": "messages", "value": value})])["entry"][0]["changes"][0]["value"] == value


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, []),
        ({"status": "PAUSED"}, ["message_template_status_update"]),
        (
            {"status": "REJECTED", "quality": "RED"},
            ["message_template_status_update", "message_template_quality_update"],
        ),
        ({"category": "MARKETING"}, ["template_category_update"]),
        ({"pacing": "held"}, []),
    ],
)
def test_what_changes_of_a_template_is_told(changes: dict[str, str], fields: list[str]) -> None:
    before = Template("saldo_vencido", "es", "UTILITY", ())
    after = before.changed(changes)
    updates = of_template(CONFIG, NOON, before, after)
    assert [update.field for update in updates] == fields
    for update in updates:
        assert_shape(dict(update.value), NEWS[update.field])
        assert update.value["message_template_id"] == int(after.id)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (Account(), Account(), []),
        (Account(), Account(368), ["ACCOUNT_RESTRICTION"]),
        (Account(), Account(131031), ["DISABLED_UPDATE"]),
        (Account(), Account(131042), ["ACCOUNT_VIOLATION"]),
        (Account(368), Account(), ["DISABLED_UPDATE"]),
        (Account(), Account(numbers={NUMBER_ID: 131048}), ["FLAGGED"]),
        (Account(numbers={NUMBER_ID: 131048}), Account(), ["UNFLAGGED"]),
    ],
)
def test_what_changes_of_the_account_is_told(before: Account, after: Account, told: list[str]) -> None:
    updates = of_account(CONFIG, NOON, before, after)
    assert [update.value["event"] for update in updates] == told
    for update in updates:
        assert_shape(dict(update.value), NEWS[update.field])


def test_a_changed_byte_leaves_json_of_the_same_length() -> None:
    raw = encode(together([message_update(CONFIG, heard(SAID["text"]))]))
    assert len(changed(raw)) == len(raw)
    assert sum(one != other for one, other in zip(raw, changed(raw), strict=True)) == 1
    json.loads(changed(raw))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_can_be_asked_for(kind: str) -> None:
    order = {"kind": kind} | ({"code": 131026} if kind == "error" else {})
    assert parse_fault(order).kind == kind


def test_a_fault_has_the_code_and_the_seconds_that_its_kind_needs() -> None:
    assert parse_fault({"kind": "undeliverable"}).code == 131026
    assert parse_fault({"kind": "fails_after_sent", "code": 131049}).code == 131049
    assert parse_fault({"kind": "webhook_delayed", "seconds": 0.5}).seconds == 0.5
    assert parse_fault({"kind": "webhook_doubled"}).seconds == 1
    for order in (
        {"kind": "webhook_lost", "seconds": 1},
        {"kind": "webhook_delayed", "seconds": -1},
        {"kind": "webhook_lost", "code": 1},
        {"kind": "undeliverable", "code": "131026"},
    ):
        with pytest.raises(ValueError, match=r"seconds|code"):
            parse_fault(order)


@pytest.mark.parametrize(
    "change",
    [
        {"connections": 0},
        {"connections": 17},
        {"batch": {}},
        {"batch": {"size": 0}},
        {"batch": {"size": 1001}},
        {"batch": {"size": 2, "wait": -1}},
        {"batch": {"size": 2, "colour": "red"}},
        {"batch": 2},
        {"retries": -1},
        {"retry_wait": "long"},
        {"opaque_on_failed": "yes"},
    ],
)
def test_an_impossible_delivery_is_refused(change: object) -> None:
    with pytest.raises(ValueError, match="cannot have"):
        Config().merged(change)
