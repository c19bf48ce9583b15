"""`cobranza pause` and `cobranza resume`: the file is put or taken away, and the stack says what came of it. What
WhatsApp has stopped is no file, so there a file is the order to resume it."""

from typing import Any

from rich.console import Console

from cobranza.flows.drops import CONTROL, PAUSE, RESUME, Drop
from cobranza.policy.breaker import is_scope
from cobranza.store.table import utc
from cobranza_cli.answer import answer_to
from cobranza_cli.place import Place


def pause(place: Place, scope: str, reason: str) -> dict[str, Any] | None:
    """The summary of the pause of a portfolio, or of all; None when none has come. Raises
    InvalidInput for what can be no portfolio."""
    drop = Drop.at(f"{CONTROL}/{scope}/{PAUSE}")
    return answer_to(place, drop, lambda: place.inbox.put(drop.key, reason.encode(), "text/plain; charset=utf-8"))


def resume(place: Place, scope: str) -> dict[str, Any] | None:
    """As `pause`; of a number or a template, up to this moment."""
    if is_scope(scope):
        order = Drop.at(f"{CONTROL}/{scope}/{RESUME}")
        # Else the file's own moment counts, which is better than this machine's.
        until = utc(place.now()) if "ClockParameter" in place.outputs else ""
        return answer_to(place, order, lambda: place.inbox.put(order.key, until.encode(), "text/plain"))
    drop = Drop.at(f"{CONTROL}/{scope}/{PAUSE}")
    return answer_to(place, drop, lambda: place.inbox.delete(drop.key))


def show(console: Console, told: dict[str, Any]) -> None:
    pause = told["pause"]
    if pause["state"] == "PAUSED":
        console.print(
            f"[yellow]{told['portfolio']} is paused[/yellow] since {pause['paused_at']} {pause['reason']}"
        )
        console.print(f"in force everywhere by {pause['in_force_by']}")
    else:
        since = f" since {pause['resumed_at']}" if pause["paused_at"] else ": it was not paused"
        console.print(f"{told['portfolio']} runs{since}")
    console.print(f"borrowers held: {pause['held']:,}")
    for warning in told["warnings"]:
        console.print(f"[red]{warning}[/red]")
