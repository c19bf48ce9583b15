"""What all messages have in common, and the plain ones: text, document, image."""

import re
from dataclasses import dataclass
from typing import Any

from local.simulator.attachments import read_attachment
from local.simulator.errors import NotAccepted
from local.simulator.interactive import read_interactive
from local.simulator.numbers import canonical, is_user_id
from local.simulator.shapes import MISSING, WRONG_VALUE, allow_text, require_object, require_text
from local.simulator.state import Message, State

type Json = dict[str, Any]

FREE_FORM = ("text", "document", "image", "interactive")


@dataclass(frozen=True, slots=True)
class Envelope:
    """`phone` is who gets it; `by_user_id` says that it is addressed by `recipient`. Lost is what was addressed to
    a user id as if it were a number: Meta accepts it, and it never arrives."""

    phone: str
    opaque_id: str = ""
    quoted: str = ""
    by_user_id: bool = False
    lost: bool = False


def read_envelope(body: Json, phone_number_id: str, state: State) -> Envelope:
    """`{messaging_product, recipient_type?, to or recipient, context?, biz_opaque_callback_data?}`; if both are
    there, `to` wins. Raises NotAccepted. Source: Meta, "Send messages", "Business-scoped user IDs".
    """
    if body.get("messaging_product") != "whatsapp":
        raise NotAccepted(100, "messaging_product must be 'whatsapp'")
    if body.get("recipient_type", "individual") != "individual":
        raise NotAccepted(100, "recipient_type must be 'individual'")
    opaque_id = allow_text(body.get("biz_opaque_callback_data"), "biz_opaque_callback_data", 512, 100)
    by_user_id = not body.get("to") and bool(body.get("recipient"))
    lost = False
    if by_user_id:
        phone = _find(body["recipient"], state)
    elif isinstance(to := body.get("to"), str) and is_user_id(to):
        phone, lost = to, True
    else:
        phone = _dial(to)
    business = re.sub(r"\D", "", state.config.phone_numbers[phone_number_id])
    if phone == f"+{business}":
        raise NotAccepted(131021, "The recipient is the business number itself")
    quoted = _read_context(body.get("context"), phone, state)
    return Envelope(phone, opaque_id, quoted, by_user_id, lost)


def read_free_form(kind: str, value: object, state: State) -> Message:
    """The part of the body under its type, as a message without recipient. Raises NotAccepted."""
    match kind:
        case "text":
            content = _read_text(value)
        case "document" | "image":
            content = _read_file(kind, value, state)
        case _:
            content = read_interactive(value, state)
    return Message(phone="", type=kind, text=content.get("body", ""), content=content)


def _dial(to: object) -> str:
    if not to:
        raise NotAccepted(MISSING, "The parameter to is required")
    # Without its plus sign Meta would prepend the business number's country and write to somebody else.
    if not isinstance(to, str) or not re.fullmatch(r"\+[ ()-]*[1-9](?:[ ()-]*[0-9]){7,14}", to):
        raise NotAccepted(WRONG_VALUE, "to must be a phone number that starts with + and its country code")
    return canonical(to)


def _find(recipient: object, state: State) -> str:
    if not isinstance(recipient, str) or not is_user_id(recipient):
        raise NotAccepted(WRONG_VALUE, "recipient must be a business-scoped user ID")
    phone = state.find_person(recipient)
    if phone is None:
        # Meta names no code for an id of nobody; this is the one for whoever cannot be reached.
        raise NotAccepted(131026, "recipient is not a user ID that this business knows")
    return phone


def _read_context(value: object, phone: str, state: State) -> str:
    """The id of the quoted message; empty for one that is not, or no longer, there: Meta leaves the quote out."""
    if value is None:
        return ""
    message_id = require_text(require_object(value, "context").get("message_id"), "context.message_id", 1000)
    if not message_id.startswith("wamid."):
        raise NotAccepted(WRONG_VALUE, "context.message_id must be the id of a message")
    quoted = state.messages.get(message_id)
    return message_id if quoted and quoted.phone == phone else ""


def _read_text(value: object) -> Json:
    text = require_object(value, "text")
    if not isinstance(text.get("preview_url", False), bool):
        raise NotAccepted(100, "text.preview_url must be a boolean")
    return {"body": require_text(text.get("body"), "text.body", 4096, 100)}


def _read_file(kind: str, value: object, state: State) -> Json:
    header = read_attachment(kind, value, kind, state)
    caption = allow_text(require_object(value, kind).get("caption"), f"{kind}.caption", 1024)
    return {"header": header} | ({"body": caption} if caption else {})
