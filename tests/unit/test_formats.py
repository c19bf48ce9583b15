from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.errors import InvalidInput
from cobranza.files.amounts import readings
from cobranza.files.formats import DATE_ORDERS, DateOrder, DecimalSign, Evidence, Formats

MEXICO = ZoneInfo("America/Mexico_City")
DAY = date(2026, 12, 31)


def code_of_date(text: str, order: DateOrder = "") -> str:
    with pytest.raises(InvalidInput) as refused:
        Formats(order).date(text, "due_date")
    assert refused.value.column == "due_date"
    return refused.value.code


def refused_amount(text: str, currency: str = "MXN", decimal: DecimalSign = ".") -> str:
    with pytest.raises(InvalidInput) as refused:
        Formats(decimal=decimal).amount(text, currency, "balance")
    assert (refused.value.code, refused.value.column) == ("BAD_AMOUNT", "balance")
    return refused.value.reason


def outcome[T](read: Callable[[], T]) -> tuple[T | None, str]:
    """What it gives, or the code with which it refuses."""
    try:
        return read(), ""
    except InvalidInput as refused:
        return None, refused.code


def decided(dates: list[str] = [], amounts: list[str] = [], currency: str = "MXN") -> Formats:  # noqa: B006
    evidence = Evidence()
    for text in dates:
        evidence.date(text)
    for text in amounts:
        evidence.amount(text, currency)
    return evidence.decide()


def undecided(dates: list[str] = [], amounts: list[str] = [], currency: str = "MXN") -> InvalidInput:  # noqa: B006
    with pytest.raises(InvalidInput) as refused:
        decided(dates, amounts, currency)
    return refused.value


# Dates.


@pytest.mark.parametrize("order", ["", *DATE_ORDERS])
@pytest.mark.parametrize(
    "text",
    [
        *("2026-12-31", "2026-12-31 00:00:00", "2026-12-31T00:00:00Z", " 2026/12/31 ", "2026.12.31"),
        *("20261231", "2026-12-31 23:59:59", "2026-12-31T00:00:00.000-06:00", "2026-12-31 12:00:00 AM"),
    ],
)
def test_a_date_with_its_year_first_needs_no_order(text: str, order: DateOrder):
    assert Formats(order).date(text, "due_date") == DAY


@pytest.mark.parametrize("text", ["31/12/2026", "31-12-26", "31.12.2026", "31/12/2026 0:00", "31/12/26"])
def test_a_date_is_read_in_the_order_of_its_file(text: str):
    assert Formats("DMY").date(text, "due_date") == DAY
    assert code_of_date(text, "MDY") == "BAD_DATE"


def test_the_month_may_come_first_and_a_short_year_too():
    assert Formats("MDY").date("12/31/2026", "due_date") == DAY
    assert Formats("MDY").date("2/5/12", "due_date") == date(2012, 2, 5)
    assert Formats("YMD").date("26-12-31", "due_date") == DAY


def test_two_digit_years_are_of_this_century():
    assert [Formats("DMY").date(f"01/02/{year}", "d").year for year in ("00", "99")] == [2000, 2099]


def test_without_an_order_only_what_reads_one_way_is_read():
    assert Formats().date("05/05/2026", "due_date") == date(2026, 5, 5)
    assert code_of_date("05/06/2026") == "BAD_DATE"
    assert code_of_date("26-12-31") == "BAD_DATE"


@pytest.mark.parametrize(
    "text",
    [
        *("", "31-dic-2026", "31 de diciembre de 2026", "2026-02-30", "1999-12-31", "2101-01-01", "46053"),
        *("31/12", "31/12/226", "31/12-2026", "2026-W10-4", "٣١/١٢/٢٠٢٦", "2026-12-31 25:00", "x" * 100),
        "2026-12-31T10:30:00Z",
    ],
)
def test_what_is_no_date_is_refused(text: str):
    assert code_of_date(text, "DMY") == "BAD_DATE"


def test_a_spreadsheets_day_number_is_told_as_such():
    with pytest.raises(InvalidInput, match="day number"):
        Formats("DMY").date("46053", "due_date")


# Moments.


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("31/12/2026 14:05", datetime(2026, 12, 31, 14, 5, tzinfo=MEXICO)),
        ("31/12/2026 02:05:10 p. m.", datetime(2026, 12, 31, 14, 5, 10, tzinfo=MEXICO)),
        ("31/12/2026, 12:05 a.m.", datetime(2026, 12, 31, 0, 5, tzinfo=MEXICO)),
        ("2026-12-31T14:05:00Z", datetime(2026, 12, 31, 14, 5, tzinfo=UTC)),
        (
            "2026-12-31T14:05:00.250-0530",
            datetime(2026, 12, 31, 14, 5, 0, 250000, timezone(-timedelta(hours=5, minutes=30))),
        ),
        ("2026-12-31T00:00:00Z", datetime(2026, 12, 31, tzinfo=UTC)),
    ],
)
def test_a_moment_with_its_time(text: str, moment: datetime):
    read, has_time = Formats("DMY").moment(text, "paid_at", MEXICO)
    assert (read, read.utcoffset(), has_time) == (moment, moment.utcoffset(), True)


