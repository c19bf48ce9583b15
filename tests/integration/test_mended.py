"""Refused rows, mended and dropped again, load as changes and are read as the file that they come from."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.rows import codes
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def refused(world: World, file: str, kind: str = "debts") -> str:
    key = f"results/tienda/{kind}/{file}/refused.csv"
    return world.s3.get_object(Bucket="inbox", Key=key)["Body"].read().decode("utf-8-sig")


def test_a_few_mended_rows_take_dates_and_amounts_as_the_whole_file_wrote_them(world: World, drop: Drop) -> None:
    """12/11 and 1.234 alone could be read in two ways: the rows that showed how are not in refused.csv."""
    rows = [
        {"due_date": "24/11/2026", "amount": "1.234,50"},
        {"debt_id": "F-2", "due_date": "12/11/2026", "amount": "1.234", "name": ""},
    ]
    assert drop("debts/tienda/a.csv", debts(*rows))["refused_by_code"] == {"MISSING_VALUE": 1}
    mended = refused(world, "a.csv").replace("C1,,", "C1,Lucía Ejemplo,")
    summary = drop("debts/tienda/mended.csv", mended)
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
    mended = refused(world, "said.csv", "contacts").replace("5.25556E+11", "525556000001")
    assert drop("contacts/tienda/mended.csv", mended)["created"] == 1
    assert codes(world) == ["SKIPPED_OPTED_OUT"]
