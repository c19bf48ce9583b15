import csv
import gzip
import hashlib
from dataclasses import replace
from decimal import Decimal

import pytest

from cobranza.errors import InvalidInput
from cobranza.files import containers, reading, text
from cobranza.files.columns import DEBTS
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.reading import Reading
from cobranza.files.row import Row
from tests.unit.tables import AB, DEBT_HEADER, cells, codes, read, refusal
from tests.unit.tables import reading as reading_of


def debts(*rows: str, header: str = DEBT_HEADER) -> bytes:
    return "\n".join((header, *rows, "")).encode()


GOOD = "C-1,Zoë Prueba,+525555550101,MX,F-1,10.50,MXN,2026-03-05"


# What a file is written in.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_is_read_as_any_office_writes_it(encoding: str, delimiter: str, end: str):
    data = end.join((f"a{delimiter}b", f"1{delimiter}Íñigo", f"2{delimiter}Zoë", "")).encode(encoding)
    rows, survey = read(data)
    assert rows == [Row(2, ("1", "Íñigo")), Row(3, ("2", "Zoë"))]
    assert survey.delimiter == delimiter
    assert survey.encoding == {"utf-16": "utf-16-le"}.get(encoding, encoding)


def test_what_was_found_is_told_at_the_end():
    data = b"Reporte de cartera\n\nid;Saldo;Nota\n1;1.234,50;x\n2;0,50;y\n"
    wanted = replace(DEBTS, names=("debt_id", "balance"), required=("debt_id", "balance"), one_of=(), dates=())
    rows, survey = read(data, wanted, Declared(columns={"debt_id": ("id",)}))
    assert [row.line for row in rows] == [4, 5]
    assert (survey.title_rows, survey.header) == (2, ("id", "Saldo", "Nota"))
    assert (survey.columns, survey.balance_from) == ({"debt_id": "id", "balance": "Saldo"}, "balance")
    assert (survey.formats, survey.totals) == (Formats("", ","), {"": Decimal("1235.00")})
    assert survey.digest == hashlib.sha256(data).hexdigest()
    assert (survey.warnings, survey.is_refused_rows) == (
        ("columna que no se lee / column not read: 'Nota'",),
        False,
    )


def test_header_and_columns_are_known_from_the_first_row_on():
    one = reading_of(b"b,a\n1,2\n")
    next(one.rows())
    assert (one.header, one.columns) == (("b", "a"), {"b": 0, "a": 1})


def test_the_survey_waits_for_the_last_row():
    one = reading_of(b"a,b\n1,2\n3,4\n")
    next(one.rows())
    with pytest.raises(ValueError, match="not all rows"):
        one.survey()


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_chunks_may_end_anywhere(size: int):
    for encoding in ("utf-8", "utf-16", "cp1252"):
        data = 'a,b\r\n1,"Íñigo\r\nñ"\r\n2,€\r\n'.encode(encoding)
        chunks = [data[start : start + size] for start in range(0, len(data), size)]
        assert [row.cells for row in reading_of(chunks).rows()] == [("1", "Íñigo\r\nñ"), ("2", "€")]


def test_a_letter_may_lie_across_two_blocks():
    data = b"a,b\n" + "1,ñandú\n".encode() * 100_000
    rows, survey = read(data)
    assert (len(rows), survey.encoding) == (100_000, "utf-8")


# Encodings.


def test_bytes_that_are_no_utf8_after_ascii_alone_are_windows():
    rows, survey = read(b"a,b\n" + b"1,x\n" * 50_000 + b"2,Mu\xf1oz \x80\n")
    assert (rows[-1].cells, survey.encoding) == (("2", "Muñoz €"), "cp1252")


@pytest.mark.parametrize("filler", [b"", b"1,x\n" * 50_000])
def test_bytes_that_are_no_utf8_after_utf8_are_a_mixed_file(filler: bytes):
    refused = refusal(b"a,b\n1,Mu\xc3\xb1oz\n" + filler + b"2,Mu\xf1oz\n")
    assert refused.code == "MIXED_ENCODING"
    assert f"line {filler.count(b'\n') + 3}:" in refused.reason


