"""Interactive messages: reply buttons, lists, and a button that opens an address.

Source: Meta, "Interactive reply buttons", "Interactive list", "Interactive CTA URL buttons".
"""

from collections.abc import Iterable
from typing import Any

from local.simulator.attachments import read_attachment
from local.simulator.errors import NotAccepted
from local.simulator.shapes import allow_text, require_list, require_object, require_text, require_web_address
from local.simulator.state import State

type Json = dict[str, Any]

_LONGEST_BODY = {"button": 1024, "list": 4096, "cta_url": 1024}


def read_interactive(value: object, state: State) -> Json:
    """`{type: button | list | cta_url, header?, body, footer?, action}` as content; raises NotAccepted."""
    order = require_object(value, "interactive")
    kind = require_text(order.get("type"), "interactive.type", 30)
    if kind not in _LONGEST_BODY:
        raise NotAccepted(131051, f"Interactive type {kind!r} is not supported")
    body = require_object(order.get("body"), "interactive.body")
    content: Json = {
        "header": _header(order.get("header"), kind, state),
        "body": require_text(body.get("text"), "interactive.body.text", _LONGEST_BODY[kind]),
        "footer": "",
    }
    if order.get("footer") is not None:
        footer = require_object(order["footer"], "interactive.footer")
        content["footer"] = require_text(footer.get("text"), "interactive.footer.text", 60)
    action = require_object(order.get("action"), "interactive.action")
    match kind:
        case "button":
            content["buttons"] = _reply_buttons(action)
        case "list":
            content["list"] = _list(action)
        case _:
            content["buttons"] = [_address_button(action)]
    return {name: part for name, part in content.items() if part}


def _header(value: object, kind: str, state: State) -> Json:
    if value is None:
        return {}
    where = "interactive.header"
    header = require_object(value, where)
    match require_text(header.get("type"), f"{where}.type", 30):
        case "text":
            return {"type": "text", "text": require_text(header.get("text"), f"{where}.text", 60)}
        case "document" | "image" | "video" as form if kind != "list":
            return read_attachment(form, header.get(form), f"{where}.{form}", state)
        case other:
            raise NotAccepted(131009, f"{where}.type {other!r} does not go with {kind}")


def _reply_buttons(action: Json) -> list[Json]:
    buttons: list[Json] = []
    for number, value in enumerate(require_list(action.get("buttons"), "interactive.action.buttons", 3)):
        where = f"interactive.action.buttons[{number}]"
        button = require_object(value, where)
        if button.get("type") != "reply":
            raise NotAccepted(131009, f"{where}.type must be reply")
        reply = require_object(button.get("reply"), f"{where}.reply")
        title = require_text(reply.get("title"), f"{where}.reply.title", 20)
        button_id = require_text(reply.get("id"), f"{where}.reply.id", 256)
        buttons.append({"type": "reply", "text": title, "id": button_id})
    _require_unique((button["text"] for button in buttons), "titles of buttons")
    _require_unique((button["id"] for button in buttons), "ids of buttons")
    return buttons


def _list(action: Json) -> Json:
    label = require_text(action.get("button"), "interactive.action.button", 20)
    given = require_list(action.get("sections"), "interactive.action.sections", 10)
    sections: list[Json] = []
    for number, value in enumerate(given):
        where = f"interactive.action.sections[{number}]"
        section = require_object(value, where)
        title = allow_text(section.get("title"), f"{where}.title", 24)
        if not title and len(given) > 1:
            raise NotAccepted(131009, f"{where}.title is required where there are several sections")
        rows = enumerate(require_list(section.get("rows"), f"{where}.rows", 10))
        shown: Json = {"title": title} if title else {}
        sections.append(shown | {"rows": [_row(row, f"{where}.rows[{place}]") for place, row in rows]})
    rows_in_all = [row for section in sections for row in section["rows"]]
    if len(rows_in_all) > 10:
        raise NotAccepted(131009, f"interactive.action.sections have {len(rows_in_all)} rows. Max: 10")
    _require_unique((row["id"] for row in rows_in_all), "ids of rows")
    return {"button": label, "sections": sections}


def _row(value: object, where: str) -> Json:
    row = require_object(value, where)
    shown = {
        "id": require_text(row.get("id"), f"{where}.id", 200),
        "title": require_text(row.get("title"), f"{where}.title", 24),
    }
    description = allow_text(row.get("description"), f"{where}.description", 72)
    return shown | ({"description": description} if description else {})


def _address_button(action: Json) -> Json:
    if action.get("name") != "cta_url":
        raise NotAccepted(131009, "interactive.action.name must be cta_url")
    where = "interactive.action.parameters"
    parameters = require_object(action.get("parameters"), where)
    return {
        "type": "cta_url",
        "text": require_text(parameters.get("display_text"), f"{where}.display_text", 20),
        "url": require_web_address(parameters.get("url"), f"{where}.url"),
    }


def _require_unique(values: Iterable[str], what: str) -> None:
    given = list(values)
    if len(set(given)) != len(given):
        raise NotAccepted(131009, f"interactive.action: {what} must differ")
