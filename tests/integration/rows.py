"""Rows of payments, contacts, recalls and requests files, applied to a world."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.row import Row
from cobranza.flows.applied import Applied, Rooms
from cobranza.flows.apply_rows import RowDesk
from cobranza.policy.decision import Book as DecidedBook
from cobranza.store.book import Book, Known
from cobranza.store.payments import Payments
from tests.integration.fakes import DyingClient, Killed
from tests.integration.world import World
from tests.unit.books import DAILY

MEXICO = ZoneInfo("America/Mexico_City")
_imports = count()

type Cells = dict[str, str]


def table(*rows: Cells) -> str:
    """A file with the columns of all rows."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def rooms_of(world: World) -> Rooms:
    return Rooms(
        Book(world.table),
        world.ledger,
        Payments(world.table),
        world.cases,
        world.journal,
        world.references,
        lambda _: DAILY,
        workers=1,
    )


def apply(world: World, kind: str, *rows: Cells, import_id: str = "", portfolio: str = "tienda") -> Applied:
    """One file of this kind; each is another import unless told."""
    desk = RowDesk(rooms_of(world))
    header, *lines = list(csv.reader(io.StringIO(table(*rows))))
    return desk.apply(
        kind,
        (Row(number, tuple(cells)) for number, cells in enumerate(lines, start=2)),
        {name: index for index, name in enumerate(header)},
        Formats("DMY", "."),
        Declared(),
        portfolio_id=portfolio,
        portfolio=world.ledger.portfolio(portfolio),
        zone=MEXICO,
        now=world.now,
        import_id=import_id or f"import-{next(_imports)}",
    )


def refused(applied: Applied) -> dict[int, str]:
    """The codes of the refused rows by line; the first row is line 2."""
    return {refusal.row.line: refusal.code for refusal in applied.refusals}


def listed(applied: Applied, name: str) -> list[Cells]:
    return list(csv.DictReader(io.StringIO(applied.listings[name].decode("utf-8-sig"))))


def book(world: World, borrower_id: str = "C1") -> DecidedBook:
    loaded = world.ledger.load(world.ref(borrower_id))
    assert loaded
    return loaded.book


def owed(world: World, borrower_id: str = "C1") -> Cells:
    """What is owed on each debt of a borrower."""
    debts = book(world, borrower_id).debts
    return {f"{d.terms.debt_id}{d.terms.instalment}": f"{d.owed.amount:.2f}" for d in debts}


def codes(world: World) -> list[str]:
    """The outcomes of whoever is due now."""
    return [world.sender.remind(reminder, world.now).code for reminder in world.tick()]


def run(world: World, until: datetime) -> list[str]:
    """Scheduler and sender from look to look until a moment; the outcomes, in their order."""
    found: list[str] = []
    while looks := [datetime.fromisoformat(item["due_at"]) for item in world.items() if "due_at" in item]:
        if min(looks) >= until:
            break
        world.now = max(world.now, min(looks))
        found += [world.sender.remind(reminder, world.now).code for reminder in world.tick()]
    world.now = until
    return [code for code in found if code]


def results(world: World, path: str, portfolio: str = "tienda") -> list[Cells]:
    """The rows of a CSV file under the portfolio's results/."""
    data = world.s3.get_object(Bucket="inbox", Key=f"results/{portfolio}/{path}")["Body"].read()
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def writes_of(world: World, kind: str, *rows: Cells, import_id: str = "") -> int:
    counting = DyingClient(world.dynamodb, 10_000, done=False)
    apply(replace(world, dynamodb=counting), kind, *rows, import_id=import_id)
    return counting.writes


def assert_survives_any_death(world: World, kind: str, *rows: Cells) -> None:
    """Whoever dies at any write, the next try of the same import ends as if nobody had died."""
    before = world.kept()
    number = writes_of(world, kind, *rows, import_id="the-import")
    assert number > 1
    undisturbed, result = world.kept(), apply(world, kind, *rows, import_id="the-import")
    for at in range(number):
        for done in (False, True):
            world.restore(before)
            dying = DyingClient(world.dynamodb, at, done=done)
            with pytest.raises(Killed):
                apply(replace(world, dynamodb=dying), kind, *rows, import_id="the-import")
            again = apply(world, kind, *rows, import_id="the-import")
            assert world.kept() == undisturbed, f"write {at}, done {done}"
            assert (again.changes, again.listings) == (result.changes, result.listings)


def interrupt(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Somebody else is at work between the next reading of a borrower and what is written for it."""
    known = Book.known

    def interrupted(book: Book, borrower: str) -> Known:
        read = known(book, borrower)
        monkeypatch.setattr(Book, "known", known)
        meanwhile()
        return read

    monkeypatch.setattr(Book, "known", interrupted)


def keys_of(world: World) -> str:
    return " ".join(f"{item['pk']} {item['sk']}" for item in world.items())
