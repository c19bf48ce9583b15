"""The commands. Each asks for no more rights than its own work needs; `cobranza --help` lists them."""

import json
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cobranza.errors import InvalidInput
from cobranza_cli import checks, doctor, dry_run, place, redrive, status, trace, why
from cobranza_cli import erase as erasing
from cobranza_cli import export as exporting
from cobranza_cli import pause as pauses
from cobranza_cli import plan as plans
from cobranza_cli import restore as restoring
from cobranza_cli import templates as texts
from cobranza_cli.commands import Commands
from cobranza_cli.whom import MOST, Someone, find

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Payment reminders on WhatsApp: the operator's command.",
)
app.add_typer(texts.app, name="templates")
app.command("restore")(restoring.command)
console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)

LOCAL = Path(".local")
MOST_LISTED = 20
PERSON = "Your number of a borrower, their reference, or a phone with its + that no borrower has."
WHOM = "Your number of a borrower or an open debt, a reference, a phone with its +, a document, or a name."
CLOSED = "Also who has, or had, a debt that is in no open book: reads the whole ledger."


class Where:
    """The options before the command, kept until it runs."""

    stack = "cobranza"
    region = ""
    local: Path | None = None

    def place(self) -> place.Place:
        try:
            return place.find(self.stack, self.region, self.local)
        except place.NoStack as error:
            complaints.print(f"[red]{error}[/red]")
            raise typer.Exit(2) from error


@app.callback()
def where(
    context: typer.Context,
    stack: Annotated[str, typer.Option(help="The stack's name.")] = "cobranza",
    region: Annotated[str, typer.Option(help="Its region, if not the profile's.")] = "",
    local: Annotated[bool, typer.Option("--local", help="The stack on this machine (make up).")] = False,
    folder: Annotated[Path, typer.Option(help="Where stack.json is, with --local.")] = LOCAL,
) -> None:
    chosen = Where()
    chosen.stack, chosen.region, chosen.local = stack, region, folder if local else None
    context.obj = chosen


