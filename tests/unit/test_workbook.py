import gzip
import struct
import zipfile
from collections.abc import Sequence
from io import BytesIO

import pytest

from cobranza.files import workbook as room
from cobranza.files.columns import DEBTS
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from tests.unit.tables import AB, cells, codes, read, refusal
from tests.unit.workbooks import Cell, sheet_xml, workbook, zipped

HEADER: Sequence[Cell] = ("a", "b")


def sheet(*rows: Sequence[Cell], first_row: int = 1) -> bytes:
    return workbook({"Hoja1": [HEADER, *rows]}, first_row=first_row)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Íñigo", "Íñigo"),
        ("005", "005"),
        (5255550101, "5255550101"),
        (525555550101, "525555550101"),
        ("5.25E+11", "5.25E+11"),
        (1234.5, "1234.5"),
        ("1234.5599999999999", "1234.5599999999999"),
        (1234.5599999999999, "1234.56"),
        (0.1, "0.1"),
        (47.077, "47.0770"),
        (1e-05, "0.00001"),
        (0, "0"),
        (-12.25, "-12.25"),
        (10**14, "100000000000000"),
        (("date", 46053), "2026-01-31"),
        (("date", 46053.5), "2026-01-31 12:00:00"),
        (("error", "#N/A"), "#N/A"),
        (("error", "#REF!"), "#REF!"),
        (None, ""),
    ],
)
def test_a_cell_is_the_text_that_its_sheet_shows(value: Cell, text: str):
    assert cells(sheet(("x", value))) == [("x", text)]


def test_a_number_that_lost_digits_looks_so():
    """Sixteen digits and more: a spreadsheet keeps fifteen, the rest are zeros."""
    assert cells(sheet(("x", 123456789012345678))) == [("x", "1.2345678901234568E+17")]


def test_a_number_is_no_text_whatever_sign_is_declared_for_texts():
    comma = Declared(formats=Formats(decimal=","))
    assert cells(sheet(("x", 1234.5), ("y", 47.077), ("z", "1.234,50")), declared=comma) == [
        ("x", "1234,5"),
        ("y", "47,0770"),
        ("z", "1.234,50"),
    ]


def test_lines_are_the_sheets_row_numbers_and_blank_rows_are_none():
    rows, survey = read(sheet(("1", "2"), (None, None), ("", " "), ("3", "4"), first_row=4))
    assert [(row.line, row.cells) for row in rows] == [(5, ("1", "2")), (8, ("3", "4"))]
    assert (survey.title_rows, survey.encoding, survey.delimiter) == (3, "", "")


def test_titles_and_the_first_sheet_with_a_header():
    data = workbook(
        {
            "Portada": [["Aurora"], ["a"]],
            "Oculta": [HEADER, ("0", "0")],
            "Cartera": [["Cartera al", ("date", 46053)], [None], HEADER, ("1", "2")],
            "Otra": [HEADER, ("8", "9")],
        },
        hidden=["Oculta"],
    )
    rows, survey = read(data)
    assert [(row.line, row.cells) for row in rows] == [(4, ("1", "2"))]
    assert survey.warnings == ("hoja que no se lee / sheet not read: 'Otra'",)


def test_what_stands_beside_the_table_makes_a_row_ragged_only_where_it_is_filled():
    data = sheet(("1", "2"), ("3", "4", None, "note"), ("5",))
    assert cells(data) == [("1", "2"), ("3", "4", "", "note"), ("5", "")]
    assert codes(data) == ["", "RAGGED_ROW", ""]


def test_a_workbook_without_the_columns_is_refused_with_those_it_has():
    refused = refusal(workbook({"x": [["Factura", "Saldo"]]}), DEBTS)
    assert (refused.code, refused.reason.endswith("← Factura, Saldo")) == ("MISSING_COLUMN", True)


def test_an_empty_workbook_is_refused():
    assert refusal(workbook({"x": []})).code == "EMPTY_FILE"


def test_a_workbook_may_be_in_gzip():
    assert cells(gzip.compress(sheet(("1", "2")))) == [("1", "2")]


@pytest.mark.parametrize(
    ("names", "seems"),
    [(["xl/workbook.bin"], "XLSB"), (["content.xml"], "ODS"), (["word/document.xml"], "DOCX"), (["a.csv"], "ZIP")],
)
def test_other_zips_are_refused_with_what_they_are(names: list[str], seems: str):
    refused = refusal(zipped(dict.fromkeys(names, "x")))
    assert (refused.code, f": {seems}" in refused.reason) == ("NOT_A_TABLE", True)


@pytest.mark.parametrize("cut", [30, 200, -30])
def test_a_damaged_workbook_is_refused(cut: int):
    assert refusal(sheet(("1", "2"))[:cut]).code == "NOT_A_TABLE"


def test_a_workbook_that_is_no_workbook_is_refused():
    assert refusal(zipped({"xl/workbook.xml": "<nonsense"})).code == "NOT_A_TABLE"


def test_a_bomb_is_refused_by_its_directory(monkeypatch: pytest.MonkeyPatch):
    bomb = zipped({"xl/workbook.xml": " " * 1_000_000})
    assert refusal(bomb).code == "TOO_LARGE"
    monkeypatch.setattr(room, "MAX_BYTES", 100)
    assert refusal(sheet(("1", "2"))).code == "TOO_LARGE"


def test_a_bomb_that_lies_in_its_directory_is_refused():
    data = bytearray(zipped({"xl/workbook.xml": " " * 1_000_000}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    assert refusal(bytes(data)).code == "TOO_LARGE"


def test_one_cell_far_away_does_not_make_a_huge_sheet():
    far = sheet_xml([HEADER]).replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    blank = far.replace('<c r="XFD1048576"><v>1</v></c>', '<c r="XFD1048576" s="1"/>')
    assert refusal(with_sheet(far)).code == "TOO_LARGE"
    assert cells(with_sheet(blank)) == []


def with_sheet(xml: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(sheet())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, xml if name.endswith("sheet1.xml") else old.read(name))
    return out.getvalue()


def test_no_digit_of_a_phone_is_lost():
    header = ["borrower_id", "name", "phone", "country", "debt_id", "balance", "currency", "due_date"]
    row: list[Cell] = ["C-1", "Zoë", 525555550101, "MX", 1001, 1234.5, "MXN", ("date", 46053)]
    assert cells(workbook({"x": [header, row]}), DEBTS) == [
        ("C-1", "Zoë", "525555550101", "MX", "1001", "1234.5", "MXN", "2026-01-31")
    ]


def test_the_reader_of_workbooks_is_only_imported_for_one():
    assert cells(b"a,b\n1,2\n", AB) == [("1", "2")]
    assert "python_calamine" not in vars(room)
