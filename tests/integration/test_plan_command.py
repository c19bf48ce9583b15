"""`cobranza plan` and `cobranza approve`."""

import csv
import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cobranza.policy.portfolio import parse_portfolio
from cobranza.queues import DroppedFile
from cobranza.store.objects import Bucket
from cobranza_cli import answer, app
from tests.integration.place import DEV, OPEN, Telling, WorldPlace
from tests.integration.rows import codes
from tests.integration.world import PORTFOLIO_YAML, World, debts
from tests.unit.books import ladder, portfolio

pytestmark = pytest.mark.in_memory

TOMORROW = date(2026, 11, 25)


@dataclass(frozen=True)
class Stack(WorldPlace):
    """The world's tables and buckets; a yes beside a plan is told to ingest at once."""

    def client(self, service: str) -> Any:
        return Telling(self.world) if service == "s3" else getattr(self.world, service)


def place(world: World, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str]) -> None:
    found = Stack({"Ledger": "ledger", "Inbox": "inbox", "CountriesOn": "MX", **parameters}, {}, world)
    monkeypatch.setattr(app.Where, "place", lambda _: found)


@pytest.fixture(autouse=True)
def stack(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One borrower, a day past due tomorrow."""
    place(world, monkeypatch, OPEN)
    monkeypatch.setattr(answer, "BETWEEN_LOOKS", 0)
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "tienda"), world.now)
    strategy = ladder(1, name="mine", version="1", approval="first_plan")
    world.ledger.save_strategy("tienda", strategy, world.now)
    told = {"as-of": world.now.isoformat()}
    put = world.s3.put_object(Bucket="inbox", Key="debts/tienda/a.csv", Body=debts({}).encode(), Metadata=told)
    dropped = DroppedFile("inbox", "debts/tienda/a.csv", put["VersionId"])
    world.importer.take(Bucket(world.s3, "inbox"), dropped, world.now)


def cobranza(*words: str) -> Result:
    return CliRunner().invoke(app.app, words)


def test_a_plan_is_shown_and_nothing_changes(world: World) -> None:
    before = world.kept()
    shown = cobranza("plan", "tienda")
    assert shown.exit_code == 0, shown.output
    assert "SEND" in shown.stdout
    assert "saldo_vencido" in shown.stdout
    assert world.kept() == before


def test_a_plan_is_written_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "plan.csv"
    told = json.loads(cobranza("plan", "tienda", "--day", "2026-11-25", "--out", str(out), "--json").stdout)
    assert told == {"portfolio": "tienda", "day": "2026-11-25", "outcomes": {"SEND": 1}, "at_most": 100}
    with out.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["borrower_id"], row["phone"]) == ("C1", "…0101")


def test_a_plan_of_a_stack_for_tests_is_what_its_run_does(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    place(world, monkeypatch, DEV)
    told = json.loads(cobranza("plan", "tienda", "--day", "2026-11-25", "--json").stdout)
    assert told["outcomes"] == {"SKIPPED_TEST_STAGE": 1}
    planner = replace(world.planning.planner, only_to=frozenset({"+525555550102"}))
    assert [row.outcome for row in planner.rows("tienda", TOMORROW, world.now)] == ["SKIPPED_TEST_STAGE"]
    world.sender = replace(world.sender, only_to=planner.only_to, strategy_of=world.ledger.strategy)
    world.ledger.approve("tienda", TOMORROW)
    world.later(days=1)
    assert codes(world) == ["SKIPPED_TEST_STAGE"]


@pytest.mark.parametrize("words", [("tienda", "--day", "2026-11-23"), ("otra",), ("tienda", "--day", "mañana")])
def test_what_cannot_be_planned_is_a_wrong_command(words: tuple[str, ...]) -> None:
    assert cobranza("plan", *words).exit_code == 2


def test_the_command_approves_the_plan_that_lies_there(world: World) -> None:
    world.planning.make(portfolio("tienda"), TOMORROW, world.now)
    said = cobranza("approve", "tienda", "2026-11-25")
    assert said.exit_code == 0, said.output
    assert "approved: tienda 2026-11-25, 1 messages planned" in said.stdout
    assert world.ledger.feed("tienda").approved_on == {TOMORROW}


def test_what_can_be_no_portfolio_is_not_even_dropped(world: World) -> None:
    assert cobranza("approve", "Tienda", "2026-11-25").exit_code == 2
    assert world.s3.list_objects_v2(Bucket="inbox", Prefix="results/Tienda")["KeyCount"] == 0


def test_what_is_not_there_is_not_approved(world: World) -> None:
    said = cobranza("approve", "tienda", "2026-11-25")
    assert said.exit_code == 1
    assert "BAD_APPROVAL" in said.stdout
    assert world.ledger.feed("tienda").approved_on == frozenset()
