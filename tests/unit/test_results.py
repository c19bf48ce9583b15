import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.errors import InvalidInput
from cobranza.files.columns import DEBTS, Columns
from cobranza.files.debts import read_debt
from cobranza.files.declared import Declared
from cobranza.files.results import ADDED, Readiness, Refusal, Summary, refused_csv
from cobranza.files.row import Row
from cobranza.ledger.money import Money
from tests.unit.tables import read, reading

AS_OF = datetime(2026, 3, 2, 12, tzinfo=UTC)
ABC = Columns("test", ("a", "b", "c"), ("a", "b", "c"))
HEADER = ("borrower_id", "name", "phone", "country", "debt_id", "balance", "currency", "due_date")
CELLS = ("C-1", "Zoë Prueba", "+525555550130", "MX", "F-1", "x", "MXN", "2026-03-05")


def refuse(*cells: str, line: int = 2) -> Refusal:
    return Refusal(Row(line, cells), "BAD_AMOUNT", "The amount cannot be read", "balance")


def refused(header: tuple[str, ...], refusals: list[Refusal]) -> bytes:
    return b"".join(refused_csv(header, refusals))


def records(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def a_summary(*, read: int = 0, created: int = 0, refused: int = 0, error: InvalidInput | None = None) -> Summary:
    return Summary(
        kind="debts",
        portfolio="norte",
        file="march.csv",
        digest="ab" * 32,
        as_of=AS_OF,
        read=read,
        created=created,
        refused=refused,
        error=error,
    )


def test_a_refused_row_comes_back_as_it_was_with_its_line_and_reason():
    (record,) = records(refused(HEADER, [refuse(*CELLS, line=41)]))
    assert record == dict(zip(HEADER, CELLS, strict=True)) | {
        "line": "41",
        "column": "balance",
        "code": "BAD_AMOUNT",
        "reason": "The amount cannot be read",
        "formats": "",
    }


def test_excel_is_told_that_it_is_utf8():
    assert refused(HEADER, []).startswith(b"\xef\xbb\xbf")


def test_the_header_is_there_without_rows():
    assert read(refused(HEADER, []), DEBTS)[1].header == (*ADDED, *HEADER)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+cmd|x", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "+52 55 5555 0131", "-", "'=1"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str):
    (record,) = records(refused(("name",), [refuse(text)]))
    assert record["name"] == f"'{text}"


@pytest.mark.parametrize("text", ["+525555550131", "-12.5", "-12,5", "+3", "Zoë", "12", "", "'Zoë", "a=b"])
def test_plain_numbers_and_text_stay_as_they_are(text: str):
    (record,) = records(refused(("name",), [refuse(text)]))
    assert record["name"] == text


# What reading can give: any text but NUL, C1 controls and halves of surrogate pairs.
NEVER_READ = "\0" + "".join(map(chr, range(0x80, 0xA0)))
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=NEVER_READ)),
    st.text("'=+-@\t\r\n,;\"1a"),
)


@given(st.lists(st.lists(texts, max_size=5), max_size=5))
def test_every_cell_survives_the_way_back(rows: list[list[str]]):
    found, _ = read(refused(("a", "b", "c"), [refuse(*cells) for cells in rows]), ABC)
    assert [list(row.cells[len(ADDED) :]) for row in found] == rows


def test_many_rows_come_in_pieces():
    pieces = list(refused_csv(("name",), (refuse("x" * 1000, line=line) for line in range(2, 5002))))
    assert len(pieces) > 3
    assert [record["line"] for record in records(b"".join(pieces))] == [str(line) for line in range(2, 5002)]


@given(texts)
def test_no_cell_ever_starts_a_formula(text: str):
    (record,) = records(refused(("name",), [refuse(text)]))
    cell = record["name"]
    assert not cell.startswith(("=", "@", "\t", "\r"))
    assert not cell.startswith(("+", "-")) or cell[1:].replace(".", "").replace(",", "").isdigit()