@pytest.mark.parametrize("text", ["31/12/2026", "2026-12-31", "2026-12-31 00:00:00", "20261231"])
def test_a_day_alone_is_its_end_in_the_zone(text: str):
    read = Formats("DMY").moment(text, "paid_at", MEXICO)
    assert read == (datetime(2026, 12, 31, 23, 59, 59, tzinfo=MEXICO), False)


@pytest.mark.parametrize("text", ["2026-12-31 25:00", "2026-12-31 13:00 pm", "2026-12-31 noon", "2026-12-31T1:2"])
def test_a_time_that_does_not_exist_is_refused(text: str):
    with pytest.raises(InvalidInput, match="BAD_DATE"):
        Formats().moment(text, "paid_at", MEXICO)


# Amounts.


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        *(("1234.50", "MXN", "1234.50"), ("1,234.50", "MXN", "1234.50"), ("$1,234,567.8", "MXN", "1234567.8")),
        *(("MXN 1 234.50", "MXN", "1234.50"), ("1\u00a0234.50", "MXN", "1234.50"), ("1'234.50", "USD", "1234.50")),
        *(("1,234.50 M.N.", "MXN", "1234.50"), ("S/. 1,500.00", "PEN", "1500"), ("B/.20.15", "PAB", "20.15")),
        *(("US$ 5", "USD", "5"), ("$.50", "MXN", "0.50"), ("0.500", "MXN", "0.5"), ("+7", "MXN", "7")),
        *(("1,234", "MXN", "1234"), ("1234.000", "MXN", "1234"), ("1.234", "KWD", "1.234"), ("-0.00", "MXN", "0")),
        *(
            ("1.234", "CLP", "1234"),
            ("1,234", "CLP", "1234"),
            ("1.234.567", "PYG", "1234567"),
            ("1234.00", "CLP", "1234"),
        ),
    ],
)
def test_an_amount_with_a_decimal_point(text: str, currency: str, amount: str):
    assert Formats(decimal=".").amount(text, currency, "balance") == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        *(("1234,50", "COP", "1234.50"), ("1.234,50", "ARS", "1234.50"), ("R$ 1.234,5", "BRL", "1234.5")),
        *(("1 234 567,8 €", "EUR", "1234567.8"), ("1.234", "MXN", "1234"), ("1.234,00", "CLP", "1234")),
        *(("1234", "BRL", "1234"), ("Bs.1.234", "BOB", "1234"), ("COP$ 1.234.567", "COP", "1234567")),
    ],
)
def test_an_amount_with_a_decimal_comma(text: str, currency: str, amount: str):
    assert Formats(decimal=",").amount(text, currency, "balance") == Decimal(amount)


@pytest.mark.parametrize("text", ["-5", "5-", "(5.00)", "-$5.00", "$-5.00", "−5", "$ (5)"])
def test_a_negative_amount_is_refused_and_told_where_it_goes(text: str):
    assert "credit" in refused_amount(text)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        *(("", "MXN"), ("-", "MXN"), ("$", "MXN"), ("x", "MXN"), ("5 pesos y medio", "MXN"), ("5.2E+11", "MXN")),
        *(
            ("1234,50", "MXN"),
            ("1,23,456", "MXN"),
            ("1,234,5", "MXN"),
            ("12-5", "MXN"),
            ("--5", "MXN"),
            ("(5", "MXN"),
        ),
        *(("10.005", "MXN"), ("5.50", "CLP"), ("USD 5", "MXN"), ("R$ 5", "MXN"), ("$ 5", "PEN"), ("٥", "MXN")),
        *(
            ("100 20", "MXN"),
            ("5%", "MXN"),
            ("9" * 16, "MXN"),
            ("1" * 70, "MXN"),
            ("1234.567", "CLP"),
            ("5.", "MXN"),
        ),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str):
    assert refused_amount(text, currency)


def test_three_digits_after_the_sign_are_not_believed():
    """1.500 is a thousand and a half as often as one and a half, whatever the file's other cells look like."""
    assert "three digits" in refused_amount("1.500", "MXN", ".")
    assert "three digits" in refused_amount("1,500", "MXN", ",")


def test_without_a_decimal_sign_only_what_reads_one_way_is_read():
    assert Formats().amount("1 234", "MXN", "balance") == 1234
    for text in ("1234.50", "1.234", "1,5"):
        assert refused_amount(text, decimal="")


