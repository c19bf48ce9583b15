"""`cobranza pause` and `cobranza resume`: the file is put or taken away, and the stack says what came of it.
Numbers and templates are stopped and resumed by orders instead: WhatsApp stops them too, without a file."""

from typing import Any

from rich.console import Console

from cobranza.flows.drops import CONTROL, PAUSE, RESUME, Drop
from cobranza.policy.breaker import is_scope
from cobranza.store.table import exact
from cobranza_cli.answer import answer_to
from cobranza_cli.place import Place


def pause(place: Place, scope: str, reason: str) -> dict[str, Any] | None:
    """The summary of the pause of a portfolio, or of all; None when none has come. Raises
    InvalidInput for what can be no portfolio."""
    drop = Drop.at(f"{CONTROL}/{scope}/{PAUSE}")
    text = " ".join(filter(None, (_moment(place), reason))) if is_scope(scope) else reason
    return answer_to(place, drop, lambda: place.inbox.put(drop.key, text.encode(), "text/plain; charset=utf-8"))


def resume(place: Place, scope: str) -> dict[str, Any] | None:
    """As `pause`; of a number or a template, up to this moment."""
    if is_scope(scope):
        order = Drop.at(f"{CONTROL}/{scope}/{RESUME}")
        return answer_to(place, order, lambda: place.inbox.put(order.key, _moment(place).encode(), "text/plain"))
    drop = Drop.at(f"{CONTROL}/{scope}/{PAUSE}")
    return answer_to(place, drop, lambda: place.inbox.delete(drop.key))


def _moment(place: Place) -> str:
    """Of a clock that was moved; else the file's own moment counts, which is better than this machine's."""
    return exact(place.now()) if "ClockParameter" in place.outputs else ""


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
