"""That a person has another number, or another user id: Meta makes a new id for a new number.

Source: Meta, "System messages webhook reference", "Business-scoped user IDs" (user_id_update)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cobranza.whatsapp.events import InboundMessage, OtherEvent, digits, moment_told
from cobranza.whatsapp.shapes import as_object, object_at, objects_at, text_at

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
    told = object_at(message.raw, "system")
    if message.type != "system" or text_at(told, "type") not in _SYSTEM:
        return None
    current, previous = text_at(told, "user_id"), text_at(told, "previous_user_id")
    return Changed(
        old=message.sender,
        old_ids=(previous,) if previous else tuple(each for each in message.user_ids if each != current),
        new=digits(text_at(told, "wa_id") or text_at(told, "new_wa_id")),
        new_ids=_filled(current),
        at=message.at,
        phone_number_id=message.phone_number_id,
    )


def id_updates(event: OtherEvent) -> Iterator[Changed]:
    """Those of the field user_id_update that can be read."""
    value = as_object(event.value)
    for each in objects_at(value, "user_id_update"):
        ids = [object_at(each, name) for name in ("user_id", "parent_user_id")]
        if at := moment_told(each):
            yield Changed(
                old="",
                old_ids=_filled(*(text_at(one, "previous") for one in ids)),
                new=digits(text_at(each, "wa_id")),
                new_ids=_filled(*(text_at(one, "current") for one in ids)),
                at=at,
                phone_number_id=text_at(object_at(value, "metadata"), "phone_number_id"),
            )


def _filled(*texts: str) -> tuple[str, ...]:
    return tuple(filter(None, texts))
