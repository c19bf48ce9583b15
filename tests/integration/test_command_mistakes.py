"""What an operator types wrongly ends in a sentence that says what is wrong, and changes nothing."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cobranza_cli import app, queues
from tests.integration.place import OPEN, WorldPlace
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


@pytest.fixture(autouse=True)
def _place(world: World, drop: Drop, portfolio: None, monkeypatch: pytest.MonkeyPatch) -> None:
    drop("debts/tienda/a.csv", debts({}))
    outputs = {"Ledger": "ledger", "Journal": "journal", "Inbox": "inbox", "CountriesOn": "MX,", **OPEN}
    monkeypatch.setattr(app.Where, "place", lambda _: WorldPlace(outputs, {}, world))
    monkeypatch.setattr(queues, "waiting", lambda _: {})
    monkeypatch.setattr(queues, "given_up", lambda _: {})


def cobranza(*words: str) -> Result:
    return CliRunner().invoke(app.app, words)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("trace", ""), 2, "name somebody"),
        (("why", " "), 2, "name somebody"),
        (("export", "", "--to", "{folder}/c1.json"), 2, "name somebody"),
        (("erase", " ", "--portfolio", "tienda", "--yes"), 2, "name a borrower, or say --again"),
        (("erase", "C1", "--yes"), 2, "say on whose behalf: --portfolio"),
        (("trace", "F-9"), 1, "nobody is found: give a borrower's number or reference, a phone with its +"),
        (("trace", "F-9", "--portfolio", "otra"), 1, "nobody is found in otra:"),
        (("status", "otra"), 2, "no portfolio 'otra'; there are tienda"),
        (
            ("export", "C1", "--portfolio", "otra", "--to", "{folder}/c1.json"),
            2,
            "no portfolio 'otra'; there are tienda",
        ),
        (("export", "C9", "--to", "{folder}/c1.json"), 1, "nothing is kept of them"),
        (("export", "C1", "--to", "{folder}/none/c1.json"), 2, "there is no folder"),
        (
            ("redrive", "letters"),
            2,
            "there are no letters of 'letters': name one of files, reminders, media, replies",
        ),
    ],
    ids=str,
)
def test_a_mistake_is_told(world: World, tmp_path: Path, words: tuple[str, ...], code: int, sentence: str) -> None:
    before = world.items()
    result = cobranza(*(word.format(folder=tmp_path) for word in words))
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, sentence in result.output.replace("\n", " ")) == (code, True), result.output
    assert world.items() == before
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_nobody_elses_to_read_also_over_a_file_that_was(tmp_path: Path) -> None:
    file = tmp_path / "c1.json"
    file.write_text("")
    file.chmod(0o644)
    assert cobranza("export", "C1", "--portfolio", "tienda", "--to", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["debts"]
