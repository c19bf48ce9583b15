"""What Meta says of our token and of a sending number, when somebody asks; nothing is sent or changed.

See Meta, "debug_token" (GET /{version}/debug_token), "Messaging limits" (GET /{version}/{phone number id}) and
"Secure Graph API calls" (appsecret_proof).
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import requests

from cobranza.whatsapp.account import ask
from cobranza.whatsapp.errors import ProviderError

SENDING, MANAGING = "whatsapp_business_messaging", "whatsapp_business_management"
_BAD_PROOF = 100
_FIELDS = "display_phone_number,quality_rating,status,whatsapp_business_manager_messaging_limit"


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """`ends_at`: None for a token that does not end."""

    is_valid: bool
    scopes: frozenset[str]
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """In Meta's words: `status` is CONNECTED or why not, `quality` GREEN, YELLOW, RED or UNKNOWN, `limit` TIER_250
    and so on, empty where Meta does not say."""

    status: str
    quality: str
    limit: str


@dataclass(frozen=True, slots=True)
class Inspector:
    base: str
    token: str
    session: requests.Session

    def token_facts(self) -> TokenFacts | ProviderError:
        answer = self._ask("debug_token", {"input_token": self.token})
        return answer if isinstance(answer, ProviderError) else _token_facts(_object(answer.get("data")))

    def is_apps(self, app_secret: str) -> bool | ProviderError:
        """Whether it is the secret of the app that the token is of: Meta refuses a proof that another one made."""
        proof = hmac.new(app_secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        answer = self._ask("debug_token", {"input_token": self.token, "appsecret_proof": proof})
        if isinstance(answer, ProviderError):
            return False if answer.code == _BAD_PROOF else answer
        return True

    def number_facts(self, phone_number_id: str) -> NumberFacts | ProviderError:
        answer = self._ask(phone_number_id, {"fields": _FIELDS})
        return answer if isinstance(answer, ProviderError) else _number_facts(answer)

    def _ask(self, name: str, params: Mapping[str, str]) -> dict[str, Any] | ProviderError:
        return ask(self.session, "GET", f"{self.base}/{name}", self.token, params=dict(params))


def _token_facts(told: Mapping[str, Any]) -> TokenFacts:
    scopes, ends = told.get("scopes"), told.get("expires_at")
    return TokenFacts(
        is_valid=told.get("is_valid") is True,
        scopes=frozenset(map(str, cast(list[Any], scopes))) if isinstance(scopes, list) else frozenset(),
        ends_at=datetime.fromtimestamp(ends, UTC) if isinstance(ends, int) and ends > 0 else None,
    )


def _number_facts(told: Mapping[str, Any]) -> NumberFacts:
    return NumberFacts(
        status=str(told.get("status", "")),
        quality=str(told.get("quality_rating", "UNKNOWN")),
        limit=str(told.get("whatsapp_business_manager_messaging_limit", "")),
    )


def _object(value: object) -> Mapping[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
