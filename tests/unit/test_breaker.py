"""Whom an open breaker keeps back, and what is a breaker's name."""

import pytest

from cobranza.policy.breaker import (
    EVERY_NUMBER,
    Breaker,
    is_scope,
    of_number,
    of_template,
    stops_everybody,
)
from cobranza.policy.decision import Defer, Send
from tests.unit.books import NOON, debt, decided, portfolio

OURS = portfolio().phone_number_id
OTHER = portfolio("autos", phone_number_id="2")


def stop(scope: str, since: str = "2026-11-24T09:00:00Z") -> Breaker:
    return Breaker(scope, since, 131031)


@pytest.mark.parametrize("scope", [EVERY_NUMBER, of_number(OURS), of_template("vence_hoy")])
def test_what_is_stopped_waits_and_is_looked_at_again(scope: str) -> None:
    decision = decided(debt(), breakers=[stop(scope)])
    assert isinstance(decision, Defer)
    assert decision.outcome == "DEFERRED_BREAKER"
    assert decision.until > NOON
    assert decision.pauses == (stop(scope).pause,)


@pytest.mark.parametrize("scope", [of_number("2"), of_template("saldo_vencido"), "number:", "template:"])
def test_what_is_stopped_elsewhere_keeps_nobody_back(scope: str) -> None:
    assert isinstance(decided(debt(), breakers=[stop(scope)]), Send)


def test_a_debt_of_a_stopped_number_leaves_the_message_to_the_others() -> None:
    other = debt(debt_id="F-2", portfolio="autos")
    decision = decided(debt(), other, portfolios=[portfolio(), OTHER], breakers=[stop(of_number(OURS))])
    assert isinstance(decision, Send)
    assert decision.portfolio == OTHER
    assert dict(decision.others) == {debt().terms.key: "DEFERRED_BREAKER"}


def test_a_message_waits_whole_for_its_template() -> None:
    decision = decided(debt(3), debt(debt_id="F-2"), breakers=[stop(of_template("saldo_vencido"))])
    assert isinstance(decision, Defer)
    assert set(decision.debts.values()) == {"DEFERRED_BREAKER"}


@pytest.mark.parametrize(
    ("open_ones", "numbers", "everybody"),
    [
        ([], ["1"], None),
        ([stop(EVERY_NUMBER)], ["1", "2"], EVERY_NUMBER),
        ([stop(EVERY_NUMBER)], [], EVERY_NUMBER),
        ([stop("number:1")], ["1"], "number:1"),
        ([stop("number:1")], ["1", "2"], None),
        ([stop("number:1"), stop("number:2", "2026-11-24T10:00:00Z")], ["1", "2"], "number:2"),
        ([stop("number:1")], [], None),
        ([stop("template:a")], ["1"], None),
    ],
)
def test_everybody_waits_where_no_number_is_left(
    open_ones: list[Breaker], numbers: list[str], everybody: str | None
) -> None:
    found = stops_everybody({one.scope: one for one in open_ones}, numbers)
    assert (found.scope if found else None) == everybody


@pytest.mark.parametrize("text", ["number:all", "number:106540352242922", "template:saldo_vencido", "template:v2"])
def test_what_can_be_stopped_has_a_name(text: str) -> None:
    assert is_scope(text)


@pytest.mark.parametrize(
    "text",
    ["", "all", "tienda", "number:", "number:1a", "number:all\n", "template:A", "template:a-b", "x:number:1"],
)
def test_nothing_else_has(text: str) -> None:
    assert not is_scope(text)
