"""What Meta tells the business: updates, how they go together into one post, its bytes and their signature.

Source: Meta, WhatsApp Business Platform, "messages webhook reference" and "Business-scoped user IDs".
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.simulator.borrowers import name
from local.simulator.config import Config
from local.simulator.errors import ERRORS
from local.simulator.media import File
from local.simulator.numbers import user_id, wa_id
from local.simulator.state import Message

type Json = dict[str, Any]

# "Validating payloads" in the Graph API's webhook guide: signed is what was written with these escaped.
_ESCAPED = {"/": "\\/", "<": "\\u003c", "%": "\\u0025", "@": "\\u0040"}

_BESIDE_FILE: Mapping[str, Json] = {
    "image": {},
    "video": {},
    "sticker": {"animated": False},
    "document": {"filename": "comprobante.pdf"},
    "audio": {"voice": True},
}


@dataclass(frozen=True, slots=True)
class Update:
    """One piece of news: the `value` of a change that tells nothing else.

    `phone` is the borrower it is about, empty for news of the account. `time` stands in the entry, in unix
    seconds; messages and statuses have none there.
    """

    account: str
    value: Mapping[str, Any]
    phone: str = ""
    field: str = "messages"
    time: int | None = None


def sign(raw: bytes, app_secret: str) -> str:
    """The value of X-Hub-Signature-256, made over the bytes on the wire."""
    return "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()


def encode(payload: Mapping[str, Any]) -> bytes:
    """JSON as Meta writes it, unicode and some signs escaped: who parses and dumps again gets other bytes."""
    text = json.dumps(payload, ensure_ascii=True, separators=(",", ":"))
    for sign, escaped in _ESCAPED.items():
        text = text.replace(sign, escaped)
    return text.encode()


def together(updates: Iterable[Update]) -> Json:
    """The body of one post.

    People's messages to one number stand in one change, its statuses in another, as Meta groups them; all other
    news keeps a change of its own, in an entry with its time.
    """
    entries: dict[tuple[str, int | None], Json] = {}
    changes: dict[tuple[str, str, bool], Json] = {}
    for update in updates:
        new = {"id": update.account} | ({} if update.time is None else {"time": update.time}) | {"changes": []}
        entry = entries.setdefault((update.account, update.time), new)
        change: Json = {"field": update.field, "value": dict(update.value)}
        if update.field != "messages" or not update.phone:
            entry["changes"].append(change)
            continue
        number = update.value["metadata"]["phone_number_id"]
        first = changes.setdefault((update.account, number, "messages" in update.value), change)
        if first is change:
            entry["changes"].append(change)
        else:
            _add(first["value"], update.value)
    return {"object": "whatsapp_business_account", "entry": list(entries.values())}


def status_update(config: Config, message: Message, at: float, *, priced: bool = False) -> Update:
    """The news that a message has the status it has.

    Priced are `sent` and one of `delivered` and `read`. There is no `conversation` since v24.0, and no contact
    when it failed.
    """
    failed = message.status == "failed"
    status: Json = {
        "id": message.id,
        "status": message.status,
        "timestamp": str(int(at)),
        **_number(config, message.phone, "recipient_id"),
        "recipient_user_id": user_id(message.phone),
    }
    if message.opaque_id and (config.opaque_on_failed or not failed):
        status["biz_opaque_callback_data"] = message.opaque_id
    if priced:
        status["pricing"] = _price(message)
    if failed:
        return _update(config, message, {"statuses": [status | {"errors": [_error(message.code)]}]})
    return _update(config, message, {"contacts": [contact(config, message.phone)], "statuses": [status]})


def message_update(config: Config, message: Message, file: File | None = None, url: str = "") -> Update:
    """A message from a borrower, with its file and the address of that."""
    said = {
        **_number(config, message.phone, "from"),
        "from_user_id": user_id(message.phone),
        "id": message.id,
        "timestamp": str(int(message.at)),
        "type": message.type,
        **_content(message, file.announced(url) if file else {}),
    }
    if message.context and message.type != "reaction":
        said["context"] = {"from": _digits(config, message.phone_number_id), "id": message.context}
    if message.type == "system":
        return _update(config, message, {"messages": [said]})
    return _update(config, message, {"contacts": [contact(config, message.phone)], "messages": [said]})


def contact(config: Config, phone: str) -> Json:
    """Who a person is: {"profile": {"name", "username"?}, "wa_id"?, "user_id"}."""
    profile = {"name": name(phone)}
    if phone in config.hidden:
        profile["username"] = f"@{name(phone).replace(' ', '.').lower()}.{user_id(phone)[-4:]}"
    return {"profile": profile, **_number(config, phone, "wa_id"), "user_id": user_id(phone)}


def metadata(config: Config, phone_number_id: str) -> Json:
    """Which business number it is about, as digits and as id."""
    return {"display_phone_number": _digits(config, phone_number_id), "phone_number_id": phone_number_id}


def _update(config: Config, message: Message, news: Json) -> Update:
    value = {"messaging_product": "whatsapp", "metadata": metadata(config, message.phone_number_id)} | news
    return Update(config.waba_id, value, message.phone)


def _add(value: Json, more: Mapping[str, Any]) -> None:
    """Append the messages or statuses of another value for the same number; nobody is introduced twice."""
    for key in more.keys() & {"messages", "statuses"}:
        value[key] = [*value[key], *more[key]]
    known = value.get("contacts", [])
    if new := [one for one in more.get("contacts", []) if one not in known]:
        value["contacts"] = [*known, *new]


def _content(message: Message, announced: Json) -> Json:
    reply = dict(message.reply)
    match message.type:
        case "text":
            return {"text": {"body": message.text}}
        case "button":
            return {"button": {"payload": message.payload, "text": message.text}}
        case "interactive":
            kind = reply.pop("type")
            return {"interactive": {"type": kind, kind: reply}}
        case "contacts":
            return {"contacts": reply["contacts"]}
        case "location" | "reaction" | "system":
            return {message.type: reply}
        case "unsupported":
            return {"errors": [_error(131051)], "unsupported": reply}
        case kind:
            caption = {"caption": message.text} if message.text else {}
            return {kind: announced | _BESIDE_FILE[kind] | caption}


def _price(message: Message) -> Json:
    if message.type == "template":
        category = message.category.lower() or "utility"
        return {"billable": True, "pricing_model": "PMP", "type": "regular", "category": category}
    return {"billable": False, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"}


def _error(code: int) -> Json:
    title = ERRORS[code].title if code in ERRORS else "Unknown error"
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": f"{title}, as was asked for"},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes",
    }


def _number(config: Config, phone: str, key: str) -> dict[str, str]:
    """The number under this key, unless the person hides it."""
    if phone not in config.hidden:
        return {key: wa_id(phone)}
    return {key: ""} if config.hidden_as == "empty" else {}


def _digits(config: Config, phone_number_id: str) -> str:
    return re.sub(r"\D", "", config.phone_numbers.get(phone_number_id, ""))
