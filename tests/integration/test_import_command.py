"""`cobranza import FILE`: what an import would make of a file, and nothing written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cobranza_cli import app
from tests.integration.place import WorldPlace
from tests.integration.world import World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

type Drop = Callable[..., dict[str, Any]]

PLAN = {"plan_total": "100.00", "amount": "50.00"}
MAPPING = "{applies_to: 'sistema*.csv', columns: {borrower_id: Cod}, values: {country: MX, currency: MXN}}"
EXPORT = "Cod;name;phone;debt_id;amount;due_date\nC1;Lucía Ejemplo;+525555550101;F-1;1.234,50;24/11/2026\n"


@pytest.fixture(autouse=True)
def stack(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.Where, "place", lambda _: WorldPlace({"Ledger": "ledger"}, {}, world))


def dry(file: Path, text: str, *options: str) -> dict[str, Any]:
    file.write_text(text)
    result = CliRunner().invoke(app.app, ["import", str(file), *options, "--json"])
    told = json.loads(result.stdout)
    assert result.exit_code == (1 if told["error"] else 0)
    return told


def test_it_counts_what_the_import_then_does(world: World, drop: Drop, tmp_path: Path) -> None:
    others = [{"debt_id": f"G-{n}"} for n in range(4)]
    drop("snapshots/tienda/a.csv", debts({}, {"debt_id": "F-2"}, {"debt_id": "F-3"}, *others))
    before = world.kept()
    rows = {}, {"debt_id": "F-2", "amount": "5.00"}, {"debt_id": "F-4"}, {"debt_id": "F-5", "phone": "1"}
    text = debts(*rows, *others)
    told = dry(tmp_path / "b.csv", text, "--portfolio", "tienda", "--snapshot")
    expected = {"read": 8, "refused": 1, "new": 1, "changed": 1, "unchanged": 5, "would_close": 1}
    assert {name: told[name] for name in expected} == expected
    assert world.kept() == before
    world.later(minutes=5)
    summary = drop("snapshots/tienda/b.csv", text)
    done = [summary[name] for name in ("read", "refused", "created", "updated", "unchanged", "closed")]
    assert done == [told[name] for name in expected]


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([PLAN | {"instalment": "1"}, PLAN | {"instalment": "2"}], []),
        ([PLAN | {"instalment": "1"}, PLAN | {"instalment": "2", "amount": "49.00"}], ["BAD_PLAN", "BAD_PLAN"]),
        ([PLAN | {"instalment": "1"}, PLAN | {"instalment": "2", "phone": "1"}], ["BAD_PLAN", "BAD_PHONE"]),
        ([{}, {}], ["DUPLICATE_ROW"]),
        ([{}, {"balance": "0"}, {"debt_id": "F-2"}], ["DUPLICATE_ROW", "DUPLICATE_ROW"]),
        ([{"due_date": "pronto"}, {}], ["BAD_DATE", "DUPLICATE_ROW"]),
    ],
    ids=["a plan", "another sum", "a refused instalment", "a row twice", "two balances", "one that is refused"],
)
def test_rows_that_do_not_fit_together_are_refused_as_an_import_does(
    drop: Drop, tmp_path: Path, rows: list[dict[str, str]], codes: list[str]
) -> None:
    told = dry(tmp_path / "a.csv", debts(*rows))
    assert [each["code"] for each in told["refusals"]] == codes
    summary = drop("debts/tienda/a.csv", debts(*rows))
    assert summary["refused_by_code"] == {code: codes.count(code) for code in codes}


def test_the_portfolios_mapping_reads_it_or_one_that_is_named(drop: Drop, tmp_path: Path) -> None:
    export, mapping = tmp_path / "sistema-1.csv", tmp_path / "mapeo.yaml"
    assert dry(export, EXPORT)["error"]["code"] == "MISSING_COLUMN"
    mapping.write_text(MAPPING)
    assert dry(export, EXPORT, "--mapping", str(mapping))["totals"] == {"MXN": "1234.50"}
    drop("mappings/tienda/mapeo.yaml", MAPPING)
    assert dry(export, EXPORT, "--portfolio", "tienda")["new"] == 1
    assert dry(tmp_path / "otro.csv", EXPORT, "--portfolio", "tienda")["error"]["code"] == "MISSING_COLUMN"
