from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cobranza.ledger.debt import Debt
from cobranza.ledger.money import Money
from cobranza.ledger.promise import Promise
from cobranza.policy import contact_rules, outcomes
from cobranza.policy.breaker import EVERY_NUMBER, Breaker
from cobranza.policy.decide import UNREAD, held_out
from cobranza.policy.decision import Decision, Defer, Policies, Rest, Send, Skip
from cobranza.policy.feed import PAUSE_LOOK, Feed, Pause
from cobranza.policy.message import Consumed, Message, State
from cobranza.policy.strategy import Rule, Step
from tests.unit.books import (
    FINAL,
    LONG_AGO,
    MEXICO,
    NOON,
    TODAY,
    borrower,
    credit,
    debt,
    decided,
    ladder,
    message,
    messages,
    paid,
    portfolio,
    rules_of,
    sent,
)

HELD_OUT = next(who for letter in "ABCDEFGH" if held_out((who := borrower(ref=letter * 26)).ref, 50))


def promise(day: date, amount: str | None = None) -> dict[str, tuple[Promise, ...]]:
    wanted = None if amount is None else Decimal(amount)
    return {debt().terms.key: (Promise(LONG_AGO, day, wanted),)}


def at(moment: datetime) -> Message:
    return replace(message(moment.date()), claimed_at=moment)


STRANGER = borrower(number_from=())
WITH_DOCUMENT = ladder(rules=(Rule(name="all", steps=(Step(days=1, template="factura_documento"),)),))


def asked_at(phone_ref: str) -> Message:
    """A first contact three days ago."""
    return replace(message(TODAY - timedelta(days=3)), template="primer_contacto", phone_ref=phone_ref)


# Each outcome has its code.

SKIPPED: dict[str, Callable[[], Decision]] = {
    "PAID": lambda: decided(paid()),
    "OPTED_OUT": lambda: decided(debt(), of=borrower(opted_out_at=LONG_AGO)),
    "WRONG_NUMBER": lambda: decided(debt(), of=borrower(wrong_number=True)),
    "UNREACHABLE": lambda: decided(debt(), of=borrower(unreachable=True)),
    "NO_PHONE": lambda: decided(debt(), of=borrower(phone="")),
    "RECALLED": lambda: decided(debt(recalled=True)),
    "DISPUTED": lambda: decided(debt(disputed=True)),
    "HELD": lambda: decided(debt(), of=borrower(held_until=TODAY)),
    "OTHER_CHANNEL": lambda: decided(debt(), of=borrower(channel="email")),
    "ROW_REFUSED": lambda: decided(debt(refused_row=True)),
    "CREDIT_COVERS": lambda: decided(debt(), credits=[credit("100.00")]),
    "RECEIPT_PENDING": lambda: decided(debt(), of=borrower(receipt_until=TODAY)),
    "NO_PORTFOLIO": lambda: decided(debt(), portfolios=[]),
    "STALE_DATA": lambda: decided(debt(), feeds={}, now=NOON.replace(hour=21, minute=20)),
    "NO_CONSENT": lambda: decided(debt(), of=borrower(consent=None)),
    "TEST_STAGE": lambda: decided(debt(), only_to=frozenset({"+525555550199"})),
    "COUNTRY_OFF": lambda: decided(debt(), portfolios=[portfolio(countries=("CO", "BR"))]),
    "TOO_LATE": lambda: decided(debt(27)),
    "FREQUENCY_CAP": lambda: decided(debt(), messages=messages(1, 3, 5)),
    "NO_TEMPLATE": lambda: decided(
        debt(), templates={("saldo_vencido", "es"): "past", ("vence_hoy", "en"): "today"}
    ),
    "SHARED_PHONE": lambda: decided(debt(), of=borrower(shares_phone=True)),
    "PROMISED": lambda: decided(debt(), promises=promise(TODAY)),
    "OPEN_CASE": lambda: decided(debt(), of=borrower(case_until=NOON + timedelta(minutes=1))),
    "HOLD_OUT": lambda: decided(debt(), of=HELD_OUT, strategy=ladder(0, hold_out_percent=50)),
    "JUST_PAID": lambda: decided(debt(paid={"P-1": (NOON - timedelta(hours=30), Decimal(1))})),
    "NOT_IDENTIFIED": lambda: decided(debt(), of=STRANGER, messages=[asked_at(STRANGER.phone_ref)]),
    "NO_DOCUMENT": lambda: decided(debt(3), strategy=WITH_DOCUMENT),
    "NO_WAY_TO_PAY": lambda: decided(debt(), portfolios=[portfolio(needs_payment_link=True)]),
}
DEFERRED: dict[str, Callable[[], Decision]] = {
    "STALE_DATA": lambda: decided(debt(), feeds={}),
    "APPROVAL": lambda: decided(debt(), strategy=ladder(0, approval="every_day")),
    "JUST_HEARD": lambda: decided(debt(), of=borrower(heard_noted_at=NOON - timedelta(minutes=29))),
    "GAP": lambda: decided(debt(3), messages=[at(NOON - timedelta(hours=45))]),
    "LIMIT": lambda: decided(debt(), room={"tarjetas": 0}),
    "PAUSED": lambda: decided(debt(), feeds={"tarjetas": Feed(NOON, Pause("tarjetas", "now"))}),
    "BREAKER": lambda: decided(debt(), breakers=[Breaker(EVERY_NUMBER, "now", 190)]),
    "TEMPLATE": lambda: decided(debt(), faults={("vence_hoy", "es"): "PAUSED"}),
    "WINDOW": lambda: decided(debt(), now=datetime(2026, 11, 24, 6, 59, tzinfo=MEXICO)),
    "HOLIDAY": lambda: decided(debt(-31), now=datetime(2026, 12, 25, 12, 0, tzinfo=MEXICO)),
}


