"""`cobranza pause` and `cobranza resume`: the file is put or taken away, and the stack says what came of it."""

from typing import Any

from rich.console import Console

from cobranza.flows.drops import CONTROL, PAUSE, Drop
from cobranza_cli.answer import answer_to
from cobranza_cli.place import Place


def pause(place: Place, scope: str, reason: str) -> dict[str, Any] | None:
    """The summary of the pause of a portfolio, or of all; None when none has come. Raises
    InvalidInput for what can be no portfolio."""
    drop = Drop.at(f"{CONTROL}/{scope}/{PAUSE}")
    return answer_to(place, drop, lambda: place.inbox.put(drop.key, reason.encode(), "text/plain; charset=utf-8"))


def resume(place: Place, scope: str) -> dict[str, Any] | None:
    """As `pause`."""
    drop = Drop.at(f"{CONTROL}/{scope}/{PAUSE}")
    return answer_to(place, drop, lambda: place.inbox.delete(drop.key))


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
