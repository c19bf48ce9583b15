"""What Meta tells us: a webhook body as a flat list of events.

Nothing is dropped and nothing blocks the rest: an element that cannot be read becomes `Unreadable`, a field
or type that we do not know is kept as it came.
Source: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.shapes import Json, list_at, object_at, text_at

# The header with which Meta signs the bytes of a body with the app's secret: as they came, with its own escaping.
# Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
SIGNATURE = "x-hub-signature-256"
# Entries tell seconds; a number this large is milliseconds.
_MILLISECONDS = 10**11
_LAST_SECOND = 2**32 - 1  # of 2106; a later one is no timestamp


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """What became of a message of ours. `opaque` is the id that we sent along (biz_opaque_callback_data);
    `recipient` is a wa_id (digits) or empty, `user_ids` are the recipient's business-scoped ids, `shown_number`
    the digits of our number as people see it."""

    wamid: str
    status: str
    at: datetime
    recipient: str
    opaque: str | None
    errors: tuple[ProviderError, ...]
    phone_number_id: str
    shown_number: str = field(default="", compare=False)
    user_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Media:
    """A file at Meta, to be fetched by `id`; `sha256` is Meta's digest of it (base64)."""

    id: str
    mime_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a borrower sent us. `sender` is a wa_id (digits) or empty when Meta hides the number and gives
    only its business-scoped user id, besides that of its parent business; `context_wamid` is the message replied
    to; `raw` the whole message."""

    wamid: str
    sender: str
    sender_bsuid: str | None
    at: datetime
    type: str
    text: str
    payload: str
    media: Media | None
    context_wamid: str | None
    phone_number_id: str
    raw: Json
    shown_number: str = field(default="", compare=False)
    sender_parent: str = ""

    @property
    def user_ids(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.sender_bsuid, self.sender_parent)))


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """News that is no message: of an account, a template, a number; or an error of the whole number (field
    "messages"). `account` and `time` are the entry's: with field and value they tell events apart."""

    field: str
    value: Any
    account: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An element, or the text of a whole body, that does not have the shape it should; `reason` is a sentence."""

    raw: Any
    reason: str


type Event = StatusEvent | InboundMessage | OtherEvent | Unreadable


def parse(body: bytes) -> list[Event]:
    """Every event of a webhook body, in the order it came. One that is no JSON object is a single `Unreadable`."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        return [Unreadable(body.decode(errors="backslashreplace"), "the body is not a JSON object")]
    return list(_each(cast(Json, payload), "entry", _entry))


class _BadShape(Exception):
    pass


def _each(parent: Json, key: str, read: Callable[[Json], Iterator[Event]]) -> Iterator[Event]:
    """The events that `read` finds in each object of the list `parent[key]`."""
    elements = parent.get(key)
    if not isinstance(elements, list):
        yield Unreadable(parent, f"{key} is not a list")
        return
    for element in cast(list[Any], elements):
        if not isinstance(element, dict):
            yield Unreadable(element, f"an element of {key} is not an object")
            continue
        try:
            yield from read(cast(Json, element))
        except _BadShape as bad:
            yield Unreadable(element, str(bad))


def _entry(entry: Json) -> Iterator[Event]:
    account, time = text_at(entry, "id"), entry.get("time")
    sent = str(time) if isinstance(time, (int, str)) else ""
    return _each(entry, "changes", lambda change: _change(change, account, sent))


def _change(change: Json, account: str, time: str) -> Iterator[Event]:
    field, value = _required(change, "field"), change.get("value")
    if field != "messages":
        yield OtherEvent(field, value, account, time)
        return
    if not isinstance(value, dict):
        raise _BadShape("value is not an object")
    value = cast(Json, value)
    metadata = object_at(value, "metadata")
    number, shown = text_at(metadata, "phone_number_id"), text_at(metadata, "display_phone_number")
    shown = "".join(filter(str.isdigit, shown))
    if "messages" in value:
        yield from _each(value, "messages", lambda message: iter([_message(message, number, shown)]))
    if "statuses" in value:
        yield from _each(value, "statuses", lambda status: iter([_status(status, number, shown)]))
    if "errors" in value or not value.keys() & {"messages", "statuses"}:
        yield OtherEvent(field, value, account, time)