def test_every_reason_to_skip_or_defer_is_tested() -> None:
    told_of_closed_days = {"SUPERSEDED", "NOT_LOOKED_AT", "RATE"}
    told_of_its_text = {"NOT_FILLED_IN"}
    assert SKIPPED.keys() == outcomes.SKIPPED.keys() - told_of_closed_days - told_of_its_text
    assert DEFERRED.keys() == outcomes.DEFERRED.keys() - told_of_closed_days


@pytest.mark.parametrize("code", SKIPPED)
def test_a_skipped_borrower_has_a_code(code: str) -> None:
    assert SKIPPED[code]() == Skip(code)


@pytest.mark.parametrize("code", DEFERRED)
def test_a_deferred_borrower_has_a_code_and_a_later_moment(code: str) -> None:
    decision = DEFERRED[code]()
    assert isinstance(decision, Defer)
    assert decision.code == code
    assert contact_rules.closed(rules_of(borrower()), "CMX", decision.until) is None


@pytest.mark.parametrize(("waited", "waits"), [(UNREAD - timedelta(seconds=1), True), (UNREAD, False)])
def test_what_nobody_has_understood_is_looked_at_again_for_48_hours(waited: timedelta, waits: bool) -> None:
    decision = decided(debt(), of=borrower(heard_noted_at=NOON - waited, unread_at=NOON - waited))
    assert decision == (Defer("JUST_HEARD", NOON + PAUSE_LOOK) if waits else decided(debt()))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-24T06:00", "2026-11-24T07:00"),
        ("2026-11-24T21:45", "2026-11-25T07:00"),
        ("2026-11-27T23:00", "2026-11-30T07:00"),  # a Friday night waits for Monday
        ("2026-12-11T22:00", "2026-12-14T07:00"),
        ("2026-12-24T22:00", "2026-12-28T07:00"),
    ],
)
def test_a_deferred_reminder_waits_for_the_next_open_minute(now: str, until: str) -> None:
    moment, opening = (datetime.fromisoformat(text).replace(tzinfo=MEXICO) for text in (now, until))
    late = debt((moment.date() - TODAY).days * -1)
    assert decided(late, now=moment) == Defer("WINDOW", opening.astimezone(UTC))


def test_a_borrower_with_a_debt_that_is_due_today_gets_one_message() -> None:
    owed = debt()
    send = sent(owed)
    assert send.day == TODAY
    assert (send.template, send.language) == ("vence_hoy", "es")
    assert send.portfolio == portfolio()
    assert send.debts == (owed,)
    assert send.totals == (Money(Decimal("100.00"), "MXN"),)
    assert send.consumes == {owed.terms.key: Consumed(TODAY, 0)}


@pytest.mark.parametrize(
    "debts",
    [(), (debt(-4),), (debt(2, step=0),), (debt(0, step=0), debt(-10, debt_id="F-2")), (debt(100, step=15),)],
)
def test_nothing_due_is_no_outcome(debts: tuple[Debt, ...]) -> None:
    assert decided(*debts) == Rest()


def test_a_receipt_pauses_up_to_and_including_its_last_day() -> None:
    assert isinstance(decided(debt(), of=borrower(receipt_until=TODAY - timedelta(days=1))), Send)
    assert isinstance(decided(debt(), of=borrower(receipt_until=TODAY + timedelta(days=1))), Skip)


# The sooner reason wins: worst first, so that a report says what has to be mended.


