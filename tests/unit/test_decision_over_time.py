from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.policy import contact_rules, outcomes
from cobranza.policy.decide import decide
from cobranza.policy.decision import Book, Defer, Policies, Send, Skip
from cobranza.policy.due import TOP, counted_from, due_on, local_date, next_look
from cobranza.policy.message import Consumed, Message, State
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.strategy import Conditions, Rule, Strategy
from tests.unit.books import (
    ANYWHERE,
    BOGOTA,
    CONSENT,
    LADDER,
    LONG_AGO,
    MEXICO,
    SAO_PAULO,
    STEPS,
    TEMPLATES,
    TODAY,
    borrower,
    debt,
    decided,
    in_force,
    ladder,
    message,
    next_moment,
    paid,
    portfolio,
    rules_of,
    sent,
)

# When to look again.


@pytest.mark.parametrize(
    ("days_past_due", "step", "first_in", "expected"),
    [
        (-10, None, 0, "2026-12-01T07:00"),  # three days before 4 December
        (0, None, 0, "2026-11-24T07:00"),
        (0, 0, 0, "2026-11-27T07:00"),
        (0, 0, 1, "2026-11-27T07:00"),
        (1, None, 0, "2026-11-24T07:00"),
        (-18, -3, 0, "2026-12-14T07:00"),  # 12 December is a Saturday, and Our Lady of Guadalupe
        (15, 7, 0, "2026-11-24T07:00"),
        (27, 7, 0, None),  # the last step is too long ago
        (15, 15, 0, None),
        (15, 15, 5, None),
    ],
)
def test_the_next_look_is_the_first_open_minute_of_the_next_step(
    days_past_due: int, step: int | None, first_in: int, expected: str | None
) -> None:
    first = TODAY + timedelta(days=first_in)
    look = next_moment(borrower(), (debt(days_past_due, step=step),), lambda _: LADDER, first=first)
    assert look == (datetime.fromisoformat(expected).replace(tzinfo=MEXICO) if expected else None)


def test_the_next_look_is_the_soonest_of_all_open_debts() -> None:
    soon, later, closed = debt(-6, debt_id="A"), debt(-20, debt_id="B"), paid(-4, debt_id="C")
    look = next_moment(borrower(), (later, closed, soon), lambda _: LADDER, first=TODAY)
    assert look == datetime(2026, 11, 27, 7, 0, tzinfo=MEXICO)


def test_the_oldest_debt_of_the_day_tells_how_pressing_it_is() -> None:
    cards = Rule(name="cards", when=Conditions(tags=("card",)), priority=90, steps=LADDER.rules[0].steps)
    strategy = LADDER.model_copy(update={"rules": (cards, *LADDER.rules)})
    card, loan = debt(-3, tags=("card",)), debt(3, debt_id="F-2")
    for owed, priority in (((card,), 90), ((loan,), 50), ((card, loan), 50)):
        look = next_look(borrower(), owed, lambda _: strategy, first=TODAY)
        assert look
        assert look.priority == priority


def test_what_somebody_asked_for_comes_first() -> None:
    look = next_look(borrower(), (debt(1, requested_on=TODAY),), lambda _: LADDER, first=TODAY)
    assert look
    assert look.priority == TOP


def test_paid_debts_are_not_looked_at() -> None:
    assert next_moment(borrower(), (paid(), paid(-10, debt_id="F-2")), lambda _: LADDER, first=TODAY) is None
    assert next_moment(borrower(), (), lambda _: LADDER, first=TODAY) is None


def test_a_borrower_of_a_country_without_rules_is_looked_at_by_utcs_date() -> None:
    somewhere = borrower(country="FR", region="")
    assert next_moment(somewhere, (debt(-3),), lambda _: LADDER, first=TODAY) == datetime(2026, 11, 24, tzinfo=UTC)
    assert local_date(somewhere, datetime(2026, 11, 24, 23, 59, tzinfo=UTC)) == TODAY


@pytest.mark.parametrize(
    ("who", "moment", "expected"),
    [
        (borrower(), datetime(2026, 11, 25, 5, 59, tzinfo=UTC), TODAY),
        (borrower(), datetime(2026, 11, 25, 6, 0, tzinfo=UTC), date(2026, 11, 25)),
        (borrower(region="BCN"), datetime(2026, 11, 25, 7, 59, tzinfo=UTC), TODAY),
        (borrower(country="CO", region=""), datetime(2026, 11, 25, 4, 59, tzinfo=UTC), TODAY),
        (borrower(country="BR", region="SP"), datetime(2026, 11, 25, 3, 0, tzinfo=UTC), date(2026, 11, 25)),
    ],
)
def test_the_date_is_the_borrowers_own(who: Borrower, moment: datetime, expected: date) -> None:
    assert local_date(who, moment) == expected


# Whatever the book, the moment and the ladder: properties.

