"""A day that is over: each due debt has exactly one outcome, and what nobody looked at is said."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.ledger.debt import Debt
from cobranza.policy.closed_day import (
    NOT_LOOKED_AT,
    SUPERSEDED,
    DebtDay,
    Known,
    Noted,
    debts_of_day,
    message_outcome,
    was_due,
)
from cobranza.policy.decision import Book
from cobranza.policy.message import Consumed, Message, State
from cobranza.policy.outcomes import sentence
from cobranza.whatsapp.advice import advice
from tests.unit.books import FINAL, LADDER, MEXICO, NOON, TODAY, borrower, debt, message

SUNDAY = date(2026, 11, 29)
CODES = ["SENT", "UNKNOWN", "SKIPPED_HELD", "DEFERRED_WINDOW", "FAILED_131026"]
STRATEGY = f"{LADDER.name}@{LADDER.version}"


def day_of(
    *debts: Debt,
    looks: list[Noted] | None = None,
    messages: tuple[Message, ...] = (),
    day: date = TODAY,
    **known: Any,
) -> list[DebtDay]:
    book = Book(borrower(), debts, messages)
    return debts_of_day(book, looks or [], lambda _: LADDER, day, Known(**known))


def outcomes(*debts: Debt, **facts: Any) -> list[str]:
    return [entry.outcome for entry in day_of(*debts, **facts)]


def look(code: str, *debts: Debt, hour: int = 12, **changes: Any) -> Noted:
    at = datetime.combine(TODAY, time(hour), MEXICO)
    return Noted(at=at, debts={each.terms.key: code for each in debts}, **changes)


def claim(state: State, *debts: Debt, day: date = TODAY) -> Message:
    used = {each.terms.key: Consumed(each.terms.due_date, (TODAY - each.terms.due_date).days) for each in debts}
    return replace(message(day, state, used), claimed_at=NOON)


def test_a_due_debt_that_nobody_looked_at_is_said() -> None:
    (entry,) = day_of(debt(4))
    assert (entry.outcome, entry.at, entry.step) == (NOT_LOOKED_AT, None, 3)
    assert (entry.rule, entry.strategy) == ("everyone", STRATEGY)


@pytest.mark.parametrize(
    "debt_of_nobody",
    [debt(-30), debt(4, step=3), debt(4, balance=0), debt(4, recalled=True), debt(60)],
    ids=["no step yet", "step used up", "paid", "recalled", "too late"],
)
def test_what_is_not_due_has_no_outcome(debt_of_nobody: Debt) -> None:
    assert day_of(debt_of_nobody) == []


def test_the_last_look_of_the_day_counts() -> None:
    owed = debt(4)
    looks = [look("SKIPPED_HELD", owed, hour=15), look("DEFERRED_WINDOW", owed, hour=8)]
    assert outcomes(owed, looks=looks) == ["SKIPPED_HELD"]


def test_a_look_of_another_day_is_not_of_this_one() -> None:
    owed = debt(4)
    yesterday = replace(look("SKIPPED_HELD", owed), at=NOON - timedelta(days=1))
    assert outcomes(owed, looks=[yesterday]) == [NOT_LOOKED_AT]


def test_what_was_looked_at_has_an_outcome_also_where_it_is_not_due_any_more() -> None:
    paid = debt(4, balance=0)
    assert outcomes(paid, looks=[look("SKIPPED_PAID", paid)]) == ["SKIPPED_PAID"]


@pytest.mark.parametrize("state", FINAL)
def test_a_message_says_more_than_the_look_before_it(state: State) -> None:
    owed = debt(4)
    known = outcomes(owed, looks=[look("DEFERRED_GAP", owed, hour=8)], messages=(claim(state, owed),))
    assert known == [message_outcome(claim(state))]


def test_a_message_that_whatsapp_never_took_is_no_outcome() -> None:
    owed = debt(4)
    assert outcomes(owed, messages=(claim(State.RETRY, owed),)) == [NOT_LOOKED_AT]


def test_messages_of_later_days_are_taken_back() -> None:
    owed = debt(4, step=3)
    tomorrow = claim(State.READ, owed, day=TODAY + timedelta(days=1))
    assert outcomes(owed, messages=(tomorrow,)) == [NOT_LOOKED_AT]
    assert outcomes(owed, messages=(claim(State.READ, owed, day=TODAY - timedelta(days=1)),)) == []


def test_steps_that_a_message_stands_for_have_lines_of_their_own() -> None:
    owed = debt(4)
    sent = look("SENT", owed, message_day=TODAY, superseded={owed.terms.key: [-3, 0]})
    found = day_of(owed, looks=[sent], messages=(claim(State.SENT, owed),))
    assert [(entry.step, entry.outcome) for entry in found] == [(3, "SENT"), (-3, SUPERSEDED), (0, SUPERSEDED)]


@pytest.mark.parametrize(
    ("due", "day", "known", "outcome"),
    [
        (debt(-5), SUNDAY, {}, "DEFERRED_WINDOW"),
        (debt(4), TODAY, {"told_at": "22:00"}, "DEFERRED_WINDOW"),
        (debt(4), TODAY, {"told_at": "09:00"}, NOT_LOOKED_AT),
        (debt(4), TODAY, {"paused_since": NOON - timedelta(days=1)}, "DEFERRED_PAUSED"),
        (debt(4), TODAY, {"paused_since": NOON + timedelta(days=1)}, NOT_LOOKED_AT),
        (debt(4), TODAY, {"full_lines": [NOON - timedelta(days=1), NOON]}, "DEFERRED_RATE"),
        (debt(4), TODAY, {"full_lines": [NOON - timedelta(days=1), NOON + timedelta(days=1)]}, NOT_LOOKED_AT),
    ],
    ids=[
        *("a closed day", "came after hours", "came in time", "all was paused", "paused later"),
        *("the line was full", "it was full on other days"),
    ],
)
def test_what_nobody_had_to_look_at_is_not_missing(due: Debt, day: date, known: Any, outcome: str) -> None:
    if told_at := known.get("told_at"):
        moment = datetime.combine(TODAY, time.fromisoformat(told_at), MEXICO)
        known = {"told_at": {due.terms.key: moment}}
    (entry,) = day_of(replace(due, terms=replace(due.terms, due_date=day)), day=day, **known) or [None]
    assert entry
    assert entry.outcome == outcome


def test_a_debt_that_came_a_day_later_was_not_due() -> None:
    owed = debt(4)
    assert day_of(owed, told_at={owed.terms.key: NOON + timedelta(days=1)}) == []


def test_a_debt_beside_the_days_message_has_had_its_message() -> None:
    first, second = debt(4), debt(4, debt_id="F-2")
    assert outcomes(first, second, messages=(claim(State.SENT, first),)) == ["SENT", "SKIPPED_FREQUENCY_CAP"]


@given(
    ages=st.lists(st.integers(-10, 40), min_size=1, max_size=6),
    told=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(CODES), st.integers(0, 23)), max_size=8),
    claimed=st.none() | st.sampled_from(list(State)),
)
def test_every_due_debt_has_one_outcome_and_each_outcome_a_sentence(
    ages: list[int], told: list[tuple[int, str, int]], claimed: State | None
) -> None:
    owed = [debt(age, debt_id=f"F-{number}") for number, age in enumerate(ages)]
    looks = [look(code, owed[n], hour=hour) for n, code, hour in told if n < len(owed)]
    messages = (claim(claimed, owed[0]),) if claimed else ()
    entries = [e for e in day_of(*owed, looks=looks, messages=messages) if e.outcome != SUPERSEDED]
    alone = {
        each.terms.key for each in owed if was_due(Book(borrower(), (each,), messages), lambda _: LADDER, TODAY)
    }
    counts = Counter(entry.debt for entry in entries)
    assert alone <= counts.keys()
    assert set(counts.values()) <= {1}
    missing = {entry.debt for entry in entries if entry.outcome == NOT_LOOKED_AT}
    assert not missing & {key for each in looks for key in each.debts}
    assert all(sentence(entry.outcome).es and sentence(entry.outcome).en for entry in entries)


@pytest.mark.parametrize("code", [131026, 131049, 130429, 131000, 190, 999999])
def test_every_failure_says_what_to_do(code: int) -> None:
    told = advice(f"FAILED_{code}")
    assert told
    assert told.es != told.en
    assert str(code) in sentence(f"FAILED_{code}").en


def test_only_failures_ask_for_something() -> None:
    assert advice("SENT") is None
