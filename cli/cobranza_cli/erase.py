"""`cobranza erase`: all that is kept of a person goes, and is kept out of later files."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.console import Console

from cobranza.flows.erase_person import Erased, EraseDesk
from cobranza.store.erasures import Erasure, Erasures
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.traces import People
from cobranza_cli.place import Place
from cobranza_cli.whom import meant


def erase(place: Place, whom: str, portfolio: str, *, unknown: bool = False) -> list[dict[str, Any]]:
    """What is gone of one person; nothing, and nothing is written, where nobody is known by this, unless `unknown`
    people may be meant. Raises InvalidInput as `meant` does."""
    place = place.erasing()
    who, desk, now = meant(place, whom), _desk(place), place.now()
    if not unknown and not desk.knows(who):
        return []
    return _told(desk.erase([Erasure(who.ref, now, portfolio, who.phones)], now))


def erase_again(place: Place) -> list[dict[str, Any]]:
    """Of each who was ever erased, what had come back."""
    place = place.erasing()
    return _told(_desk(place).again(place.now()))


def show(console: Console, told: list[dict[str, Any]]) -> None:
    for each in told:
        console.print(f"{each['borrower']}  items {each['items']:,}  files {each['files']:,}")
        if not each["is_whole"]:
            console.print("[red]something was written meanwhile:[/red] erase again")
        if each["others"]:
            others = " ".join(each["others"])
            console.print(f"[yellow]others have a phone of theirs and are written to there:[/yellow] {others}")
    console.print(f"erased: {len(told):,}")


def _desk(place: Place) -> EraseDesk:
    table = place.ledger
    return EraseDesk(
        Ledger(table),
        People(table, place.references),
        Erasures(table, place.work),
        Journal(place.journal),
        place.receipts,
    )


def _told(done: Iterable[Erased]) -> list[dict[str, Any]]:
    return [asdict(each) for each in done]