@pytest.mark.parametrize(
    ("expected", "decision"),
    [
        ("PAID", lambda: decided(paid(), of=borrower(opted_out_at=LONG_AGO, consent=None), portfolios=[])),
        ("PAID", lambda: decided(paid(), now=datetime(2026, 11, 24, 3, 0, tzinfo=MEXICO))),
        ("PAID", lambda: decided(paid(recalled=True, disputed=True))),
        ("RECALLED", lambda: decided(debt(recalled=True, disputed=True), of=borrower(opted_out_at=LONG_AGO))),
        ("OPTED_OUT", lambda: decided(debt(disputed=True), of=borrower(opted_out_at=LONG_AGO, held_until=TODAY))),
        ("OPTED_OUT", lambda: decided(debt(), of=borrower(opted_out_at=LONG_AGO, consent=None))),
        ("OPTED_OUT", lambda: decided(debt(), of=borrower(opted_out_at=LONG_AGO, wrong_number=True))),
        ("WRONG_NUMBER", lambda: decided(debt(disputed=True), of=borrower(wrong_number=True))),
        ("DISPUTED", lambda: decided(debt(disputed=True), of=borrower(held_until=TODAY, channel="email"))),
        ("HELD", lambda: decided(debt(refused_row=True), of=borrower(held_until=TODAY, receipt_until=TODAY))),
        ("OTHER_CHANNEL", lambda: decided(debt(27), of=borrower(channel="call", receipt_until=TODAY))),
        ("ROW_REFUSED", lambda: decided(debt(27, refused_row=True))),
        ("NO_CONSENT", lambda: decided(debt(), of=borrower(consent=None), credits=[credit("100.00")])),
        ("CREDIT_COVERS", lambda: decided(debt(), messages=messages(1, 3, 5), credits=[credit("100.00")])),
        ("OPTED_OUT", lambda: decided(debt(27), of=borrower(opted_out_at=LONG_AGO))),
        ("TOO_LATE", lambda: decided(debt(27), portfolios=[])),
        ("NO_PORTFOLIO", lambda: decided(debt(), of=borrower(consent=None), portfolios=[])),
        ("NO_CONSENT", lambda: decided(debt(), of=borrower(consent=None, country="US", region=""))),
        ("COUNTRY_OFF", lambda: decided(debt(), of=borrower(country="US", region=""))),
        ("FREQUENCY_CAP", lambda: decided(debt(), messages=messages(1, 3, 5), templates={})),
        ("NO_TEMPLATE", lambda: decided(debt(), of=borrower(shares_phone=True), templates={})),
    ],
)
def test_the_first_reason_wins(expected: str, decision: Callable[[], Decision]) -> None:
    assert decision() == Skip(expected)


# What must never happen.


def test_a_paid_debt_is_never_reminded_beside_an_open_one() -> None:
    open_one = debt(0, debt_id="F-2", balance=Decimal("30.50"))
    send = sent(paid(7), open_one)
    assert send.debts == (open_one,)
    assert send.totals == (Money(Decimal("30.50"), "MXN"),)
    assert send.consumes.keys() == {open_one.terms.key}
    assert send.template == "vence_hoy"


def test_a_debt_with_a_negative_balance_is_paid() -> None:
    assert decided(debt(balance=Decimal("-0.01"))) == Skip("PAID")


@pytest.mark.parametrize("country", ["FR", "", "mx", "XX", "../MX"])
def test_a_country_whose_rules_we_do_not_know_is_off_even_if_the_portfolio_names_it(country: str) -> None:
    permissive = portfolio(countries=("MX", "FR", "XX"))
    assert decided(debt(), of=borrower(country=country), portfolios=[permissive]) == Skip("COUNTRY_OFF")


def test_a_portfolio_that_does_not_name_the_country_keeps_its_debts_out_of_anothers_message() -> None:
    older, newer = debt(3, portfolio="muebles"), debt(0, portfolio="tarjetas")
    send = sent(older, newer, portfolios=[portfolio("muebles", countries=("CO",)), portfolio("tarjetas")])
    assert send.debts == (newer,)
    assert send.portfolio.portfolio_id == "tarjetas"


def test_an_undeclared_portfolio_keeps_its_debts_out_of_anothers_message() -> None:
    older, newer = debt(3, portfolio="muebles"), debt(0, portfolio="tarjetas")
    send = sent(older, newer)
    assert send.debts == (newer,)
    assert send.consumes.keys() == {newer.terms.key}


@pytest.mark.parametrize("state", FINAL)
def test_nobody_gets_two_messages_on_one_local_date(state: State) -> None:
    another = debt(7, debt_id="F-2")
    assert decided(debt(), another, messages=messages(0, state=state)) == Rest()


def test_the_day_ends_at_the_borrowers_midnight_not_at_utcs() -> None:
    evening = datetime(2026, 11, 24, 21, 0, tzinfo=MEXICO)
    assert evening.astimezone(UTC).date() == date(2026, 11, 25)
    assert sent(debt(), now=evening).day == TODAY
    assert decided(debt(), messages=messages(0), now=evening) == Rest()


