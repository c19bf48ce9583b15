from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cobranza.policy.strategy import Step, Strategy, standard
from cobranza.whatsapp.templates import shipped_templates


def ladder(*days: int, **changes: Any) -> Strategy:
    steps = tuple(Step(days=day, template="saldo_vencido", past_due_template="saldo_vencido") for day in days)
    values: dict[str, Any] = {"name": "mine", "version": 1, "max_days_late": 7, "steps": steps}
    return Strategy(**values | changes)


def test_the_standard_ladder_is_what_the_documents_say() -> None:
    assert [(step.days, step.template) for step in standard().steps] == [
        (-3, "recordatorio_previo"),
        (0, "vence_hoy"),
        (3, "saldo_vencido"),
        (7, "factura_vencida"),
        (15, "opciones_de_pago"),
    ]
    assert standard().max_days_late == 7


@pytest.mark.parametrize("language", ["es", "pt_BR", "en"])
def test_every_text_of_the_standard_ladder_ships(language: str) -> None:
    names = {name for step in standard().steps for name in (step.template, step.past_due_template) if name}
    assert {(name, language) for name in names} <= shipped_templates().keys()


def test_a_text_that_names_the_due_date_as_ahead_is_never_due_after_it() -> None:
    for days in range(-60, 120):
        step = standard().step_on(days)
        if step and days > 0:
            assert step.template_on(days) not in ("recordatorio_previo", "vence_hoy")


@pytest.mark.parametrize(
    ("days_past_due", "step"),
    [(-4, None), (-3, -3), (-1, -3), (0, 0), (2, 0), (3, 3), (6, 3), (7, 7), (14, 7), (15, 15), (365, 15)],
)
def test_a_day_is_on_the_latest_step_it_has_reached(days_past_due: int, step: int | None) -> None:
    found = standard().step_on(days_past_due)
    assert (found.days if found else None) == step


@given(st.sets(st.integers(-60, 365), min_size=1, max_size=30), st.integers(-100, 400))
def test_the_step_of_a_day_is_reached_and_the_next_one_is_not(days: set[int], today: int) -> None:
    step = ladder(*sorted(days)).step_on(today)
    assert (step.days if step else None) == max((day for day in days if day <= today), default=None)


@pytest.mark.parametrize(
    ("days_past_due", "template"), [(-1, "before"), (0, "before"), (1, "after"), (30, "after")]
)
def test_the_past_due_text_takes_over_the_day_after_the_due_date(days_past_due: int, template: str) -> None:
    step = Step(days=0, template="before", past_due_template="after")
    assert step.template_on(days_past_due) == template


@pytest.mark.parametrize("days_past_due", [-1, 0, 1, 30])
def test_a_step_with_one_text_keeps_it(days_past_due: int) -> None:
    assert Step(days=3, template="only").template_on(days_past_due) == "only"


@pytest.mark.parametrize("days", [(0, 0), (3, 0), (-3, 0, 7, 3)])
def test_steps_must_rise(days: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="steps must rise"):
        ladder(*days)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": ()},
        {"max_days_late": -1},
        {"max_days_late": 61},
        {"steps": tuple(Step(days=day, template="one") for day in range(31))},
        {"surprise": True},
        {"name": None},
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ladder(0, **wrong)


@pytest.mark.parametrize("days", [-61, 366])
def test_a_step_stays_near_its_due_date(days: int) -> None:
    with pytest.raises(ValidationError):
        Step(days=days, template="saldo_vencido")


def test_the_standard_ladder_is_read_once_and_cannot_be_changed() -> None:
    assert standard() is standard()
    with pytest.raises(ValidationError):
        standard().max_days_late = 60  # pyright: ignore[reportAttributeAccessIssue]
