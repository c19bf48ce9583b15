"""A template message: whether its parameters fit the template it names, and what it says with them filled in."""

import re
from collections.abc import Mapping
from typing import Any

from local.simulator.attachments import read_attachment
from local.simulator.errors import NotAccepted
from local.simulator.shapes import allow_list, require_object, require_text
from local.simulator.state import Message, State
from local.simulator.templates import MEDIA_HEADERS, Template

type Json = dict[str, Any]

MAX_CODE = 15
_BAD_PARAMETER = re.compile(r"[\n\r\t]| {5}")
_SUB_TYPES = ("COPY_CODE", "QUICK_REPLY", "URL")
_STOPPED = {"PAUSED": (132015, "is paused"), "DISABLED": (132016, "is disabled")}


def read_template(value: object, state: State) -> Message:
    """`{name, language: {code, policy?}, components?}` as a message without recipient. Raises NotAccepted."""
    order = require_object(value, "template")
    template = _find(order, state)
    given = _sort(order.get("components"), template)
    header = _header(template, given, state)
    values = _values("body", template, template.body, given.get("body"))
    body = template.fill(template.body, values)
    if len(body) > 1024:
        raise NotAccepted(
            132005, f"body: the filled text of {template.name} has {len(body)} characters. Max: 1024"
        )
    buttons = [_button(template, number, given) for number in range(len(template.buttons))]
    content: Json = {"header": header, "body": body, "footer": template.footer, "buttons": buttons}
    return Message(
        phone="",
        type="template",
        text=f"{body}\n\n{template.footer}" if template.footer else body,
        template=template.name,
        language=template.language,
        parameters=tuple(values.values()),
        payloads={shown["text"]: shown["id"] for shown in buttons if shown["type"] == "quick_reply"},
        content={name: part for name, part in content.items() if part},
        category=template.category,
        held=bool(template.pacing),
        fails_with=132015 if template.pacing == "dropped" else 0,
    )


def _find(order: Json, state: State) -> Template:
    name = require_text(order.get("name"), "template.name", 512)
    language = require_object(order.get("language"), "template.language")
    code = require_text(language.get("code"), "template.language.code", 10)
    if language.get("policy", "deterministic") != "deterministic":
        raise NotAccepted(100, "Param template['language']['policy'] must be one of {DETERMINISTIC}")
    template = state.templates.get((name, code))
    if template and template.status in _STOPPED:
        stopped, why = _STOPPED[template.status]
        raise NotAccepted(stopped, f"template name ({name}) {why} in {code}")
    if template is None or template.status != "APPROVED":
        raise NotAccepted(132001, f"template name ({name}) does not exist in {code}")
    return template


def _sort(value: object, template: Template) -> dict[str, list[Any]]:
    """The parameters of each component: "header", "body", and the buttons by their index."""
    given: dict[str, list[Any]] = {}
    for place, one in enumerate(allow_list(value, "template.components")):
        where = f"template['components'][{place}]"
        component = require_object(one, where)
        parameters = allow_list(component.get("parameters"), f"{where}['parameters']")
        # Small letters in the documentation, capitals in other clients: both are taken.
        match str(component.get("type")).lower():
            case "body":
                part = "body"
            case "header" if template.header:
                part = "header"
            case "button":
                part = _place_button(component, where, template)
            case _:
                raise NotAccepted(
                    132018, f"A component of type {component.get('type')} does not belong to {template.name}"
                )
        if part in given:
            raise NotAccepted(132018, f"{part} has more than one component")
        given[part] = parameters
    return given


def _place_button(component: Json, where: str, template: Template) -> str:
    kind = require_text(component.get("sub_type"), f"{where}['sub_type']", 30).upper()
    if kind not in _SUB_TYPES:
        raise NotAccepted(
            100, f"Param {where}['sub_type'] must be one of {{{', '.join(_SUB_TYPES)}}} - got {kind}"
        )
    index = component.get("index")
    if index is None:
        raise NotAccepted(131008, f"The parameter {where}['index'] is required")
    # A string in the documentation, an int in many programs: both are taken.
    if type(index) not in (str, int) or not re.fullmatch(r"\d", str(index)):
        raise NotAccepted(100, f"Param {where}['index'] must be a digit")
    if int(index) >= len(template.buttons) or template.buttons[int(index)]["type"] != kind:
        raise NotAccepted(132018, f"buttons: {template.name} has no button of type {kind} at index {index}")
    return str(int(index))


