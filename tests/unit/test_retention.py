"""How long things are kept is said once, and is what the code does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cobranza.policy.contact_rules import countries, rules_for
from cobranza.policy.retention import expires, kept_for, retention
from cobranza.store import imports, messages, receipts
from cobranza.store.book import Open, Told, changed_debt, closed_debt, new_debt
from cobranza.store.conversations import Inbound
from cobranza.store.keys import MessageKey
from cobranza.store.texts import Text
from local.retention import PAGE, renewed
from tests.unit.books import LONG_AGO, debt

PAID = debt(balance=Decimal(0)).terms
OWED = debt().terms
RECORDS = ("words_in", "words_out", "cases", "closed_debts")


def days_later(expires: float) -> int:
    return (datetime.fromtimestamp(expires, UTC) - LONG_AGO).days


def test_the_page_tells_what_the_file_says() -> None:
    page = PAGE.read_text()
    assert renewed(page) == page


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("messages", messages.KEPT),
        ("receipts", receipts.KEPT),
        ("imports", imports.KEPT),
    ],
)
def test_what_ends_is_kept_as_long_as_the_file_says(name: str, kept: timedelta) -> None:
    assert retention()[name].days == kept.days


def test_what_has_an_end_says_how_many_days_and_what_has_none_does_not() -> None:
    for kept in retention().values():
        assert (kept.days is None) == (kept.ends_by in ("erase", "nobody"))


def test_no_time_ends_the_journal() -> None:
    with pytest.raises(ValueError, match="journal"):
        expires("journal", LONG_AGO)


# By country.


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("country", countries())
def test_records_of_contacts_are_kept_for_as_long_as_a_law_wants_them_and_their_own_time_at_least(
    name: str, country: str
) -> None:
    rules, own = rules_for(country), retention()[name].days
    assert rules
    assert own
    years = rules.record_years or 0
    kept = kept_for(name, country)
    assert kept == max(timedelta(days=own), timedelta(days=366 * years))
    end = LONG_AGO + kept
    assert end >= LONG_AGO.replace(year=LONG_AGO.year + years)


@pytest.mark.parametrize(
    ("where", "days"),
    [
        (["MX"], 400),
        (["CL"], 732),
        (["US"], 1098),
        (["PR"], 1098),
        (["MX", "CL"], 732),
        ([], 1098),
        (["FR"], 1098),
        ([""], 1098),
        (["MX", ""], 1098),
    ],
    ids=str,
)
def test_of_several_countries_the_longest_counts_and_of_an_unknown_one_the_longest_of_all(
    where: list[str], days: int
) -> None:
    assert kept_for("words_out", *where).days == days


def test_what_is_no_record_of_contacts_is_kept_for_the_same_time_everywhere() -> None:
    for name, kept in retention().items():
        if kept.days is not None and name not in RECORDS:
            assert {kept_for(name, country).days for country in (*countries(), "")} == {kept.days}
    assert {name for name, kept in retention().items() if kept.records_contacts} == {*RECORDS}


@pytest.mark.parametrize(("country", "days"), [("MX", 400), ("CL", 732), ("US", 1098)])
def test_words_of_both_end_by_the_law_of_where_the_borrower_lives(country: str, days: int) -> None:
    ours = Text.of(MessageKey("B", LONG_AGO.date()), "Hola", LONG_AGO, country).kept.item
    theirs = Inbound("B", LONG_AGO, "M", {}, country).item
    assert [days_later(item["expires"]) for item in (ours, theirs)] == [days, days]


def test_words_of_somebody_whom_nobody_knows_are_kept_for_the_longest_time() -> None:
    assert days_later(Inbound("A-PHONE", LONG_AGO, "M", {}).item["expires"]) == 1098


def told(country: str = "MX", paid: bool = True) -> Told:
    return Told("B", PAID if paid else OWED, "d", "i", 2, country)


@pytest.mark.parametrize(("country", "days"), [("MX", 400), ("CL", 732), ("US", 1098)])
def test_a_debt_that_is_paid_ends_one_day_and_an_open_one_does_not(country: str, days: int) -> None:
    assert days_later(new_debt(told(country)).item["expires"]) == days
    assert "expires" not in new_debt(told(country, paid=False)).item


def test_a_debt_that_leaves_the_book_ends_and_one_that_comes_back_stays() -> None:
    listed = Open("B", OWED.key, "d", OWED.balance, "MXN", OWED.due_date, "", 1, "i")
    closed = closed_debt(listed, "NOT_IN_SNAPSHOT", LONG_AGO, "i", ["MX", "CL"])
    assert days_later(closed.set_["expires"]) == 732
    back = changed_debt({"rev": 2, **closed.set_}, told(paid=False))
    assert "expires" not in back.set_
    assert {"expires", "closed"} <= {*back.remove}