@app.command("status")
def show_status(
    context: typer.Context,
    portfolio: Annotated[str, typer.Argument(help="One portfolio, or all that have dropped files.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """How fresh each portfolio's book is, which imports are under way or wait, and what lies in the queues."""
    with _named_rightly():
        told = status.told(context.obj.place(), portfolio)
    if as_json:
        _print_json(told)
    else:
        status.show(console, told)


@app.command("doctor")
def show_health(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Whether everything is as it has to be, from outside: secrets, WhatsApp, webhook, texts, countries, queues,
    alarms. Ends with 1 when something is not."""
    found = doctor.look(context.obj.place())
    if as_json:
        _print_json(doctor.told(found))
    else:
        doctor.show(console, found)
    if checks.failed(found):
        raise typer.Exit(1)


@app.command("redrive")
def send_back(
    context: typer.Context,
    queue: Annotated[str, typer.Argument(help="files, reminders, media, replies, reports or events.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else they are only told.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also those that were sent back once.")] = False,
    drop: Annotated[str, typer.Option(help="Take away the letter of this id, which cannot go back.")] = "",
    most: Annotated[int, typer.Option(min=1, max=1000, help="So many letters at most.")] = redrive.MOST,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Why each dead letter of a queue is there, and with --yes back to where it failed, once. Nobody is messaged
    twice by it. Ends with 1 when some stay. With --drop one letter alone, and with --yes it is gone."""
    place = context.obj.place()
    with _named_rightly():
        if drop:
            letters = [redrive.drop(place, queue, drop, most, takes_away=yes)]
        else:
            letters = redrive.letters(place, queue, most, sends=yes, again=again)
    if as_json:
        _print_json(redrive.told(queue, letters))
    else:
        redrive.show(console, letters)
    if yes and any(not (each.is_sent or each.is_dropped) for each in letters):
        raise typer.Exit(1)


@app.command()
def confirm(
    context: typer.Context,
    snapshot: Annotated[str, typer.Argument(help="snapshots/<portfolio>/<file>, as the notice names it.")],
) -> None:
    """Say yes to a snapshot that waits because it would change much of the book."""
    parts = snapshot.split("/")
    if len(parts) != 3 or parts[0] != "snapshots":
        complaints.print("[red]name it as snapshots/<portfolio>/<file>[/red]")
        raise typer.Exit(2)
    context.obj.place().inbox.put(f"{snapshot}.confirm", b"", "text/plain")
    console.print(f"said yes to {snapshot}; its results will lie in results/{parts[1]}/snapshots/{parts[2]}/")


@app.command()
def pause(
    context: typer.Context,
    scope: Annotated[str, typer.Argument(help="A portfolio, or all; number:<id>, number:all or template:<name>.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever reads the status; no personal data.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Stop reminders, also those that are queued: in the next batch, within a minute at most."""
    with _named_rightly():
        told = pauses.pause(context.obj.place(), scope, reason)
    _show_pause(told, as_json=as_json)


@app.command()
def resume(
    context: typer.Context,
    scope: Annotated[
        str,
        typer.Argument(help="A portfolio, or all; number:<id>, number:all or template:<name>, as status says."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """End a pause, or what WhatsApp has stopped and somebody has mended: everything is decided again, and whoever
    was held gets their latest step alone."""
    with _named_rightly():
        told = pauses.resume(context.obj.place(), scope)
    _show_pause(told, as_json=as_json)


@app.command()
def plan(
    context: typer.Context,
    portfolio: Annotated[str, typer.Argument(help="A portfolio.")],
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its next day, if not told.")] = None,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to write the whole plan, as CSV.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Who would be written to on a day, and who not and why, by what is known now. Nothing is sent or changed."""
    with _named_rightly():
        seen = plans.plan(context.obj.place(), portfolio, day.date() if day else None, out)
    if as_json:
        _print_json(seen.told())
    else:
        plans.show(console, seen)


@app.command()
def approve(
    context: typer.Context,
    portfolio: Annotated[str, typer.Argument(help="A portfolio.")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Today or tomorrow, there.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say yes to the plan in results/<portfolio>/plans/: from that day on, or for it alone, by the strategy."""
    with _named_rightly():
        told = plans.approve(context.obj.place(), portfolio, day.date())
    if told is None:
        complaints.print("[red]no result came within a minute[/red]: see results/<portfolio>/plans/")
        raise typer.Exit(1)
    if as_json:
        _print_json(told)
    else:
        plans.show_approval(console, told)
    if told["error"]:
        raise typer.Exit(1)


@contextmanager
def _named_rightly() -> Generator[None]:
    try:
        yield
    except InvalidInput as error:
        complaints.print(f"[red]{error.reason}[/red]")
        raise typer.Exit(2) from error


def _show_pause(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told is None:
        complaints.print("[red]no result came within a minute[/red]: see results/<portfolio>/control/PAUSE/")
        raise typer.Exit(1)
    if as_json:
        _print_json(told)
    else:
        pauses.show(console, told)


@app.command("import")
def try_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    portfolio: Annotated[str, typer.Option(help="Compare with this portfolio's book.")] = "",
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="In place of the portfolio's mappings.")
    ] = None,
    snapshot: Annotated[bool, typer.Option("--snapshot", help="As the whole open book.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """What would happen if FILE were dropped: nothing is written. Without --portfolio it is only read."""
    found = context.obj.place() if portfolio else None
    told = dry_run.told(file, found, portfolio, mapping=mapping, is_snapshot=snapshot, console=complaints)
    if as_json:
        _print_json(told)
    else:
        dry_run.show(console, told)
    if told["error"]:
        raise typer.Exit(1)


@app.command("why")
def show_why(
    context: typer.Context,
    whom: Annotated[str, typer.Argument(help=WHOM)],
    portfolio: Annotated[str, typer.Option(help="Look for debts and names here alone.")] = "",
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Today if not told.")] = None,
    lang: Annotated[str, typer.Option(help="es or en; LANG's if not told.")] = "",
    closed: Annotated[bool, typer.Option("--closed", help=CLOSED)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Why somebody was, or was not, written to. Names and debts are looked for in the open books, one after the
    other."""
    place = context.obj.place()
    person = _person(place, whom, portfolio, closed=closed)
    if not person.has_profile:
        complaints.print("[red]no profile is kept of them:[/red] `cobranza trace` tells what the journal has")
        raise typer.Exit(1)
    language = why.language_of(lang or os.environ.get("LANG", ""))
    told = why.told(place, person, day and day.date(), place.now(), language)
    if as_json:
        _print_json(told)
    else:
        why.show(console, told, language)


@app.command("trace")
def show_trace(
    context: typer.Context,
    whom: Annotated[str, typer.Argument(help=WHOM)],
    portfolio: Annotated[str, typer.Option(help="Look for debts and names here alone.")] = "",
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="That local day alone.")] = None,
    most: Annotated[int, typer.Option(min=1, max=5000, help="So many steps at most, the newest.")] = trace.MOST,
    closed: Annotated[bool, typer.Option("--closed", help=CLOSED)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """All that happened to a borrower, or about one of their debts, in order and in their own time: files,
    outcomes, messages, statuses, replies, payments, cases."""
    place = context.obj.place()
    person = _person(place, whom, portfolio, closed=closed)
    told = trace.told(place, person, whom, day and day.date(), most)
    if as_json:
        _print_json(told)
    else:
        trace.show(console, told)


def _person(place: place.Place, whom: str, portfolio: str, *, closed: bool) -> Someone:
    """The only one that is meant; else who may be are listed, and the command ends."""
    _somebody(whom)
    found = find(place, whom, portfolio, complaints, closed=closed)
    if found.is_cut:
        complaints.print(
            f"[yellow]only the first {MOST:,} borrowers were read:[/yellow] use the borrower's number"
        )
    if len(found.people) != 1:
        _list_people(found.people, portfolio, closed=closed)
        raise typer.Exit(1)
    return found.people[0]


def _somebody(whom: str) -> None:
    if not whom.strip():
        complaints.print("[red]name somebody[/red]")
        raise typer.Exit(2)


@app.command("erase")
def erase_person(
    context: typer.Context,
    whom: Annotated[str, typer.Argument(help=PERSON)] = "",
    portfolio: Annotated[str, typer.Option(help="On whose behalf, for the journal.")] = "",
    unknown: Annotated[bool, typer.Option("--unknown", help="Also who has not come yet.")] = False,
    again: Annotated[bool, typer.Option("--again", help="All who were ever erased: after a restore.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Erase all that is kept of a person, for good, and keep them out of later files."""
    if again == bool(whom.strip()):
        complaints.print("[red]name a borrower, or say --again[/red]")
        raise typer.Exit(2)
    if not again and not portfolio:
        complaints.print("[red]say on whose behalf: --portfolio[/red]")
        raise typer.Exit(2)
    if not yes:
        typer.confirm("What is erased cannot be brought back. Erase it?", abort=True, err=True)
    place = context.obj.place()
    with _named_rightly():
        told = erasing.erase_again(place) if again else erasing.erase(place, whom, portfolio, unknown=unknown)
    if not told and not again:
        complaints.print(
            "[red]nobody is known by this, and nothing was written:[/red] give the borrower's number as your "
            "files have it, a reference, or a phone with its +; --unknown keeps out who has not come yet"
        )
        raise typer.Exit(1)
    if as_json:
        _print_json({"erased": told})
    else:
        erasing.show(console, told)
    if not all(each["is_whole"] for each in told):
        raise typer.Exit(1)


@app.command("export")
def export_person(
    context: typer.Context,
    whom: Annotated[str, typer.Argument(help=PERSON)],
    to: Annotated[Path, typer.Option(dir_okay=False, help="Where to write it, as JSON.")],
    portfolio: Annotated[str, typer.Option(help="Without what is another portfolio's.")] = "",
) -> None:
    """Write all that is kept of a person into a file, for the person: words, debts, payments, consents."""
    _somebody(whom)
    if not to.parent.is_dir():
        complaints.print(f"[red]there is no folder {to.parent}[/red]")
        raise typer.Exit(2)
    with _named_rightly():
        told = exporting.export(context.obj.place(), whom, portfolio)
    if told is None:
        complaints.print("[red]nothing is kept of them[/red]")
        raise typer.Exit(1)
    to.touch()
    to.chmod(0o600)
    to.write_text(json.dumps(told, ensure_ascii=False, indent=2), encoding="utf-8")
    console.print(f"written to {to}")


def _list_people(people: Sequence[Someone], portfolio: str, *, closed: bool) -> None:
    if not people:
        place = f" in {portfolio}" if portfolio else ""
        complaints.print(
            f"[red]nobody is found{place}:[/red] give a borrower's number or reference, a phone with its +, "
            "a document, an open debt or a name"
        )
        if not closed:
            complaints.print(
                "a debt that is paid or closed is in no open book: give its borrower's number, or --closed"
            )
    for person in people[:MOST_LISTED]:
        complaints.print(f"{person.borrower_id}  {person.name}", markup=False)
    if len(people) > MOST_LISTED:
        complaints.print(f"and {len(people) - MOST_LISTED:,} more")


def _print_json(told: dict[str, Any]) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))


if __name__ == "__main__":
    app()