def _header(template: Template, given: Mapping[str, list[Any]], state: State) -> Json:
    form = template.header.get("format", "")
    if form == "TEXT":
        values = _values("header", template, template.header["text"], given.get("header"))
        text = template.fill(template.header["text"], values)
        if len(text) > 60:
            raise NotAccepted(132005, f"header: the filled text has {len(text)} characters. Max: 60")
        return {"type": "text", "text": text}
    if form not in MEDIA_HEADERS:
        return {}
    parameters = given.get("header", [])
    if len(parameters) > 1:
        raise NotAccepted(132000, _count("header", len(parameters), 1))
    first = require_object(parameters[0], "header") if parameters else {}
    received = str(first.get("type", "unknown"))
    if received != form.lower() or not isinstance(first.get(received), dict):
        raise NotAccepted(132012, f"header: Format mismatch, expected {form}, received {received.upper()}")
    only = "application/pdf" if form == "DOCUMENT" else ""
    return read_attachment(received, first[received], f"header.{received}", state, only=only)


def _values(where: str, template: Template, text: str, parameters: list[Any] | None) -> dict[str, str]:
    """What each variable of a text is filled with, in the order of the variables."""
    variables = template.variables(text)
    given = parameters or []
    if len(given) != len(variables):
        raise NotAccepted(132000, _count(where, len(given), len(variables)))
    values: dict[str, str] = {}
    for number, parameter in enumerate(given, 1):
        match parameter:
            case {"type": "text", "parameter_name": str(name)} if template.named and name in variables:
                pass
            case {"type": "text"} if not template.named and "parameter_name" not in parameter:
                name = variables[number - 1]
            case _:
                form = "named" if template.named else "positional"
                raise NotAccepted(132012, f"{where}: parameter {number} must be a {form} text of the template")
        values[name] = _text(parameter.get("text"), f"{where}: parameter {number}")
    if len(values) != len(variables):
        raise NotAccepted(132012, f"{where}: a parameter is given twice")
    return {name: values[name] for name in variables}


def _text(value: object, where: str) -> str:
    if value is None or value == "":
        raise NotAccepted(131008, f"{where} of type text is missing text value")
    if not isinstance(value, str):
        raise NotAccepted(132012, f"{where} must be a string")
    if not value.strip():
        raise NotAccepted(131008, f"{where} of type text is missing text value")
    if _BAD_PARAMETER.search(value):
        raise NotAccepted(132012, f"{where} cannot have new-line/tab characters or more than 4 consecutive spaces")
    return value


def _button(template: Template, number: int, given: Mapping[str, list[Any]]) -> Json:
    """A button as the phone shows it."""
    button, parameters = template.buttons[number], given.get(str(number))
    kind: str = button["type"]
    match kind:
        case "QUICK_REPLY":
            payload = _parameter(number, kind, parameters, "payload", optional=True)
            return {"type": "quick_reply", "text": button["text"], "id": payload or button["text"]}
        case "URL":
            variable = button["url"].endswith("{{1}}")
            if not variable and parameters:
                raise NotAccepted(132018, f"buttons: Button at index {number} of type Url takes no parameter")
            suffix = _parameter(number, kind, parameters, "text") if variable else ""
            return {"type": "url", "text": button["text"], "url": button["url"].removesuffix("{{1}}") + suffix}
        case "COPY_CODE":
            code = _parameter(number, kind, parameters, "coupon_code")
            if len(code) > MAX_CODE:
                raise NotAccepted(132018, f"buttons: the code at index {number} is too long. Max: {MAX_CODE}")
            return {"type": "copy_code", "text": button.get("text", "Copy code"), "id": code}
        case _:
            return {"type": "phone_number", "text": button["text"], "id": button["phone_number"]}


def _parameter(number: int, kind: str, parameters: list[Any] | None, name: str, *, optional: bool = False) -> str:
    """The one parameter of a button, whose type is also the name of its value."""
    match parameters:
        case None if optional:
            return ""
        case None | []:
            shown = kind.replace("_", " ").title().replace(" ", "")
            raise NotAccepted(131008, f"buttons: Button at index {number} of type {shown} requires a parameter")
        case [{"type": kind_given} as parameter] if kind_given == name:
            return _text(parameter.get(name), f"buttons: the parameter at index {number}")
        case [_]:
            raise NotAccepted(132012, f"buttons: the parameter at index {number} must be of type {name}")
        case _:
            raise NotAccepted(132000, _count(f"button {number}", len(parameters), 1))


def _count(where: str, given: int, expected: int) -> str:
    details = f"number of localizable_params ({given}) does not match the expected number of params ({expected})"
    return f"{where}: {details}"
