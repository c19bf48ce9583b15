"""What a borrower's message answers: the button pressed, the row chosen, the message reacted to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.simulator.borrowers import Saying, name
from local.simulator.numbers import wa_id

if TYPE_CHECKING:
    from local.simulator.state import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """`to` is the message answered; `text`, `payload` and `reply` are those of the new message."""

    text: str
    to: "Message | None" = None
    payload: str = ""
    reply: Mapping[str, Any] = field(default_factory=dict[str, Any])


def find(phone: str, saying: Saying, sent: "Iterable[Message]") -> Answer:
    """`sent` is what this person was sent, newest first. Raises ValueError if there is nothing to answer so."""
    match saying.type:
        case "button":
            return _press(phone, saying.text, sent)
        case "interactive":
            return _choose(phone, saying.text, sent)
        case "reaction":
            return _react(phone, saying.text, sent)
        case "contacts":
            return Answer("", reply={"contacts": [_card(phone)]})
        case _:
            return Answer(saying.text, reply=saying.facts)


def _press(phone: str, label: str, sent: "Iterable[Message]") -> Answer:
    for message in sent:
        if label in message.payloads:
            return Answer(label, message, message.payloads[label])
    raise ValueError(f"no message to {phone} has a button {label!r}")


def _choose(phone: str, wanted: str, sent: "Iterable[Message]") -> Answer:
    for message in sent:
        for reply in _choices(message):
            if wanted in (reply["id"], reply["title"]):
                return Answer(reply["title"], message, reply=reply)
    raise ValueError(f"no message to {phone} lets choose {wanted!r}")


def _choices(message: "Message") -> Iterator[dict[str, Any]]:
    """Its reply buttons and list rows, as the replies they give."""
    for button in message.content.get("buttons", ()):
        if button["type"] == "reply":
            yield {"type": "button_reply", "id": button["id"], "title": button["text"]}
    for section in message.content.get("list", {}).get("sections", ()):
        for row in section["rows"]:
            yield {"type": "list_reply", **row}


def _react(phone: str, emoji: str, sent: "Iterable[Message]") -> Answer:
    message = next(iter(sent), None)
    if message is None:
        raise ValueError(f"{phone} has no message to react to")
    return Answer(emoji, message, reply={"message_id": message.id, "emoji": emoji})


def _card(phone: str) -> dict[str, Any]:
    """A person's own contact card."""
    first, _, last = name(phone).partition(" ")
    return {
        "name": {"formatted_name": name(phone), "first_name": first, "last_name": last},
        "phones": [{"phone": phone, "wa_id": wa_id(phone), "type": "CELL"}],
    }