@given(st.decimals(0, 10**12, places=2), st.sampled_from([".", ","]), st.sampled_from(["", " ", "'", "group"]))
def test_every_written_amount_comes_back_exactly(amount: Decimal, decimal: DecimalSign, thousands: str):
    group = {"group": "," if decimal == "." else "."}.get(thousands, thousands)
    text = f"{amount:,.2f}".replace(",", "_").replace(".", decimal or ".").replace("_", group)
    assert Formats(decimal=decimal).amount(text, "MXN", "balance") == amount


@given(st.text(max_size=30), st.sampled_from(["MXN", "CLP", "", "pesos"]), st.sampled_from([".", ",", ""]))
def test_any_text_is_an_amount_or_refused(text: str, currency: str, decimal: DecimalSign):
    amount, code = outcome(lambda: Formats(decimal=decimal).amount(text, currency, "balance"))
    assert code == "BAD_AMOUNT" or amount in readings(text, currency) or amount == 0


@given(st.text(st.sampled_from("0123456789-/. :apmTZ"), max_size=25), st.sampled_from(["", *DATE_ORDERS]))
def test_any_text_is_a_date_or_refused(text: str, order: DateOrder):
    day, code = outcome(lambda: Formats(order).date(text, "d"))
    assert code == "BAD_DATE" or (day and 2000 <= day.year <= 2100)


# Evidence.


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["05/06/2026", "31/12/2026", "", "n/a"], "DMY"),
        (["1/6/2012", "11/26/2012"], "MDY"),
        (["31-12-26", "05-06-26"], "DMY"),
        (["12/31/26", "05/06/26"], "MDY"),
        (["99-12-31", "26-05-06"], "YMD"),
        (["2026-01-31", "20260131", "2026-05-06 00:00:00"], ""),
        ([], ""),
    ],
)
def test_the_dates_show_their_order(dates: list[str], order: DateOrder):
    assert decided(dates).date_order == order


def test_dates_that_read_the_same_either_way_are_not_ambiguous():
    formats = decided(["05/05/2026", "11/11/2026"])
    assert formats.date("05/05/2026", "due_date") == date(2026, 5, 5)


@pytest.mark.parametrize("dates", [["05/06/2026"], ["05/06/26", "01/02/26"]])
def test_dates_that_read_either_way_are_refused_with_how_to_declare(dates: list[str]):
    refused = undecided(dates)
    assert refused.code == "AMBIGUOUS_DATES"
    assert "date_order: DMY | MDY" in refused.reason


def test_short_dates_that_would_make_sense_with_the_year_in_front_are_ambiguous():
    assert undecided(["26-01-15", "26-02-28", "25-12-31"]).code == "AMBIGUOUS_DATES"


def test_dates_that_contradict_each_other_are_refused():
    refused = undecided(["31/12/2026", "12/31/2026"])
    assert refused.code == "MIXED_DATES"
    assert "31/12/2026" in refused.reason


@pytest.mark.parametrize(
    ("amounts", "currency", "sign"),
    [
        (["1,234", "1234.5"], "MXN", "."),
        (["1.234", "1.234.567"], "COP", ","),
        (["1.234,5"], "BRL", ","),
        (["1234.567"], "MXN", "."),
        (["1.234", "5,678"], "CLP", ""),
        (["1.234,00"], "CLP", ","),
        (["1500", "2 000", "x", ""], "MXN", ""),
    ],
)
def test_the_amounts_show_their_sign(amounts: list[str], currency: str, sign: DecimalSign):
    assert decided([], amounts, currency).decimal == sign


@pytest.mark.parametrize("amounts", [["1.234"], ["1,234", "500"], ["1,500", "2.500"]])
def test_amounts_that_read_either_way_are_refused_with_how_to_declare(amounts: list[str]):
    refused = undecided([], amounts)
    assert refused.code == "AMBIGUOUS_NUMBERS"
    assert 'decimal: "." | ","' in refused.reason


def test_amounts_that_contradict_each_other_are_refused():
    assert undecided([], ["1.5", "1,5"]).code == "MIXED_NUMBERS"


def test_what_is_declared_wins_over_evidence():
    evidence = Evidence()
    evidence.date("12/31/2026")
    evidence.date("31/12/2026")
    evidence.amount("1.234")
    assert evidence.decide(Formats("DMY", ",")) == Formats("DMY", ",")


@given(st.lists(st.dates(date(2000, 1, 1), date(2099, 12, 31)), min_size=1), st.sampled_from(["DMY", "MDY"]))
def test_dates_are_never_read_in_the_wrong_order(days: list[date], order: DateOrder):
    pattern = "%d/%m/%Y" if order == "DMY" else "%m/%d/%Y"
    texts = [day.strftime(pattern) for day in days]
    formats, code = outcome(lambda: decided(texts))
    assert code == "AMBIGUOUS_DATES" or (formats and [formats.date(text, "d") for text in texts] == days)


def test_the_memory_of_evidence_does_not_grow():
    evidence = Evidence()
    for number in range(20_000):
        evidence.date(f"{number}/13/2026")
    assert len(evidence._seen) <= 4096  # pyright: ignore[reportPrivateUsage]
