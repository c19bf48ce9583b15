"""Payment plans: the instalments of a debt are exactly what was agreed, or none of them is used."""

from datetime import UTC, datetime

import pytest

from cobranza.files.debts import DebtRow, read_debt
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.plans import check_plans, plan_of
from cobranza.files.row import Row

AS_OF = datetime(2026, 3, 2, 12, tzinfo=UTC)
GOOD = {
    "borrower_id": "C1",
    "name": "Zoë Prueba",
    "phone": "+525555550130",
    "country": "MX",
    "debt_id": "F-1",
    "instalment": "1",
    "amount": "100.00",
    "currency": "MXN",
    "due_date": "2026-03-05",
    "plan_total": "300.00",
}


def row(**told: str) -> tuple[str, DebtRow]:
    cells = GOOD | told
    columns = {name: place for place, name in enumerate(cells)}
    parsed = read_debt(
        columns, Row(2, tuple(cells.values())), Formats("", "."), Declared(), portfolio="norte", as_of=AS_OF
    )
    return parsed.borrower_id, parsed


def fault(*rows: tuple[str, DebtRow]) -> str:
    """Why the plan of F-1 is refused, empty where it is good."""
    why = check_plans(rows)[("C1", "norte#F-1")]
    return why.reason.split(": ")[-1] if why else ""


def test_instalments_that_add_up_are_a_plan():
    assert fault(row(), row(instalment="2"), row(instalment="3")) == ""
    assert fault(row(amount="0.10"), row(instalment="2", amount="299.90")) == ""


def test_a_paid_instalment_counts_with_what_it_was():
    assert fault(row(balance="0"), row(instalment="2"), row(instalment="3")) == ""


@pytest.mark.parametrize("last", ["99.99", "100.01", "0.00"])
def test_a_cent_less_or_more_is_no_plan(last: str):
    assert "≠ 300.00" in fault(row(), row(instalment="2"), row(instalment="3", amount=last))


@pytest.mark.parametrize("other", [{"plan_total": "200.00"}, {"plan_total": ""}, {"currency": "USD"}])
def test_rows_that_tell_different_totals_are_no_plan(other: dict[str, str]):
    assert fault(row(amount="200.00"), row(instalment="2", **other)) != ""


def test_a_plan_of_which_a_row_is_refused_is_no_plan():
    whole = [row(), row(instalment="2"), row(instalment="3")]
    plan = plan_of("C1", "norte#F-1#4")
    why = check_plans(whole, {plan})[plan]
    assert why
    assert why.code == "BAD_PLAN"


def test_each_debt_of_each_borrower_has_its_own_plan():
    rows = [
        row(amount="300.00"),
        row(borrower_id="C2", amount="1.00"),
        row(debt_id="F-2", plan_total="100.00"),
        row(debt_id="F-3", plan_total=""),
    ]
    plans = check_plans(rows)
    assert {plan: why is None for plan, why in plans.items()} == {
        ("C1", "norte#F-1"): True,
        ("C2", "norte#F-1"): False,
        ("C1", "norte#F-2"): True,
    }
