"""`cobranza templates push` and `sync`, against the simulator."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cobranza.policy.registered import Registered
from cobranza.store.reviews import Reviews
from cobranza.store.table import utc
from cobranza.store.templates import Templates
from cobranza.whatsapp.account import Account
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.templates import digest_of, unsendable
from cobranza_cli import app
from cobranza_cli.templates import shipped
from tests.integration.place import WorldPlace
from tests.integration.receiver import TOKEN, Simulator
from tests.integration.world import World

ACCOUNT = "100000000000001"
FILES = {file.stem: file for file in shipped()}

pytestmark = pytest.mark.in_memory


@dataclass(frozen=True)
class Stack(WorldPlace):
    """The world's table, the simulator for Meta, and a token."""

    token: str

    def client(self, service: str) -> Any:
        return Secrets(self.token) if service == "secretsmanager" else getattr(self.world, service)


@dataclass(frozen=True)
class Secrets:
    token: str

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": json.dumps({"access_token": self.token})}


def stack(world: World, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, token: str = TOKEN) -> None:
    outputs = {"Ledger": "ledger", "ProviderSecretArn": "provider", "GraphApiUrl": simulator.url}
    place = Stack(outputs | {"GraphApiVersion": "v25.0"}, {}, world, token)
    monkeypatch.setattr(app.Where, "place", lambda _: place)


@pytest.fixture
def _stack(world: World, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    stack(world, simulator, monkeypatch)


def templates(*words: str) -> Result:
    return CliRunner().invoke(app.app, ["templates", *words])


def push(*words: str, by: str = "ana.ruiz") -> Result:
    return templates("push", ACCOUNT, *words, "--reviewed-by", by)


def reviewed() -> dict[tuple[str, str], str]:
    """Who has read each text that Meta has, by name and language; nobody's are left out."""
    listed = json.loads(templates("sync", ACCOUNT, "--json").stdout)
    return {(each["name"], each["language"]): each["reviewed_by"] for each in listed if each["reviewed_by"]}


def kept(world: World) -> list[Registered]:
    return list(Templates(world.table).register().templates.values())


def second(name: str, folder: Path, old: str = "", new: str = "") -> str:
    """A shipped file as a second version of itself."""
    told = json.loads(FILES[name].read_text(encoding="utf-8").replace(old, new))
    file = folder / f"{name}.json"
    file.write_text(json.dumps(told | {"name": f"{told['name']}_v2"}))
    return str(file)


@pytest.mark.usefixtures("_stack")
def test_what_meta_says_of_each_template_is_kept(world: World, simulator: Simulator) -> None:
    changed = {"status": "PAUSED", "quality": "RED", "category": "MARKETING"}
    simulator.post("/_sim/templates", {"name": "saldo_vencido", "language": "es"} | changed)
    told = json.loads(templates("sync", ACCOUNT, "--json").stdout)
    assert len(told) == len(kept(world)) == 68
    (mine,) = [each for each in kept(world) if (each.name, each.language) == ("saldo_vencido", "es")]
    assert (mine.status, mine.quality, mine.category) == ("PAUSED", "RED", "MARKETING")
    assert mine.template_id.isdigit()


@pytest.mark.usefixtures("_stack")
def test_what_must_be_filled_in_is_kept_with_where_the_button_leads(world: World) -> None:
    templates("sync", ACCOUNT)
    register = Templates(world.table).register(is_needed=True)
    assert unsendable(register) == {}
    assert register.bases("factura_con_enlace", "es") == ("https://pagos.example.com/",)


@pytest.mark.usefixtures("_stack")
def test_what_is_there_is_not_registered_again(simulator: Simulator) -> None:
    done = push("--json")
    assert done.exit_code == 0
    assert {each["result"] for each in json.loads(done.stdout)} == {"THERE"}


@pytest.mark.usefixtures("_stack")
def test_a_new_text_waits_for_its_review_and_comes_once(world: World, tmp_path: Path) -> None:
    file = second("saldo_vencido.es_AR", tmp_path)
    results = [json.loads(push(file, "--json").stdout)[0]["result"] for _ in range(2)]
    assert results == ["PENDING", "THERE"]
    assert [each.status for each in kept(world) if each.name == "saldo_vencido_v2"] == ["PENDING"]


@pytest.mark.usefixtures("_stack")
@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("saldo_vencido.es", "saldo pendiente", "deuda", "body: FORBIDDEN_WORD"),
        ("factura_con_enlace.es", "", "", "buttons[3].url: LINK_NOT_APPROVED"),
        ("factura_documento.es", "", "", "header: upload a sample"),
    ],
)
def test_what_is_not_ready_is_not_registered(
    world: World, tmp_path: Path, name: str, old: str, new: str, why: str
) -> None:
    done = push(second(name, tmp_path, old or " ", new or " "), "--json")
    assert done.exit_code == 1
    (told,) = json.loads(done.stdout)
    assert told["result"] == "REFUSED"
    assert told["why"].startswith(why)
    assert not [each for each in kept(world) if each.name.endswith("_v2")]
    assert Reviews(world.table).holding() == {}


