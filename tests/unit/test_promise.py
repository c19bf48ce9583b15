"""A promise pauses reminders until data can tell, and is then kept, partly kept or broken."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.ledger.promise import Promise, Verdict, counted, newest_verdict, verdict
from cobranza.policy.decision import Book, Send, Skip
from cobranza.policy.due import TOP, Look
from cobranza.policy.feed import Feed
from cobranza.policy.promised import raised
from tests.unit.books import LADDER, MEXICO, NOON, TODAY, borrower, debt, decided, message

MADE = datetime(2026, 11, 10, 18, 0, tzinfo=UTC)
DAY = date(2026, 11, 15)
AFTER = datetime(2026, 11, 18, 0, 0, tzinfo=MEXICO)  # the day and two of grace are over
PAID_AT = datetime(2026, 11, 14, 12, 0, tzinfo=UTC)


def judged(amount: str | None, paid: str | None, as_of: datetime, balance: str = "100.00") -> Verdict:
    parts = {"P-1": (PAID_AT, Decimal(paid))} if paid else {}
    owing = debt(20, balance=Decimal(balance), as_of=as_of, paid=parts)
    return verdict(Promise(MADE, DAY, Decimal(amount) if amount else None), owing, 2, MEXICO)


@pytest.mark.parametrize(
    ("amount", "paid", "balance", "expected"),
    [
        (None, None, "100.00", Verdict.BROKEN),
        (None, "30.00", "70.00", Verdict.PARTLY),
        (None, "100.00", "0", Verdict.KEPT),
        ("50", "50.00", "50.00", Verdict.KEPT),
        ("50", "49.99", "50.01", Verdict.PARTLY),
        ("50", None, "100.00", Verdict.BROKEN),
    ],
)
def test_a_promise_is_judged_when_its_grace_is_over(
    amount: str | None, paid: str | None, balance: str, expected: Verdict
) -> None:
    assert judged(amount, paid, AFTER, balance) is expected


def test_data_from_before_the_end_of_the_grace_breaks_nothing() -> None:
    assert judged(None, None, AFTER - timedelta(seconds=1)) is Verdict.PENDING
    assert judged(None, "30.00", AFTER - timedelta(seconds=1)) is Verdict.PENDING


def test_what_is_paid_is_kept_at_once() -> None:
    assert judged(None, "100.00", MADE, "0") is Verdict.KEPT


def test_what_was_paid_before_the_promise_is_no_part_of_it() -> None:
    owing = debt(20, as_of=AFTER, paid={"P-0": (MADE - timedelta(days=1), Decimal(40))})
    assert verdict(Promise(MADE, DAY), owing, 2, MEXICO) is Verdict.BROKEN


def test_only_the_first_two_promises_of_a_debt_count() -> None:
    three = [Promise(MADE + timedelta(days=n), DAY + timedelta(days=10 * n)) for n in range(3)]
    assert counted(reversed(three)) == tuple(three[:2])
    owing = debt(20, as_of=datetime(2026, 11, 29, tzinfo=UTC))
    assert newest_verdict(owing, three, 2, MEXICO) is Verdict.BROKEN
    assert newest_verdict(owing, (), 2, MEXICO) is None


@pytest.mark.parametrize(("days", "near"), [(-2, False), (0, True), (30, True), (31, False)])
def test_a_promise_is_of_the_next_thirty_days(days: int, near: bool) -> None:
    assert Promise(MADE, MADE.date() + timedelta(days=days)).is_near == near


@given(st.integers(0, 25), st.integers(0, 10))
def test_nobody_is_reminded_while_a_promise_runs_or_nobody_can_tell(days: int, grace_over: int) -> None:
    """The promised day lies ahead, or data from after it has not come."""
    promise = {debt().terms.key: (Promise(MADE, TODAY + timedelta(days=days)),)}
    assert decided(debt(3, as_of=NOON), promises=promise) == Skip("PROMISED")
    past = {debt().terms.key: (Promise(MADE, TODAY - timedelta(days=3 + grace_over)),)}
    untold = {"tarjetas": Feed(as_of=MADE)}
    assert decided(debt(3, as_of=MADE), promises=past, feeds=untold) == Skip("PROMISED")


def test_a_newer_file_that_changed_nothing_breaks_a_promise_too() -> None:
    promise = {debt().terms.key: (Promise(MADE, TODAY - timedelta(days=5)),)}
    assert isinstance(decided(debt(3, as_of=MADE), promises=promise, feeds={"tarjetas": Feed(NOON)}), Send)


def test_a_broken_promise_goes_on_with_the_latest_step_once() -> None:
    broken = {debt().terms.key: (Promise(MADE, TODAY - timedelta(days=5)),)}
    decision = decided(debt(9, step=-3, as_of=NOON), promises=broken)
    assert isinstance(decision, Send)
    assert decision.lead.step == 7
    assert decision.lead.superseded == (0, 3)


def test_a_promise_of_one_debt_leaves_the_others() -> None:
    promise = {debt().terms.key: (Promise(MADE, TODAY),)}
    decision = decided(debt(3), debt(3, debt_id="F-2"), promises=promise)
    assert isinstance(decision, Send)
    assert [each.terms.debt_id for each in decision.debts] == ["F-2"]
    assert decision.others == {debt().terms.key: "SKIPPED_PROMISED"}


# Followed up before others, once. The grace is two days.


def priority(*, promised_days_ago: int, told_days_ago: int | None = None, balance: str = "100") -> int | None:
    owing = debt(20, balance=Decimal(balance))
    promises = {owing.terms.key: (Promise(MADE, TODAY - timedelta(days=promised_days_ago)),)}
    told = () if told_days_ago is None else (message(TODAY - timedelta(days=told_days_ago)),)
    return raised(Book(borrower(), (owing,), told, promises=promises), lambda _: LADDER, Look(NOON, 5)).priority


@pytest.mark.parametrize(("days", "expected"), [(0, 5), (2, 5), (3, TOP), (9, TOP), (10, 5)])
def test_a_promise_that_is_over_makes_its_borrower_pressing_for_a_week(days: int, expected: int) -> None:
    assert priority(promised_days_ago=days) == expected


def test_once_they_were_written_to_they_are_like_everybody_else() -> None:
    assert priority(promised_days_ago=5, told_days_ago=2) == 5
    assert priority(promised_days_ago=5, told_days_ago=1) == 5
    assert priority(promised_days_ago=5, told_days_ago=3) == TOP


def test_a_promise_that_was_kept_raises_nobody() -> None:
    assert priority(promised_days_ago=5, balance="0") == 5