def test_utf8_letters_after_windows_ones_are_a_mixed_file_too():
    assert refusal(b"a,b\n1,Mu\xf1oz\n2,Mu\xc3\xb1oz\n").code == "MIXED_ENCODING"


def test_a_bom_says_utf8():
    assert refusal(b"\xef\xbb\xbfa,b\n1,Mu\xf1oz\n").code == "MIXED_ENCODING"


@pytest.mark.parametrize("byte", [b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"])
def test_bytes_that_windows_does_not_know_are_refused(byte: bytes):
    assert refusal(b"a,b\n1,x" + byte + b"\n").code == "BAD_ENCODING"


def test_control_characters_of_a_wrong_encoding_are_refused():
    assert refusal("a,b\n1,x\x85\n".encode()).code == "BAD_ENCODING"


def test_dos_letters_are_not_taken_for_windows():
    """Peña in code page 850 is Pe¤a in Windows'."""
    data = "a,b\n1,Peña\n".encode("cp850")
    assert "cp850" in refusal(data).reason
    assert cells(data, declared=Declared(encoding="cp850")) == [("1", "Peña")]


@pytest.mark.parametrize("data", ["a,b\n".encode("utf-32"), "a,b\n1,x".encode("utf-16") + b"\0"])
def test_broken_wide_encodings_are_refused(data: bytes):
    assert refusal(data).code == "BAD_ENCODING"


def test_a_declared_encoding_is_read_as_such():
    assert refusal("a,b\n1,ñ\n".encode("cp1252"), declared=Declared(encoding="utf-8")).code == "BAD_ENCODING"
    assert refusal("a,b\n".encode("utf-16"), declared=Declared(encoding="cp1252")).code == "BAD_ENCODING"
    assert cells("a,b\n1,Ã±\n".encode("cp1252"), declared=Declared(encoding="cp1252")) == [("1", "Ã±")]
    assert cells("a,b\n1,ñ\n".encode("utf-16"), declared=Declared(encoding="utf-16")) == [("1", "ñ")]


def test_nul_bytes_are_refused_with_their_line():
    refused = refusal(b"a,b,c\n\0,2,3\n")
    assert refused.code == "NOT_A_TABLE"
    assert "line 2" in refused.reason


# CSV.


def test_a_row_knows_the_physical_line_on_which_it_begins():
    data = b'a,b\n1,"two\nlines"\n\n2,"and\r\nthree\nmore"\n3,x\n'
    assert [(row.line, row.cells[0]) for row in read(data)[0]] == [(2, "1"), (5, "2"), (8, "3")]


def test_old_mac_line_ends_in_quotes_and_out():
    assert read(b'a,b\r1,2\r"Once upon\ra time",5\r')[0] == [
        Row(2, ("1", "2")),
        Row(3, ("Once upon\ra time", "5")),
    ]


def test_blank_lines_and_rows_of_separators_are_no_rows():
    assert [row.line for row in read(b"a,b\n\n1,2\n,\n  \n3,4\n")[0]] == [3, 6]


@pytest.mark.parametrize("data", [b"a,b", b"a,b\n", b"a,b\n,\n"])
def test_a_header_alone_is_a_file_without_rows(data: bytes):
    rows, survey = read(data)
    assert (rows, survey.header) == ([], ("a", "b"))


def test_columns_of_the_header_may_have_no_name():
    assert cells(b"a,b,,\n1,2,,\n") == [("1", "2", "", "")]


def test_ragged_rows_are_given_as_they_are_with_their_fault():
    rows, _ = read(b"a,b\n1\n1,2,3\n4,5\n")
    assert [row.cells for row in rows] == [("1",), ("1", "2", "3"), ("4", "5")]
    assert [row.fault.code if row.fault else "" for row in rows] == ["RAGGED_ROW", "RAGGED_ROW", ""]


def test_a_header_may_have_line_breaks():
    assert cells(b'"a",b,"c\n\td"\n1,2,3\n') == [("1", "2", "3")]


def test_quotes_in_cells():
    assert cells(b'a,b\n1,"ha ""ha"" ha"\n2,5" pipe\n') == [("1", 'ha "ha" ha'), ("2", '5" pipe')]


def test_characters_that_python_alone_takes_for_line_ends_are_text():
    assert cells("a,b\n1,a\u2028b\x0bc\n".encode()) == [("1", "a\u2028b\x0bc")]


@pytest.mark.parametrize(
    "data", [b'a,b\n1,"never closed\n2,x\n', b'a,b\n1,"closed"early\n', b'a,b\n1,"' + b"x\n" * 200_000]
)
def test_quotes_are_strict(data: bytes):
    assert refusal(data).code == "NOT_CSV"


def test_the_separator_is_the_one_that_finds_the_columns():
    assert read(b"a;b\n1,5;2\n")[1].delimiter == ";"
    assert read(b'"x,y,z,w";;;\na;b;c;d\n1;2;3;4\n')[1].delimiter == ";"
    assert refusal(b"a,b;a;b\n").code == "NOT_CSV"


def test_excel_may_declare_the_separator():
    rows, survey = read(b"sep=|\r\na|b\r\n1,2|3;4\r\n")
    assert (rows, survey.delimiter, survey.title_rows) == ([Row(3, ("1,2", "3;4"))], "|", 1)


def test_a_declared_separator_is_taken():
    assert cells(b"a,b;a;b\n1;2;3\n", declared=Declared(delimiter=";"))[0] == ("1", "2", "3")


def test_the_header_is_found_below_titles():
    data = b"Aurora S.A.;;\nCartera al;2026-03-02;\n\na;b;c\n1;2;3\n"
    rows, survey = read(data)
    assert (rows, survey.title_rows) == ([Row(5, ("1", "2", "3"))], 3)


def test_a_header_below_the_thirtieth_row_is_not_found():
    assert refusal(b"x,y\n" * 30 + b"a,b\n").code == "MISSING_COLUMN"


def test_what_is_missing_is_told_with_what_was_seen():
    refused = refusal(b"Factura,Saldo\n1,2\n", DEBTS)
    assert refused.code == "MISSING_COLUMN"
    assert refused.reason.endswith(": borrower_id, name, phone, country, currency, due_date ← Factura, Saldo")


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\r\n \n", b"\xff\xfe"])
def test_an_empty_file_is_refused(data: bytes):
    assert refusal(data).code == "EMPTY_FILE"


# Totals, formats, evidence.


@pytest.mark.parametrize("word", ["Total", "TOTAL GENERAL", "Gran total:", "Subtotal", "Totales", "Suma"])
@pytest.mark.parametrize("place", [0, 1, 4])
def test_a_row_of_totals_is_refused_and_not_added_up(word: str, place: int):
    total = [""] * 8
    total[place], total[5] = word, "21.00"
    data = debts(GOOD, GOOD, ",".join(total))
    rows, survey = read(data, DEBTS)
    assert [row.fault.code if row.fault else "" for row in rows] == ["", "", "TOTALS_ROW"]
    assert survey.totals == {"MXN": Decimal("21.00")}


def test_a_person_called_total_is_no_total():
    assert codes(debts(GOOD.replace("Zoë Prueba", "Total Prueba"), GOOD.replace("F-1", "Total")), DEBTS) == [
        "",
        "",
    ]


def test_totals_are_kept_apart_by_currency_and_negative_ones_count():
    rows = [GOOD, GOOD.replace("10.50", "-0.25"), GOOD.replace("MXN", "cop").replace("10.50", "1000")]
    assert read(debts(*rows), DEBTS)[1].totals == {"COP": Decimal(1000), "MXN": Decimal("10.25")}


def test_the_total_is_of_what_is_owed():
    header = DEBT_HEADER.replace("balance", "amount,balance")
    rows = [GOOD.replace("10.50", "20.00,10.50"), GOOD.replace("10.50", "7.00,")]
    survey = read(debts(*rows, header=header), DEBTS)[1]
    assert (survey.totals, survey.balance_from) == ({"MXN": Decimal("17.50")}, "balance")


def test_formats_are_decided_by_all_rows_or_the_file_is_refused_at_its_end():
    day_first = GOOD.replace("2026-03-05", "05/03/2026")
    one = reading_of(debts(day_first), DEBTS)
    rows = one.rows()
    assert next(rows).cells[-1] == "05/03/2026"
    with pytest.raises(InvalidInput, match="AMBIGUOUS_DATES"):
        next(rows)
    formats = read(debts(day_first, GOOD.replace("2026-03-05", "31/03/2026")), DEBTS)[1].formats
    assert formats == Formats("DMY", ".")
    declared = Declared(formats=Formats("MDY"))
    assert read(debts(day_first), DEBTS, declared)[1].formats == Formats("MDY", ".")


def test_the_rows_currency_says_how_many_decimals_an_amount_has():
    chilean = GOOD.replace("10.50", "1.234").replace("MXN", "CLP")
    assert read(debts(chilean), DEBTS)[1].totals == {"CLP": Decimal(1234)}
    assert refusal(debts(GOOD.replace("10.50", "1.234")), DEBTS).code == "AMBIGUOUS_NUMBERS"
    no_currency = debts(chilean.replace("CLP,", ""), header=DEBT_HEADER.replace("currency,", ""))
    assert read(no_currency, DEBTS, Declared(defaults={"currency": "CLP"}))[1].totals == {"CLP": Decimal(1234)}


# Gzip and other containers.


def test_gzip_in_one_member_or_more():
    data = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n") + b"\0" * 512
    rows, survey = read(data)
    assert [row.cells for row in rows] == [("1", "2"), ("3", "4")]
    assert survey.digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(gzip.compress(b"a,b\n", mtime=0), mtime=0),
        gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:-9],
        b"\x1f\x8b\x08 not really",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        b"%PDF-1.7\n",
        b"\x89PNG\r\n",
        b"\xff\xd8\xff\xe0JFIF",
        b"PAR1",
        b"<html><table><tr><td>a</td><td>b</td></tr></table></html>",
        b"\xef\xbb\xbf \n<?xml version='1.0'?><Workbook/>",
        "<table>".encode("utf-16"),
        b'[{"a": 1}]',
    ],
)
def test_what_is_no_table_is_refused_with_what_it_seems_to_be(data: bytes):
    refused = refusal(data)
    assert (refused.code, "CSV UTF-8, XLSX" in refused.reason) == ("NOT_A_TABLE", True)


