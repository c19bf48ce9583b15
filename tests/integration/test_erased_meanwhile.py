"""Who is erased while a file of theirs is imported is written to no more, and is told to be back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.flows.erase_person import EraseDesk
from cobranza.store.book import Book
from cobranza.store.erasures import Erasure, Erasures
from cobranza.store.objects import Bucket
from cobranza.store.traces import People
from tests.integration.fakes import Killed
from tests.integration.loading import KEY, take
from tests.integration.rows import book, codes, results
from tests.integration.world import World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

type Drop = Callable[..., dict[str, Any]]
OTHER = {"borrower_id": "C2", "phone": "+525555550102"}


def erase(world: World) -> bool:
    desk = EraseDesk(
        world.ledger,
        People(world.table, world.references),
        Erasures(world.table, Bucket(world.s3, "work")),
        world.journal,
        Bucket(world.s3, "receipts"),
    )
    (done,) = desk.erase([Erasure(world.ref(), world.now, "tienda")], world.now)
    return done.is_whole


@pytest.fixture(autouse=True)
def _place(world: World) -> None:
    world.s3.create_bucket(Bucket="receipts")


def after_each_look(monkeypatch: pytest.MonkeyPatch, *events: Callable[[], object]) -> None:
    """What happens after an import has looked who was erased, look by look."""
    look, left = Book.erased, list(events)

    def looked(this: Book) -> set[str]:
        found = look(this)
        if left:
            left.pop(0)()
        return found

    monkeypatch.setattr(Book, "erased", looked)


@pytest.mark.parametrize("is_known", [True, False])
def test_who_is_erased_during_an_import_is_written_to_no_more(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    if is_known:
        drop("debts/tienda/a.csv", debts({}), {"as-of": (world.now - timedelta(days=1)).isoformat()})
    after_each_look(monkeypatch, lambda: erase(world))
    summary = drop("debts/tienda/b.csv", debts({"balance": "1100"}, {"debt_id": "F-2"}, OTHER))
    assert summary["warnings"][-1].startswith("ERASED: ")
    (told,) = results(world, "debts/b.csv/warnings.csv")
    assert (told["code"], told["borrower_id"]) == ("ERASED", "C1")
    assert book(world).borrower.opted_out_at
    assert sorted(codes(world)) == ["SENT", "SKIPPED_OPTED_OUT"]
    assert {message["to"] for message in world.whatsapp.sent} == {OTHER["phone"]}


def test_who_came_back_is_erased_again_and_no_next_file_brings_them(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_each_look(monkeypatch, lambda: erase(world))
    drop("debts/tienda/a.csv", debts({}))
    assert world.item("PROFILE")
    assert erase(world)
    summary = drop("debts/tienda/b.csv", debts({"balance": "1100"}))
    assert (summary["refused_by_code"], summary["warnings"]) == ({"ERASED": 1}, [])
    assert not world.item("PROFILE")


def test_a_worker_that_dies_before_it_looks_again_leaves_that_to_the_next_try(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise Killed

    after_each_look(monkeypatch, lambda: erase(world), die)
    with pytest.raises(Killed):
        take(world, debts({}), 1, KEY, "once")
    assert book(world).borrower.opted_out_at is None
    take(world, debts({}), 1, KEY, "once", retried=True)
    assert book(world).borrower.opted_out_at