@pytest.mark.parametrize(
    ("country", "days_ago", "allowed"),
    [
        ("MX", (1,), True),
        ("MX", (1, 4), True),
        ("MX", (1, 4, 6), False),
        ("MX", (1, 4, 7), True),  # seven days ago is outside the rolling week
        ("MX", (7, 8, 9, 10), True),
        ("CO", (1, 2, 3), False),
        ("CO", (1, 2), True),
        ("BR", (), True),
        ("BR", (1,), False),  # there a day must lie between
        ("BR", (2,), True),
        ("BR", (2, 6), False),
        ("BR", (2, 7), True),
    ],
)
def test_a_week_has_only_so_many_messages(country: str, days_ago: tuple[int, ...], allowed: bool) -> None:
    regions = {"MX": "CMX", "CO": "", "BR": "SP"}
    decision = decided(debt(), of=borrower(country=country, region=regions[country]), messages=messages(*days_ago))
    assert isinstance(decision, Send) if allowed else decision == Skip("FREQUENCY_CAP")


@pytest.mark.parametrize("state", State)
def test_every_attempt_counts_towards_the_cap_unless_it_surely_never_left(state: State) -> None:
    decision = decided(debt(), messages=messages(1, 3, 5, state=state))
    assert isinstance(decision, Send) if state is State.RETRY else decision == Skip("FREQUENCY_CAP")


# One message for all that is due.


def test_the_oldest_debt_sets_step_template_and_portfolio() -> None:
    newest = debt(-3, debt_id="F-3", portfolio="tarjetas")
    oldest = debt(7, debt_id="F-1", portfolio="muebles")
    middle = debt(0, debt_id="F-2", portfolio="tarjetas")
    send = sent(newest, oldest, middle, portfolios=[portfolio("tarjetas"), portfolio("muebles", language="en")])
    assert send.lead.debt == oldest
    assert send.lead.step == 7
    assert send.template == "factura_vencida"
    assert send.portfolio.portfolio_id == "muebles"
    assert send.debts == (oldest, middle, newest)
    assert {c.step for c in send.consumes.values()} == {7, 0, -3}


def test_debts_of_one_day_have_an_order_that_does_not_depend_on_the_file() -> None:
    first, second = debt(debt_id="F-1"), debt(debt_id="F-2")
    assert sent(first, second) == sent(second, first)
    assert sent(second, first).lead.debt == first


def test_a_debt_that_is_not_due_today_is_not_in_the_message() -> None:
    told_already = debt(2, step=0, debt_id="F-2")
    send = sent(told_already, debt(0))
    assert send.debts == (debt(0),)
    assert send.totals == (Money(Decimal("100.00"), "MXN"),)


def test_totals_are_exact_and_currencies_are_never_added_up() -> None:
    send = sent(
        debt(debt_id="F-1", balance=Decimal("0.10")),
        debt(debt_id="F-2", balance=Decimal("0.20")),
        debt(debt_id="F-3", balance=Decimal("7.00"), currency="USD"),
    )
    assert send.totals == (Money(Decimal("0.30"), "MXN"), Money(Decimal("7.00"), "USD"))


@pytest.mark.parametrize(
    ("tag", "portfolio_language", "expected"),
    [
        ("es-MX", "en", "es"),
        ("pt-BR", "es", "pt_BR"),
        ("en", "es", "en"),
        ("", "pt_BR", "pt_BR"),
        ("fr", "es", "es"),
    ],
)
def test_the_borrowers_language_is_used_or_else_the_portfolios(
    tag: str, portfolio_language: str, expected: str
) -> None:
    send = sent(debt(), of=borrower(language=tag), portfolios=[portfolio(language=portfolio_language)])
    assert send.language == expected


# Limits.


def test_where_no_more_people_may_be_written_to_it_waits_until_tomorrow_and_comes_first() -> None:
    deferred = decided(debt(), room={"tarjetas": 0})
    assert deferred == Defer("LIMIT", datetime(2026, 11, 25, 7, tzinfo=MEXICO), priority=100)
    assert isinstance(deferred, Defer)
    assert set(deferred.debts.values()) == {"DEFERRED_LIMIT"}


@pytest.mark.parametrize("room", [{}, {"tarjetas": 1}, {"another": 0}])
def test_there_is_room_unless_somebody_says_otherwise(room: dict[str, int]) -> None:
    assert isinstance(decided(debt(), room=room), Send)


def test_a_debt_that_gets_nothing_anyway_is_not_kept_back_by_a_limit() -> None:
    assert decided(paid(), room={"tarjetas": 0}) == Skip("PAID")


def test_nothing_is_decided_while_nobody_says_which_phones_may_get_anything() -> None:
    with pytest.raises(TypeError, match="only_to"):
        Policies(portfolios={})  # pyright: ignore[reportCallIssue]