# Bounds.


def test_bounds_on_bytes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(containers, "MAX_RAW", 10)
    assert len(cells(b"a,b\n1,2\n34")) == 2
    assert refusal(b"a,b\n1,2\n3,4").code == "TOO_LARGE"
    monkeypatch.setattr(containers, "MAX_RAW", 1000)
    monkeypatch.setattr(containers, "MAX_DECODED", 1000)
    assert refusal(gzip.compress(b"a,b\n" + b"1,2\n" * 1000)).code == "TOO_LARGE"


def test_a_gzip_bomb_is_refused_while_it_unpacks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(containers, "FREE_OF_RATIO", 1_000_000)
    assert refusal(gzip.compress(b"a,b\n" + b"\n" * 5_000_000)).code == "TOO_LARGE"


def test_bounds_on_rows_columns_cells_and_lines(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    assert refusal(b"a,b\n1,2\n3,4\n5,6\n").code == "TOO_LARGE"
    wide = ",".join(["a", "b", *(f"c{number}" for number in range(198))])
    assert len(read(wide.encode())[1].header) == 200
    assert refusal((wide + ",more").encode()).code == "TOO_LARGE"
    assert cells(b"a,b\n1," + b"x" * 10_000) == [("1", "x" * 10_000)]
    assert refusal(b"a,b\n1," + b"x" * 10_001).code == "TOO_LARGE"
    assert refusal(b'a,b\n1,"' + b"x\n" * 5_001 + b'"\n').code == "TOO_LARGE"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(encoding: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text, "MAX_LINE", 100_000)
    given = 0

    def chunks():
        nonlocal given
        yield "a,b\n".encode(encoding)
        for _ in range(1000):
            given += 1
            yield (",x" * 50_000).encode(encoding.replace("16", "16-le"))

    with pytest.raises(InvalidInput, match="TOO_LARGE"):
        list(Reading(chunks(), wanted=AB, declared=Declared()).rows())
    assert given < 20


def test_reading_leaves_the_limit_of_the_csv_module_as_it_was():
    usual = csv.field_size_limit()
    refusal(b"a,b\n1," + b"x" * 10_001)
    assert csv.field_size_limit() == usual
