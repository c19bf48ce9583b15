"""What the stack says of a file that was put into the inbox, or taken away."""

import json
import time
from collections.abc import Callable
from typing import Any

from cobranza.errors import NotFound
from cobranza.flows.drops import Drop
from cobranza_cli.place import Place

# Seconds.
PATIENCE = 60.0
BETWEEN_LOOKS = 0.5


def answer_to(place: Place, drop: Drop, change: Callable[[], None]) -> dict[str, Any] | None:
    """The summary that comes after the change; None when none has come within PATIENCE."""
    before = _told(place, drop)
    change()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        told = _told(place, drop)
        if told[0] != before[0]:
            return json.loads(told[1])
        time.sleep(BETWEEN_LOOKS)
    return None


def _told(place: Place, drop: Drop) -> tuple[str, bytes]:
    """The newest summary's version and bytes, both empty before the first one."""
    try:
        return place.inbox.newest(f"{drop.results}/summary.json")
    except NotFound:
        return "", b""
