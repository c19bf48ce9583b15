from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from local.replay.book import Invoice, days_of, invented, read_csv

OURS = "customer,invoice,issued,due,settled,amount,disputed,country\n"
IBM = "countryCode,customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "book.csv"


def test_a_book_is_read_by_its_own_names(file: Path) -> None:
    file.write_text(OURS + "C-1,F-1,2026-01-05,2026-02-04,,12.50,no,MX\n")
    assert read_csv(file) == [
        Invoice(
            customer="C-1",
            number="F-1",
            issued=date(2026, 1, 5),
            due=date(2026, 2, 4),
            settled=None,
            amount=Decimal("12.50"),
            disputed=False,
            country="MX",
        )
    ]


def test_ibms_sample_is_read_month_first_and_its_codes_stand_for_countries(file: Path) -> None:
    file.write_text(IBM + "818,C-1,1,1/6/2012,2/5/2012,47.07,Yes,2/3/2012\n")
    [invoice] = read_csv(file)
    assert (invoice.issued, invoice.settled) == (date(2012, 1, 6), date(2012, 2, 3))
    assert (invoice.country, invoice.disputed) == ("CL", True)


def test_a_customer_lives_where_most_of_their_invoices_are_from(file: Path) -> None:
    rows = (f"{code},C-1,{n},1/6/2012,2/5/2012,1,No,2/3/2012\n" for n, code in enumerate((897, 391, 391)))
    file.write_text(IBM + "".join(rows))
    assert {invoice.country for invoice in read_csv(file)} == {"MX"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no column"),
        ("customer,invoice\nC-1,F-1\n", "no column issued"),
        (OURS + "C-1,F-1,2026-01-05,2026-02-04,,12.50,no,FR\n", "country 'FR'"),
        (OURS + "C-1,F-1,tomorrow,2026-02-04,,12.50,no,MX\n", "tomorrow"),
        (OURS + "C-1,F-1,2026-01-05,2026-02-04,,a lot,no,MX\n", "amount 'a lot'"),
    ],
)
def test_a_file_that_cannot_be_walked_says_why(file: Path, text: str, reason: str) -> None:
    file.write_text(text)
    with pytest.raises(ValueError, match=reason):
        read_csv(file)


def test_the_invented_book_is_always_the_same_and_half_a_year_long() -> None:
    book = invented()
    assert book == invented()
    assert len({invoice.customer for invoice in book}) == 60
    assert 180 <= len(list(days_of(book))) <= 220
