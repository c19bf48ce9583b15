"""`cobranza pause` and `cobranza resume`: the file is put or taken away, and the stack says what came of it."""

import json
import time
from typing import Any

from rich.console import Console

from cobranza.errors import NotFound
from cobranza.flows.drops import CONTROL, PAUSE, Drop
from cobranza_cli.place import Place

# Seconds.
PATIENCE = 60.0
BETWEEN_LOOKS = 0.5


def pause(place: Place, scope: str, reason: str) -> dict[str, Any] | None:
    """The summary of the pause of a portfolio, or of all; None when none has come within PATIENCE. Raises
    InvalidInput for what can be no portfolio."""
    drop = Drop.at(f"{CONTROL}/{scope}/{PAUSE}")
    before = _told(place, drop)
    place.inbox.put(drop.key, reason.encode(), "text/plain; charset=utf-8")
    return _news(place, drop, before)


def resume(place: Place, scope: str) -> dict[str, Any] | None:
    """As `pause`."""
    drop = Drop.at(f"{CONTROL}/{scope}/{PAUSE}")
    before = _told(place, drop)
    place.inbox.delete(drop.key)
    return _news(place, drop, before)


def show(console: Console, told: dict[str, Any]) -> None:
    pause = told["pause"]
    if pause["state"] == "PAUSED":
        console.print(f"[yellow]{told['portfolio']} is paused[/yellow] since {pause['paused_at']}")
        console.print(f"in force everywhere by {pause['in_force_by']}")
    else:
        since = f" since {pause['resumed_at']}" if pause["resumed_at"] else ": it was not paused"
        console.print(f"{told['portfolio']} runs{since}")
    console.print(f"borrowers held: {pause['held']:,}")
    for warning in told["warnings"]:
        console.print(f"[red]{warning}[/red]")


def _news(place: Place, drop: Drop, before: tuple[str, bytes]) -> dict[str, Any] | None:
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
