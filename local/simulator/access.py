"""Who may call what: the token, and whether the object that the path names exists."""

import hmac

from local.simulator.errors import NotAccepted
from local.simulator.state import State


def require_token(authorization: str, state: State) -> None:
    token = state.config.access_token
    if not token or not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
        raise NotAccepted(190, "The access token is missing or wrong")


def allow_proof(proof: str, state: State) -> None:
    """Whoever gives an appsecret_proof has to have the app's secret. Source: Meta, "Secure Graph API calls"."""
    key, token = state.config.app_secret.encode(), state.config.access_token.encode()
    if proof and not hmac.compare_digest(proof.encode(), hmac.new(key, token, "sha256").hexdigest().encode()):
        raise NotAccepted(100, "Invalid appsecret_proof provided in the API argument")


def require_number(phone_number_id: str, state: State) -> None:
    if phone_number_id not in state.config.phone_numbers:
        raise unknown(phone_number_id)


def require_account(waba_id: str, state: State) -> None:
    if waba_id != state.config.waba_id:
        raise unknown(waba_id)


def unknown(object_id: str) -> NotAccepted:
    return NotAccepted(100, f"Object with ID '{object_id}' does not exist", subcode=33)
