"""`cobranza pause`, `resume` and what `status` says of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cobranza.policy.breaker import Breaker
from cobranza.policy.portfolio import parse_portfolio
from cobranza.store.table import exact
from cobranza_cli import answer, app, queues
from cobranza_cli.place import Place
from tests.integration.place import Telling, WorldPlace
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Stack(WorldPlace):
    """The world's tables and buckets; what changes in control/ is told to ingest at once."""

    def client(self, service: str) -> Any:
        return Telling(self.world) if service == "s3" else getattr(self.world, service)


@pytest.fixture
def place(world: World, monkeypatch: pytest.MonkeyPatch) -> Place:
    stack = Stack({"Ledger": "ledger", "Inbox": "inbox", "ClockParameter": "clock"}, {}, world)
    monkeypatch.setattr(app.Where, "place", lambda _: stack)
    monkeypatch.setattr(answer, "BETWEEN_LOOKS", 0)
    monkeypatch.setattr(queues, "waiting", lambda _: {})
    monkeypatch.setattr(queues, "given_up", lambda _: {})
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "tienda"), world.now)
    return stack


def cobranza(*words: str) -> Result:
    return CliRunner().invoke(app.app, words)


def paused() -> dict[str, Any]:
    return json.loads(cobranza("status", "tienda", "--json").stdout)["paused"]


@pytest.mark.usefixtures("place")
def test_the_command_pauses_and_resumes_by_the_file(world: World) -> None:
    told = cobranza("pause", "tienda", "--reason", "plantilla rechazada")
    assert told.exit_code == 0
    assert "tienda is paused since 2026-11-24T17:00:00Z" in told.stdout
    assert world.s3.get_object(Bucket="inbox", Key="control/tienda/PAUSE")["Body"].read() == b"plantilla rechazada"
    assert paused() == {"tienda": {"since": "2026-11-24T17:00:00Z", "held": 0, "reason": "plantilla rechazada"}}
    assert "tienda is paused" in cobranza("status", "tienda").stdout

    assert "tienda runs since 2026-11-24T17:00:00Z" in cobranza("resume", "tienda").stdout
    assert world.s3.list_objects_v2(Bucket="inbox", Prefix="control/")["KeyCount"] == 0
    assert paused() == {}


@pytest.mark.usefixtures("place")
def test_status_counts_whom_a_pause_has_held_by_the_stacks_clock(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    cobranza("pause", "all", "--reason", "plantilla rechazada")
    world.later(days=400)
    assert paused()["all"]["held"] == 1


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("scope", ["number:all", "number:100000000000001", "template:vence_hoy"])
def test_the_command_says_what_whatsapp_has_stopped_and_resumes_it(world: World, scope: str) -> None:
    world.ledger.open_breaker(Breaker(scope, exact(world.now), 131042), {"title": "Payment"})
    stopped = json.loads(cobranza("status", "--json").stdout)["stopped"]
    told = stopped[scope]
    assert (told["code"], told["since"]) == (131042, "2026-11-24T17:00:00Z")
    assert told["resume"] == f"cobranza resume {scope}"
    shown = cobranza("status").stdout.replace("\n", "")
    assert all(words in shown for words in (scope, "131042", "Business eligibility", told["resume"]))

    world.later(seconds=1)
    resumed = cobranza("resume", scope)
    assert resumed.exit_code == 0
    assert f"{scope} runs since 2026-11-24T17:00:01Z" in resumed.stdout
    assert json.loads(cobranza("status", "--json").stdout)["stopped"] == {}
    assert cobranza("resume", scope).exit_code == 0


@pytest.mark.usefixtures("place")
def test_a_number_is_paused_and_resumed_by_hand(world: World) -> None:
    told = cobranza("pause", "number:1", "--reason", "new card")
    assert "number:1 is paused since 2026-11-24T17:00:00Z new card" in told.stdout
    (stopped,) = json.loads(cobranza("status", "--json").stdout)["stopped"].values()
    assert {stopped[name] for name in ("code", "title", "remedy")} == {None}
    assert "number:1 is paused" in cobranza("status").stdout
    world.later(seconds=1)
    assert "number:1 runs since 2026-11-24T17:00:01Z" in cobranza("resume", "number:1").stdout
    assert json.loads(cobranza("status", "--json").stdout)["stopped"] == {}


@pytest.mark.usefixtures("place")
def test_to_resume_what_nobody_stopped_does_no_harm() -> None:
    assert "number:1 runs: it was not paused" in cobranza("resume", "number:1").stdout


@pytest.mark.usefixtures("place")
def test_all_is_paused_and_said_whatever_portfolio_is_asked_for() -> None:
    assert json.loads(cobranza("pause", "all", "--json").stdout)["pause"]["state"] == "PAUSED"
    assert list(paused()) == ["all"]


@pytest.mark.usefixtures("place")
def test_a_second_pause_says_since_when_the_first_is_on(world: World) -> None:
    cobranza("pause", "tienda")
    world.now = world.now.replace(hour=18)
    assert "since 2026-11-24T17:00:00Z" in cobranza("pause", "tienda").stdout


@pytest.mark.usefixtures("place")
def test_to_resume_what_runs_does_no_harm() -> None:
    assert "tienda runs: it was not paused" in cobranza("resume", "tienda").stdout


@pytest.mark.usefixtures("place")
def test_a_misspelt_portfolio_is_paused_with_a_warning() -> None:
    assert "portfolio.yaml" in cobranza("pause", "tinda").stdout


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("portfolio", ["", "Tienda", "a/b", "number:x", "template:VENCE"])
def test_what_can_be_no_portfolio_is_not_even_dropped(world: World, portfolio: str) -> None:
    assert cobranza("pause", portfolio).exit_code == 2
    assert world.s3.list_objects_v2(Bucket="inbox")["KeyCount"] == 0


@pytest.mark.usefixtures("place")
def test_a_stack_that_does_not_answer_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Telling, "_tell", lambda _, key: None)
    monkeypatch.setattr(answer, "PATIENCE", 0.01)
    told = cobranza("pause", "tienda")
    assert told.exit_code == 1
    assert "no result" in told.stderr
