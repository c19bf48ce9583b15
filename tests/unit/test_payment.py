"""Where a payment's money goes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.ledger.debt import Debt, Terms
from cobranza.ledger.money import Money
from cobranza.ledger.payment import UNMATCHED, WARNINGS, Allocated, Credit, Payment, allocate, book

MEXICO = ZoneInfo("America/Mexico_City")
AS_OF = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = AS_OF + timedelta(hours=1)


def debt(debt_id: str, balance: str, due: int = 1, **facts: Any) -> Debt:
    """A debt of the portfolio "norte", in pesos unless told, due on that day of March."""
    told: dict[str, Any] = {
        "portfolio": "norte",
        "debt_id": debt_id,
        "amount": Decimal(balance),
        "balance": Decimal(balance),
        "currency": "MXN",
        "due_date": date(2026, 3, due),
        "as_of": AS_OF,
    }
    ours = {name: facts.pop(name) for name in tuple(facts) if name not in Terms.__dataclass_fields__}
    return Debt(terms=Terms(**told | facts), **ours)


def payment(amount: str, currency: str = "MXN", **facts: Any) -> Payment:
    told: dict[str, Any] = {
        "payment_id": "P-1",
        "portfolio": "norte",
        "borrower_id": "C-1",
        "amount": Money(Decimal(amount), currency),
        "paid_at": LATER,
    }
    return Payment(**told | facts)


def given_to(allocated: Allocated) -> dict[str, str]:
    return {key.split("#", 1)[1].rstrip("#"): str(amount) for key, amount in allocated.allocations.items()}


# Oldest first.


def test_money_that_names_no_debt_goes_to_the_oldest() -> None:
    newer, older = debt("F-2", "80.00", 5), debt("F-1", "100.00", 1)
    allocated = allocate(payment("150.00"), [newer, older])
    assert given_to(allocated) == {"F-1": "100.00", "F-2": "50.00"}
    after, credit = book(payment("150.00"), allocated, [newer, older])
    assert [each.owed.amount for each in after] == [Decimal("30.00"), Decimal("0.00")]
    assert [each.is_open for each in after] == [True, False]
    assert credit is None


def test_instalments_of_one_day_are_paid_in_the_order_of_their_names() -> None:
    both = [debt("F-1", "50", instalment="2"), debt("F-1", "50", instalment="1")]
    assert given_to(allocate(payment("60"), both)) == {"F-1#1": "50", "F-1#2": "10"}


def test_a_named_debt_gets_the_money_and_the_rest_is_a_credit() -> None:
    older, named = debt("F-1", "100.00", 1), debt("F-2", "80.00", 5)
    allocated = allocate(payment("150.00", debt_id="F-2"), [older, named])
    assert given_to(allocated) == {"F-2": "80.00"}
    assert allocated.credit == Money(Decimal("70.00"), "MXN")
    after, credit = book(payment("150.00", debt_id="F-2"), allocated, [older, named])
    assert [each.owed.amount for each in after] == [Decimal("100.00"), Decimal("0.00")]
    assert credit
    assert credit.left == Money(Decimal("70.00"), "MXN")


def test_all_instalments_of_a_named_debt_are_paid_oldest_first_unless_one_is_named() -> None:
    debts = [debt("F-1", "50", 3, instalment="2"), debt("F-1", "50", 1, instalment="1"), debt("F-0", "50", 1)]
    assert given_to(allocate(payment("60", debt_id="F-1"), debts)) == {"F-1#1": "50", "F-1#2": "10"}
    assert given_to(allocate(payment("60", debt_id="F-1", instalment="2"), debts)) == {"F-1#2": "50"}


def test_a_reference_stands_for_the_debts_that_somebody_found_by_it() -> None:
    debts = [debt("F-1", "100"), debt("F-2", "100", 5)]
    by_reference = payment("60", borrower_id="", reference="9901")
    assert given_to(allocate(by_reference, debts, named=[debts[1].terms.key])) == {"F-2": "60"}
    assert allocate(by_reference, debts).unmatched == "NO_SUCH_REFERENCE"


def test_other_portfolios_and_currencies_are_not_touched() -> None:
    debts = [debt("F-1", "100", portfolio="sur"), debt("F-2", "100", currency="USD"), debt("F-3", "10", 9)]
    allocated = allocate(payment("60"), debts)
    assert given_to(allocated) == {"F-3": "10"}
    assert allocated.credit == Money(Decimal("50"), "MXN")


@pytest.mark.parametrize(
    ("facts", "debts", "code"),
    [
        ({"debt_id": "F-9"}, [debt("F-1", "100")], "NO_SUCH_DEBT"),
        ({"debt_id": "F-1", "instalment": "7"}, [debt("F-1", "100")], "NO_SUCH_DEBT"),
        ({"portfolio": "sur"}, [debt("F-1", "100")], "NO_SUCH_DEBT"),
        ({}, [], "NO_SUCH_DEBT"),
        ({}, [debt("F-1", "100", currency="USD")], "OTHER_CURRENCY"),
        ({"debt_id": "F-1"}, [debt("F-1", "100", currency="USD")], "OTHER_CURRENCY"),
        ({"borrower_id": ""}, [debt("F-1", "100")], "NO_SUCH_DEBT"),
    ],
)
def test_money_that_belongs_to_nobody_is_never_guessed(facts: Any, debts: Sequence[Debt], code: str) -> None:
    allocated = allocate(payment("60", **facts), debts)
    assert allocated.unmatched == code
    assert code in UNMATCHED
    assert (allocated.allocations, allocated.credit.amount) == ({}, 0)


def test_money_for_somebody_who_owes_nothing_is_a_credit() -> None:
    allocated = allocate(payment("60"), [debt("F-1", "0"), debt("F-2", "50", closed="NOT_IN_SNAPSHOT")])
    assert (allocated.allocations, allocated.credit.amount) == ({}, 60)


def test_the_late_fee_is_paid_like_the_rest() -> None:
    fined = debt("F-1", "100.00", late_fee=Decimal("5.50"))
    assert given_to(allocate(payment("200.00"), [fined])) == {"F-1": "105.50"}


# What a declared balance knows.


@pytest.mark.parametrize(
    ("paid_at", "inside"),
    [
        (AS_OF - timedelta(days=1), True),
        (AS_OF, True),
        (AS_OF + timedelta(seconds=1), False),
        (LATER, False),
    ],
)
def test_a_payment_up_to_the_as_of_is_inside_the_balance(paid_at: datetime, inside: bool) -> None:
    owed = debt("F-1", "100")
    allocated = allocate(payment("60", paid_at=paid_at), [owed])
    assert allocated.included.amount == (60 if inside else 0)
    assert allocated.credit.amount == 0
    (after,), _ = book(payment("60", paid_at=paid_at), allocated, [owed])
    assert after.owed.amount == (100 if inside else 40)


@pytest.mark.parametrize(
    ("day", "left", "warnings"),
    [(1, 100, ()), (2, 40, ("SAME_DAY",)), (3, 40, ())],
)
def test_a_payment_of_the_same_day_without_a_time_counts_as_not_included(
    day: int, left: int, warnings: tuple[str, ...]
) -> None:
    dated = payment("60", paid_at=datetime(2026, 3, day, tzinfo=MEXICO), has_time=False)
    allocated = allocate(dated, [debt("F-1", "100")])
    assert allocated.warnings == warnings
    (after,), _ = book(dated, allocated, [debt("F-1", "100")])
    assert after.owed.amount == left


def test_the_day_of_a_payment_without_a_time_is_the_local_one() -> None:
    """At 23:30 in Mexico it is the next day in UTC."""
    evening = datetime(2026, 3, 2, 23, 30, tzinfo=MEXICO)
    dated = payment("60", paid_at=datetime(2026, 3, 2, tzinfo=MEXICO), has_time=False)
    assert allocate(dated, [debt("F-1", "100", as_of=evening)]).warnings == ("SAME_DAY",)
    assert given_to(allocate(dated, [debt("F-1", "100", as_of=evening)])) == {"F-1": "60"}


def test_a_balance_of_the_end_of_the_day_does_not_know_the_payments_of_that_day_without_a_time() -> None:
    dated = payment("60", paid_at=datetime(2026, 3, 2, tzinfo=MEXICO), has_time=False)
    end = datetime(2026, 3, 2, 23, 59, 59, 999999, tzinfo=MEXICO)
    assert given_to(allocate(dated, [debt("F-1", "100", as_of=end)])) == {"F-1": "60"}


def test_a_newer_balance_takes_the_payment_in() -> None:
    owed = debt("F-1", "100")
    (paid,), _ = book(payment("60"), allocate(payment("60"), [owed]), [owed])
    newer = replace(paid, terms=replace(paid.terms, balance=Decimal("40"), as_of=LATER))
    assert (paid.owed.amount, newer.owed.amount) == (40, 40)


def test_a_balance_newer_than_the_payment_is_not_reduced_beside_an_older_one() -> None:
    newer, older = debt("F-1", "100", 1, as_of=LATER), debt("F-2", "100", 5)
    allocated = allocate(payment("150"), [newer, older])
    assert given_to(allocated) == {"F-2": "100"}
    assert (allocated.included.amount, allocated.credit.amount) == (50, 0)
    assert allocated.warnings == ("MIXED_AS_OF",)


def test_warnings_have_sentences() -> None:
    assert {"SAME_DAY", "MIXED_AS_OF"} == WARNINGS.keys()


# Recalled debts.


def test_a_payment_for_a_recalled_debt_is_told_and_booked() -> None:
    sold, ours = debt("F-1", "100", recalled=True), debt("F-2", "100", 5)
    allocated = allocate(payment("60", debt_id="F-1"), [sold, ours])
    assert allocated.after_recall
    assert given_to(allocated) == {"F-1": "60"}


def test_money_that_names_no_debt_goes_to_those_that_are_still_ours() -> None:
    sold, ours = debt("F-1", "100", recalled=True), debt("F-2", "100", 5)
    allocated = allocate(payment("60"), [sold, ours])
    assert given_to(allocated) == {"F-2": "60"}
    assert not allocated.after_recall
    assert allocate(payment("60"), [sold]).after_recall


# Once ever, and news or history.


def test_a_payment_id_counts_once_whatever_its_row_says_later() -> None:
    debts, credit = book(payment("60"), allocate(payment("60"), [debt("F-1", "100")]), [debt("F-1", "100")])
    again = allocate(payment("90"), debts, credit=credit)
    assert again.repeated
    assert book(payment("90"), again, debts, credit) == (debts, credit)


def test_a_payment_id_that_is_a_credit_counts_once() -> None:
    debts, credit = book(payment("60"), allocate(payment("60"), [debt("F-1", "0")]), [debt("F-1", "0")])
    assert allocate(payment("60"), debts, credit=credit).repeated


@pytest.mark.parametrize(
    ("age", "first_load", "is_news"),
    [
        (timedelta(0), False, True),
        (timedelta(days=3), False, True),
        (timedelta(days=3, seconds=1), False, False),
        (timedelta(0), True, False),
    ],
)
def test_history_confirms_nothing_to_anyone(age: timedelta, first_load: bool, is_news: bool) -> None:
    assert payment("60").is_news(LATER + age, first_load=first_load) is is_news


def test_a_payment_without_zone_or_money_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="aware"):
        payment("60", paid_at=LATER.replace(tzinfo=None))
    for nothing in ("0", "-1"):
        with pytest.raises(ValueError, match="nothing"):
            payment(nothing)


# Credits.


def test_a_credit_is_what_was_declared_and_what_was_overpaid_since() -> None:
    credit = Credit(
        portfolio="norte",
        currency="MXN",
        declared=Decimal("10"),
        as_of=AS_OF,
        overpaid={"P-1": (AS_OF, Decimal("5")), "P-2": (LATER, Decimal("7"))},
    )
    assert credit.left == Money(Decimal("17"), "MXN")
    assert replace(credit, as_of=None).left == Money(Decimal("22"), "MXN")


# Balance = charges − payments − credits, exact, whatever the debts, the payments and the currency.

CURRENCIES = ("CLP", "PYG", "MXN", "KWD")
moments = st.integers(-72, 72).map(lambda hours: AS_OF + timedelta(hours=hours))


def amounts(currency: str, least: int = 0) -> st.SearchStrategy[Decimal]:
    places = get_currency_precision(currency)
    return st.integers(least, 10**12).map(lambda units: Decimal(units).scaleb(-places))


@st.composite
def cases(draw: st.DrawFn) -> tuple[tuple[Debt, ...], list[Payment]]:
    debts: list[Debt] = []
    for number in range(draw(st.integers(1, 6))):
        currency = draw(st.sampled_from(CURRENCIES))
        portfolio = draw(st.sampled_from(["norte", "sur"]))
        made = debt(f"F-{number}", "0", draw(st.integers(1, 28)), currency=currency, portfolio=portfolio)
        balance = draw(amounts(currency))
        fee = draw(st.just(Decimal(0)) | amounts(currency))
        terms = replace(made.terms, balance=balance, amount=balance, late_fee=fee, as_of=draw(moments))
        debts.append(replace(made, terms=terms, recalled=draw(st.booleans())))
    payments: list[Payment] = []
    for number in range(draw(st.integers(0, 8))):
        meant = draw(st.sampled_from(debts)).terms
        currency = draw(st.sampled_from([meant.currency, meant.currency, "MXN"]))
        payments.append(
            Payment(
                payment_id=f"P-{number}",
                portfolio=meant.portfolio,
                borrower_id="C-1",
                debt_id=draw(st.sampled_from(["", meant.debt_id])),
                amount=Money(draw(amounts(currency, 1)), currency),
                paid_at=draw(moments),
                has_time=draw(st.booleans()),
            )
        )
    return tuple(debts), payments


type Credits = dict[tuple[str, str], Credit]
type Results = list[tuple[Payment, Allocated]]


def pay(
    payments: list[Payment], debts: tuple[Debt, ...], credits: Credits
) -> tuple[tuple[Debt, ...], Credits, Results]:
    results: Results = []
    for each in payments:
        place = (each.portfolio, each.amount.currency)
        allocated = allocate(each, debts, credit=credits.get(place))
        debts, credit = book(each, allocated, debts, credits.get(place))
        if credit:
            credits = {**credits, place: credit}
        results.append((each, allocated))
    return debts, credits, results


@settings(max_examples=200)
@given(cases())
def test_balance_is_charges_less_payments_less_credits(case: tuple[tuple[Debt, ...], list[Payment]]) -> None:
    before, payments = case
    after, credits, results = pay(payments, before, {})
    for each, allocated in results:
        parts = [*allocated.allocations.values(), allocated.credit.amount, allocated.included.amount]
        assert sum(parts) == (Decimal(0) if allocated.unmatched else each.amount.amount)
        assert all(type(part) is Decimal and part >= 0 for part in parts)
    for portfolio, currency in {(each.terms.portfolio, each.terms.currency) for each in before}:
        place = (portfolio, currency)
        charges = sum(d.terms.owed.amount for d in before if (d.terms.portfolio, d.terms.currency) == place)
        left = [d.owed.amount for d in after if (d.terms.portfolio, d.terms.currency) == place]
        owed = sum(left, Decimal(0))
        paid = sum(
            each.amount.amount - allocated.included.amount
            for each, allocated in results
            if (each.portfolio, each.amount.currency) == place and not allocated.unmatched
        )
        credit = credits[place].left.amount if place in credits else Decimal(0)
        assert owed - credit == charges - paid
        assert owed == owed.quantize(Decimal(1).scaleb(-get_currency_precision(currency)))
    assert all(type(each.owed.amount) is Decimal and each.owed.amount >= 0 for each in after)


@given(cases())
def test_the_same_payments_again_change_nothing(case: tuple[tuple[Debt, ...], list[Payment]]) -> None:
    debts, credits, _ = pay(case[1], case[0], {})
    assert pay(case[1], debts, credits)[:2] == (debts, credits)


@given(cases())
def test_no_debt_takes_more_than_it_owes(case: tuple[tuple[Debt, ...], list[Payment]]) -> None:
    debts, _, results = pay(case[1], case[0], {})
    for each in debts:
        took = sum(a.allocations.get(each.terms.key, Decimal(0)) for _, a in results)
        assert took <= max(each.terms.owed.amount, Decimal(0))
