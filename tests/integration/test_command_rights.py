"""Each command asks AWS for the rights of its row of docs/deploy.md, for each of them, and for nothing more."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cobranza.store.plans import Plan
from cobranza_cli import answer, app
from cobranza_cli.place import Place
from tests.integration.command_rights import READS, Asked, Noting, listed, row_of
from tests.integration.partiql import PartiqlClient
from tests.integration.place import Telling
from tests.integration.receiver import TOKEN, Simulator
from tests.integration.replies import say
from tests.integration.world import World, debts
from tests.unit.books import ladder

type Drop = Callable[..., dict[str, Any]]

ACCOUNT = "100000000000001"
QUEUES = ("Files", "Reminders", "Media", "Replies", "Reports", "Events")
# What is run of each command for its row. doctor and redrive have tests of their own; who may restore may do all.
RUNS: dict[str, list[str]] = {
    "status": ["status", "status tienda"],
    "why": ["why C1", "why F-1", "why F-2 --closed"],
    "trace": ["trace C1", "trace F-1", "trace F-2 --closed"],
    "export": ["export C1 --to {folder}/c1.json"],
    "erase": ["erase C1 --portfolio tienda --yes", "erase --again --yes"],
    "confirm": ["confirm snapshots/tienda/a.csv"],
    "pause": ["pause all", "resume all", "pause number:all", "resume number:all"],
    "plan": ["plan tienda", "plan tienda --out {folder}/plan.csv"],
    "approve": ["approve tienda 2026-11-25"],
    "import": ["import {folder}/a.csv", "import {folder}/a.csv --portfolio tienda --snapshot"],
    "templates": [f"templates push {ACCOUNT} --reviewed-by ana", f"templates sync {ACCOUNT}"],
}


@dataclass(frozen=True)
class Stack(Place):
    """A stack in prod. What is asked with the rights of another role is nobody's right."""

    world: World
    asked: Asked

    def now(self) -> datetime:
        return self.world.now

    def client(self, service: str) -> Any:
        made = self._made(service)
        return made if "aws_session_token" in self.options else Noting(service, made, self.asked)

    def _made(self, service: str) -> Any:
        match service:
            case "s3":
                return Telling(self.world)
            case "secretsmanager" | "sts":
                return People()
            case "dynamodb":
                return PartiqlClient(self.world.dynamodb)
            case _:
                return getattr(self.world, service)


class People:
    """Secrets, and a role that may be assumed."""

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        return {
            "SecretString": json.dumps(
                {"Identity": {"key": "k" * 64}, "Provider": {"access_token": TOKEN}}[SecretId]
            )
        }

    def assume_role(self, **_: str) -> dict[str, Any]:
        return {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}}


@pytest.fixture
def run(
    world: World,
    drop: Drop,
    portfolio: None,
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Asked]:
    """Runs a command on a stack where C1 was imported, reminded and has written; what it asked for."""
    world.s3.create_bucket(Bucket="receipts")
    world.ledger.save_strategy("tienda", ladder(0, name="mine", version="1", approval="first_plan"), world.now)
    for owed in ("100.00", "0"):
        drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-2", "amount": owed}))
    drop("debts/tienda/a.csv", debts({}))
    for reminder in world.tick():
        world.sender.remind(reminder, world.now)
    say(world, "SALDO")
    world.plans.save(Plan("tienda", date(2026, 11, 25), "d", world.now, {"SEND": 1}))
    (tmp_path / "a.csv").write_text(debts({}), encoding="utf-8")
    dead = {name: world.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"] for name in QUEUES}
    live = {
        "Files": world.files_url,
        "Reminders": world.queue_url,
        "Media": world.media_url,
        "Replies": world.replies_url,
    }
    outputs = {
        "Ledger": "ledger",
        "Journal": "journal",
        "Inbox": "inbox",
        "Work": "work",
        "Receipts": "receipts",
        "Stage": "prod",
        "TestPhones": "",
        "CountriesOn": "MX,",
        "PeoplePerDay": "250",
        "EraseRoleArn": "erase",
        "IdentitySecretArn": "Identity",
        "ProviderSecretArn": "Provider",
        "GraphApiUrl": simulator.url,
        "GraphApiVersion": "v25.0",
        **{f"{name}QueueUrl": url for name, url in live.items()},
        **{f"{name}DeadLettersUrl": url for name, url in dead.items()},
    }
    asked = Asked()
    monkeypatch.setattr(app.Where, "place", lambda _: Stack(outputs, {}, world, asked))
    monkeypatch.setattr(answer, "BETWEEN_LOOKS", 0)

    def ran(words: str) -> Asked:
        result = CliRunner().invoke(app.app, words.format(folder=tmp_path).split())
        assert result.exit_code == 0, result.output
        return asked

    return ran


@pytest.mark.parametrize("command", RUNS)
def test_a_command_asks_for_the_rights_of_its_row_and_no_more(command: str, run: Callable[[str], Asked]) -> None:
    row, asked = row_of(command), Asked()
    for words in RUNS[command]:
        asked = run(words)
    assert asked.rights - READS == row.rights
    assert (asked.tables, asked.secrets) == (row.tables, row.secrets)
    assert [each for each in asked.objects if not row.names(each[1])] == []


@pytest.mark.parametrize("words", ["import {folder}/a.csv", "templates check"])
def test_what_needs_no_rights_asks_for_nothing(words: str, run: Callable[[str], Asked]) -> None:
    assert run(words) == Asked()


def test_every_command_has_a_row_and_every_row_is_held() -> None:
    commands = {each.name or each.callback.__name__ for each in app.app.registered_commands if each.callback}
    commands |= {str(each.name) for each in app.app.registered_groups}
    assert set(listed()) == commands
    held = {name for command in RUNS for name in row_of(command).commands}
    assert held | {"doctor", "redrive", "restore"} == commands
