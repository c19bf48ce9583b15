"""Meta's rules for POST /<version>/<phone number id>/messages and for files: pure functions over a call and the
state."""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from cobranza.whatsapp.templates import Template, shipped_templates
from local.simulator import media
from local.simulator.numbers import canonical, wa_id
from local.simulator.state import Message, State

WINDOW = 24 * 3600
_BAD_PARAMETER = re.compile(r"[\n\r\t]| {4}")


@dataclass(frozen=True, slots=True)
class Error:
    status: int
    title: str
    type: str = "OAuthException"


# Code → HTTP status and title. Decide on the code: Meta itself does not promise the other two.
ERRORS: Mapping[int, Error] = {
    0: Error(401, "AuthException"),
    1: Error(400, "API Unknown"),
    2: Error(503, "API Service"),
    3: Error(500, "API Method"),
    4: Error(400, "API Too Many Calls"),
    10: Error(403, "API Permission Denied"),
    33: Error(400, "Parameter value is not valid"),
    100: Error(400, "Invalid parameter"),
    190: Error(401, "Access token has expired"),
    200: Error(403, "API Permission"),
    368: Error(403, "Temporarily blocked for policies violations"),
    80007: Error(400, "Rate limit issues"),
    130403: Error(400, "User is blocked by the business"),
    130429: Error(400, "Rate limit hit"),
    130472: Error(400, "User's number is part of an experiment"),
    130497: Error(403, "Business account is restricted from messaging users in this country"),
    131000: Error(500, "Something went wrong"),
    131005: Error(403, "Access denied"),
    131008: Error(400, "Required parameter is missing"),
    131009: Error(400, "Parameter value is not valid"),
    131016: Error(500, "Service unavailable"),
    131021: Error(400, "Recipient cannot be sender"),
    131026: Error(400, "Message undeliverable"),
    131030: Error(400, "Recipient phone number not in allowed list"),
    131031: Error(403, "Account has been locked"),
    131035: Error(400, "Message not allowed with this storage setting"),
    131036: Error(400, "Message not allowed with local storage"),
    131037: Error(400, "Display name needs approval"),
    131042: Error(400, "Business eligibility payment issue"),
    131045: Error(500, "Incorrect certificate"),
    131047: Error(400, "Re-engagement message"),
    131048: Error(400, "Spam rate limit hit"),
    131049: Error(400, "This message was not delivered to maintain healthy ecosystem engagement"),
    131050: Error(400, "User has stopped marketing messages"),
    131051: Error(400, "Unsupported message type"),
    131052: Error(400, "Media download error"),
    131053: Error(400, "Media upload error"),
    131055: Error(400, "Method not allowed"),
    131056: Error(400, "Business account and consumer account pair rate limit hit"),
    131057: Error(500, "Account in maintenance mode"),
    131062: Error(400, "Recipient id not supported for this message"),
    131063: Error(400, "Marketing messages are disabled for this account"),
    131064: Error(400, "Template messages limited after misclassification"),
    132000: Error(400, "Template param count mismatch"),
    132001: Error(404, "Template does not exist"),
    132005: Error(400, "Template hydrated text too long"),
    132007: Error(400, "Template format character policy violated"),
    132008: Error(400, "Template message requires review"),
    132012: Error(400, "Template parameter format mismatch"),
    132015: Error(400, "Template is paused"),
    132016: Error(400, "Template is disabled"),
    132018: Error(400, "Template validation failed"),
    132068: Error(400, "Flow is blocked"),
    132069: Error(400, "Flow is throttled"),
    133000: Error(500, "Incomplete deregistration"),
    133004: Error(503, "Server temporarily unavailable"),
    133005: Error(400, "Two-step verification PIN mismatch"),
    133006: Error(400, "Phone number re-verification needed"),
    133008: Error(400, "Too many two-step verification PIN guesses"),
    133009: Error(400, "Two-step verification PIN guessed too fast"),
    133010: Error(400, "Phone number not registered"),
    133015: Error(400, "Please wait a few minutes before registering this number"),
    133016: Error(400, "Registration limit exceeded"),
    134011: Error(400, "Payments terms of service pending"),
    134100: Error(400, "Only marketing messages are supported"),
    134101: Error(400, "Template is syncing"),
    134102: Error(400, "Template is unavailable"),
    135000: Error(400, "Generic user error"),
    2494100: Error(400, "Account in maintenance"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """What arrived; `body` is the parsed JSON."""

    phone_number_id: str
    authorization: str
    body: object


@dataclass(frozen=True, slots=True)
class Refusal:
    code: int
    details: str
    subcode: int = 0

    @property
    def error(self) -> Error:
        """A code outside the table is answered too: the sender has to live with news."""
        return ERRORS.get(self.code, Error(400, "Unknown error"))

    @property
    def message(self) -> str:
        return f"(#{self.code}) {self.error.title}"

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": self.message,
            "type": self.error.type,
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "A" + secrets.token_urlsafe(16),
        }
        return {"error": error | ({"error_subcode": self.subcode} if self.subcode else {})}


def check(call: Call, state: State) -> Message | Refusal:
    """The message Meta would accept, still without id, or why it would not."""
    if refusal := _check_caller(call, state):
        return refusal
    if not isinstance(call.body, dict):
        return Refusal(100, "The body must be a JSON object")
    body = cast("dict[str, Any]", call.body)
    if refusal := _check_envelope(body):
        return refusal
    phone = canonical(body["to"])
    match body.get("type", "text"):
        case "template":
            draft = _check_template(phone, body.get("template"))
        case "text":
            draft = _check_text(phone, body.get("text"), state)
        case other:
            return Refusal(131051, f"Message type {other!r} is not supported")
    if isinstance(draft, Refusal):
        return draft
    opaque_id: str = body.get("biz_opaque_callback_data", "")
    return replace(draft, phone_number_id=call.phone_number_id, opaque_id=opaque_id)


def accepted(message: Message, to: str) -> dict[str, Any]:
    """The body of the 200 answer; accepted is not yet delivered."""
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": to, "wa_id": wa_id(message.phone)}],
        "messages": [{"id": message.id, "message_status": "accepted"}],
    }


