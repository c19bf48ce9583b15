import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cobranza.errors import InvalidInput
from cobranza.policy.strategy import SHIPPED, Rule, Step, json_schema, parse_strategy, shipped, standard
from cobranza.whatsapp.templates import announcements, shipped_templates
from tests.unit.books import ladder

TEMPLATES = announcements()
GOOD = """\
name: cards
priority_note: x
rules:
  - name: in court
    when: {tags: [legal]}
    steps: []
  - name: small
    when: {days_past_due: {min: 1, max: 15}, balance: {min: 20.50}, risk: [A, none], segment: [punctual]}
    priority: 90
    hour: 10
    steps:
      - {days: 3, template: saldo_vencido, by_segment: {chronic: {template: opciones_de_pago}}}
    salary: {days: [15, 31], template: saldo_vencido}
""".replace("priority_note: x\n", "")


def parsed(text: str):
    return parse_strategy(text.encode(), TEMPLATES)


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        parsed(text)
    assert refused.value.code == "BAD_STRATEGY"
    return refused.value.reason


def test_the_standard_ladder_is_what_the_documents_say() -> None:
    assert [(step.days, step.template) for step in standard().rules[0].steps] == [
        (-3, "recordatorio_previo"),
        (0, "vence_hoy"),
        (3, "saldo_vencido"),
        (7, "factura_vencida"),
        (15, "opciones_de_pago"),
    ]
    assert standard().max_days_late == 7
    assert standard().min_gap_hours == 48


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("language", ["es", "es_AR", "pt_BR", "en"])
def test_every_text_of_a_shipped_strategy_ships_too(name: str, language: str) -> None:
    assert {(template, language) for template in shipped(name).templates} <= shipped_templates().keys()


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_could_have_been_dropped(name: str) -> None:
    folder = Path("layers/cobranza/cobranza/policy/strategies")
    assert parse_strategy((folder / f"{name}.yaml").read_bytes(), TEMPLATES) == shipped(name)


def test_a_text_that_names_the_due_date_as_ahead_is_never_due_after_it() -> None:
    for days in range(-60, 120):
        step = standard().rules[0].step_on(days)
        if step and days > 0:
            assert step.template_on(days) not in ("recordatorio_previo", "vence_hoy")


@pytest.mark.parametrize(
    ("days_past_due", "step"),
    [(-4, None), (-3, -3), (-1, -3), (0, 0), (2, 0), (3, 3), (6, 3), (7, 7), (14, 7), (15, 15), (365, 15)],
)
def test_a_day_is_on_the_latest_step_it_has_reached(days_past_due: int, step: int | None) -> None:
    found = standard().rules[0].step_on(days_past_due)
    assert (found.days if found else None) == step


@given(st.sets(st.integers(-60, 365), min_size=1, max_size=20), st.integers(-100, 400))
def test_the_step_of_a_day_is_reached_and_the_next_one_is_not(days: set[int], today: int) -> None:
    step = ladder(*sorted(days)).rules[0].step_on(today)
    assert (step.days if step else None) == max((day for day in days if day <= today), default=None)


@pytest.mark.parametrize(
    ("days_past_due", "template"), [(-1, "before"), (0, "before"), (1, "after"), (30, "after")]
)
def test_the_past_due_text_takes_over_the_day_after_the_due_date(days_past_due: int, template: str) -> None:
    step = Step(days=0, template="before", past_due_template="after")
    assert step.template_on(days_past_due) == template


@pytest.mark.parametrize("days", [(0, 0), (3, 0), (-3, 0, 7, 3)])
def test_steps_must_rise(days: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="steps must rise"):
        ladder(*days)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules": ()},
        {"max_days_late": -1},
        {"max_days_late": 61},
        {"min_gap_hours": 23},
        {"hold_out_percent": 51},
        {"ramp": (0,)},
        {"surprise": True},
        {"name": None},
        {"rules": (Rule(name="all", steps=()),) * 21},
    ],
)
def test_a_strategy_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ladder(0, **wrong)


@pytest.mark.parametrize("days", [-61, 366])
def test_a_step_stays_near_its_due_date(days: int) -> None:
    with pytest.raises(ValidationError):
        Step(days=days, template="saldo_vencido")


def test_what_ships_is_read_once_and_cannot_be_changed() -> None:
    assert standard() is standard()
    with pytest.raises(ValidationError):
        standard().max_days_late = 60  # pyright: ignore[reportAttributeAccessIssue]


# The file that ops drop.


def test_a_dropped_strategy_is_read_and_named_by_its_bytes() -> None:
    strategy = parsed(GOOD)
    assert [rule.name for rule in strategy.rules] == ["in court", "small"]
    assert strategy.rules[1].priority == 90
    assert strategy.version != parsed(GOOD + "# a comment\n").version
    assert strategy.templates == {"saldo_vencido", "opciones_de_pago"}


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("days: 3", "days: three", "rules.1.steps.0.days (line 11)"),
        ("template: saldo_vencido, by", "template: saldo, by", "rules.1.steps.0.template (line 11): there is no"),
        ("template: saldo_vencido, by", "template: vence_hoy, by", "is not true 3 days from the due date"),
        ("template: opciones_de_pago", "template: amable", "by_segment.chronic.template (line 11)"),
        ("hour: 10", "hour: 25", "rules.1.hour (line 9)"),
        ("priority: 90", "priorty: 90", "rules.1.priorty (line 8)"),
        ("name: cards", "name: cards\nversion: 3", "version"),
        ("risk: [A, none]", "risk: [F]", "rules.1.when.risk.0 (line 7)"),
        ("min: 20.50", "min: veinte", "rules.1.when.balance.min (line 7)"),
        ("days: [15, 31]", "days: [0]", "rules.1.salary.days.0 (line 12)"),
    ],
)
def test_a_broken_strategy_is_refused_with_the_line_of_each_error(was: str, becomes: str, told: str) -> None:
    assert was in GOOD
    assert told in refusal(GOOD.replace(was, becomes, 1))


@pytest.mark.parametrize("days", [-3, 0])
def test_a_text_that_stops_being_true_needs_another_for_later(days: int) -> None:
    text = f"name: one\nrules: [{{name: all, steps: [{{days: {days}, template: recordatorio_previo}}]}}]\n"
    assert "needs a past_due_template" in refusal(text)


def test_the_schema_for_editors_is_up_to_date() -> None:
    kept = json.loads(Path("docs/strategy.schema.json").read_text())
    assert kept == json_schema()
