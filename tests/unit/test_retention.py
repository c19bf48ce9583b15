"""How long things are kept is said once, and is what the code does."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cobranza.policy.retention import expires, retention
from cobranza.store import cases, imports, messages, receipts, texts
from cobranza.store.book import Open, changed_debt, closed_debt, new_debt
from local.retention import PAGE, renewed
from tests.unit.books import LONG_AGO, debt

END = int((LONG_AGO + timedelta(days=400)).timestamp())
PAID = debt(balance=Decimal(0)).terms
OWED = debt().terms


def test_the_page_tells_what_the_file_says() -> None:
    page = PAGE.read_text()
    assert renewed(page) == page


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("words_out", texts.KEPT),
        ("cases", cases.KEPT),
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


def test_a_debt_that_is_paid_ends_one_day_and_an_open_one_does_not() -> None:
    assert new_debt("B", PAID, "d", "i").item["expires"] == END
    assert "expires" not in new_debt("B", OWED, "d", "i").item


def test_a_debt_that_leaves_the_book_ends_and_one_that_comes_back_stays() -> None:
    listed = Open("B", OWED.key, "d", OWED.balance, "MXN", OWED.due_date, "", 1, "i")
    closed = closed_debt(listed, "NOT_IN_SNAPSHOT", LONG_AGO, "i")
    assert closed.set_["expires"] == END
    back = changed_debt("B", {"rev": 2, **closed.set_}, OWED, "e", "j")
    assert "expires" not in back.set_
    assert {"expires", "closed"} <= {*back.remove}
