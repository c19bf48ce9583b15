"""`cobranza templates push` and `sync`: the texts at Meta."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cobranza.policy.registered import Registered
from cobranza.store.templates import Templates
from cobranza.whatsapp.account import Account
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.template_lint import lint_text
from cobranza_cli.place import Place

# What factura_documento ships with, where Meta wants the handle of a sample that was uploaded.
NO_SAMPLE = "handle-of-an-uploaded-sample"


class NotAnswered(Exception):
    """Meta's answer was an error; the message is its own words."""


def sync(place: Place, account: Account) -> list[Registered]:
    """Reads all templates of the account and keeps what Meta says of them. Raises NotAnswered."""
    began = place.now()  # what Meta tells meanwhile is newer than the list
    found = _listed(account)
    Templates(place.ledger).save(found, began)
    return found


def push(place: Place, account: Account, files: Iterable[Path], link_bases: Sequence[str]) -> list[dict[str, str]]:
    """Registers each file that is good and not yet there; what became of each. Nothing that is there is changed.

    Raises NotAnswered where the account's templates cannot be read.
    """
    known = {(each.name, each.language) for each in sync(place, account)}
    told = [_pushed(account, file, known, link_bases) for file in files]
    sync(place, account)
    return told


def show(console: Console, registered: Sequence[Registered]) -> None:
    table = Table("name", "language", "status", "category", "quality")
    for each in registered:
        table.add_row(each.name, each.language, each.status, each.category, each.quality)
    console.print(table)


def show_pushed(console: Console, told: Sequence[dict[str, str]]) -> None:
    table = Table("file", "result", "why")
    for each in told:
        table.add_row(each["file"], each["result"], each["why"])
    console.print(table)


def _pushed(
    account: Account, file: Path, known: set[tuple[str, str]], link_bases: Sequence[str]
) -> dict[str, str]:
    """`result` is Meta's status of a new one, THERE, or REFUSED with the reason."""
    data = file.read_bytes()
    if _named(data) in known:
        return _told(file, "THERE", "a changed text wants a new name, such as one that ends in _v2")
    if findings := lint_text(data, link_bases):
        return _told(file, "REFUSED", "; ".join(f"{each.place}: {each.code}" for each in findings))
    definition: dict[str, Any] = json.loads(data)
    if NO_SAMPLE.encode() in data:
        return _told(file, "REFUSED", "header: upload a sample at Meta and put its handle into the file")
    match account.create(definition):
        case ProviderError() as error:
            return _told(file, "REFUSED", f"{error.code} {error.title} {error.details}".strip())
        case registered if registered.category != definition["category"]:
            return _told(file, registered.status, f"Meta made it {registered.category}")
        case registered:
            return _told(file, registered.status, "")


def _named(data: bytes) -> tuple[str, str]:
    """The name and language of a definition, empty for what is none."""
    try:
        told: Any = json.loads(data)
        return str(told["name"]), str(told["language"])
    except (ValueError, KeyError, TypeError):
        return "", ""


def _told(file: Path, result: str, why: str) -> dict[str, str]:
    return {"file": file.name, "result": result, "why": why}


def _listed(account: Account) -> list[Registered]:
    found = account.templates()
    if isinstance(found, ProviderError):
        raise NotAnswered(f"{found.code} {found.title} {found.details}".strip())
    return found
