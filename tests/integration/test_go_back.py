"""The ledger beside a table to which it was restored: what files told goes back, and nothing else."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cobranza.store.table import Table
from cobranza_cli import app
from cobranza_cli.doctor import FUNCTIONS
from tests.integration.place import OPEN, PlaceWithFunctions
from tests.integration.replies import say
from tests.integration.restoring import BRUNO, remind, run
from tests.integration.rows import apply
from tests.integration.tables import create_table
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]
type Items = dict[str, list[dict[str, Any]]]

PAID = {
    "payment_id": "P-1",
    "borrower_id": "C1",
    "debt_id": "F-1",
    "amount": "10.00",
    "currency": "MXN",
    "paid_at": "2026-11-24",
}


@dataclass
class Functions:
    """Lambda, where a function may run as often as `most` says."""

    most: dict[str, int] = field(default_factory=dict[str, int])

    def get_function_concurrency(self, FunctionName: str) -> dict[str, int]:
        return {"ReservedConcurrentExecutions": self.most.get(FunctionName, 0)}


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture(autouse=True)
def _place(world: World, portfolio: None, functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = OPEN | {"Ledger": "ledger", "Journal": "journal", "Inbox": "inbox"}
    outputs |= {name: name for name in FUNCTIONS}
    monkeypatch.setattr(app.Where, "place", lambda _: PlaceWithFunctions(outputs, {}, world, functions))


@pytest.fixture
def before(world: World, drop: Drop) -> Items:
    """The ledger of a morning with two borrowers who are due."""
    drop("debts/tienda/a.csv", debts({}, BRUNO))
    return {"ledger": world.items()}


@pytest.fixture
def copy(world: World, before: Items) -> Items:
    create_table(world.dynamodb, "ledger", as_="copy")
    table = Table(world.dynamodb, "copy")
    for item in before["ledger"]:
        table.put(item)
    return before


def go_back(*words: str) -> Result:
    return CliRunner().invoke(app.app, ["restore", "--from", "copy", "--yes", "--json", *words])


def test_what_files_told_goes_back(world: World, copy: Items, drop: Drop) -> None:
    apply(world, "payments", PAID)
    drop("debts/tienda/b.csv", debts({"amount": "9.00"}, {"borrower_id": "C9", "debt_id": "F-9"}))
    assert go_back().exit_code == 0
    told = [item for item in world.items() if not item["pk"].startswith("REF#")]
    assert told == [item for item in copy["ledger"] if not item["pk"].startswith("REF#")]


def test_what_people_said_and_what_was_sent_stays(world: World, copy: Items) -> None:
    remind(world)
    world.now += timedelta(minutes=5)
    say(world, "no debo nada")
    say(world, "BAJA", sender=BRUNO["phone"][1:])
    kept = [item for item in world.items() if item["sk"] not in ("PROFILE",) and "DEBT#" not in item["sk"]]
    assert json.loads(go_back().stdout)["deleted"] == 0
    assert [item for item in world.items() if item in kept] == kept


def test_what_waits_to_be_told_of_a_payment_goes_with_it_and_what_was_told_stays(
    world: World, copy: Items
) -> None:
    told = {"subject": "pago_recibido", "ref": "P", "portfolio": "tienda", "day": "2026-11-24"}
    waits, over = ({"pk": f"B#{world.ref()}", "sk": f"CONFIRM#pago_recibido#{ref}"} | told for ref in "AB")
    rejected = waits | {"sk": "CONFIRM#comprobante_no_confirmado#R"}
    for item in (waits, over | {"outcome": "SENT"}, rejected):
        world.table.put(item)
    Table(world.dynamodb, "copy").put(over)
    assert go_back().exit_code == 0
    assert (world.item(waits["sk"]), world.item(over["sk"])["outcome"]) == ({}, "SENT")
    assert world.item(rejected["sk"]) == rejected


def test_what_was_said_and_is_gone_comes_back_unless_its_time_is_over(world: World, before: Items) -> None:
    say(world, "BAJA")
    with_stop = world.items()
    over = {"pk": "CHAT#X", "sk": "2026-01-01T00:00:00Z#X", "expires": 1}
    create_table(world.dynamodb, "ledger", as_="copy")
    for item in [*with_stop, over]:
        Table(world.dynamodb, "copy").put(item)
    world.restore(before)
    assert go_back().exit_code == 0
    assert world.items() == with_stop


def test_the_whole_way_leaves_nobody_twice_and_every_stop(world: World, copy: Items, drop: Drop) -> None:
    since = world.now
    remind(world)
    world.now += timedelta(minutes=5)
    say(world, "BAJA")
    drop("debts/tienda/wrong.csv", debts({"due_date": "2026-11-25"}, BRUNO | {"amount": "1.00"}))
    assert go_back().exit_code == 0
    assert run(since).exit_code == 0
    world.now += timedelta(minutes=30)
    remind(world)
    world.later(days=1)
    remind(world)
    assert len(world.whatsapp.sent) == 3  # two reminders, and the answer to BAJA
    world.later(days=2)
    assert remind(world) == {world.ref(): "SKIPPED_OPTED_OUT", world.ref("C2"): "SENT"}


def test_to_go_back_twice_changes_nothing_more(world: World, copy: Items, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"amount": "9.00"}))
    go_back()
    assert json.loads(go_back().stdout) == {"from": "copy", "put": 0, "deleted": 0}


def test_it_does_not_go_back_while_a_function_may_run(world: World, copy: Items, functions: Functions) -> None:
    functions.most = {"Send": 5}
    told = world.items()
    result = go_back()
    assert (result.exit_code, "stop them first: send" in result.output) == (2, True)
    assert world.items() == told


@pytest.mark.parametrize("table", ["ledger", "empty"])
def test_it_does_not_go_back_to_what_is_no_restored_ledger(world: World, before: Items, table: str) -> None:
    create_table(world.dynamodb, "ledger", as_="empty")
    result = CliRunner().invoke(app.app, ["restore", "--from", table, "--yes"])
    assert (result.exit_code, world.items()) == (2, before["ledger"])


@pytest.mark.parametrize("words", [[], ["--from", "copy", "--since", "2026-11-24T00:00:00Z"]])
def test_one_step_is_named(words: list[str]) -> None:
    assert CliRunner().invoke(app.app, ["restore", "--yes", *words]).exit_code == 2
