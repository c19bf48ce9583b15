"""What Meta says of a token (GET /{version}/debug_token), of a business number (GET /{version}/{its id}),
and of who is subscribed to an account (GET /{version}/{its id}/subscribed_apps)."""

import hmac
from typing import Any

from local.simulator import access
from local.simulator.state import State

_APP = "100"
_TIERS = {250: "TIER_250", 2_000: "TIER_2K", 10_000: "TIER_10K", 100_000: "TIER_100K", -1: "TIER_UNLIMITED"}


def token(asked: str, authorization: str, state: State, proof: str = "") -> dict[str, Any]:
    """Raises NotAccepted where the token that asks is none of ours, or its proof is not by our app's secret."""
    access.require_token(authorization, state)
    access.allow_proof(proof, state)
    if not hmac.compare_digest(asked.encode(), state.config.access_token.encode()):
        return {"data": {"is_valid": False, "scopes": [], "error": {"code": 190, "message": "Invalid token"}}}
    scopes = list(state.config.scopes)
    granular = [{"scope": each, "target_ids": [state.config.waba_id]} for each in scopes]
    told = {"app_id": _APP, "type": "SYSTEM_USER", "is_valid": True, "expires_at": 0, "scopes": scopes}
    return {"data": told | {"granular_scopes": granular}}


def subscribed(waba_id: str, authorization: str, state: State) -> dict[str, Any]:
    """Raises NotAccepted where the token, or the account, is none of ours."""
    access.require_token(authorization, state)
    access.require_account(waba_id, state)
    app = {"id": _APP, "name": "Cobranza", "link": "https://www.facebook.com/games/?app_id=100"}
    return {"data": [{"whatsapp_business_api_data": app}] if state.config.is_subscribed else []}


def number(phone_number_id: str, authorization: str, state: State) -> dict[str, Any]:
    """Raises NotAccepted where the token, or the number, is none of ours."""
    access.require_token(authorization, state)
    access.require_number(phone_number_id, state)
    limit = state.config.messaging_limit
    return {
        "id": phone_number_id,
        "display_phone_number": state.config.phone_numbers[phone_number_id],
        "quality_rating": state.config.qualities.get(phone_number_id, "GREEN"),
        "status": "CONNECTED" if state.account.stop(phone_number_id) is None else "RESTRICTED",
        "whatsapp_business_manager_messaging_limit": _TIERS.get(-1 if limit is None else limit, f"TIER_{limit}"),
        "webhook_configuration": {"application": state.config.webhook_url} if state.config.webhook_url else {},
    }
