"""A strategy that names what Meta does not send, and a button's address that it does not have, are refused."""

from dataclasses import replace

import pytest

from cobranza.flows.faults import with_registered_button
from cobranza.policy.registered import Registered
from cobranza.whatsapp.templates import shipped_templates
from local import samples
from tests.integration.registered import as_, shaped, sync
from tests.integration.replies import Drop
from tests.integration.sending import due, remind
from tests.integration.test_links import BASE, DUE_YESTERDAY, declare
from tests.integration.world import PORTFOLIO_YAML, World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

KEY = "strategies/tienda/strategy.yaml"


# A strategy is refused before anything of it is planned or sent.

BROKEN = [
    as_("vence_hoy", status="PAUSED"),
    as_("vence_hoy", status="REJECTED"),
    as_("vence_hoy", status="DISABLED"),
    as_("vence_hoy", status="PENDING"),
    as_("vence_hoy", status="IN_APPEAL"),
    as_("vence_hoy", status="A_WORD_OF_TOMORROW"),
    as_("vence_hoy", category="MARKETING"),
    as_("vence_hoy", category="AUTHENTICATION"),
    as_("vence_hoy", shape=None),
    shaped("vence_hoy", variables=("1", "2", "3", "4")),
    shaped("vence_hoy", variables=("amount", "creditor", "date", "how", "name")),
    shaped("vence_hoy", header="IMAGE"),
    shaped("vence_hoy", buttons=()),
    shaped("vence_hoy", buttons=("QUICK_REPLY", "QUICK_REPLY", "QUICK_REPLY", "https://a.example.com/{{1}}")),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_strategy_that_names_what_cannot_be_sent_is_refused_at_its_line_and_nothing_leaves(
    world: World, drop: Drop, broken: Registered
) -> None:
    sync(world, broken)
    summary = drop(KEY, samples.STRATEGY_YAML)
    assert summary["error"]["code"] == "BAD_STRATEGY"
    assert "rules.0.steps.1.template (line 9): 'vence_hoy' is " in summary["error"]["reason"]
    assert world.ledger.strategy("tienda").name == "standard"
    # The ladder that ships names it too.
    assert remind(world, due(world, drop, "C1", "C2")) == ["DEFERRED_TEMPLATE"] * 2
    assert world.whatsapp.sent == []
    assert world.message_items() == []


def test_a_strategy_that_names_what_is_not_there_is_refused(world: World, drop: Drop) -> None:
    sync(world, without=["vence_hoy", "opciones_de_pago"])
    reason = drop(KEY, samples.STRATEGY_YAML)["error"]["reason"]
    assert "'vence_hoy' is MISSING" in reason
    assert "rules.0.steps.4.template (line 12): 'opciones_de_pago' is MISSING" in reason


def test_what_is_good_again_is_taken(world: World, drop: Drop) -> None:
    sync(world, as_("vence_hoy", status="PAUSED"))
    assert drop(KEY, samples.STRATEGY_YAML)["error"]
    world.later(minutes=5)
    sync(world)
    assert drop(KEY, samples.STRATEGY_YAML)["error"] is None


def test_before_anybody_has_read_what_meta_has_no_strategy_is_refused(world: World, drop: Drop) -> None:
    assert drop(KEY, samples.STRATEGY_YAML)["error"] is None


def test_a_language_that_the_portfolio_does_not_write_in_refuses_nothing(world: World, drop: Drop) -> None:
    sync(world, replace(as_("vence_hoy", status="PAUSED"), language="pt_BR"))
    assert drop(KEY, samples.STRATEGY_YAML)["error"] is None


def test_without_a_portfolio_a_text_must_be_good_in_some_language(world: World, drop: Drop) -> None:
    sync(world, as_("vence_hoy", status="PAUSED"))
    assert drop("strategies/nueva/strategy.yaml", samples.STRATEGY_YAML)["error"] is None
    world.later(minutes=5)
    sync(world, without=["vence_hoy"])
    assert drop("strategies/nueva/strategy.yaml", samples.STRATEGY_YAML)["error"]["code"] == "BAD_STRATEGY"


# The button's address.


@pytest.mark.parametrize(
    ("base", "is_refused"), [("https://pagos.example.com/", False), ("https://pagos.example.com/f/", True)]
)
def test_the_address_of_the_button_must_be_the_registered_one(
    world: World, drop: Drop, base: str, is_refused: bool
) -> None:
    text = f"{PORTFOLIO_YAML}button_base: {base}\n"
    assert drop("portfolios/tienda/portfolio.yaml", text)["error"] is None  # nobody knows yet
    world.later(minutes=5)
    sync(world)
    error = drop("portfolios/tienda/portfolio.yaml", text)["error"]
    assert (error is not None) == is_refused
    if error:
        line = text.splitlines().index(f"button_base: {base}") + 1
        assert error["reason"] == (
            f"button_base (line {line}): at WhatsApp the button is registered with https://pagos.example.com/"
        )


@pytest.mark.parametrize("language", ["es", "en"])
def test_where_another_address_was_registered_later_the_text_without_a_button_goes(
    world: World, drop: Drop, language: str
) -> None:
    """In whatever language: borrowers of one portfolio read several."""
    declare(world, f"button_base: {BASE}\n")
    world.sender = replace(world.sender, portfolio=with_registered_button(world.ledger.portfolio, world.templates))
    buttons = (
        *shipped_templates()["factura_con_enlace", "es"].shape.buttons[:-1],
        "https://other.example.com/{{1}}",
    )
    sync(world, replace(shaped("factura_con_enlace", buttons=buttons), language=language))
    drop("debts/tienda/a.csv", debts(DUE_YESTERDAY))
    assert remind(world, world.tick()) == ["SENT"]
    (message,) = world.whatsapp.sent
    assert message["template"]["name"] == "factura_vencida"
