"""Punctual, slight, chronic: by what payments settled, at every boundary."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cobranza.ledger.debt import Debt
from cobranza.policy.message import State
from cobranza.policy.segment import last_of, segment_of
from cobranza.policy.strategy import Last, Rule, SalaryDays, Segment, Segments, Step
from tests.unit.books import LONG_AGO, NOON, TODAY, borrower, debt, dues, ladder, message, paid


def settled(days_late: int, months_ago: int = 1) -> Debt:
    """Paid so many days after its due date."""
    due = TODAY - timedelta(days=30 * months_ago)
    moment = datetime.combine(due + timedelta(days=days_late), time(12), UTC)
    return paid(debt_id=f"S-{months_ago}", due_date=due, paid={"P": (moment, Decimal(100))})


@pytest.mark.parametrize(
    ("days_late", "segment"),
    [(-5, "punctual"), (0, "punctual"), (1, "slight"), (15, "slight"), (16, "chronic"), (200, "chronic")],
)
def test_the_worst_of_the_newest_payments_decides(days_late: int, segment: Segment) -> None:
    assert segment_of([settled(0, 2), settled(days_late), settled(-1, 3)], Segments()) == segment


def test_only_the_newest_six_count() -> None:
    on_time = [settled(0, months) for months in range(1, 7)]
    assert segment_of([*on_time, settled(90, 7)], Segments()) == "punctual"
    assert segment_of([*on_time[1:], settled(90, 7)], Segments()) == "chronic"


def test_thresholds_are_the_strategys_own() -> None:
    assert segment_of([settled(5)], Segments(slight_days=4)) == "chronic"
    assert segment_of([settled(0), settled(9, 2)], Segments(of=1)) == "punctual"


def test_who_never_paid_is_unknown_and_what_is_open_says_nothing() -> None:
    assert segment_of([debt(200), debt(-3, debt_id="F-2"), paid(debt_id="F-3")], Segments()) == "unknown"


@pytest.mark.parametrize(
    ("state", "heard", "last"),
    [
        (State.READ, False, "read"),
        (State.DELIVERED, False, "delivered"),
        (State.SENT, False, "not_delivered"),
        (State.UNKNOWN, False, "not_delivered"),
        (State.FAILED, False, "not_delivered"),
        (State.DELIVERED, True, "replied"),
        (State.RETRY, True, "none"),
    ],
)
def test_what_became_of_the_newest_message(state: State, heard: bool, last: Last) -> None:
    older = message(TODAY - timedelta(days=9), State.FAILED) if state is not State.RETRY else None
    told = [message(TODAY, state), *([older] if older else [])]
    assert last_of(told, LONG_AGO + timedelta(days=1) if heard else None) == last


def test_nobody_answers_a_message_that_was_not_sent() -> None:
    assert last_of([], NOON) == "none"


# What rules make of it.


def rule(name: str, step: int, **when: object) -> Rule:
    told = {"name": name, "when": when, "steps": [{"days": step, "template": "saldo_vencido"}]}
    return Rule.model_validate(told)


@pytest.mark.parametrize(
    ("facts", "governs"),
    [
        ({"tags": ("legal",)}, "legal"),
        ({"risk": "A", "tags": ("legal", "vip")}, "legal"),
        ({"risk": "A"}, "risk A"),
        ({"risk": ""}, "no risk"),
        ({"risk": "B", "balance": Decimal("20.00")}, "big"),
        ({"risk": "B", "balance": Decimal("19.99")}, "rest"),
    ],
)
def test_the_first_rule_that_fits_governs(facts: dict[str, Any], governs: str) -> None:
    rules = (
        rule("legal", 1, tags=["Legal"]),
        rule("risk A", 1, risk=["A"]),
        rule("no risk", 1, risk=["none"]),
        rule("big", 1, balance={"min": 20}, days_past_due={"min": 1, "max": 15}),
        rule("rest", 1),
    )
    (due,) = dues(debt(3, **facts), strategy=ladder(rules=rules))
    assert due.rule.name == governs


def test_words_follow_the_segment() -> None:
    step = Step.model_validate(
        {"days": 3, "template": "saldo_vencido", "by_segment": {"chronic": {"template": "opciones_de_pago"}}}
    )
    strategy = ladder(rules=(Rule(name="all", steps=(step,)),))
    found = [dues(debt(5), settled(late), strategy=strategy)[-1].template for late in (0, 16)]
    assert found == ["saldo_vencido", "opciones_de_pago"]


def test_who_has_read_and_said_nothing_may_get_another_step() -> None:
    strategy = ladder(rules=(rule("silent", 5, last_message=["read"]), rule("rest", 7)))
    told = [message(TODAY - timedelta(days=3), State.READ)]
    assert [due.step for due in dues(debt(5), messages=told, strategy=strategy)] == [5]
    heard = borrower(heard_at=NOON)
    assert dues(debt(5), of=heard, messages=told, strategy=strategy) == ()


@pytest.mark.parametrize(
    ("day", "is_on"),
    [
        ("2026-11-15", False),  # a Sunday
        ("2026-11-16", False),  # the holiday of the Revolution
        ("2026-11-17", True),  # the first open day after the 15th
        ("2026-11-18", False),
        ("2026-11-30", True),  # the last of the month stands for the 31st
        ("2026-12-01", False),
    ],
)
def test_salary_days_move_to_the_next_open_day(day: str, is_on: bool) -> None:
    salary = SalaryDays(days=(15, 31), template="saldo_vencido")
    strategy = ladder(rules=(Rule(name="all", steps=(), salary=salary),))
    at = datetime.fromisoformat(day).date()
    owing = debt(due_date=TODAY - timedelta(days=30))
    assert bool(dues(owing, strategy=strategy, day=at)) == is_on
