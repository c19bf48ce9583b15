"""Secrets Manager and the local clock's parameter, as small JSON values."""

import contextlib
import json
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cobranza.clock import Clock, moved_by, real_time
from cobranza.errors import MissingSetting
from cobranza.settings import Settings

LIFETIME = 300.0  # seconds a secret is believed before it is read again
RENEWAL = 60.0  # seconds between two readings that strangers can cause


class Secret:
    """A secret's JSON object, read at most every five minutes."""

    def __init__(self, client: Any, secret_id: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._id = secret_id
        self._monotonic = monotonic
        self._kept: dict[str, Any] = {}
        self._read_at = float("-inf")
        self._renewed_at = float("-inf")
        self._lock = Lock()

    def __call__(self) -> dict[str, Any]:
        """Raises MissingSetting when the secret has no value yet or is no object: without credentials nothing goes
        on."""
        with self._lock:
            if self._monotonic() - self._read_at > LIFETIME:
                self._kept = _read(self._client, self._id)
                self._read_at = self._monotonic()
            return self._kept

    def again(self) -> dict[str, Any]:
        """As it is now; as it was known where it cannot be read."""
        with self._lock, contextlib.suppress(MissingSetting, BotoCoreError, ClientError):
            self._kept = _read(self._client, self._id)
            self._read_at = self._monotonic()
        return self._kept

    def renewed(self) -> dict[str, Any]:
        """The same at most once a minute, however often it is asked for; as it is known in between."""
        with self._lock:
            is_early = self._monotonic() - self._renewed_at < RENEWAL
            if not is_early:
                self._renewed_at = self._monotonic()
        return self._kept if is_early else self.again()


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
