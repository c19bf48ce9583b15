"""Meta's rules for POST /{version}/{phone number id}/messages: what a call to it would bring."""

from dataclasses import dataclass, replace
from typing import Any, cast

from local.simulator import access, limits
from local.simulator.errors import THROTTLED, NotAccepted, Refusal
from local.simulator.filling import read_template
from local.simulator.numbers import is_user_id, wa_id
from local.simulator.sending import FREE_FORM, Envelope, read_envelope, read_free_form
from local.simulator.shapes import require_text
from local.simulator.state import Message, State


@dataclass(frozen=True, slots=True)
class Call:
    """What arrived; `body` is the parsed JSON."""

    phone_number_id: str
    authorization: str
    body: object


@dataclass(frozen=True, slots=True)
class Reading:
    """The business has read this message of a borrower."""

    message_id: str


def check(call: Call, state: State) -> Message | Reading | Refusal:
    """The message Meta would accept, still without id, or why it would not. Takes a token of the number's rate."""
    try:
        return _check(call, state)
    except NotAccepted as fault:
        return fault.refusal


def addressee(body: object) -> str:
    """Whom a call names, as it names them."""
    wanted = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    return str(wanted.get("to") or wanted.get("recipient") or "")


def accepted(message: Message, to: str) -> dict[str, Any]:
    """The body of the 200 answer; accepted is not yet delivered. `to` is the addressee as the call named it."""
    contact = {"input": to}
    if message.lost:  # Meta takes what follows the country for a number
        contact["wa_id"] = to.rpartition(".")[2]
    elif is_user_id(to):
        contact["user_id"] = to
    else:
        contact["wa_id"] = wa_id(message.phone)
    status = "held_for_quality_assessment" if message.held else "accepted"
    return {
        "messaging_product": "whatsapp",
        "contacts": [contact],
        "messages": [{"id": message.id, "message_status": status}],
    }


def _check(call: Call, state: State) -> Message | Reading:
    access.require_token(call.authorization, state)
    access.require_number(call.phone_number_id, state)
    if not state.take_token(call.phone_number_id):
        raise NotAccepted(THROTTLED, "Cloud API message throughput has been reached")
    if code := state.account.stop(call.phone_number_id):
        raise NotAccepted(code, "This stop was asked for")
    if not isinstance(call.body, dict):
        raise NotAccepted(100, "The body must be a JSON object")
    body = cast("dict[str, Any]", call.body)
    if "status" in body:
        return _read_reading(body, call.phone_number_id, state)
    envelope = read_envelope(body, call.phone_number_id, state)
    message = _read_message(body, envelope, call.phone_number_id, state)
    _check_limits(message, state)
    return message


def _read_reading(body: dict[str, Any], phone_number_id: str, state: State) -> Reading:
    if body.get("messaging_product") != "whatsapp" or body["status"] != "read":
        raise NotAccepted(100, "messaging_product must be 'whatsapp' and status 'read'")
    message = state.messages.get(require_text(body.get("message_id"), "message_id", 1000))
    if message is None or message.direction != "in" or message.phone_number_id != phone_number_id:
        raise NotAccepted(131009, "message_id is not that of a message to this number")
    return Reading(message.id)


def _read_message(body: dict[str, Any], envelope: Envelope, phone_number_id: str, state: State) -> Message:
    kind = body.get("type", "text")
    if kind == "template":
        draft = read_template(body.get("template"), state)
        if envelope.by_user_id and draft.category == "AUTHENTICATION":
            raise NotAccepted(131062, "An authentication template needs a phone number")
    elif kind in FREE_FORM:
        draft = read_free_form(kind, body.get(kind), state)
        if not envelope.lost and not state.in_window(envelope.phone, phone_number_id):
            raise NotAccepted(131047, "More than 24 hours have passed since the recipient last replied")
    else:
        raise NotAccepted(131051, f"Message type {kind!r} is not supported")
    quoted = {"quoted": envelope.quoted} if envelope.quoted else {}
    return replace(
        draft,
        phone=envelope.phone,
        phone_number_id=phone_number_id,
        opaque_id=envelope.opaque_id,
        context=envelope.quoted,
        content={**draft.content, **quoted},
        lost=envelope.lost,
    )


def _check_limits(message: Message, state: State) -> None:
    if message.lost:
        return
    now, conversation = state.now(), (message.phone, message.phone_number_id)
    if state.config.pair_rate and limits.borrow(state.bursts.get(conversation), now) is None:
        raise NotAccepted(131056, "Too many messages from this number to the same person in a short time")
    limit = state.config.messaging_limit
    if limit is None or limit < 0 or message.type != "template" or state.in_window(*conversation):
        return
    if not limits.has_room(state.reached, message.phone, limit, now):
        # Meta documents no code for this limit. Those who met it report this one, whose words fit: "there are
        # restrictions on how many messages can be sent from this phone number".
        raise NotAccepted(131048, f"The portfolio has messaged {limit} people in 24 hours")