def find_media(media_id: str, phone_number_id: str, authorization: str, state: State) -> media.File | Refusal:
    """GET /<version>/<media id>: a file of the last seven days. An empty `phone_number_id` fits any number."""
    if refusal := check_token(authorization, state):
        return refusal
    file = state.files.get(media_id)
    if file is None:
        return _unknown(media_id)
    message = state.messages[file.message_id]
    old = state.now() - message.at >= media.LIFE
    if old or phone_number_id not in ("", message.phone_number_id):
        return _unknown(media_id)
    return file


def check_token(authorization: str, state: State) -> Refusal | None:
    token = state.config.access_token
    expected = f"Bearer {token}".encode()
    if not token or not hmac.compare_digest(authorization.encode(), expected):
        return Refusal(190, "The access token is missing or wrong")
    return None


def _check_caller(call: Call, state: State) -> Refusal | None:
    if refusal := check_token(call.authorization, state):
        return refusal
    if call.phone_number_id not in state.config.phone_numbers:
        return _unknown(call.phone_number_id)
    return None


def _unknown(object_id: str) -> Refusal:
    return Refusal(100, f"Object with ID '{object_id}' does not exist", subcode=33)


def _check_envelope(body: Mapping[str, Any]) -> Refusal | None:
    if body.get("messaging_product") != "whatsapp":
        return Refusal(100, "messaging_product must be 'whatsapp'")
    if body.get("recipient_type", "individual") != "individual":
        return Refusal(100, "recipient_type must be 'individual'")
    opaque = body.get("biz_opaque_callback_data", "")
    if not isinstance(opaque, str) or len(opaque) > 512:
        return Refusal(100, "biz_opaque_callback_data is a string of at most 512 characters")
    to = body.get("to")
    if not to:
        return Refusal(131008, "The parameter to is required")
    # Without its plus sign Meta would prepend the business number's country and write to somebody else.
    if not isinstance(to, str) or not re.fullmatch(r"\+[ ()-]*[1-9](?:[ ()-]*[0-9]){7,14}", to):
        return Refusal(131009, "to must be a phone number that starts with + and its country code")
    return None


def _check_text(phone: str, text: object, state: State) -> Message | Refusal:
    match text:
        case {"body": str(words)} if words:
            pass
        case _:
            return Refusal(131008, "text.body is required")
    if len(words) > 4096:
        return Refusal(100, "text.body has at most 4096 characters")
    last = state.last_inbound_at.get(phone)
    if last is None or state.now() - last >= WINDOW:
        return Refusal(131047, "More than 24 hours have passed since the recipient last replied")
    return Message(phone, "text", words)


def _check_template(phone: str, order: object) -> Message | Refusal:
    match order:
        case {"name": str(name), "language": {"code": str(language)}}:
            pass
        case _:
            return Refusal(131008, "template.name and template.language.code are required")
    template = shipped_templates().get((name, language))
    if template is None:
        return Refusal(132001, f"template name ({name}) does not exist in {language}")
    wanted = cast("dict[str, Any]", order).get("components", [])
    if not isinstance(wanted, list):
        return Refusal(100, "template.components must be a list")
    values: list[Any] = []
    payloads = {label: label for label in template.buttons}
    for component in cast("list[Any]", wanted):
        match component:
            case {"type": "body", "parameters": list()}:
                values += component["parameters"]
            case {
                "type": "button",
                "sub_type": "quick_reply",
                "index": index,
                "parameters": [{"type": "payload", "payload": str(payload)}],
            } if str(index) in map(str, range(len(template.buttons))):
                payloads[template.buttons[int(index)]] = payload
            case _:
                return Refusal(132018, f"A component does not belong to {name}")
    parameters = _check_parameters(values, template)
    if isinstance(parameters, Refusal):
        return parameters
    text = template.render(parameters)
    if len(text) - len(template.footer) > 1024:
        return Refusal(132005, f"The filled body of {name} is too long")
    return Message(
        phone,
        "template",
        text,
        template=name,
        language=language,
        parameters=parameters,
        payloads=payloads,
    )


def _check_parameters(values: list[Any], template: Template) -> tuple[str, ...] | Refusal:
    if len(values) != template.parameters:
        details = f"body: number of localizable_params ({len(values)}) does not match the expected number"
        return Refusal(132000, f"{details} of params ({template.parameters})")
    texts: list[str] = []
    for number, value in enumerate(values, 1):
        match value:
            case {"type": "text", "text": str(text)} if "parameter_name" not in value:
                pass
            case _:
                return Refusal(132012, f"body: parameter {number} must be a positional text")
        if not text.strip():
            return Refusal(131008, f"body: parameter {number} of type text is missing text value")
        if _BAD_PARAMETER.search(text):
            return Refusal(132012, f"body: parameter {number} has a new line, a tab or four spaces in a row")
        texts.append(text)
    return tuple(texts)
