"""A plan is the sender's own decision, taken for the moment at which the sender will take it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.policy.decide import decide
from cobranza.policy.decision import Book, Decision, Defer, Policies, Rest, Send, Skip
from cobranza.policy.due import Look, local_date, next_look
from cobranza.policy.feed import Feed, Pause
from cobranza.policy.message import Message, State
from cobranza.policy.outcomes import DEFERRED, PLANNED, SKIPPED, sentence
from cobranza.policy.planning import Planned, heal, planned
from cobranza.policy.strategy import Rule, Strategy
from tests.unit.books import (
    ANYWHERE,
    LADDER,
    MEXICO,
    NOON,
    TODAY,
    borrower,
    debt,
    in_force,
    ladder,
    message,
    portfolio,
)

TOMORROW = TODAY + timedelta(days=1)
EVENING = datetime(2026, 11, 24, 18, 0, tzinfo=MEXICO)
AT_SEVEN = ladder(0, rules=(Rule(name="late", hour=19, steps=LADDER.rules[0].steps),))


def plan(
    *debts: Debt,
    day: date = TOMORROW,
    due_at: datetime | None = None,
    now: datetime = EVENING,
    strategy: Strategy = LADDER,
    messages: tuple[Message, ...] = (),
    feed: Feed | None = None,
    of: Borrower | None = None,
) -> Planned | None:
    policies = in_force(portfolio(), strategy=strategy, feeds={"tarjetas": feed or Feed(now)})
    return planned(Book(of or borrower(), debts, messages), policies, day, due_at, now)


def planned_send(found: Planned | None) -> Send:
    assert found
    assert isinstance(found.decision, Send), found
    return found.decision


def test_who_is_due_tomorrow_is_planned_for_the_first_open_minute() -> None:
    found = plan(debt(-1))
    assert planned_send(found).template == "vence_hoy"
    assert found
    assert found.at == datetime(2026, 11, 25, 7, 0, tzinfo=MEXICO)


def test_who_has_just_written_is_planned_for_when_that_is_understood() -> None:
    who = borrower(heard_noted_at=NOON)
    found = plan(debt(), day=TODAY, due_at=NOON, now=NOON, of=who)
    assert planned_send(found).template == "vence_hoy"
    assert found
    assert found.at == NOON + timedelta(minutes=30)


def test_who_is_not_due_that_day_is_not_in_the_plan() -> None:
    assert plan(debt(-10)) is None


def test_who_is_still_to_be_written_to_this_evening_is_not_planned_for_the_same_step_again() -> None:
    tonight = datetime(2026, 11, 24, 19, 0, tzinfo=MEXICO)
    assert plan(debt(), due_at=tonight, strategy=AT_SEVEN) is None
    fresh = Feed(EVENING + timedelta(hours=6))
    assert planned_send(plan(debt(), strategy=AT_SEVEN, feed=fresh)).lead.step == 0


def test_what_keeps_this_evenings_message_back_leaves_its_step_for_tomorrow() -> None:
    def shared(book: Book, policies: Policies, now: datetime) -> Decision:
        return decide(replace(book, borrower=replace(book.borrower, shares_phone=True)), policies, now)

    fresh = Feed(EVENING + timedelta(hours=6))
    policies = in_force(portfolio(), strategy=AT_SEVEN, feeds={"tarjetas": fresh})
    tonight = EVENING + timedelta(hours=1)
    found = planned(Book(borrower(), (debt(),), ()), policies, TOMORROW, tonight, EVENING, shared)
    assert found
    assert found.decision == Skip("SHARED_PHONE")


def test_who_waits_for_approval_today_is_planned_for_tomorrow() -> None:
    waiting = LADDER.model_copy(update={"approval": "every_day"})
    send = planned_send(plan(debt(), due_at=EVENING, strategy=waiting))
    assert (send.day, send.template) == (TOMORROW, "saldo_vencido")


def test_the_rest_of_today_is_planned_from_now_on() -> None:
    found = plan(debt(), day=TODAY, due_at=NOON - timedelta(hours=3), now=NOON)
    assert found
    assert found.at == NOON
    assert plan(debt(), day=TODAY, due_at=datetime(2026, 11, 25, 7, tzinfo=MEXICO), now=NOON) is None


def test_data_that_will_be_too_old_by_then_is_told_now() -> None:
    found = plan(debt(-1), feed=Feed(EVENING - timedelta(hours=20)))
    assert found
    assert isinstance(found.decision, Skip | Defer)
    assert found.decision.code == "STALE_DATA"


def test_a_pause_is_not_waited_out() -> None:
    found = plan(debt(-1), feed=Feed(EVENING, Pause("tarjetas", "2026-11-24T09:00:00Z")))
    assert found
    assert isinstance(found.decision, Defer)
    assert found.decision.code == "PAUSED"


def test_a_wait_that_ends_the_same_day_is_waited_out() -> None:
    today_at_ten = datetime(2026, 11, 24, 10, 0, tzinfo=MEXICO)
    sent = replace(message(TODAY), claimed_at=today_at_ten)
    found = plan(debt(), messages=(sent,), strategy=ladder(1))
    assert found
    assert isinstance(found.decision, Send)
    assert found.at == today_at_ten + timedelta(days=1)


def test_a_new_strategy_that_wants_somebody_sooner_brings_them_forward() -> None:
    policies = in_force(portfolio(), strategy=ladder(1), now=NOON)
    book = Book(borrower(), (debt(),), ())
    sooner = datetime(2026, 11, 25, 7, 0, tzinfo=MEXICO)
    assert heal(book, policies, TOMORROW, None, EVENING) == Look(sooner, 50)
    assert heal(book, policies, TOMORROW, sooner + timedelta(days=2), EVENING) == Look(sooner, 50)
    assert heal(book, policies, TOMORROW, sooner, EVENING) is None
    assert heal(book, policies, TOMORROW, EVENING, EVENING) is None
    assert heal(book, policies, TODAY, None, EVENING) is None


@pytest.mark.parametrize(
    "outcome", [*PLANNED, *(f"SKIPPED_{c}" for c in SKIPPED), *(f"DEFERRED_{c}" for c in DEFERRED)]
)
def test_every_outcome_of_a_plan_has_its_sentence_in_two_languages(outcome: str) -> None:
    told = sentence(outcome)
    assert told.es != told.en
    assert str(told) == f"{told.es} · {told.en}"


# Dry run and real run choose the same.

moments = st.datetimes(datetime(2026, 9, 1), datetime(2027, 4, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
ladders = st.sampled_from(
    [
        LADDER,
        AT_SEVEN,
        ladder(*range(1, 21), max_days_late=3),
        ladder(-3, 0, 4, due_day="as_given"),
        LADDER.model_copy(update={"approval": "every_day"}),
        LADDER.model_copy(update={"hold_out_percent": 50}),
    ]
)


@st.composite
def books(draw: st.DrawFn, now: datetime) -> Book:
    who = draw(st.sampled_from(ANYWHERE))
    today = local_date(who, now)
    debts = tuple(
        debt(
            (TODAY - today).days + draw(st.integers(-8, 20)),
            debt_id=f"F-{n}",
            portfolio=draw(st.sampled_from(["tarjetas", "muebles"])),
            balance=Decimal(draw(st.integers(0, 3))) * 100,
        )
        for n in range(draw(st.integers(1, 4)))
    )
    claimed = draw(st.sets(st.integers(0, 6), max_size=2))
    claims = tuple(
        replace(
            message(today - timedelta(days=ago), State.DELIVERED), claimed_at=now - timedelta(days=ago, hours=1)
        )
        for ago in claimed
    )
    return Book(who, debts, claims)


def run(book: Book, policies: Policies, look: datetime | None, day: date) -> tuple[Send | None, str]:
    """The sender, from look to look, until the end of `day`: what leaves on that day, and its last outcome."""
    last = ""
    while look and local_date(book.borrower, look) <= day:
        at, today = look, local_date(book.borrower, look)
        decision = decide(book, policies, at)
        if isinstance(decision, Defer):
            look, last = decision.until, decision.outcome if today == day else last
            continue
        if isinstance(decision, Send):
            if today == day:
                return decision, "SENT"
            claim = Message(day=today, state=State.SENT, claimed_at=at, attempts=1, debts=decision.consumes)
            book = replace(book, messages=(*book.messages, claim))
        if isinstance(decision, Skip) and today == day:
            last = decision.outcome
        assert isinstance(decision, Send | Skip | Rest)
        first = today + timedelta(days=1)
        coming = next_look(book.borrower, book.debts, policies.strategy_of, first=first)
        look = coming.at if coming else None
    return None, last


@settings(max_examples=300, deadline=None)
@given(st.data(), moments, ladders, st.integers(0, 2))
def test_the_plan_of_a_day_is_what_the_run_that_follows_does(
    data: st.DataObject, now: datetime, strategy: Strategy, ahead: int
) -> None:
    book = data.draw(books(now))
    today = local_date(book.borrower, now)
    day = today + timedelta(days=ahead)
    policies = in_force(
        portfolio("tarjetas", freshness_hours=240),
        portfolio("muebles", freshness_hours=240, countries=("MX",)),
        strategy=strategy,
        now=now,
    )
    coming = next_look(book.borrower, book.debts, policies.strategy_of, first=today)
    look = coming.at if coming else None
    found = planned(book, policies, day, look, now)
    agreed = replace(
        policies,
        feeds={name: replace(feed, approved_on=frozenset({day})) for name, feed in policies.feeds.items()},
    )
    sent, outcome = run(book, agreed, max(look, now) if look else None, day)
    if sent:
        assert planned_send(found) == sent
    elif found:
        assert isinstance(found.decision, Skip | Defer)
        assert found.decision.outcome == outcome
    else:
        assert outcome == ""
