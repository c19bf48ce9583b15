"""Links of a debts file: one that may not be shown is left out, its row is used, and the result says so; a good
one goes behind the button."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from cobranza.policy.strategy import Rule, Step
from tests.integration.loading import KEY
from tests.integration.rows import results
from tests.integration.world import PORTFOLIO_YAML, World, debts
from tests.unit.books import ladder

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

ELSEWHERE = {"payment_url": "https://elsewhere.example/f1"}


def test_a_row_with_a_link_elsewhere_is_used_without_it(world: World, drop: Drop) -> None:
    unsafe = {"borrower_id": "C2", "phone": "+525555550102", "payment_url": "http://pagos.example.com/f2"}
    good = {"borrower_id": "C3", "phone": "+525555550103", "document_url": "https://pagos.example.com/f3.pdf"}
    summary = drop(KEY, debts(ELSEWHERE, unsafe, good))
    assert (summary["created"], summary["refused"]) == (3, 0)
    (warning,) = summary["warnings"]
    assert warning == "BAD_LINK: El enlace no se usa · The link is not used: 2, warnings.csv"
    assert "payment_url" not in world.item("DEBT#tienda#F-1#")
    kept = world.item("DEBT#tienda#F-1#", "C3")
    assert kept["payment_url"] == "https://pagos.example.com/f1"
    assert kept["document_url"] == "https://pagos.example.com/f3.pdf"


def test_its_message_invites_to_answer(world: World, drop: Drop) -> None:
    drop(KEY, debts(ELSEWHERE))
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    assert "elsewhere.example" not in str(world.whatsapp.sent)


def test_warnings_csv_has_each_row_once_and_can_be_mended_and_dropped(world: World, drop: Drop) -> None:
    drop(KEY, debts(ELSEWHERE | {"document_url": "ftp://x"}))
    (line,) = results(world, "debts/a.csv/warnings.csv")
    assert (line["line"], line["code"], line["column"]) == ("2", "BAD_LINK", "payment_url document_url")
    assert line["reason"].startswith("El enlace no se usa: fuera de link_bases · The link is not used: not under")
    assert line["payment_url"] == ELSEWHERE["payment_url"]
    mended = line | {"payment_url": "https://pagos.example.com/f1", "document_url": ""}
    summary = drop("debts/tienda/b.csv", debts(mended))
    assert (summary["updated"], summary["warnings"]) == (1, [])
    assert world.item("DEBT#tienda#F-1#")["payment_url"] == "https://pagos.example.com/f1"


def test_the_same_file_warns_again_and_writes_nothing(world: World, drop: Drop) -> None:
    drop(KEY, debts(ELSEWHERE))
    summary = drop(KEY, debts(ELSEWHERE))
    assert (summary["unchanged"], len(summary["warnings"])) == (1, 1)


def test_a_link_is_approved_by_a_later_portfolio_file_and_the_next_debts_file(world: World, drop: Drop) -> None:
    drop(KEY, debts(ELSEWHERE))
    world.later(minutes=1)
    declared = PORTFOLIO_YAML.replace("pagos.example.com", "elsewhere.example")
    world.ledger.save_portfolio(parse_portfolio(declared.encode(), "tienda"), world.now)
    world.later(minutes=1)
    assert drop("debts/tienda/b.csv", debts(ELSEWHERE))["updated"] == 1
    assert world.item("DEBT#tienda#F-1#")["payment_url"] == ELSEWHERE["payment_url"]


def test_before_a_portfolio_is_declared_sound_links_are_kept(world: World, drop: Drop) -> None:
    summary = drop("debts/otra/a.csv", debts(ELSEWHERE))
    assert summary["warnings"] == []
    assert world.item("DEBT#otra#F-1#")["payment_url"] == ELSEWHERE["payment_url"]


def test_a_refused_row_is_not_warned_of_besides(world: World, drop: Drop) -> None:
    summary = drop(KEY, debts(ELSEWHERE | {"due_date": "pronto"}))
    assert (summary["refused"], summary["warnings"]) == (1, [])


# The button.

BASE = "https://pagos.example.com/"
DUE_YESTERDAY = {"due_date": "2026-11-23"}
WITH_BUTTON = ladder(
    name="button", version="1", rules=(Rule(name="all", steps=(Step(days=1, template="factura_con_enlace"),)),)
)


def declare(world: World, more: str) -> None:
    world.ledger.save_portfolio(parse_portfolio((PORTFOLIO_YAML + more).encode(), "tienda"), world.now)
    world.ledger.save_strategy("tienda", WITH_BUTTON, world.now)
    world.sender = replace(world.sender, strategy_of=world.ledger.strategy)


@pytest.mark.parametrize(
    ("link", "template"),
    [({}, "factura_con_enlace"), (ELSEWHERE, "factura_vencida")],
    ids=["approved", "not approved"],
)
def test_a_button_is_sent_where_there_is_a_link_for_it_and_the_plan_says_which(
    world: World, drop: Drop, link: dict[str, str], template: str
) -> None:
    declare(world, f"button_base: {BASE}\n")
    drop(KEY, debts(DUE_YESTERDAY | link))
    (planned,) = world.planning.planner.rows("tienda", date(2026, 11, 24), world.now)
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    (message,) = world.whatsapp.sent
    assert message["template"]["name"] == template == planned.template
    targets = [
        one["parameters"][0]["text"] for one in message["template"]["components"] if one["type"] == "button"
    ]
    assert targets == ([] if link else ["f1"])
    assert world.message_items()[0]["template"] == template


def test_pay_options_are_printed_with_the_debts_number_where_there_is_no_link(world: World, drop: Drop) -> None:
    declare(world, "needs_payment_link: true\npay_options: [Efectivo en tiendas con su código]\n")
    drop(KEY, debts(DUE_YESTERDAY | {"payment_url": ""}))
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    assert "Efectivo en tiendas con su código (con la referencia F-1)" in str(world.whatsapp.sent)


def test_with_neither_link_nor_option_nobody_is_written_to_where_the_portfolio_asks_for_a_way(
    world: World, drop: Drop
) -> None:
    declare(world, "needs_payment_link: true\n")
    drop(KEY, debts(DUE_YESTERDAY | ELSEWHERE))
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_NO_WAY_TO_PAY"
    assert world.whatsapp.sent == []
