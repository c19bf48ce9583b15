"""The ladder, its steps and what consumes them, as decisions show it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cobranza.policy.decision import Rest
from cobranza.policy.message import Consumed, State
from tests.unit.books import (
    FINAL,
    TODAY,
    debt,
    decided,
    dues,
    message,
    paid,
    sent,
    step_on,
)


@pytest.mark.parametrize(
    ("days_past_due", "template"),
    [
        (-4, None),
        (-3, "recordatorio_previo"),
        (-1, "recordatorio_previo"),
        (0, "vence_hoy"),
        (1, "saldo_vencido"),
        (2, "saldo_vencido"),
        (3, "saldo_vencido"),
        (7, "factura_vencida"),
        (14, "factura_vencida"),
        (15, "opciones_de_pago"),
        (22, "opciones_de_pago"),
    ],
)
def test_missed_days_give_the_latest_step_once(days_past_due: int, template: str | None) -> None:
    """The importer was down, or the debt came late: what was missed is not caught up one by one."""
    late = debt(days_past_due)
    if template is None:
        assert decided(late) == Rest()
        return
    send = sent(late)
    assert send.template == template
    after = message(TODAY, State.SENT, dict(send.consumes))
    assert step_on(late, messages=[after]) == []
    assert step_on(replace(late, step=send.lead.step)) == []


@pytest.mark.parametrize("state", FINAL)
def test_a_claim_consumes_its_step_whatever_became_of_it(state: State) -> None:
    yesterday = message(TODAY - timedelta(days=1), state, {debt().terms.key: Consumed(TODAY, 0)})
    assert step_on(debt(0), messages=[yesterday]) == []
    assert decided(debt(0), messages=[yesterday]) == Rest()


def test_a_claim_that_meta_surely_refused_consumes_nothing() -> None:
    today = message(TODAY, State.RETRY, {debt().terms.key: Consumed(TODAY, 0)})
    assert step_on(debt(0), messages=[today]) == [0]
    assert sent(debt(0), messages=[today]).template == "vence_hoy"


def test_a_claim_consumes_the_steps_of_its_own_debts_alone() -> None:
    told = message(TODAY - timedelta(days=1), debts={debt().terms.key: Consumed(TODAY, 0)})
    other = debt(0, debt_id="F-2")
    assert sent(debt(0), other, messages=[told]).debts == (other,)


def test_the_same_number_in_two_portfolios_or_instalments_is_not_the_same_debt() -> None:
    told = message(TODAY - timedelta(days=1), debts={debt().terms.key: Consumed(TODAY, 0)})
    branch, instalment = debt(0, portfolio="muebles"), debt(0, instalment="2")
    assert step_on(debt(0), branch, instalment, messages=[told]) == [0, 0]


def test_the_furthest_step_counts_whether_the_debt_or_a_claim_tells_it() -> None:
    told = message(TODAY - timedelta(days=4), debts={debt().terms.key: Consumed(TODAY - timedelta(days=7), 3)})
    assert step_on(debt(7, step=7), messages=[told]) == []
    assert step_on(debt(6, step=-3), messages=[replace(told, debts={debt().terms.key: Consumed(due(6), 3)})]) == []
    assert step_on(debt(7, step=3)) == [7]


def test_an_earlier_step_does_not_come_back_when_the_last_was_consumed_ahead() -> None:
    assert all(step_on(debt(days, step=15)) == [] for days in range(-5, 60))


def test_a_new_due_date_is_a_new_ladder() -> None:
    """The creditor moved the debt: what was said for the old date says nothing for the new one."""
    old = message(TODAY - timedelta(days=10), debts={debt().terms.key: Consumed(TODAY - timedelta(days=10), 0)})
    assert step_on(debt(10), messages=[old]) == [7]
    assert step_on(debt(0), messages=[old]) == [0]
    assert sent(debt(0), messages=[old]).template == "vence_hoy"


def due(days_past_due: int) -> date:
    return TODAY - timedelta(days=days_past_due)


def test_a_closed_debt_is_on_the_list_of_what_was_due_so_that_its_outcome_is_told() -> None:
    assert step_on(paid()) == [0]


def test_due_debts_come_oldest_first() -> None:
    many = (debt(-3, debt_id="C"), debt(7, debt_id="A"), debt(0, debt_id="Z"), debt(0, debt_id="B"))
    assert [d.debt.terms.debt_id for d in dues(*many)] == ["A", "B", "Z", "C"]
    assert [d.days_past_due for d in dues(*many)] == [7, 0, 0, -3]
