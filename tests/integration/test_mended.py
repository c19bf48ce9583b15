"""Refused rows, mended and dropped again, load as changes and are read as the file that they come from: in its
formats, and as of its moment, so that they overwrite nothing that a newer file has told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from tests.integration.replies import say
from tests.integration.rows import apply, codes, owed
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


BAD = {"phone": "123"}
OTHERS = [
    {"borrower_id": f"X{n}", "phone": f"+5255555502{n:02}", "debt_id": f"X-{n}", "due_date": "2027-03-01"}
    for n in range(9)
]


def result(world: World, place: str) -> str:
    got = world.s3.get_object(Bucket="inbox", Key=f"results/tienda/{place}")
    return got["Body"].read().decode("utf-8-sig")


def refused(world: World, file: str, kind: str = "debts") -> str:
    return result(world, f"{kind}/{file}/refused.csv")


def mended(world: World, file: str, kind: str = "debts", phone: str = "+525555550101") -> str:
    return refused(world, file, kind).replace(",123,", f",{phone},")


def ago(world: World, **parts: float) -> dict[str, str]:
    return {"as-of": (world.now - timedelta(**parts)).isoformat()}


def test_a_few_mended_rows_take_dates_and_amounts_as_the_whole_file_wrote_them(world: World, drop: Drop) -> None:
    """12/11 and 1.234 alone could be read in two ways: the rows that showed how are not in refused.csv."""
    rows = [
        {"due_date": "24/11/2026", "amount": "1.234,50"},
        {"debt_id": "F-2", "due_date": "12/11/2026", "amount": "1.234", "name": ""},
    ]
    assert drop("debts/tienda/a.csv", debts(*rows))["refused_by_code"] == {"MISSING_VALUE": 1}
    summary = drop("debts/tienda/mended.csv", refused(world, "a.csv").replace("C1,,", "C1,Lucía Ejemplo,"))
    assert (summary["created"], summary["error"], summary["warnings"]) == (1, None, [])
    debt = world.item("DEBT#tienda#F-2#")
    assert (debt["due_date"], debt["balance"]) == ("2026-11-12", 1234)


def test_what_is_refused_again_still_knows(world: World, drop: Drop) -> None:
    bad = {"due_date": "24/11/2026", "amount": "1.234,50", "name": ""}
    drop(
        "debts/tienda/a.csv",
        debts(bad, {"debt_id": "F-2", "due_date": "12/11/2026", "amount": "1.234", "name": ""}),
    )
    first = [line for line in refused(world, "a.csv").splitlines() if "F-1" not in line]
    drop("debts/tienda/b.csv", "\n".join(first) + "\n")
    assert "DMY comma" in refused(world, "b.csv")


def test_a_stop_under_an_id_that_a_spreadsheet_has_shortened_comes_back_to_be_mended(
    world: World, drop: Drop
) -> None:
    drop("debts/tienda/a.csv", debts({"borrower_id": "525556000001"}))
    summary = drop("contacts/tienda/said.csv", "borrower_id,action,at,source\n5.25556E+11,baja,,call centre\n")
    assert (summary["created"], summary["refused_by_code"]) == (0, {"BAD_ID": 1})
    told = refused(world, "said.csv", "contacts").replace("5.25556E+11", "525556000001")
    assert drop("contacts/tienda/mended.csv", told)["created"] == 1
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


# As of the moment of their file.


def test_a_mended_row_does_not_undo_what_a_newer_file_told(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(BAD), ago(world, days=2))
    drop("debts/tienda/b.csv", debts({"balance": "0"}), ago(world, days=1))
    summary = drop("debts/tienda/mended.csv", mended(world, "a.csv"))
    assert (summary["as_of"][:10], summary["unchanged"], summary["superseded"]) == ("2026-11-22", 1, 1)
    assert "SENT" not in codes(world)


def test_a_mended_row_does_not_open_what_a_newer_snapshot_does_not_list(world: World, drop: Drop) -> None:
    drop("snapshots/tienda/a.csv", debts(BAD, *OTHERS), ago(world, days=2))
    drop("snapshots/tienda/b.csv", debts(*OTHERS), ago(world, days=1))
    drop("debts/tienda/mended.csv", mended(world, "a.csv", "snapshots"))
    assert world.item("DEBT#tienda#F-1#") == {}
    assert codes(world) == []


def test_a_mended_row_of_warnings_is_as_old_as_its_file_too(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({"payment_url": "https://other.example/x"}), ago(world, days=2))
    drop("debts/tienda/b.csv", debts({"balance": "0"}), ago(world, days=1))
    told = result(world, "debts/a.csv/warnings.csv")
    drop("debts/tienda/mended.csv", told.replace("https://other.example/x", "https://pagos.example.com/f1"))
    assert "SENT" not in codes(world)


def test_a_mended_row_does_not_hide_a_payment_made_after_its_file(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({"amount": "1500", "balance": "1500"}), ago(world, days=2))
    drop("debts/tienda/b.csv", debts(BAD | {"amount": "1500", "balance": "1000"}), ago(world, hours=15))
    payment = {"payment_id": "p1", "borrower_id": "C1", "debt_id": "F-1", "amount": "1000", "currency": "MXN"}
    apply(world, "payments", payment | {"paid_at": (world.now - timedelta(hours=1)).isoformat()})
    drop("debts/tienda/mended.csv", mended(world, "b.csv"))
    assert owed(world) == {"F-1": "0.00"}
    world.later(days=1, hours=1)
    assert codes(world) in ([], ["SKIPPED_PAID"])


def test_a_mended_row_does_not_bring_back_a_consent_that_a_newer_file_withdrew(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(BAD), ago(world, days=3))
    drop("debts/tienda/b.csv", debts({"debt_id": "F-2", "consent": "no"}), ago(world, days=2))
    drop("debts/tienda/mended.csv", mended(world, "a.csv"))
    assert codes(world) == ["SKIPPED_NO_CONSENT"]


def test_a_mended_file_makes_no_book_fresh(world: World, drop: Drop) -> None:
    daily = PORTFOLIO_YAML.replace("freshness_hours: 240", "freshness_hours: 24")
    world.ledger.save_portfolio(parse_portfolio(daily.encode(), "tienda"), world.now)
    drop("debts/tienda/a.csv", debts({"due_date": "2026-11-27"}, OTHERS[0] | BAD))
    world.now += timedelta(days=3)
    drop("debts/tienda/mended.csv", mended(world, "a.csv", phone="+525555550200"))
    assert codes(world) == ["DEFERRED_STALE_DATA"]


def test_a_mended_file_breaks_no_promise(world: World, drop: Drop) -> None:
    """Whether somebody kept their promise is asked of a file that came after it."""
    drop("debts/tienda/a.csv", debts({"due_date": "2026-11-20"}, OTHERS[0] | BAD))
    say(world, "pago mañana")
    world.now += timedelta(days=5, hours=1)
    drop("debts/tienda/mended.csv", mended(world, "a.csv", phone="+525555550200"))
    world.now += timedelta(hours=22)
    assert "SENT" not in codes(world)
