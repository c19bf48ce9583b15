"""What payments, credits, recalls, disputes, holds and requests do to a reminder."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.ledger.money import Money
from cobranza.ledger.payment import Credit
from cobranza.policy.decision import Rest, Send, Skip
from cobranza.policy.due import REQUEST_LIVES
from cobranza.policy.message import Consumed, State
from cobranza.policy.strategy import Rule, Step
from cobranza.whatsapp.messages import reminder_parameters
from tests.unit.books import (
    LADDER,
    LONG_AGO,
    MEXICO,
    TODAY,
    borrower,
    credit,
    debt,
    decided,
    dues,
    ladder,
    message,
    messages,
    next_moment,
    portfolio,
    sent,
    step_on,
)

LATELY = datetime(2026, 11, 20, 12, tzinfo=UTC)


def pesos(text: str) -> tuple[Money, ...]:
    return (Money(Decimal(text), "MXN"),)


# Payments.


def test_a_payment_that_the_balance_does_not_know_is_subtracted() -> None:
    send = sent(debt(paid={"P-1": (LATELY, Decimal("30.01"))}))
    assert send.totals == pesos("69.99")
    assert "69.99" in reminder_parameters(send, borrower())[2]


def test_a_payment_that_the_balance_knows_is_not_subtracted_again() -> None:
    known = debt(paid={"P-1": (LATELY, Decimal("30.01"))}, as_of=LATELY)
    assert sent(known).totals == pesos("100.00")


@pytest.mark.parametrize("amount", ["100.00", "100.01", "5000"])
def test_a_debt_paid_since_the_file_is_never_reminded(amount: str) -> None:
    settled = debt(paid={"P-1": (LATELY, Decimal(amount))})
    assert decided(settled) == Skip("PAID")
    assert next_moment(borrower(), (settled,), lambda _: LADDER, first=TODAY) is None


def test_a_closed_debt_is_never_reminded() -> None:
    gone = debt(closed="NOT_IN_SNAPSHOT")
    assert gone.owed == Money(Decimal(0), "MXN")
    assert decided(gone) == Skip("PAID")
    assert next_moment(borrower(), (gone,), lambda _: LADDER, first=TODAY) is None


# Credits.


def test_a_credit_is_subtracted_from_the_total_and_from_the_text() -> None:
    send = sent(debt(), credits=[credit("30.01")])
    assert send.totals == pesos("69.99")
    assert reminder_parameters(send, borrower())[2] == "$69.99"


@pytest.mark.parametrize(
    "other", [credit("500.00", "USD"), credit("500.00", portfolio="muebles"), credit("0"), credit("-5")]
)
def test_another_currencys_or_portfolios_credit_pays_for_nothing(other: Credit) -> None:
    assert sent(debt(), credits=[other]).totals == pesos("100.00")


def test_a_debt_that_the_credit_covers_is_not_in_the_message() -> None:
    covered, left = debt(7, debt_id="F-1"), debt(0, debt_id="F-2")
    send = sent(covered, left, credits=[credit("120.00")])
    assert send.debts == (left,)
    assert send.template == "vence_hoy"
    assert send.totals == pesos("80.00")
    assert send.consumes.keys() == send.credited.keys() == {left.terms.key}


def test_who_has_more_credit_than_debt_gets_no_message() -> None:
    assert decided(debt(), debt(7, debt_id="F-2"), credits=[credit("200.00")]) == Skip("CREDIT_COVERS")


def test_each_portfolios_credit_pays_its_own_debts() -> None:
    send = sent(
        debt(3, portfolio="muebles"),
        debt(0),
        portfolios=[portfolio("muebles"), portfolio()],
        credits=[credit("40.00"), credit("10.00", portfolio="muebles")],
    )
    assert send.credited == {"muebles#F-1#": Decimal("10.00"), "tarjetas#F-1#": Decimal("40.00")}
    assert send.totals == pesos("150.00")


amounts = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)
currencies = st.sampled_from(["MXN", "USD"])
portfolios = st.sampled_from(["tarjetas", "muebles"])


@given(
    st.lists(st.tuples(amounts, amounts, currencies, portfolios), min_size=1, max_size=5),
    st.lists(st.tuples(amounts, currencies, portfolios), max_size=4),
)
def test_the_total_is_what_is_owed_less_the_credit(
    owed: list[tuple[Decimal, Decimal, str, str]], given_back: list[tuple[Decimal, str, str]]
) -> None:
    debts = [
        debt(n, debt_id=f"F-{n}", balance=b, currency=c, portfolio=p, paid={"P": (LATELY, part)})
        for n, (b, part, c, p) in enumerate(owed)
    ]
    credits = [Credit(portfolio=p, currency=c, declared=amount) for amount, c, p in given_back]
    decision = decided(*debts, credits=credits, portfolios=[portfolio(), portfolio("muebles")])
    left: dict[str, Decimal] = {}
    for place in {(p, c) for _, _, c, p in owed}:
        charged = sum(max(b - part, Decimal(0)) for b, part, c, p in owed if (p, c) == place)
        credited = sum(amount for amount, c, p in given_back if (p, c) == place)
        left[place[1]] = left.get(place[1], Decimal(0)) + max(charged - credited, Decimal(0))
    expected = {currency: amount for currency, amount in left.items() if amount}
    if isinstance(decision, Send):
        assert {money.currency: money.amount for money in decision.totals} == expected
        assert all(decision.asked(each).amount > 0 for each in decision.debts)
    else:
        assert not expected
        assert decision in (Skip("PAID"), Skip("CREDIT_COVERS"))


# Recalls, disputes, refused rows and holds of one debt leave the others alone.


@pytest.mark.parametrize(
    ("aside", "code"),
    [
        (debt(7, recalled=True), "RECALLED"),
        (debt(7, disputed=True), "DISPUTED"),
        (debt(7, held_until=TODAY), "HELD"),
        (debt(7, refused_row=True), "ROW_REFUSED"),
    ],
)
def test_a_debt_that_is_set_aside_drops_out_alone(aside: Debt, code: str) -> None:
    other = debt(0, debt_id="F-2")
    send = sent(aside, other)
    assert send.debts == (other,)
    assert send.totals == pesos("100.00")
    assert send.consumes.keys() == {other.terms.key}
    assert decided(aside) == Skip(code)


@pytest.mark.parametrize(
    "who", [borrower(held_until=TODAY - timedelta(days=1)), borrower(channel="whatsapp"), borrower()]
)
def test_a_hold_ends_after_its_last_day(who: Borrower) -> None:
    assert isinstance(decided(debt(held_until=TODAY - timedelta(days=1)), of=who), Send)


def test_a_recalled_debt_is_not_looked_at_any_more() -> None:
    assert next_moment(borrower(), (debt(-10, recalled=True),), lambda _: LADDER, first=TODAY) is None


# Calls and visits count like messages.


@pytest.mark.parametrize(
    ("country", "messages_ago", "touches_ago", "allowed"),
    [
        ("MX", (), (0,), False),
        ("MX", (1,), (3, 5), False),
        ("MX", (1,), (3,), True),
        ("MX", (), (3, 3, 5), False),
        ("MX", (), (7, 8, 9), True),
        ("MX", (), (-1, -2, -3), True),
        ("BR", (), (1,), False),
        ("BR", (), (2,), True),
        ("BR", (6,), (2,), False),
    ],
)
def test_calls_and_visits_count_in_the_caps(
    country: str, messages_ago: Iterable[int], touches_ago: Iterable[int], allowed: bool
) -> None:
    touches = [TODAY - timedelta(days=days) for days in touches_ago]
    who = borrower(country=country, region={"MX": "CMX", "BR": "SP"}[country])
    decision = decided(debt(), of=who, messages=messages(*messages_ago), touches=touches)
    assert isinstance(decision, Send) if allowed else decision == Skip("FREQUENCY_CAP")


# Requests.


def look_at(*debts: Debt, first: date = TODAY) -> date | None:
    look = next_moment(borrower(), debts, lambda _: LADDER, first=first)
    return look.astimezone(MEXICO).date() if look else None


@pytest.mark.parametrize(
    ("days_past_due", "step", "template"),
    [
        (-20, None, "recordatorio_previo"),
        (-1, -3, "recordatorio_previo"),
        (0, 0, "vence_hoy"),
        (2, 0, "saldo_vencido"),
        (10, 7, "factura_vencida"),
        (90, 15, "opciones_de_pago"),
    ],
)
def test_a_request_is_due_today_whatever_its_steps(days_past_due: int, step: int | None, template: str) -> None:
    asked = debt(days_past_due, step=step, requested_on=TODAY)
    assert sent(asked).template == template
    assert look_at(asked) == TODAY
    assert decided(replace(asked, requested_on=None)) == Rest()


def test_a_request_before_the_ladder_leaves_its_steps_to_come() -> None:
    asked = debt(-20, requested_on=TODAY)
    send = sent(asked)
    assert send.consumes == {asked.terms.key: Consumed(asked.terms.due_date, -20)}
    told = replace(asked, step=-20, requested_on=None)
    assert step_on(told, day=TODAY + timedelta(days=17)) == [-3]


def test_a_request_never_takes_a_step_back() -> None:
    assert sent(debt(10, step=15, requested_on=TODAY)).consumes == {"tarjetas#F-1#": Consumed(due(10), 15)}


def due(days_past_due: int) -> date:
    return TODAY - timedelta(days=days_past_due)


@pytest.mark.parametrize(("first", "days_past_due"), [(0, -1), (1, -1), (1, 0), (3, 0)])
def test_a_request_is_not_answered_with_a_text_that_is_not_true(first: int, days_past_due: int) -> None:
    """Nothing says "due today" or "overdue" before it is."""
    template = "saldo_vencido" if first else "vence_hoy"
    steps = (Step(days=first, template=template, past_due_template="saldo_vencido"),)
    late = ladder(rules=(Rule(name="all", steps=steps),), max_days_late=0)
    asked = debt(days_past_due, requested_on=TODAY)
    assert decided(asked, strategy=late) == Skip("NO_TEMPLATE")


@pytest.mark.parametrize("state", State)
def test_a_request_is_met_once(state: State) -> None:
    asked = debt(10, step=7, requested_on=TODAY - timedelta(days=1))
    told = message(TODAY - timedelta(days=1), state, {asked.terms.key: Consumed(asked.terms.due_date, 7)})
    decision = decided(asked, messages=[told])
    assert isinstance(decision, Send) if state is State.RETRY else decision == Rest()


def test_an_older_message_does_not_meet_a_request() -> None:
    asked = debt(10, step=7, requested_on=TODAY)
    told = message(TODAY - timedelta(days=2), State.READ, {asked.terms.key: Consumed(asked.terms.due_date, 7)})
    assert isinstance(decided(asked, messages=[told]), Send)


def test_a_request_waits_for_an_open_day_and_is_forgotten_after_a_week() -> None:
    saturday = date(2026, 11, 28)
    asked = debt(10, step=7, due_date=saturday - timedelta(days=10), requested_on=saturday)
    assert look_at(asked, first=saturday) == date(2026, 11, 30)
    assert dues(asked, day=saturday + REQUEST_LIVES)[0].requested
    assert step_on(replace(asked, step=15), day=saturday + REQUEST_LIVES + timedelta(days=1)) == []
    assert look_at(replace(asked, step=15), first=saturday + REQUEST_LIVES + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("who", "asked", "code"),
    [
        (borrower(opted_out_at=LONG_AGO), debt(requested_on=TODAY), "OPTED_OUT"),
        (borrower(), debt(requested_on=TODAY, disputed=True), "DISPUTED"),
        (borrower(), debt(requested_on=TODAY, recalled=True), "RECALLED"),
        (borrower(), debt(requested_on=TODAY, balance=Decimal(0)), "PAID"),
        (borrower(consent=None), debt(requested_on=TODAY), "NO_CONSENT"),
    ],
)
def test_a_request_keeps_all_rules(who: Borrower, asked: Debt, code: str) -> None:
    assert decided(asked, of=who) == Skip(code)
