"""A book that nobody feeds, or that somebody paused, reminds nobody."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.policy import contact_rules
from cobranza.policy.decision import Defer, Send, Skip
from cobranza.policy.feed import Feed, Pause
from tests.unit.books import NOON, debt, decided, portfolio

MEXICO = ZoneInfo("America/Mexico_City")
PAUSED = Pause("tarjetas", "2026-11-24T09:00:00Z")
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=MEXICO)


def stale(as_of: datetime, now: datetime, hours: int = 24) -> bool:
    return Feed(as_of).is_stale(portfolio(freshness_hours=hours), now)


def test_a_portfolio_without_any_file_is_stale() -> None:
    assert Feed().is_stale(portfolio(), NOON)
    decision = decided(debt(), feeds={})
    assert isinstance(decision, Defer)
    assert decision.code == "STALE_DATA"


def test_stale_data_is_waited_for_until_the_days_hours_end() -> None:
    assert isinstance(decided(debt(), feeds={}, now=NOON.replace(hour=21)), Defer)
    assert decided(debt(), feeds={}, now=NOON.replace(hour=21, minute=20)) == Skip("STALE_DATA")


def test_a_weekend_does_not_make_a_book_older() -> None:
    assert not stale(FRIDAY, datetime(2026, 11, 23, 12, 0, tzinfo=MEXICO))
    assert stale(FRIDAY, datetime(2026, 11, 23, 12, 1, tzinfo=MEXICO))


def test_nor_does_a_holiday() -> None:
    """16 November 2026 is the third Monday of November."""
    thursday_before = datetime(2026, 11, 13, 12, 0, tzinfo=MEXICO)
    assert not stale(thursday_before, datetime(2026, 11, 17, 12, 0, tzinfo=MEXICO))
    assert stale(thursday_before, datetime(2026, 11, 17, 12, 1, tzinfo=MEXICO))


@pytest.mark.parametrize("country", ["BR", "ES", "AR", "US", "CL"])
def test_a_day_on_which_a_region_or_some_people_rest_makes_a_book_older(country: str) -> None:
    rules = contact_rules.rules_for(country)
    assert rules
    days = [day for n in range(365) if (day := date(2026, 1, 1) + timedelta(days=n)).weekday() < 5]
    some_rest = {day for day in days if contact_rules.is_holiday(rules, "", day)}
    all_rest = some_rest & set(holidays.country_holidays(country, years=2026))
    assert all_rest < some_rest
    zone, book = contact_rules.zones_for(rules, "")[0], portfolio(countries=(country,), freshness_hours=20)
    for day in some_rest:
        midnight = datetime.combine(day, time(), zone)
        assert Feed(midnight).is_stale(book, midnight + timedelta(hours=21)) is (day not in all_rest)


def test_a_book_of_months_ago_is_stale_however_patient_the_portfolio() -> None:
    assert stale(FRIDAY - timedelta(days=70), FRIDAY, hours=240)


@given(st.integers(0, 50 * 24 * 60), st.integers(0, 50 * 24 * 60), st.integers(1, 240))
def test_a_stale_book_does_not_grow_fresh_by_waiting(first: int, more: int, hours: int) -> None:
    earlier = FRIDAY.astimezone(UTC) + timedelta(minutes=first)
    if stale(FRIDAY, earlier, hours):
        assert stale(FRIDAY, earlier + timedelta(minutes=more), hours)


def test_a_portfolio_of_no_country_has_no_holidays() -> None:
    nowhere = portfolio(freshness_hours=24).within({""})
    assert not Feed(FRIDAY).is_stale(nowhere, datetime(2026, 11, 23, 12, 0, tzinfo=MEXICO))
    assert Feed(FRIDAY).is_stale(nowhere, datetime(2026, 11, 23, 12, 1, tzinfo=MEXICO))


def test_a_fresh_book_is_acted_on() -> None:
    assert isinstance(decided(debt(), feeds={"tarjetas": Feed(NOON - timedelta(hours=2))}), Send)


def test_a_paused_portfolio_waits_and_is_looked_at_again() -> None:
    decision = decided(debt(), feeds={"tarjetas": Feed(NOON, PAUSED)})
    assert isinstance(decision, Defer)
    assert decision.code == "PAUSED"
    assert NOON < decision.until <= NOON + timedelta(hours=1)
    assert decision.pauses == (PAUSED,)


def test_a_pause_of_all_holds_a_borrower_once_whatever_their_portfolios() -> None:
    everything = Pause("all", "2026-11-24T09:00:00Z")
    feeds = {"tarjetas": Feed(NOON, everything), "autos": Feed(NOON, everything)}
    both = [portfolio(), portfolio("autos")]
    decision = decided(debt(), debt(debt_id="F-2", portfolio="autos"), portfolios=both, feeds=feeds)
    assert isinstance(decision, Defer)
    assert decision.pauses == (everything,)


def test_only_the_pauses_of_what_is_due_hold() -> None:
    feeds = {"tarjetas": Feed(NOON, PAUSED), "autos": Feed(NOON, Pause("autos", "2026-11-24T08:00:00Z"))}
    later = debt(-90, debt_id="F-2", portfolio="autos")
    decision = decided(debt(), later, portfolios=[portfolio(), portfolio("autos")], feeds=feeds)
    assert isinstance(decision, Defer)
    assert decision.pauses == (PAUSED,)


def test_what_is_not_paused_goes_on() -> None:
    feeds = {"tarjetas": Feed(NOON, PAUSED), "autos": Feed(NOON)}
    both = [portfolio(), portfolio("autos")]
    decision = decided(debt(), debt(debt_id="F-2", portfolio="autos"), portfolios=both, feeds=feeds)
    assert isinstance(decision, Send)
    assert [each.terms.debt_id for each in decision.debts] == ["F-2"]
