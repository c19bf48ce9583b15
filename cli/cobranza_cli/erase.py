"""`cobranza erase`: all that is kept of a borrower goes, and is kept out of later files."""

import re
from collections.abc import Iterable
from typing import Any

from rich.console import Console

from cobranza.flows.erase_person import Erased, EraseDesk
from cobranza.store.erasures import Erasure, Erasures
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.traces import People
from cobranza_cli.place import Place

_REFERENCE = re.compile(r"[A-Z2-7]{26}")


def reference_of(place: Place, whom: str) -> str:
    """Of the creditor's own number of a borrower, or the reference itself, as logs and events have it."""
    return whom if _REFERENCE.fullmatch(whom) else place.references.ref("borrower", whom)


def erase(place: Place, whom: str, portfolio: str) -> list[dict[str, Any]]:
    """What is gone of one borrower, whether we know them or not."""
    place = place.erasing()
    now = place.now()
    return _told(_desk(place).erase([Erasure(reference_of(place, whom), now, portfolio)], now))


def erase_again(place: Place) -> list[dict[str, Any]]:
    """Of each who was ever erased, what had come back."""
    place = place.erasing()
    return _told(_desk(place).again(place.now()))


def show(console: Console, told: list[dict[str, Any]]) -> None:
    for each in told:
        console.print(f"{each['borrower']}  items {each['items']:,}  files {each['files']:,}")
        if not each["is_whole"]:
            console.print("[red]something was written meanwhile:[/red] erase again")
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
    return [
        {"borrower": each.borrower, "items": each.items, "files": each.files, "is_whole": each.is_whole}
        for each in done
    ]
