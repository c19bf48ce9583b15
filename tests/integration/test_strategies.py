"""A strategy that ops drop is in force, and a broken one leaves the former as it was."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.policy.strategy import parse_strategy
from cobranza.whatsapp.templates import announcements
from local import samples
from tests.integration.world import PORTFOLIO_YAML, World

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]
KEY = "strategies/uno/strategy.yaml"


def test_a_dropped_strategy_is_in_force_and_its_version_stays(world: World, drop: Drop) -> None:
    assert world.ledger.strategy("uno").name == "standard"
    assert drop(KEY, samples.STRATEGY_YAML)["error"] is None
    assert world.ledger.strategy("uno").name == "demo"
    assert world.ledger.strategy("dos").name == "standard"
    drop(KEY, samples.STRATEGY_YAML.replace("name: demo", "name: second"))
    kept = [item["sk"] for item in world.items() if item["sk"].startswith("STRATEGY#")]
    assert len(kept) == 2


def test_a_broken_strategy_leaves_the_former_in_force_and_says_why(world: World, drop: Drop) -> None:
    drop(KEY, samples.STRATEGY_YAML)
    before = world.ledger.strategy("uno")
    summary = drop(KEY, samples.STRATEGY_YAML.replace("vence_hoy", "venci_hoy"))
    assert summary["error"]["code"] == "BAD_STRATEGY"
    assert "rules.0.steps.1.template (line 9)" in summary["error"]["reason"]
    assert world.ledger.strategy("uno") == before


def test_an_older_strategy_does_not_replace_a_newer_one(world: World) -> None:
    for name, hours in (("newer", 2), ("older", 1)):
        text = samples.STRATEGY_YAML.replace("name: demo", f"name: {name}")
        strategy = parse_strategy(text.encode(), announcements())
        world.ledger.save_strategy("uno", strategy, world.now + timedelta(hours=hours))
    assert world.ledger.strategy("uno").name == "newer"


def test_a_portfolio_names_the_shipped_strategy_that_it_starts_with(world: World, drop: Drop) -> None:
    drop("portfolios/uno/portfolio.yaml", PORTFOLIO_YAML + "strategy: gentle\n")
    assert world.ledger.strategy("uno").name == "gentle"