def test_a_mended_file_is_read_and_its_row_is_good():
    mended = refused(HEADER, [refuse(*CELLS)]).replace(b",x,", b",10.50,")
    one = reading(mended, DEBTS)
    (row,) = one.rows()
    debt = read_debt(one.columns, row, one.survey().formats, Declared(), portfolio="norte", as_of=AS_OF)
    assert (debt.phone, debt.terms.balance) == ("+525555550130", Decimal("10.50"))


def test_a_file_refused_again_has_the_new_reasons_only():
    found, first = read(refused(HEADER, [refuse(*CELLS, line=41)]), DEBTS)
    second = refused(first.header, [refuse(*row.cells, line=row.line) for row in found])
    assert second == refused(HEADER, [refuse(*CELLS, line=2)])


@pytest.mark.parametrize("cells", [CELLS[:-2], (*CELLS, "one", "more")])
def test_a_ragged_row_keeps_its_shape(cells: tuple[str, ...]):
    (row,), _ = read(refused(HEADER, [refuse(*cells)]), DEBTS)
    assert row.cells[len(ADDED) :] == cells
    assert row.fault
    assert row.fault.code == "RAGGED_ROW"


def test_the_added_columns_are_not_columns_of_the_debts_file():
    assert not set(ADDED) & set(DEBTS.names)


def test_the_summary_tells_all_in_json():
    summary = Summary(
        kind="debts",
        portfolio="norte",
        file="march.csv",
        digest="ab" * 32,
        as_of=AS_OF,
        read=10,
        created=4,
        updated=3,
        unchanged=1,
        refused=2,
        refused_by_code={"BAD_PHONE": 1, "BAD_DATE": 1},
        totals=(Money(Decimal("1234"), "CLP"), Money(Decimal("123.4"), "MXN")),
        balance_from="amount",
        closed=7,
        superseded=1,
        paid_since=4,
        payments=3,
        recognised={"columns": {"phone": "Celular"}},
        warnings=("not read: 'x'",),
        readiness=Readiness(messageable=5, no_consent=2, country_off=1),
    )
    assert json.loads(summary.to_json()) == {
        "v": 1,
        "kind": "debts",
        "portfolio": "norte",
        "file": "march.csv",
        "digest": "ab" * 32,
        "as_of": "2026-03-02T12:00:00+00:00",
        "read": 10,
        "created": 4,
        "updated": 3,
        "unchanged": 1,
        "refused": 2,
        "refused_by_code": {"BAD_DATE": 1, "BAD_PHONE": 1},
        "totals": {"CLP": "1234", "MXN": "123.40"},
        "balance_from": "amount",
        "closed": 7,
        "superseded": 1,
        "paid_since": 4,
        "payments": 3,
        "recognised": {"columns": {"phone": "Celular"}},
        "warnings": ["not read: 'x'"],
        "waiting": None,
        "readiness": {
            "messageable": 5,
            "no_consent": 2,
            "no_portfolio": 0,
            "country_off": 1,
            "no_template": 0,
            "bad_phone": 0,
        },
        "error": None,
    }


def test_a_file_refused_whole_has_an_error_and_no_rows():
    document = json.loads(a_summary(error=InvalidInput("NOT_CSV", "The file cannot be read as CSV")).to_json())
    assert document["error"] == {"code": "NOT_CSV", "reason": "The file cannot be read as CSV"}
    assert document["read"] == 0
    with pytest.raises(ValueError, match="refused whole"):
        a_summary(read=1, refused=1, error=InvalidInput("NOT_CSV", "The file cannot be read as CSV"))


@given(*[st.integers(0, 50)] * 5)
def test_no_row_is_ever_lost_from_the_count(read: int, created: int, updated: int, unchanged: int, refused: int):
    def summary(read: int) -> Summary:
        return Summary(
            kind="debts",
            portfolio="norte",
            file="march.csv",
            digest="ab" * 32,
            as_of=AS_OF,
            read=read,
            created=created,
            updated=updated,
            unchanged=unchanged,
            refused=refused,
        )

    total = created + updated + unchanged + refused
    assert summary(total).read == total
    if read != total:
        with pytest.raises(ValueError, match="rows are lost"):
            summary(read)
