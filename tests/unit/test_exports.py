"""What goes back to people and to other systems as CSV."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.files import contacts
from cobranza.files.exports import (
    AGEING_COLUMNS,
    BUCKETS,
    INTERACTION_COLUMNS,
    PAYMENTS_OUT_COLUMNS,
    Ageing,
    Interaction,
    OpenDebt,
    Part,
    PaymentOut,
    Row,
    interactions,
    payments_out,
)
from cobranza.files.listings import (
    LatePayment,
    Listing,
    UnmatchedPayment,
    WithoutConsent,
    listing,
    no_consent_csv,
    payments_after_recall_csv,
    unmatched_csv,
    write_listing,
)
from cobranza.ledger.money import Money
from cobranza.ledger.payment import UNMATCHED, Payment

DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAYMENT = Payment(
    payment_id="P-1",
    portfolio="norte",
    borrower_id="C-1",
    reference="=9901",
    amount=Money(Decimal("150.5"), "MXN"),
    paid_at=AT,
    method="SPEI",
)


def records(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_nothing_a_spreadsheet_would_run_and_no_row_out_of_shape() -> None:
    assert records(listing(("a", "b"), [("=1+1", "Zoë")])) == [{"a": "'=1+1", "b": "Zoë"}]
    assert listing(("a", "b"), []) == b"\xef\xbb\xbfa,b\r\n"
    with pytest.raises(ValueError, match="1 cells under 2"):
        listing(("a", "b"), [("x",)])


def test_unmatched_money_comes_back_as_a_payments_file() -> None:
    (record,) = records(unmatched_csv([UnmatchedPayment(7, PAYMENT, "NO_SUCH_REFERENCE")]))
    assert record == {
        "line": "7",
        "column": "reference",
        "code": "NO_SUCH_REFERENCE",
        "reason": UNMATCHED["NO_SUCH_REFERENCE"],
        "payment_id": "P-1",
        "borrower_id": "C-1",
        "debt_id": "",
        "instalment": "",
        "reference": "'=9901",
        "amount": "150.50",
        "currency": "MXN",
        "paid_at": "2026-03-02T12:00:00+00:00",
        "method": "SPEI",
        "source": "",
    }


def test_a_time_that_nobody_wrote_is_not_invented() -> None:
    end = datetime(2026, 3, 2, 23, 59, 59, tzinfo=ZoneInfo("America/Mexico_City"))
    dated = Payment(
        payment_id="P-1",
        portfolio="norte",
        debt_id="F-1",
        amount=Money(Decimal(5), "CLP"),
        paid_at=end,
        has_time=False,
    )
    (record,) = records(unmatched_csv([UnmatchedPayment(2, dated, "NO_SUCH_DEBT")]))
    assert (record["paid_at"], record["amount"], record["column"]) == ("2026-03-02", "5", "debt_id")


def test_a_payment_after_a_recall_tells_which_debt_it_was_for() -> None:
    late = LatePayment(PAYMENT, "F-1", "2", "sold", Money(Decimal("100"), "MXN"))
    (record,) = records(payments_after_recall_csv([late]))
    told = ("recalled_debt_id", "recalled_instalment", "recall", "given", "payment_id", "amount")
    assert [record[name] for name in told] == ["F-1", "2", "sold", "100.00", "P-1", "150.50"]


def test_who_gave_no_consent_comes_back_as_a_contacts_file_to_fill_in() -> None:
    (record,) = records(b"".join(no_consent_csv([WithoutConsent("C-1", "Ana Ejemplo", 3)])))
    assert (record["borrower_id"], record["debts"]) == ("C-1", "3")
    empty = {name for name, cell in record.items() if not cell}
    assert empty == {"consent", "consent_at", "consent_source", "consent_text", "consent_purpose"}
    assert empty < set(contacts.COLUMNS.names)


# Payments out.


def test_the_parts_of_a_payment_add_up_to_it() -> None:
    parts = [
        Part("debt", Decimal(100), "F-1"),
        Part("debt", Decimal("30.5"), "F-2", "1"),
        Part("credit", Decimal(20)),
    ]
    lines = records(listing(PAYMENTS_OUT_COLUMNS, payments_out([PaymentOut(PAYMENT, parts)])))
    assert [(line["part_to"], line["part_debt_id"], line["part_amount"]) for line in lines] == [
        ("debt", "F-1", "100.00"),
        ("debt", "F-2", "30.50"),
        ("credit", "", "20.00"),
    ]
    assert {(line["portfolio"], line["payment_id"], line["amount"]) for line in lines} == {
        ("norte", "P-1", "150.50")
    }
    for wrong in ([], parts[:2], [*parts, Part("credit", Decimal("0.01"))]):
        with pytest.raises(ValueError, match="not the payment"):
            PaymentOut(PAYMENT, wrong)


# Ageing.


def aged(debts: list[OpenDebt]) -> list[Row]:
    ageing = Ageing("norte", DAY)
    for debt in debts:
        ageing.add(debt)
    return list(ageing.rows())


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-30, "days_0"),
        (0, "days_0"),
        (1, "days_1_30"),
        (30, "days_1_30"),
        (31, "days_31_60"),
        (60, "days_31_60"),
        (61, "days_61_90"),
        (90, "days_61_90"),
        (91, "days_over_90"),
        (4000, "days_over_90"),
    ],
)
def test_a_debt_is_in_the_bucket_of_its_days_past_due(days: int, bucket: str) -> None:
    owed = OpenDebt(DAY - timedelta(days=days), Money(Decimal("10"), "MXN"))
    lines = records(listing(AGEING_COLUMNS, aged([owed])))
    assert [line["bucket"] for line in lines if line["debts"] == "1"] == [bucket, "total", "book"]
    assert {line["amount"] for line in lines} == {"0.00", "10.00"}
    assert {(line["day"], line["portfolio"], line["currency"]) for line in lines} == {
        ("2026-03-02", "norte", "MXN")
    }


@given(
    st.lists(
        st.builds(
            OpenDebt,
            st.integers(-200, 200).map(lambda days: DAY + timedelta(days=days)),
            st.one_of(
                st.builds(Money, st.integers(0, 10**14).map(Decimal), st.sampled_from(["CLP", "PYG"])),
                st.builds(Money, st.integers(0, 10**14).map(lambda n: Decimal(n).scaleb(-2)), st.just("MXN")),
                st.builds(Money, st.integers(0, 10**14).map(lambda n: Decimal(n).scaleb(-3)), st.just("KWD")),
            ),
        )
    )
)
def test_ageing_reconciles_to_the_sum_of_balances(debts: list[OpenDebt]) -> None:
    lines = records(listing(AGEING_COLUMNS, aged(debts)))
    currencies = sorted({debt.owed.currency for debt in debts})
    names = [*BUCKETS, "total", "book"]
    assert [(line["currency"], line["bucket"]) for line in lines] == [
        (c, name) for c in currencies for name in names
    ]
    for currency in currencies:
        owed = [debt.owed.amount for debt in debts if debt.owed.currency == currency]
        found = {line["bucket"]: line for line in lines if line["currency"] == currency}
        assert Decimal(found["total"]["amount"]) == Decimal(found["book"]["amount"]) == sum(owed)
        assert sum(Decimal(found[name]["amount"]) for name in BUCKETS) == sum(owed)
        assert sum(int(found[name]["debts"]) for name in BUCKETS) == int(found["book"]["debts"]) == len(owed)


def test_every_bucket_says_what_it_holds() -> None:
    lines = aged([OpenDebt(DAY, Money(Decimal(1), "MXN"))])
    definitions = [row[AGEING_COLUMNS.index("definition")] for row in lines]
    assert all(definitions)
    assert len(set(definitions)) == len(BUCKETS) + 2


# Interactions.


def test_interactions_are_one_line_each() -> None:
    sent = Interaction(
        at=AT,
        portfolio="norte",
        borrower_id="C-1",
        event="message.sent",
        debts=("F-1", "L-2#3"),
        step=-3,
        template="recordatorio_previo",
        message="ABC",
    )
    call = Interaction(at=AT, portfolio="norte", borrower_id="C-2", event="call", channel="call", detail="@x")
    first, second = records(listing(INTERACTION_COLUMNS, interactions([call, sent])))
    assert (first["event"], first["step"], first["detail"]) == ("call", "", "'@x")
    assert (second["debts"], second["step"], second["message"]) == ("F-1|L-2#3", "-3", "ABC")


def test_a_table_of_any_size_is_written_in_pieces() -> None:
    def rows() -> Iterator[tuple[str]]:
        for number in range(600_000):
            yield (str(number),)
            # What came before is on the disk already, but for the piece that is being written.
            assert number * 3 - out.tell() < 2 * 2**20

    out = io.BytesIO()
    assert write_listing(out, ("n",), rows()) == 600_000
    assert out.getvalue().endswith(b"599999\r\n")


@given(st.lists(st.lists(st.tuples(st.text(), st.text()))))
def test_a_table_that_grows_by_some_rows_is_the_same_to_the_byte(parts: list[list[tuple[str, str]]]) -> None:
    out = io.BytesIO()
    grown = Listing(out, ("a", "b"))
    for rows in parts:
        grown.add(rows)
    rows = [row for part in parts for row in part]
    assert (out.getvalue(), grown.rows) == (listing(("a", "b"), rows), len(rows))


def test_a_table_that_grows_takes_no_row_of_another_width() -> None:
    with pytest.raises(ValueError, match="3 cells under 2 columns"):
        Listing(io.BytesIO(), ("a", "b")).add([("1", "2"), ("1", "2", "3")])