@pytest.mark.usefixtures("_stack")
def test_a_link_of_the_creditors_own_is_registered(tmp_path: Path) -> None:
    file = second("factura_con_enlace.es", tmp_path, "https://pagos.example.com/", "https://pay.example.net/acme/")
    done = push(file, "--link-base", "https://pay.example.net/acme")
    assert (done.exit_code, "PENDING" in done.stdout) == (0, True)


@pytest.mark.usefixtures("_stack")
@pytest.mark.parametrize("by", [[], ["--reviewed-by", " "], ["--reviewed-by", "x" * 101]])
def test_nothing_is_registered_that_nobody_has_read(world: World, by: list[str]) -> None:
    assert templates("push", ACCOUNT, *by).exit_code == 2
    assert kept(world) == []


@pytest.mark.usefixtures("_stack")
def test_who_has_read_a_text_is_kept_with_when_and_which_words(world: World, tmp_path: Path) -> None:
    file = second("saldo_vencido.es", tmp_path)
    push(file)
    ((key, review),) = Reviews(world.table).holding().items()
    assert (key, review.by, review.at) == (("saldo_vencido_v2", "es"), "ana.ruiz", utc(world.now))
    assert review.digest == digest_of(json.loads(Path(file).read_text(encoding="utf-8"))["components"])
    assert reviewed() == {key: "ana.ruiz"}
    assert "ana.ruiz" in templates("sync", ACCOUNT).stdout


@pytest.mark.usefixtures("_stack")
def test_what_was_there_before_is_read_by_pushing_the_same_words_again() -> None:
    file = str(FILES["saldo_vencido.es"])
    assert reviewed() == {}
    push(file)
    push(file, by="eva@example.com")
    assert reviewed() == {("saldo_vencido", "es"): "eva@example.com"}


@pytest.mark.usefixtures("_stack")
def test_other_words_than_metas_are_no_review_of_metas(tmp_path: Path) -> None:
    file = tmp_path / "saldo_vencido.es.json"
    file.write_text(FILES["saldo_vencido.es"].read_text(encoding="utf-8").replace("saldo pendiente", "importe"))
    (told,) = json.loads(push(str(file), "--json").stdout)
    assert told["result"] == "THERE"
    assert "_v2" in told["why"]
    assert reviewed() == {}


@pytest.mark.usefixtures("_stack")
def test_a_text_that_was_changed_at_meta_is_reviewed_by_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(str(FILES["saldo_vencido.es"]))
    listed = Account.templates

    def edited(account: Account) -> list[Registered]:
        found = listed(account)
        assert not isinstance(found, ProviderError)
        return [replace(each, digest="of other words") for each in found]

    monkeypatch.setattr(Account, "templates", edited)
    assert reviewed() == {}
    assert Reviews(world.table).holding() == {}
    monkeypatch.setattr(Account, "templates", listed)
    assert reviewed() == {("saldo_vencido", "es"): "ana.ruiz"}


@pytest.mark.parametrize(
    ("token", "account", "words"),
    [("wrong", ACCOUNT, "190"), (TOKEN, "999", "100"), ("", ACCOUNT, "access_token")],
)
def test_whom_meta_does_not_answer_is_told_why(
    world: World, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, token: str, account: str, words: str
) -> None:
    stack(world, simulator, monkeypatch, token)
    done = templates("sync", account)
    assert done.exit_code == 2
    assert words in done.stderr
    assert kept(world) == []


@pytest.mark.usefixtures("_stack")
def test_what_was_deleted_at_meta_is_missing_here(world: World, simulator: Simulator) -> None:
    assert templates("sync", ACCOUNT).exit_code == 0
    gone = {"name": "saldo_vencido", "language": "es"}
    simulator.post("/_sim/templates", gone | {"status": "DELETED"})
    world.now += timedelta(seconds=1)
    assert templates("sync", ACCOUNT).exit_code == 0
    assert ("saldo_vencido", "es") not in {(each.name, each.language) for each in kept(world)}
    assert len(kept(world)) == len(FILES) - 1