borrowers = st.sampled_from(ANYWHERE)
moments = st.datetimes(datetime(2026, 9, 1), datetime(2027, 4, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
steps = st.none() | st.sampled_from(STEPS)
amounts = st.integers(1, 10**12).map(lambda cents: Decimal(cents) / 100)
ladders = st.sampled_from(
    [
        LADDER,
        ladder(1, max_days_late=0),
        ladder(*range(1, 21), max_days_late=3),
        ladder(1, 20, 40, max_days_late=60, min_gap_hours=96),
        ladder(-3, 0, 4, due_day="as_given"),
    ]
)


@st.composite
def debts_about(draw: st.DrawFn, day: date, *, open_only: bool = False) -> tuple[Debt, ...]:
    found: list[Debt] = []
    for number in range(draw(st.integers(1, 5))):
        balance = draw(amounts if open_only else amounts | st.just(Decimal(0)))
        found.append(
            debt(
                step=draw(steps),
                debt_id=f"F-{number}",
                portfolio=draw(st.sampled_from(["tarjetas", "muebles"])),
                balance=balance,
                currency=draw(st.sampled_from(["MXN", "USD", "COP"])),
                due_date=day - timedelta(days=draw(st.integers(-12, 30))),
            )
        )
    return tuple(found)


@st.composite
def books(draw: st.DrawFn, now: datetime) -> Book:
    who = replace(
        draw(borrowers),
        consent=draw(st.sampled_from([CONSENT, CONSENT, CONSENT, None])),
        opted_out_at=draw(st.sampled_from([None, None, None, LONG_AGO])),
    )
    today = local_date(who, now)
    debts = draw(debts_about(today))
    claims: list[Message] = []
    for days_ago in draw(st.sets(st.integers(0, 13), max_size=4)):
        told = draw(st.sampled_from(debts))
        consumed = {told.terms.key: Consumed(told.terms.due_date, draw(st.sampled_from(STEPS)))}
        claims.append(message(today - timedelta(days=days_ago), draw(st.sampled_from(State)), consumed))
    return Book(who, debts, tuple(claims))


declared = st.sampled_from(
    [
        [portfolio("tarjetas"), portfolio("muebles")],
        [portfolio("tarjetas"), portfolio("muebles", countries=("MX",))],
        [portfolio("muebles")],
    ]
)


def both(now: datetime, strategy: Strategy = LADDER) -> Policies:
    return in_force(portfolio("tarjetas"), portfolio("muebles"), strategy=strategy, now=now)


def is_working_hour(who: Borrower, now: datetime) -> bool:
    """A second opinion on the hours, wider than the rules: every zone of the borrower, no holidays."""
    hours = {"MX": (7, 22), "CO": (7, 19), "BR": (9, 18)}[who.country]
    last_weekday = 5 if who.country == "CO" else 4
    local = [now.astimezone(zone) for zone in contact_rules.zones_for(rules_of(who), who.region)]
    return all(hours[0] <= at.hour < hours[1] and at.weekday() <= last_weekday for at in local)


@settings(max_examples=150, deadline=None)
@given(st.data(), moments, declared, ladders)
def test_what_is_sent_may_be_sent(
    data: st.DataObject, now: datetime, known: list[Portfolio], strategy: Strategy
) -> None:
    book = data.draw(books(now))
    portfolios = {each.portfolio_id: each for each in known}
    send = decide(book, in_force(*known, strategy=strategy, now=now), now)
    who, today = book.borrower, local_date(book.borrower, now)
    if not isinstance(send, Send):
        assert not isinstance(send, Skip) or send.code in outcomes.SKIPPED
        if isinstance(send, Defer):
            assert send.code in outcomes.DEFERRED
            assert send.until > now
            assert is_working_hour(who, send.until)
        return
    assert who.consent
    assert not who.opted_out_at
    assert is_working_hour(who, now)
    assert contact_rules.closed(rules_of(who), who.region, now) is None
    assert (send.template, send.language) in TEMPLATES
    attempts = [claim.day for claim in book.messages if claim.state is not State.RETRY]
    assert today not in attempts
    assert sum((today - day).days < 7 for day in attempts) < rules_of(who).max_per_week
    assert send.day == today
    assert send.debts
    for each in send.debts:
        assert each.terms.balance > 0
        assert who.country in portfolios[each.terms.portfolio].countries
        consumed = send.consumes[each.terms.key]
        assert consumed.due_date == each.terms.due_date
        assert each.step is None or each.step < consumed.step
    for each in send.dues:
        assert each.due_date == counted_from(each.debt, strategy, who)
        assert 0 <= (today - each.due_date).days - each.consumed.step <= strategy.max_days_late
    assert send.lead.due_date == min(each.due_date for each in send.dues)
    assert send.portfolio == portfolios[send.lead.debt.terms.portfolio]
    for currency in {each.terms.currency for each in send.debts}:
        exact = sum(each.terms.balance for each in send.debts if each.terms.currency == currency)
        assert [money.amount for money in send.totals if money.currency == currency] == [exact]
    assert {money.currency for money in send.totals} == {each.terms.currency for each in send.debts}


@settings(max_examples=100, deadline=None)
@given(st.data(), moments)
def test_due_today_is_said_on_the_due_date_alone(data: st.DataObject, now: datetime) -> None:
    """Whatever deferred it: the text is chosen when it is sent."""
    book = data.draw(books(now))
    send = decide(book, in_force(portfolio("tarjetas"), portfolio("muebles"), now=now), now)
    if isinstance(send, Send):
        is_the_day = send.lead.due_date == local_date(book.borrower, now)
        assert (send.template == "vence_hoy") == is_the_day


@settings(max_examples=100, deadline=None)
@given(st.data(), borrowers, st.dates(date(2026, 9, 1), date(2027, 4, 30)), ladders)
def test_at_the_next_look_something_is_due(
    data: st.DataObject, who: Borrower, first: date, strategy: Strategy
) -> None:
    debts = data.draw(debts_about(first, open_only=True))
    look = next_moment(who, debts, lambda _: strategy, first=first)
    if look is None:
        assert [d for d in due_on(who, debts, (), lambda _: strategy, first) if d.is_timely(strategy)] == []
        return
    zone = contact_rules.zones_for(rules_of(who), who.region)[0]
    assert look >= datetime.combine(first, time(), zone)
    assert contact_rules.closed(rules_of(who), who.region, look) is None
    assert due_on(who, debts, (), lambda _: strategy, local_date(who, look))


@settings(max_examples=50, deadline=None)
@given(st.data(), borrowers, st.dates(date(2026, 9, 1), date(2027, 4, 30)))
def test_no_step_falls_between_two_looks(data: st.DataObject, who: Borrower, first: date) -> None:
    """On no date between `first` and the next look could anything have been sent."""
    debts = data.draw(debts_about(first, open_only=True))
    look = next_moment(who, debts, lambda _: LADDER, first=first)
    last = local_date(who, look) if look else first + timedelta(days=60)
    zone = contact_rules.zones_for(rules_of(who), who.region)[0]
    for days in range((last - first).days):
        noon = datetime.combine(first + timedelta(days=days), time(13), zone)
        assert not isinstance(decide(Book(who, debts, ()), both(noon), noon), Send)


def test_a_whole_ladder_is_climbed_on_its_days() -> None:
    """Due on Tuesday 24 November: Saturday 21 is closed, and so the first notice goes on Monday."""
    debts, claims = (debt(0),), list[Message]()
    daily = LADDER.model_copy(update={"min_gap_hours": 24})
    look = next_moment(borrower(), debts, lambda _: LADDER, first=TODAY - timedelta(days=10))
    said: list[tuple[str, str]] = []
    while look:
        book = Book(borrower(), debts, tuple(claims))
        decision = decide(book, in_force(portfolio(), strategy=daily, now=look), look)
        assert isinstance(decision, Send)
        said.append((f"{decision.day:%m-%d}", decision.template))
        claims.append(message(decision.day, State.ACCEPTED, dict(decision.consumes)))
        after = Book(borrower(), debts, tuple(claims))
        look = next_moment(borrower(), after.debts, lambda _: LADDER, first=decision.day + timedelta(days=1))
    assert said == [
        ("11-23", "recordatorio_previo"),
        ("11-24", "vence_hoy"),
        ("11-27", "saldo_vencido"),
        ("12-01", "factura_vencida"),
        ("12-09", "opciones_de_pago"),
    ]


@pytest.mark.parametrize(
    ("who", "zone", "moment"),
    [
        (borrower(), MEXICO, "2026-11-16T12:00"),  # Revolución, observed
        (borrower(), MEXICO, "2026-12-25T12:00"),
        (borrower(), MEXICO, "2027-03-26T12:00"),  # Good Friday
        (borrower(country="CO", region=""), BOGOTA, "2026-11-16T12:00"),  # Independencia de Cartagena
        (borrower(country="BR", region="SP"), SAO_PAULO, "2026-11-20T12:00"),  # Consciência Negra
        (borrower(country="BR", region=""), SAO_PAULO, "2027-01-01T12:00"),
    ],
)
def test_nothing_is_sent_on_a_holiday(who: Borrower, zone: ZoneInfo, moment: str) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=zone)
    decision = decided(debt(due_date=now.date() - timedelta(days=7)), of=who, now=now)
    assert isinstance(decision, Defer)
    assert decision.code == "HOLIDAY"
    assert decision.until.astimezone(zone).date() > now.date()


def test_a_border_state_waits_for_both_of_its_zones() -> None:
    """Chihuahua is divided: at 7 in the east it is 6 in the west."""
    divided = borrower(region="CHH")
    zones = contact_rules.zones_for(rules_of(divided), "CHH")
    summer = TODAY.replace(month=7, day=7)
    early = min(datetime.combine(summer, time(7), zone) for zone in zones)
    late = max(datetime.combine(summer, time(7), zone) for zone in zones)
    assert early < late
    owed = debt(due_date=summer)
    assert decided(owed, of=divided, now=early) == Defer("WINDOW", late.astimezone(UTC))
    assert sent(owed, of=divided, now=late).day == summer
