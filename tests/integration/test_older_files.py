"""What is old: files that come late or once more, and debts that got another name."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.files.results import Summary
from cobranza.queues import DroppedFile
from tests.integration.fakes import FakeBucket
from tests.integration.rows import apply, codes, owed
from tests.integration.world import TUESDAY, World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

type Drop = Callable[..., dict[str, Any]]

AGREED = {"consent_source": "solicitud", "consent_at": "2026-01-01"}
OLD_PHONE = "+525555550102"
LATE = AGREED | {"debt_id": "F-2", "phone": OLD_PHONE, "due_date": "2026-12-30"}
CROWD = [
    {"borrower_id": f"Z{n}", "phone": f"+5255555{n:05}", "debt_id": f"Z-{n}", "due_date": "2027-03-01"}
    for n in range(600)
]


def ago(world: World, **parts: float) -> dict[str, str]:
    return {"as-of": (world.now - timedelta(**parts)).isoformat()}


# Late.


@pytest.mark.parametrize("newer", [{}, {"balance": "1000"}], ids=["a row that repeats all", "another balance"])
@pytest.mark.parametrize("crowd", [[], CROWD], ids=["few", "with the index"])
def test_a_file_that_comes_late_does_not_bring_back_an_older_phone(
    world: World, drop: Drop, newer: dict[str, str], crowd: list[dict[str, str]]
) -> None:
    drop("debts/tienda/a.csv", debts(AGREED), ago(world, days=9))
    drop("debts/tienda/b.csv", debts(AGREED | newer), ago(world, days=1))
    assert drop("debts/tienda/old.csv", debts(LATE, *crowd), ago(world, days=5))["created"] == 1 + len(crowd)
    assert codes(world) == ["SENT"]
    assert [message["to"] for message in world.whatsapp.sent] == ["+525555550101"]


def test_a_file_that_comes_late_changes_people_whom_no_newer_one_names(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(AGREED), ago(world, days=9))
    drop("debts/tienda/b.csv", debts(CROWD[0]), ago(world, days=1))
    drop("debts/tienda/old.csv", debts(LATE), ago(world, days=5))
    assert world.item("PROFILE")["phone"] == OLD_PHONE


def test_a_no_of_a_file_that_comes_late_counts_and_nothing_else_of_it(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(AGREED), ago(world, days=9))
    drop("debts/tienda/b.csv", debts(AGREED), ago(world, days=1))
    drop("debts/tienda/old.csv", debts(LATE | {"consent": "no"}), ago(world, days=5))
    assert codes(world) == ["SKIPPED_NO_CONSENT"]
    assert world.item("PROFILE")["phone"] == "+525555550101"
    drop("debts/tienda/c.csv", debts(AGREED | {"balance": "1000"}), ago(world, hours=1))
    assert "consent" in world.item("PROFILE")


# Once more.


def upload(world: World, hours: float, text: str, key: str = "debts/tienda/a.csv", version: str = "") -> Summary:
    """Nothing but the moment of the drop, and what is in its name, says how old a file is."""
    bucket = FakeBucket(text.encode(), TUESDAY + timedelta(hours=hours))
    dropped = DroppedFile("inbox", key, version or str(hours))
    summary = world.importer.take(bucket, dropped, world.now)  # pyright: ignore[reportArgumentType]
    assert summary
    return summary


OPEN, PAID, CHANGED = debts({"balance": "1200"}), debts({"balance": "0"}), debts({"balance": "600"})


@pytest.mark.parametrize("key", ["debts/tienda/a.csv", "debts/tienda/copia.csv"])
def test_an_old_file_that_is_dropped_again_undoes_nothing(world: World, key: str) -> None:
    upload(world, -30, OPEN)
    first = upload(world, -20, OPEN)
    upload(world, -10, PAID, "debts/tienda/b.csv")
    again = upload(world, -1, OPEN, key)
    assert (again.as_of, again.unchanged, again.superseded) == (first.as_of, 1, 1)
    assert any("these very bytes came before" in warning for warning in again.warnings)
    assert "SENT" not in codes(world)
    assert upload(world, -0.5, OPEN, key).as_of == first.as_of


def test_an_old_file_that_is_dropped_again_forgets_no_payment(world: World) -> None:
    upload(world, -72, OPEN)
    upload(world, -48, CHANGED, "debts/tienda/b.csv")
    payment = {"payment_id": "p1", "borrower_id": "C1", "debt_id": "F-1", "amount": "600", "currency": "MXN"}
    apply(world, "payments", payment | {"paid_at": (world.now - timedelta(hours=24)).isoformat()})
    upload(world, -1, OPEN)
    assert owed(world) == {"F-1": "0.00"}


def test_an_old_snapshot_that_is_dropped_again_closes_and_opens_nothing(world: World) -> None:
    people = [{"borrower_id": f"X{n}", "phone": f"+5255555502{n:02}", "debt_id": f"X-{n}"} for n in range(9)]
    key = "snapshots/tienda/cartera.csv"
    upload(world, -72, debts({}, *people[:8]), key)
    upload(world, -48, debts(*people[:8]), key)
    upload(world, -24, debts(people[8]), "debts/tienda/nuevas.csv")
    for text in (debts({}, *people[:8]), debts(*people[:8])):
        again = upload(world, -1, text, key, version=text)
        assert (again.unchanged, again.closed, again.waiting) == (again.read, 0, None)
    assert world.item("DEBT#tienda#F-1#")["closed"]
    assert "closed" not in world.item("DEBT#tienda#X-8#", "X8")


def test_what_a_snapshot_of_the_same_bytes_does_not_list_is_silent_until_a_file_tells_more(world: World) -> None:
    people = [{"borrower_id": f"X{n}", "phone": f"+5255555502{n:02}", "debt_id": f"X-{n}"} for n in range(9)]
    whole, key = debts(*people), "snapshots/tienda/cartera.csv"
    upload(world, -48, whole, key)
    upload(world, -30, OPEN, "debts/tienda/error.csv")
    again = upload(world, -1, whole, key)
    assert (again.closed, len(again.warnings)) == (0, 2)
    world.ledger.refresh("tienda", world.now)
    codes(world)
    assert "+525555550101" not in [message["to"] for message in world.whatsapp.sent]
    assert world.item("DEBT#tienda#F-1#")["refused_row"]


def test_the_same_export_every_day_is_news_as_long_as_nothing_else_told_its_debts(world: World) -> None:
    upload(world, -20, OPEN)
    upload(world, -15, debts({"debt_id": "F-2"}), "debts/tienda/sucursal.csv")
    upload(world, -10, OPEN.splitlines()[0], "debts/tienda/nada.csv")
    for hours in (-5, -1):
        again = upload(world, hours, OPEN)
        assert (again.as_of, list(again.warnings)) == (TUESDAY + timedelta(hours=hours), [])


def test_the_same_bytes_are_news_where_somebody_says_so(world: World, drop: Drop) -> None:
    """Of another day by its name, or by its metadata."""
    upload(world, -72, OPEN, "debts/tienda/2026-11-21.csv")
    upload(world, -48, PAID, "debts/tienda/2026-11-22.csv")
    assert upload(world, -30, OPEN, "debts/tienda/2026-11-21.csv", "2").superseded == 1
    assert upload(world, -24, OPEN, "debts/tienda/2026-11-23.csv").updated == 1
    upload(world, -12, CHANGED, "debts/tienda/hoy.csv")
    assert drop("debts/tienda/a.csv", OPEN, ago(world, hours=1))["updated"] == 1


def test_after_forty_days_nothing_is_known_of_the_bytes(world: World) -> None:
    """The lists of debts are gone by then, and the table may not have forgotten yet."""
    upload(world, -2, OPEN)
    upload(world, -1, PAID, "debts/tienda/b.csv")
    for listed in world.s3.list_objects_v2(Bucket="work", Prefix="listed/")["Contents"]:
        world.s3.delete_object(Bucket="work", Key=listed["Key"])
    world.now += timedelta(days=40)
    assert upload(world, 40 * 24, OPEN).updated == 1


# Under another name.


@pytest.mark.parametrize(
    ("old", "new"), [({"borrower_id": "C0"}, {}), ({"instalment": "01"}, {"instalment": "1"})]
)
@pytest.mark.parametrize("is_told", [True, False])
def test_a_debt_under_another_name_is_asked_for_once_when_a_row_says_that_the_old_one_is_nothing(
    world: World, drop: Drop, old: dict[str, str], new: dict[str, str], is_told: bool
) -> None:
    drop("debts/tienda/a.csv", debts(old), ago(world, hours=2))
    drop("debts/tienda/b.csv", debts(new, *([old | {"balance": "0"}] * is_told)), ago(world, hours=1))
    assert len([item for item in world.book() if "book" in item]) == 2 - is_told