_RECIPIENT_IDS = ("recipient_user_id", "recipient_parent_user_id")


def _status(status: Json, number: str, shown: str) -> StatusEvent:
    return StatusEvent(
        wamid=_required(status, "id"),
        status=_required(status, "status"),
        at=_moment(status),
        recipient=digits(text_at(status, "recipient_id")),
        opaque=text_at(status, "biz_opaque_callback_data") or None,
        errors=tuple(_error(error) for error in list_at(status, "errors")),
        phone_number_id=number,
        shown_number=shown,
        user_ids=tuple(filter(None, map(partial(text_at, status), _RECIPIENT_IDS))),
    )


def _message(message: Json, number: str, shown: str) -> InboundMessage:
    sender = text_at(message, "from")
    kind = text_at(message, "type") or "unknown"
    content = object_at(message, kind)
    return InboundMessage(
        wamid=_required(message, "id"),
        sender=digits(sender),
        # A business-scoped user id (CC.xxx) may stand where the number was.
        sender_bsuid=text_at(message, "from_user_id") or (sender if not digits(sender) else "") or None,
        at=_moment(message),
        type=kind,
        text=_words(kind, content),
        payload=text_at(content, "payload") if kind == "button" else text_at(_choice(content), "id"),
        media=_media(content) if kind in _MEDIA else None,
        context_wamid=text_at(object_at(message, "context"), "id") or None,
        phone_number_id=number,
        raw=message,
        shown_number=shown,
        sender_parent=text_at(message, "from_parent_user_id"),
    )


_MEDIA = frozenset({"image", "video", "sticker", "audio", "voice", "document"})


def _words(kind: str, content: Json) -> str:
    match kind:
        case "text":
            return text_at(content, "body")
        case "button":
            return text_at(content, "text")
        case "interactive":
            choice = _choice(content)
            return text_at(choice, "title") or text_at(choice, "body")
        case _:
            return text_at(content, "caption")


def _choice(content: Json) -> Json:
    """What was chosen in an interactive message: {"type": "list_reply", "list_reply": {…}}."""
    return object_at(content, text_at(content, "type"))


def _media(content: Json) -> Media | None:
    """None if there is nothing to fetch: Meta could not read the file either."""
    if not (id := text_at(content, "id")):
        return None
    return Media(id, text_at(content, "mime_type"), text_at(content, "sha256"))


def _error(error: Any) -> ProviderError:
    if not isinstance(error, dict):
        return ProviderError(0, "", "")
    error = cast(Json, error)
    code = error.get("code")
    if isinstance(code, str) and len(code) < 10 and digits(code):
        code = int(code)
    return ProviderError(
        code=code if isinstance(code, int) else 0,
        title=text_at(error, "title"),
        details=text_at(object_at(error, "error_data"), "details") or text_at(error, "message"),
    )


def _moment(element: Json) -> datetime:
    if at := moment_told(element):
        return at
    raise _BadShape("timestamp is not in unix seconds")


def moment_told(element: Mapping[str, Any]) -> datetime | None:
    """Its timestamp: unix seconds, in a string; a number is understood too."""
    told = element.get("timestamp")
    try:
        seconds = int(told) if isinstance(told, (str, int)) else -1
    except ValueError:
        return None
    return datetime.fromtimestamp(seconds, UTC) if 0 <= seconds <= _LAST_SECOND else None


def moment_of_entry(event: OtherEvent) -> datetime | None:
    """When it was told, by its entry: unix seconds, or milliseconds."""
    if not digits(event.time) or len(event.time) > 13:
        return None
    seconds = int(event.time) / 1000 if int(event.time) >= _MILLISECONDS else int(event.time)
    return datetime.fromtimestamp(seconds, UTC)


def _required(element: Json, key: str) -> str:
    if text := text_at(element, key):
        return text
    raise _BadShape(f"{key} is missing")


def digits(text: str) -> str:
    """The text without a plus before it where it is nothing but digits, else empty."""
    told = text.removeprefix("+")
    return told if told.isascii() and told.isdigit() else ""
