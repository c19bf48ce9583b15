"""Meta's error codes and the body of a refusal.

Source: Meta, WhatsApp Cloud API, "Error codes". The HTTP statuses are those of November 2025; later pages no
longer list them, and where none was ever listed it is 400.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

THROTTLED = 130429
_PERMISSIONS = range(200, 300)


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
class Refusal:
    """Why a call is not accepted, for people in `details`."""

    code: int
    details: str
    subcode: int = 0

    @property
    def error(self) -> Error:
        """A code outside the table is answered too: the sender has to live with news."""
        if self.code in _PERMISSIONS:
            return ERRORS[200]
        return ERRORS.get(self.code, Error(400, "Unknown error"))

    @property
    def message(self) -> str:
        return f"(#{self.code}) {self.error.title}"

    def body(self) -> dict[str, Any]:
        """`{"error": {message, type, code, error_data: {messaging_product, details}, fbtrace_id,
        error_subcode?}}`"""
        error: dict[str, Any] = {
            "message": self.message,
            "type": self.error.type,
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "A" + secrets.token_urlsafe(16),
        }
        return {"error": error | ({"error_subcode": self.subcode} if self.subcode else {})}


class NotAccepted(Exception):
    """Ends a check wherever it stands. Only inside the checks: whoever calls them gets the Refusal back."""

    def __init__(self, code: int, details: str, subcode: int = 0) -> None:
        super().__init__(details)
        self.refusal = Refusal(code, details, subcode)
