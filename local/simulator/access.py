"""Who may call what: the token, and whether the object that the path names exists."""

import hmac

from local.simulator.errors import NotAccepted
from local.simulator.state import State


def require_token(authorization: str, state: State) -> None:
    token = state.config.access_token
    if not token or not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
        raise NotAccepted(190, "The access token is missing or wrong")


def require_number(phone_number_id: str, state: State) -> None:
    if phone_number_id not in state.config.phone_numbers:
        raise unknown(phone_number_id)


def require_account(waba_id: str, state: State) -> None:
    if waba_id != state.config.waba_id:
        raise unknown(waba_id)


def unknown(object_id: str) -> NotAccepted:
    return NotAccepted(100, f"Object with ID '{object_id}' does not exist", subcode=33)
