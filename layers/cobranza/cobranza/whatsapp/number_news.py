"""That a person has another number, or another user id: Meta makes a new id for a new number.

Source: Meta, "System messages webhook reference", "Business-scoped user IDs" (user_id_update)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from cobranza.whatsapp.events import InboundMessage, OtherEvent, digits, moment_told

_SYSTEM = frozenset({"user_changed_number", "user_changed_user_id"})


@dataclass(frozen=True, slots=True)
class Changed:
    """Whose number or user id was `old` is `new` from `at` on: wa_ids, empty where Meta hides them, and user ids.
    `phone_number_id` is ours, which was told."""

    old: str
    old_ids: tuple[str, ...]
    new: str
    new_ids: tuple[str, ...]
    at: datetime
    phone_number_id: str


def changed_by(message: InboundMessage) -> Changed | None:
    """None where it is no system message about a number or a user id."""
    told = _object(message.raw, "system")
    if message.type != "system" or _text(told, "type") not in _SYSTEM:
        return None
    current, previous = _text(told, "user_id"), _text(told, "previous_user_id")
    return Changed(
        old=message.sender,
        old_ids=(previous,) if previous else tuple(each for each in message.user_ids if each != current),
        new=digits(_text(told, "wa_id") or _text(told, "new_wa_id")),
        new_ids=_filled(current),
        at=message.at,
        phone_number_id=message.phone_number_id,
    )


def id_updates(event: OtherEvent) -> Iterator[Changed]:
    """Those of the field user_id_update that can be read."""
    value = _dict(event.value)
    told = value.get("user_id_update")
    for each in map(_dict, cast(list[Any], told) if isinstance(told, list) else []):
        ids = [_object(each, name) for name in ("user_id", "parent_user_id")]
        if at := moment_told(each):
            yield Changed(
                old="",
                old_ids=_filled(*(_text(one, "previous") for one in ids)),
                new=digits(_text(each, "wa_id")),
                new_ids=_filled(*(_text(one, "current") for one in ids)),
                at=at,
                phone_number_id=_text(_object(value, "metadata"), "phone_number_id"),
            )


def _filled(*texts: str) -> tuple[str, ...]:
    return tuple(filter(None, texts))


def _dict(value: Any) -> Mapping[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _dict(value.get(key))


def _text(value: Mapping[str, Any], key: str) -> str:
    word = value.get(key)
    return word if isinstance(word, str) else ""
