"""What Meta says of our token and of a sending number, when somebody asks; nothing is sent or changed.

See Meta, "debug_token" (GET /{version}/debug_token), "Messaging limits" (GET /{version}/{phone number id}),
"Webhook overrides" (its webhook_configuration), "Subscribed Apps" (GET /{version}/{account id}/subscribed_apps)
and "Secure Graph API calls" (appsecret_proof).
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from cobranza.whatsapp.account import ask
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.shapes import list_at, object_at, objects_at

SENDING, MANAGING = "whatsapp_business_messaging", "whatsapp_business_management"
_BAD_PROOF = 100
_FIELDS = "quality_rating,status,whatsapp_business_manager_messaging_limit,webhook_configuration"
# The narrower address goes before the wider one.
_ADDRESSES = ("phone_number", "whatsapp_business_account", "application")


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """`ends_at`: None for a token that does not end. `accounts` are the ids of the WhatsApp accounts that it is
    for, none where Meta does not name them."""

    is_valid: bool
    scopes: frozenset[str]
    ends_at: datetime | None
    app_id: str = ""
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """In Meta's words: `status` is CONNECTED or why not, `quality` GREEN, YELLOW, RED or UNKNOWN, `limit` TIER_250
    and so on, `posts_to` the webhook's address, both empty where Meta does not say."""

    status: str
    quality: str
    limit: str
    posts_to: str = ""


@dataclass(frozen=True, slots=True)
class Inspector:
    base: str
    token: str
    session: requests.Session

    def token_facts(self) -> TokenFacts | ProviderError:
        answer = self._ask("debug_token", {"input_token": self.token})
        return answer if isinstance(answer, ProviderError) else _token_facts(object_at(answer, "data"))

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

    def subscribed_apps(self, account_id: str) -> frozenset[str] | ProviderError:
        """The ids of the apps that Meta tells what happens in the account."""
        answer = self._ask(f"{account_id}/subscribed_apps", {})
        if isinstance(answer, ProviderError):
            return answer
        apps = (object_at(each, "whatsapp_business_api_data") for each in objects_at(answer, "data"))
        return frozenset(str(app["id"]) for app in apps if "id" in app)

    def _ask(self, name: str, params: Mapping[str, str]) -> dict[str, Any] | ProviderError:
        return ask(self.session, "GET", f"{self.base}/{name}", self.token, params=dict(params))


def _token_facts(told: Mapping[str, Any]) -> TokenFacts:
    ends = told.get("expires_at")
    targets = (each for each in objects_at(told, "granular_scopes") if each.get("scope") == MANAGING)
    return TokenFacts(
        is_valid=told.get("is_valid") is True,
        scopes=frozenset(map(str, list_at(told, "scopes"))),
        ends_at=datetime.fromtimestamp(ends, UTC) if isinstance(ends, int) and ends > 0 else None,
        app_id=str(told.get("app_id", "")),
        accounts=frozenset(str(each) for target in targets for each in list_at(target, "target_ids")),
    )


def _number_facts(told: Mapping[str, Any]) -> NumberFacts:
    addresses = object_at(told, "webhook_configuration")
    return NumberFacts(
        status=str(told.get("status", "")),
        quality=str(told.get("quality_rating", "UNKNOWN")),
        limit=str(told.get("whatsapp_business_manager_messaging_limit", "")),
        posts_to=next((str(addresses[each]) for each in _ADDRESSES if addresses.get(each)), ""),
    )
