"""`cobranza templates push` and `sync`: the texts at Meta."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from cobranza.policy.registered import Registered, Review
from cobranza.store.reviews import Reviews
from cobranza.store.templates import Templates
from cobranza.whatsapp.account import Account
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.template_lint import lint_text
from cobranza.whatsapp.templates import digest_of
from cobranza_cli.place import Place

# What factura_documento ships with, where Meta wants the handle of a sample that was uploaded.
NO_SAMPLE = "handle-of-an-uploaded-sample"
OTHER_WORDS = "Meta has other words: a changed text wants a new name, such as one that ends in _v2"


class NotAnswered(Exception):
    """Meta's answer was an error; the message is its own words."""


class Pushed(NamedTuple):
    """What became of a file, and what Meta has of it now, where that is the file's own words."""

    told: dict[str, str]
    text: Registered | None = None


def sync(place: Place, account: Account) -> list[Registered]:
    """Reads all templates of the account and keeps what Meta says of them. Raises NotAnswered."""
    began = place.now()  # what Meta tells meanwhile is newer than the list
    found = _listed(account)
    Templates(place.ledger).save(found, began)
    Reviews(place.ledger).note(found)
    return found


def push(
    place: Place, account: Account, files: Iterable[Path], link_bases: Sequence[str], reviewed_by: str
) -> list[dict[str, str]]:
    """Registers each file that is good and not yet there, and keeps who has read its words; what became of each.
    Nothing that is there is changed.

    Raises NotAnswered where the account's templates cannot be read.
    """
    known = {(each.name, each.language): each for each in sync(place, account)}
    pushed = [_pushed(account, file, known, link_bases) for file in files]
    Reviews(place.ledger).keep((each.text for each in pushed if each.text), reviewed_by, place.now())
    sync(place, account)
    return [each.told for each in pushed]


def told(place: Place, registered: Iterable[Registered]) -> list[dict[str, Any]]:
    """As JSON; `reviewed_by` and `reviewed_at` are empty where nobody here has read what Meta has."""
    reviews = Reviews(place.ledger).holding()
    return [asdict(each) | _reviewed(reviews.get((each.name, each.language))) for each in registered]


def show(console: Console, told: Iterable[Mapping[str, Any]]) -> None:
    columns = ("name", "language", "status", "category", "quality", "reviewed_by")
    table = Table(*(name.replace("_", " ") for name in columns))
    for each in told:
        table.add_row(*(each[name] for name in columns))
    console.print(table)


def show_pushed(console: Console, told: Sequence[dict[str, str]]) -> None:
    table = Table("file", "result", "why")
    for each in told:
        table.add_row(each["file"], each["result"], each["why"])
    console.print(table)


def _pushed(
    account: Account, file: Path, known: Mapping[tuple[str, str], Registered], link_bases: Sequence[str]
) -> Pushed:
    """`result` is Meta's status of a new one, THERE, or REFUSED with the reason."""
    data = file.read_bytes()
    if there := known.get(_named(data)):
        is_same = _digest(data) == there.digest
        return _told(file, "THERE", "" if is_same else OTHER_WORDS, there if is_same else None)
    if findings := lint_text(data, link_bases):
        return _told(file, "REFUSED", "; ".join(f"{each.place}: {each.code}" for each in findings))
    definition: dict[str, Any] = json.loads(data)
    if NO_SAMPLE.encode() in data:
        return _told(file, "REFUSED", "header: upload a sample at Meta and put its handle into the file")
    match account.create(definition):
        case ProviderError() as error:
            return _told(file, "REFUSED", f"{error.code} {error.title} {error.details}".strip())
        case registered if registered.category != definition["category"]:
            return _told(file, registered.status, f"Meta made it {registered.category}", registered)
        case registered:
            return _told(file, registered.status, "", registered)


def _named(data: bytes) -> tuple[str, str]:
    """The name and language of a definition, empty for what is none."""
    try:
        told: Any = json.loads(data)
        return str(told["name"]), str(told["language"])
    except (ValueError, KeyError, TypeError):
        return "", ""


def _reviewed(review: Review | None) -> dict[str, str]:
    return {"reviewed_by": review.by if review else "", "reviewed_at": review.at if review else ""}


def _digest(data: bytes) -> str:
    """That of a definition's words; of what is none no template has it."""
    try:
        return digest_of(json.loads(data)["components"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "none"


def _told(file: Path, result: str, why: str, text: Registered | None = None) -> Pushed:
    return Pushed({"file": file.name, "result": result, "why": why}, text)


def _listed(account: Account) -> list[Registered]:
    found = account.templates()
    if isinstance(found, ProviderError):
        raise NotAnswered(f"{found.code} {found.title} {found.details}".strip())
    return found
