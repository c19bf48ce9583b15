import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.errors import InvalidInput
from cobranza.files import table
from cobranza.files.table import Row, read_table


def code_of(data: bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_table(data)
    return refused.value.code


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_is_read_as_any_office_writes_it(bom: bytes, delimiter: str, end: str):
    text = end.join((f"id{delimiter}name", f"1{delimiter}Íñigo", f"2{delimiter}Zoë", ""))
    read = read_table(bom + text.encode())
    assert (read.header, read.delimiter) == (("id", "name"), delimiter)
    assert list(read.rows) == [Row(2, ("1", "Íñigo")), Row(3, ("2", "Zoë"))]


def test_a_row_knows_the_physical_line_on_which_it_starts():
    read = read_table(b'id,text\n1,"two\nlines"\n\n2,"and\r\nthree\nmore"\n3,x\n')
    assert [(row.line, row.cells[0]) for row in read.rows] == [(2, "1"), (5, "2"), (8, "3")]


def test_characters_that_python_alone_takes_for_line_ends_are_text():
    read = read_table("id,text\n1,a\u2028b\x0bc\x85d\n".encode())
    assert list(read.rows) == [Row(2, ("1", "a\u2028b\x0bc\x85d"))]


def test_blank_lines_are_not_rows():
    assert [row.line for row in read_table(b"a,b\n\n1,2\n,\n  \n3,4\n").rows] == [3, 6]


def test_a_header_alone_is_a_file_without_rows():
    assert list(read_table(b"a,b").rows) == []


def test_ragged_rows_are_given_as_they_are():
    assert [row.cells for row in read_table(b"a,b\n1\n1,2,3\n").rows] == [("1",), ("1", "2", "3")]


def test_the_other_delimiter_may_stand_in_quotes_and_cells():
    read = read_table(b'a,"b;c"\n1;2,3\n')
    assert (read.header, list(read.rows)) == (("a", "b;c"), [Row(2, ("1;2", "3"))])


def test_names_of_columns_lose_the_blanks_around_them():
    assert read_table(b" a , b\n").header == ("a", "b")


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\r\n \n", b",,,\n"])
def test_an_empty_file_is_refused(data: bytes):
    assert code_of(data) == "EMPTY_FILE"


@pytest.mark.parametrize("data", ["a,ñ\n".encode("latin-1"), "a,b\n".encode("utf-16")])
def test_other_encodings_are_refused(data: bytes):
    assert code_of(data) == "NOT_UTF8"


def test_the_reason_tells_the_line_that_is_not_utf8():
    with pytest.raises(InvalidInput, match="line 3"):
        read_table(b"a,b\n1,2\n3,\xf1\n")


@pytest.mark.parametrize(
    "data",
    [
        b"a\n1\n",
        b"a\tb\n1\t2\n",
        b"a,b;c\n",
        b"a,b\n1,\0\n",
        b'a,b\n1,"never closed\n2,x\n',
        b'a,b\n1,"closed"early\n',
        b"a,b\n1," + b"x" * 10_001 + b"\n",
        ",".join(f"c{i}" for i in range(201)).encode(),
    ],
)
def test_what_is_not_a_sound_csv_is_refused_before_any_row_is_given(data: bytes):
    assert code_of(data) == "NOT_CSV"


def test_the_longest_cell_and_the_widest_header_are_read():
    assert len(next(read_table(b"a,b\n1," + b"x" * 10_000 + b"\n").rows).cells[1]) == 10_000
    assert len(read_table(",".join(f"c{i}" for i in range(200)).encode()).header) == 200


def test_reading_leaves_the_limit_of_the_csv_module_as_it_was():
    usual = csv.field_size_limit()
    read_table(b"a,b\n")
    code_of(b"a,b\n1," + b"x" * 10_001)
    assert csv.field_size_limit() == usual


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(table, "MAX_BYTES", 7)
    assert list(read_table(b"a,b\n1,2").rows) == [Row(2, ("1", "2"))]
    assert code_of(b"a,b\n1,23") == "TOO_LARGE"


def test_a_column_that_is_there_twice_is_refused():
    with pytest.raises(InvalidInput, match=r"DUPLICATE_COLUMN: .*: b$"):
        read_table(b"a,b,c, b\n")


def test_columns_without_a_name_may_repeat():
    assert read_table(b"a,b,,\n").header == ("a", "b", "", "")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("'=1+1", "=1+1"),
        ("'+52", "+52"),
        ("'-x", "-x"),
        ("'@x", "@x"),
        ("''=1", "'=1"),
        ("'Ana", "'Ana"),
        ("=1", "=1"),
        ("'", "'"),
    ],
)
def test_only_the_apostrophe_that_guards_a_formula_is_dropped(written: str, read: str):
    assert next(read_table(f"a,b\n1,{written}\n".encode()).rows).cells[1] == read


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_at_once(data: bytes):
    try:
        read = read_table(data)
    except InvalidInput:
        return
    list(read.rows)
