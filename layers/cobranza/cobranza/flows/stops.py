"""What WhatsApp has stopped, as a batch of reminders knows it: read again after a while, and at once what it met
itself."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from cobranza.policy.breaker import Breaker
from cobranza.store.ledger import Ledger
from cobranza.store.table import exact
from cobranza.whatsapp.errors import ProviderError


@dataclass(slots=True)
class Stops:
    """`lifetime`: so many seconds a reading is believed. For many threads at once."""

    ledger: Ledger
    lifetime: float = 0.0
    monotonic: Callable[[], float] = time.monotonic
    _standing: Mapping[str, Breaker] = field(default_factory=dict[str, Breaker], init=False)
    _read_at: float = field(default=float("-inf"), init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def standing(self) -> Mapping[str, Breaker]:
        """The open breakers by scope."""
        with self._lock:
            if self.monotonic() - self._read_at >= self.lifetime:
                self._standing = self.ledger.breakers()
                self._read_at = self.monotonic()
            return self._standing

    def open(self, scope: str, error: ProviderError, at: datetime) -> Breaker:
        """Meta's answer at `at` stops this scope: for everybody from their next reading on, here at once."""
        met = Breaker(scope, exact(at), error.code)
        self.ledger.open_breaker(met, {"title": error.title, "details": error.details, "trace": error.trace})
        with self._lock:
            self._read_at = float("-inf")
        return self.standing().get(scope) or met
