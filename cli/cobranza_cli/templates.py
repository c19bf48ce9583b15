"""`cobranza templates`: the texts, before they are registered at Meta."""

import json
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cobranza.whatsapp.template_lint import EXAMPLE_BASES, Finding, lint

app = typer.Typer(no_args_is_help=True, help="The texts that borrowers get.")


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
        typer.echo(json.dumps(told(findings), ensure_ascii=False, indent=2))
    else:
        show(Console(highlight=False), findings)
    if any(findings.values()):
        raise typer.Exit(1)


def checked(files: Iterable[Path], link_bases: Sequence[str]) -> dict[str, tuple[Finding, ...]]:
    """The findings of each file by its name."""
    return {str(file): _lint(file.read_bytes(), link_bases) for file in files}


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


def _lint(data: bytes, link_bases: Sequence[str]) -> tuple[Finding, ...]:
    try:
        definition = json.loads(data)
    except ValueError as error:
        return (Finding("file", "BAD_JSON", f"cannot be read as JSON: {error}"),)
    return lint(definition, link_bases)
