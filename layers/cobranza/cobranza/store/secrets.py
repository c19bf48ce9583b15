"""Secrets Manager and the local clock's parameter, as small JSON values."""

import json
import time
from collections.abc import Callable
from typing import Any

from cobranza.clock import Clock, moved_by, real_time
from cobranza.errors import MissingSetting
from cobranza.settings import Settings

LIFETIME = 300.0  # seconds a secret is believed before it is read again


def secret_reader(
    client: Any, secret_id: str, *, monotonic: Callable[[], float] = time.monotonic
) -> Callable[[], dict[str, Any]]:
    """A function that answers the secret's JSON object, read at most every five minutes.

    Raises MissingSetting when the secret has no value yet or is no object: without credentials nothing goes on.
    """
    kept: dict[str, Any] = {}
    read_at = float("-inf")

    def read() -> dict[str, Any]:
        nonlocal kept, read_at
        if monotonic() - read_at > LIFETIME:
            kept = _read(client, secret_id)
            read_at = monotonic()
        return kept

    return read


def _read(client: Any, secret_id: str) -> dict[str, Any]:
    try:
        value = json.loads(client.get_secret_value(SecretId=secret_id)["SecretString"])
    except (client.exceptions.ResourceNotFoundException, ValueError, KeyError) as error:
        raise MissingSetting(f"secret {secret_id} holds no JSON value yet") from error
    if not isinstance(value, dict):
        raise MissingSetting(f"secret {secret_id} must hold a JSON object")
    return value


def stage_clock(settings: Settings, ssm: Callable[[], Any]) -> Clock:
    """Real time, moved by the clock parameter in stage local."""
    if not settings.clock_parameter:
        return real_time
    return moved_by(lambda: float(ssm().get_parameter(Name=settings.clock_parameter)["Parameter"]["Value"]))
