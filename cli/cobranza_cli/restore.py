"""`cobranza restore`: the ledger goes back to a moment, and gets what the journal tells of the time since.

docs/restore.md says what comes before and after it."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from cobranza.errors import InvalidInput
from cobranza.flows.callers import Callers
from cobranza.flows.put_back import PutBack, Restorer
from cobranza.store import restored as restored_ledger
from cobranza.store.book import Book
from cobranza.store.controls import Controls
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.store.table import Table, utc
from cobranza_cli.doctor import reserved
from cobranza_cli.place import Place

# What no line of the journal tells.
UNKNOWN = (
    "what WhatsApp had stopped: it stops it again at the first message",
    "why somebody paused: cobranza status shows what is paused again",
    "words, receipts, cases and payments: docs/restore.md says how each comes back",
)


def command(
    context: typer.Context,
    copy: Annotated[
        str, typer.Option("--from", help="The table to which the ledger was restored: step one.")
    ] = "",
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="The moment of it, with its Z: step two."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Take the ledger back to a moment. --from undoes what files told since, and no more; --since puts back what
    the journal knows: stops, disputes, holds, recalls, pauses, messages that have left. Twice changes nothing."""
    if bool(copy) == bool(since):
        typer.echo("say --from, or --since: docs/restore.md", err=True)
        raise typer.Exit(2)
    if not yes:
        typer.confirm("Have you read docs/restore.md, and does nothing run?", abort=True, err=True)
    place: Place = context.obj.place()
    try:
        told = put_back(place, since) if since else go_back(place, copy)
    except InvalidInput as error:
        typer.echo(error.reason, err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        show(Console(highlight=False), told)


def go_back(place: Place, copy: str) -> dict[str, Any]:
    """Raises InvalidInput where a function may run, or `copy` is no ledger."""
    if running := sorted(name for name, most in reserved(place).items() if most != 0):
        raise InvalidInput("STILL_RUNS", f"these may still run, stop them first: {', '.join(running)}")
    restored = Table(place.client("dynamodb"), copy)
    if copy == place.outputs["Ledger"] or not any(Ledger(restored).portfolios()):
        raise InvalidInput("NO_LEDGER", f"{copy} is no ledger that was restored: no portfolio is in it")
    done = restored_ledger.go_back(place.ledger, restored, place.now())
    return {"from": copy, "put": done["put"], "deleted": done["deleted"]}


def put_back(place: Place, since: datetime) -> dict[str, Any]:
    ledger = Ledger(place.ledger)
    restorer = Restorer(
        ledger=ledger,
        book=Book(place.ledger),
        messages=Messages(place.ledger),
        controls=Controls(place.ledger),
        journal=Journal(place.journal),
        callers=Callers(ledger, place.references),
    )
    return _told(restorer.put_back(since, place.now()), since)


def _told(done: PutBack, since: datetime) -> dict[str, Any]:
    return {
        "since": utc(since),
        "put_back": dict(sorted(done.done.items())),
        "left": dict(sorted(done.left.items())),
        "held": len(done.held),
        "paused": sorted({scope for scope, _ in done.paused}),
        "files": dict(sorted(done.files.items())),
        "unknown": [*UNKNOWN],
    }


def show(console: Console, told: dict[str, Any]) -> None:
    if "from" in told:
        console.print(f"put {told['put']:,}  deleted {told['deleted']:,}  from {told['from']}")
        return
    for name, what in (("put_back", "put back"), ("left", "left as it is"), ("files", "files taken since")):
        for event, count in told[name].items():
            console.print(f"{what}: {event} {count:,}")
    console.print(f"borrowers who wait for a week: {told['held']:,}")
    for scope in told["paused"]:
        console.print(f"[yellow]{scope} is paused[/yellow]")
    for each in told["unknown"]:
        console.print(f"not in the journal: {each}")
