"""The pages for whoever operates the stack name what there is, and lead where they say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cobranza.flows.drops import DEBTS, ROWS
from cobranza_cli import app
from cobranza_cli.queues import GIVEN_UP
from tests.unit.template import ROOT, source

DOCS = ROOT / "docs"
PAGES = [
    DOCS / "deploy.md",
    DOCS / "operations.md",
    DOCS / "es" / "operaciones.md",
    DOCS / "es" / "casos.md",
    DOCS / "local.md",
    DOCS / "runbook.md",
    DOCS / "restore.md",
    ROOT / "README.md",
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def commands() -> set[str]:
    return set(getattr(get_command(app.app), "commands"))  # noqa: B009 - click's groups have them


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_every_command_has_its_rights() -> None:
    rows = re.findall(r"^\| ((?:`[a-z]+`(?:, )?)+) \|", text(DOCS / "deploy.md"), flags=re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"[a-z]+", row)} == commands()


@every_page
def test_a_page_names_commands_that_there_are(page: Path) -> None:
    named = set(re.findall(r"`cobranza ([a-z]+)", text(page)))
    assert named
    assert named <= commands()


@every_page
def test_a_page_names_options_that_there_are(page: Path) -> None:
    for told in re.findall(r"(?:^|`)\s*cobranza ([^`#\n]+)", text(page), flags=re.MULTILINE):
        assert set(re.findall(r"(?<!\S)--[a-z-]+", told)) <= options(told.split()), told


def options(words: list[str]) -> set[str]:
    """Those of a command and of whatever it is part of."""
    command: Any = get_command(app.app)
    found = {option for each in command.params for option in each.opts}
    for word in words:
        if word in getattr(command, "commands", {}):
            command = command.commands[word]
            found |= {option for each in command.params for option in each.opts}
    return found


@every_page
def test_a_page_names_outputs_that_there_are(page: Path) -> None:
    named = set(re.findall(r"outputs? `(\w+)`", text(page))) | set(re.findall(r"<([A-Z]\w+)>", text(page)))
    assert named <= set(source()["Outputs"])


@every_page
def test_a_pages_links_lead_somewhere(page: Path) -> None:
    for place, heading in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", text(page)):
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), place
        if heading and target.suffix == ".md":
            assert heading in {
                _anchor(each) for each in re.findall(r"^#+ (.+)$", text(target), flags=re.MULTILINE)
            }


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_runbook_names_queues_that_can_be_redriven() -> None:
    named = set(re.findall(r"`cobranza redrive ([a-z]+)", text(DOCS / "runbook.md")))
    assert named == set(GIVEN_UP)


def test_metas_address_is_that_of_the_stack() -> None:
    parameters = source()["Parameters"]
    address = f"{parameters['GraphApiUrl']['Default']}/{parameters['GraphApiVersion']['Default']}"
    assert f"graph={address}\n" in text(DOCS / "deploy.md")


def test_whoever_drops_files_may_put_all_that_a_day_has_and_nothing_else() -> None:
    (policy,) = re.findall(r"```json\n(.+?)```", text(DOCS / "deploy.md"), flags=re.DOTALL)
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Action"] == "s3:PutObject"
    assert statement["Resource"] == [
        f"arn:aws:s3:::<Inbox>/{kind}/${{aws:PrincipalTag/portfolio}}/*" for kind in (*DEBTS, *ROWS)
    ]


def test_who_may_is_told_before_how() -> None:
    deploy = text(DOCS / "deploy.md")
    assert deploy.index("debt collection is on it") < deploy.index("## 1. ")
    assert "`creditor_type` must be `first_party`" in deploy
