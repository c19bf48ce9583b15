"""A book that nobody feeds, or that somebody paused, reminds nobody."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cobranza.policy.decision import Defer, Send, Skip
from cobranza.policy.feed import Feed
from tests.unit.books import NOON, debt, decided, portfolio

MEXICO = ZoneInfo("America/Mexico_City")
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=MEXICO)


def stale(as_of: datetime, now: datetime, hours: int = 24) -> bool:
    return Feed(as_of).is_stale(portfolio(freshness_hours=hours), now)


def test_a_portfolio_without_any_file_is_stale() -> None:
    assert Feed().is_stale(portfolio(), NOON)
    assert decided(debt(), feeds={}) == Skip("STALE_DATA")


def test_a_weekend_does_not_make_a_book_older() -> None:
    assert not stale(FRIDAY, datetime(2026, 11, 23, 12, 0, tzinfo=MEXICO))
    assert stale(FRIDAY, datetime(2026, 11, 23, 12, 1, tzinfo=MEXICO))


def test_nor_does_a_holiday() -> None:
    """16 November 2026 is the third Monday of November."""
    thursday_before = datetime(2026, 11, 13, 12, 0, tzinfo=MEXICO)
    assert not stale(thursday_before, datetime(2026, 11, 17, 12, 0, tzinfo=MEXICO))
    assert stale(thursday_before, datetime(2026, 11, 17, 12, 1, tzinfo=MEXICO))


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
    decision = decided(debt(), feeds={"tarjetas": Feed(NOON, is_paused=True)})
    assert isinstance(decision, Defer)
    assert decision.code == "PAUSED"
    assert NOON < decision.until <= NOON + timedelta(hours=1)


def test_what_is_not_paused_goes_on() -> None:
    feeds = {"tarjetas": Feed(NOON, is_paused=True), "autos": Feed(NOON)}
    both = [portfolio(), portfolio("autos")]
    decision = decided(debt(), debt(debt_id="F-2", portfolio="autos"), portfolios=both, feeds=feeds)
    assert isinstance(decision, Send)
    assert [each.terms.debt_id for each in decision.debts] == ["F-2"]
