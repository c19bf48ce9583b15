"""Readiness: how many rows could be messaged as things are, also of people who said something since."""

from collections.abc import Callable
from typing import Any

import pytest

from cobranza.flows.readiness import Judge, readiness_of
from cobranza.policy.portfolio import parse_portfolio
from cobranza.policy.strategy import standard
from cobranza.store.book import Book
from cobranza.whatsapp.templates import shipped_templates
from tests.integration.loading import say
from tests.integration.rows import apply
from tests.integration.world import PORTFOLIO_YAML, World, debts
from tests.unit.books import borrower

type Drop = Callable[..., dict[str, Any]]
type Ready = dict[str, int]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def ready(summary: dict[str, Any]) -> Ready:
    return {name: count for name, count in summary["readiness"].items() if count}


@pytest.fixture(params=["read", "indexed"])
def _by_index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files read each borrower; large ones ask the index who has said anything."""
    if request.param == "indexed":
        for limit in ("INDEXED_FROM", "NEW_FROM"):
            monkeypatch.setattr(f"cobranza.flows.import_part.{limit}", 1)


SAID: list[tuple[dict[str, str], str]] = [
    ({"action": "baja"}, "no_consent"),
    ({"consent": "no"}, "no_consent"),
    ({"action": "equivocado"}, "bad_phone"),
]


@pytest.mark.usefixtures("_by_index")
@pytest.mark.parametrize(("said", "code"), SAID)
def test_a_yes_in_the_file_does_not_count_when_the_person_has_said_no(
    world: World, drop: Drop, said: dict[str, str], code: str
) -> None:
    file = debts({}, {"borrower_id": "C2", "phone": "+525555550102"})
    assert ready(drop("debts/tienda/a.csv", file)) == {"messageable": 2}
    apply(world, "contacts", {"borrower_id": "C1", "at": "2026-11-24"} | said)
    for name, text in (("b.csv", file), ("c.csv", file.replace("1234.50", "99.00"))):
        assert ready(drop(f"debts/tienda/{name}", text)) == {"messageable": 1, code: 1}


@pytest.mark.usefixtures("_by_index")
def test_who_stopped_on_whatsapp_is_not_ready_and_is_not_asked_for_consent(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    say(world, "BAJA")
    assert ready(drop("debts/tienda/b.csv", debts({}))) == {"no_consent": 1}
    listing = world.s3.list_objects_v2(Bucket="inbox", Prefix="results/")["Contents"]
    assert not [each["Key"] for each in listing if each["Key"].endswith("no_consent.csv")]


@pytest.mark.usefixtures("_by_index")
def test_who_comes_with_a_phone_that_was_stopped_or_said_no_before_is_not_ready(world: World, drop: Drop) -> None:
    world.ledger.stop_phone(world.references.ref("phone", "+525555550101"), world.now)
    apply(world, "contacts", {"borrower_id": "C2", "action": "baja", "at": "2026-11-20"})
    summary = drop("debts/tienda/a.csv", debts({}, {"borrower_id": "C2", "phone": "+525555550102"}))
    assert ready(summary) == {"no_consent": 2}


@pytest.mark.usefixtures("_by_index")
def test_who_agreed_after_the_file_said_no_is_ready(world: World, drop: Drop) -> None:
    file = debts({"consent": "no"})
    assert ready(drop("debts/tienda/a.csv", file, {"as-of": "2026-11-20T10:00:00-06:00"})) == {"no_consent": 1}
    yes = {"borrower_id": "C1", "consent": "sí", "at": "2026-11-23", "source": "sucursal", "consent_text": "Sí"}
    apply(world, "contacts", yes)
    assert ready(drop("debts/tienda/b.csv", file)) == {"messageable": 1}


def test_without_one_of_the_strategys_templates_in_their_language_nobody_is_ready(world: World) -> None:
    portfolio = parse_portfolio(PORTFOLIO_YAML.encode(), "tienda")
    spanish = {(name, language) for name, language in shipped_templates() if language == "es"}

    def ready_in(language: str, templates: set[tuple[str, str]]) -> str:
        judge = Judge(Book(world.table), lambda _: standard(), templates)
        return readiness_of(borrower(language=language), portfolio, judge.languages(portfolio))

    assert ready_in("es-MX", spanish) == ready_in("", spanish) == "messageable"
    assert ready_in("pt-BR", spanish) == "no_template"
    assert ready_in("es", spanish - {("vence_hoy", "es")}) == "no_template"
