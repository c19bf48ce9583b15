"""`cobranza templates`: the texts, before they are registered at Meta."""

import json
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cobranza.errors import MissingSetting
from cobranza.whatsapp.template_lint import EXAMPLE_BASES, Finding, lint_text
from cobranza_cli import registering
from cobranza_cli.place import Place

app = typer.Typer(no_args_is_help=True, help="The texts that borrowers get.")

MOST_OF_A_NAME = 100


def _somebody(name: str) -> str:
    if not 0 < len(name.strip()) <= MOST_OF_A_NAME:
        raise typer.BadParameter(f"name somebody in {MOST_OF_A_NAME} characters at most")
    return name.strip()


@app.command()
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="All shipped ones if none."),
    ] = None,
    link_base: Annotated[
        list[str] | None, typer.Option(help="An address under which links may lead; the examples' own if none.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """What is wrong with templates in the format of Meta's create call; nothing is sent. Ends with 1 if any is."""
    findings = checked(files or shipped(), link_base or EXAMPLE_BASES)
    if as_json:
        _print_json(told(findings))
    else:
        show(Console(highlight=False, markup=False), findings)
    if any(findings.values()):
        raise typer.Exit(1)


@app.command()
def sync(
    context: typer.Context,
    account: Annotated[str, typer.Argument(help="The WhatsApp business account's id at Meta.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> None:
    """Read status, category and quality of all templates at Meta, and keep them in the ledger."""
    place: Place = context.obj.place()
    with _answered():
        found = registering.sync(place, place.account(account))
        listed = registering.told(place, found)
    if as_json:
        _print_json(listed)
    else:
        registering.show(Console(highlight=False, markup=False), listed)


@app.command()
def push(
    context: typer.Context,
    account: Annotated[str, typer.Argument(help="The WhatsApp business account's id at Meta.")],
    reviewed_by: Annotated[
        str,
        typer.Option(help="Who of the business has read these texts, as you name them.", callback=_somebody),
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="All shipped ones if none."),
    ] = None,
    link_base: Annotated[list[str] | None, typer.Option(help="Your address under which links may lead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> None:
    """Register templates at Meta that are not there yet; each is checked before. Keeps who has read what is there
    now. Ends with 1 if one is refused."""
    place: Place = context.obj.place()
    with _answered():
        told = registering.push(place, place.account(account), files or shipped(), link_base or (), reviewed_by)
    if as_json:
        _print_json(told)
    else:
        registering.show_pushed(Console(highlight=False, markup=False), told)
    if any(each["result"] == "REFUSED" for each in told):
        raise typer.Exit(1)


def checked(files: Iterable[Path], link_bases: Sequence[str]) -> dict[str, tuple[Finding, ...]]:
    """The findings of each file by its name."""
    return {str(file): lint_text(file.read_bytes(), link_bases) for file in files}


def shipped() -> list[Path]:
    with resources.as_file(resources.files("cobranza") / "whatsapp" / "template_files") as folder:
        return sorted(folder.glob("*.json"))


def told(findings: dict[str, tuple[Finding, ...]]) -> dict[str, Any]:
    listed = [
        {"file": file, "place": each.place, "code": each.code, "sentence": each.sentence}
        for file, found in findings.items()
        for each in found
    ]
    return {"checked": len(findings), "findings": listed}


def show(console: Console, findings: dict[str, tuple[Finding, ...]]) -> None:
    table = Table("file", "place", "code", "what")
    for file, found in findings.items():
        for each in found:
            table.add_row(Path(file).name, each.place, each.code, each.sentence)
    if table.row_count:
        console.print(table)
    console.print(f"{len(findings)} checked, {table.row_count} findings")


@contextmanager
def _answered() -> Generator[None]:
    try:
        yield
    except (registering.NotAnswered, MissingSetting) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _print_json(told: object) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
