"""Calls to the simulator as its unit tests make them: without sockets, at a fixed moment."""

import hashlib
from dataclasses import replace
from typing import Any

from local.simulator import graph, templates
from local.simulator.config import Config
from local.simulator.errors import Refusal
from local.simulator.media import File
from local.simulator.state import Message, State

MEXICAN = "+525555550101"
BRAZILIAN = "+5511955550100"
NUMBER_ID = "100000000000100"
OTHER_NUMBER_ID = "100000000000200"
TOKEN = "Bearer a-token"
NOON = 1_795_370_400.0  # 2026-11-22T18:00:00Z, noon in Mexico City
PARAMETERS = ["Ana Ejemplo", "Muebles Aurora", "$1,234.50", "15/11/2026", "responda a este mensaje"]


def new_state(**changes: Any) -> State:
    numbers = {NUMBER_ID: "+52 55 5555 0100", OTHER_NUMBER_ID: "+52 55 5555 0200"}
    config = Config(access_token="a-token", app_secret="a-secret", phone_numbers=numbers)
    return State(config.merged(changes), clock=lambda: NOON)


def later(state: State, seconds: float) -> None:
    state.config = state.config.merged({"clock_offset": seconds})


def body(kind: str, part: Any, **changes: Any) -> dict[str, Any]:
    envelope = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": MEXICAN, "type": kind}
    return {**envelope, kind: part, **changes}


def text(words: str = "hola", **changes: Any) -> dict[str, Any]:
    return body("text", {"body": words}, **changes)


def shipped_template(**changes: Any) -> dict[str, Any]:
    return template("saldo_vencido", "es", texts("body", *PARAMETERS), **changes)


def template(name: str, language: str, *components: Any, **changes: Any) -> dict[str, Any]:
    part = {"name": name, "language": {"code": language}, "components": list(components)}
    return body("template", part, **changes)


def texts(kind: str, *values: str) -> dict[str, Any]:
    return {"type": kind, "parameters": [{"type": "text", "text": value} for value in values]}


def button(kind: str, index: Any, **parameter: str) -> dict[str, Any]:
    (name,) = parameter
    return {"type": "button", "sub_type": kind, "index": index, "parameters": [{"type": name, **parameter}]}


def register(state: State, *components: dict[str, Any], name: str = "aviso", **changes: Any) -> None:
    """Put an approved template into the account."""
    definition = {"name": name, "language": "es_MX", "category": "UTILITY", "components": list(components)}
    found = templates.register(definition | changes, state.templates)
    state.templates[found.name, found.language] = replace(found, status="APPROVED")


def keep_file(state: State, mime_type: str, media_id: str = "MEDIA_ID") -> None:
    """Put an uploaded file into the account."""
    content = b"some bytes"
    digest = hashlib.sha256(content).digest()
    file = File(media_id, "", mime_type, content, len(content), digest, False, NUMBER_ID, state.now())
    state.files[media_id] = file


def check(state: State, order: object, *, number: str = NUMBER_ID, token: str = TOKEN) -> Message | Refusal:
    checked = graph.check(graph.Call(number, token, order), state)
    assert not isinstance(checked, graph.Reading)
    return checked


def code(answer: Message | Refusal) -> int:
    return answer.code if isinstance(answer, Refusal) else 200


def accept(state: State, order: object, *, number: str = NUMBER_ID) -> Message:
    draft = check(state, order, number=number)
    assert isinstance(draft, Message), draft
    return state.accept(draft)
