"""Whatever is written comes back cell by cell; whatever is broken is refused, in bounded time."""

import csv
import gzip
import io
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from cobranza.errors import InvalidInput
from cobranza.files.codes import FILE_CODES, ROW_CODES
from cobranza.files.columns import DEBTS
from cobranza.files.declared import Declared
from tests.unit.tables import AB, DEBT_HEADER, read
from tests.unit.workbooks import workbook

# What a file of text may hold: no NUL, no halves of surrogate pairs, no control characters of a wrong encoding.
ANY = st.characters(exclude_categories=["Cs"], exclude_characters=["\0", *map(chr, range(0x80, 0xA0)), "\ufeff"])
WINDOWS = st.sampled_from("abcXYZ 019áéíóúüñÑãõçÇÉ€ºª¿—’“”\t;,|\"'=\n\r")
LATIN = "áéíóúñ"


def tables(alphabet: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    cell = st.text(alphabet, max_size=12)
    return st.lists(st.lists(cell, min_size=3, max_size=3), max_size=6)


def written(rows: list[list[str]], delimiter: str, end: str, *, all_quoted: bool) -> str:
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(("a", "b", "c"))
    writer.writerows(rows)
    return out.getvalue()


def expected(rows: list[list[str]]) -> list[tuple[str, ...]]:
    """Rows of blanks are no rows, and an apostrophe that guards a formula goes."""
    kept = [tuple(row) for row in rows if any(map(str.strip, row))]
    return [tuple(unguarded(cell) for cell in row) for row in kept]


def unguarded(cell: str) -> str:
    bare = cell.lstrip("'")
    return cell[1:] if bare != cell and bare.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


@given(
    tables(ANY),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
    st.booleans(),
)
def test_a_table_comes_back_cell_by_cell(
    rows: list[list[str]], delimiter: str, end: str, encoding: str, all_quoted: bool, packed: bool
):
    # csv writes \r bare inside cells of files with \n ends, and reads it back, only in quotes.
    data = written(rows, delimiter, end, all_quoted=all_quoted).encode(encoding)
    found, survey = read(gzip.compress(data) if packed else data)
    assert [row.cells for row in found] == expected(rows)
    assert all(row.fault is None or row.fault.code == "TOTALS_ROW" for row in found)
    assert survey.delimiter == delimiter


@given(tables(WINDOWS), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
@example([["", "|", "b"]], ",", "\n")
def test_a_windows_table_comes_back_cell_by_cell_or_is_refused(rows: list[list[str]], delimiter: str, end: str):
    """Ã and ± beside each other are ñ in UTF-8: such a table may be refused as mixed, never read wrong."""
    text = written(rows, delimiter, end, all_quoted=False)
    data = text.encode("cp1252")
    assume(not is_utf8(data) or text.isascii())
    try:
        found, _ = read(data)
    except InvalidInput as refused:
        assert refused.code in ("MIXED_ENCODING", "BAD_ENCODING")  # noqa: PT017 - either is right
    else:
        assert [row.cells for row in found] == expected(rows)
    found, _ = read(data, declared=Declared(encoding="cp1252"))
    assert [row.cells for row in found] == expected(rows)


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


SEEDS = [
    f"{DEBT_HEADER}\nC-1,Zoë Prueba,+525555550101,MX,F-1,10.50,MXN,2026-03-05\n".encode(),
    'Cartera\n\na;b;c\n1;Íñigo;"x\ny"\n'.encode("cp1252"),
    "a\tb\n1\tñ\n".encode("utf-16"),
    gzip.compress(b"a,b\n1,2\n"),
    b'{"a": 1, "b": "x"}\n{"a": 2, "b": null}\n',
    workbook({"Hoja1": [["a", "b"], ["1", 2.5], ["x", ("date", 46053)]]}),
]


def assert_read_or_refused(data: bytes, wanted: Any = AB) -> str:
    began = time.thread_time()
    try:
        rows, _ = read(data, wanted)
    except InvalidInput as refused:
        code = refused.code
        assert code in FILE_CODES, code
    else:
        assert all(row.fault is None or row.fault.code in ROW_CODES for row in rows)
        code = ""
    assert time.thread_time() - began < 5
    return code


@given(st.binary(max_size=300))
@example(b"PK\x03\x04")
@example(b"\x1f\x8b")
@example(b"{")
@example(b'"')
@example(b"sep=;")
def test_any_bytes_are_read_or_refused(data: bytes):
    assert_read_or_refused(data)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(st.sampled_from(SEEDS), st.data())
def test_a_damaged_file_is_read_or_refused(seed: bytes, data: st.DataObject):
    damaged = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(damaged)))
        match data.draw(st.sampled_from(["set", "cut", "insert", "repeat"])):
            case "set" if place < len(damaged):
                damaged[place] = data.draw(st.integers(0, 255))
            case "cut":
                del damaged[place : place + data.draw(st.integers(1, 40))]
            case "insert":
                damaged[place:place] = data.draw(st.binary(max_size=20))
            case _:
                damaged[place:place] = damaged[: data.draw(st.integers(0, 60))]
    assert_read_or_refused(bytes(damaged))
    assert_read_or_refused(bytes(damaged), DEBTS)


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n" + b'"' * 500_000,
        b"a,b\n" + b"," * 900_000,
        b"\n" * 2_000_000,
        b"a,b\n" + b" \n" * 500_000,
        b"a,b\r" * 100_000,
        b"a,b\n1," + b"(" * 9_000 + b"\n",
        b"{" * 900_000,
        b'{"a":' * 100_000,
        ("a,b\n1," + "1" * 9_999 + "\n").encode(),
        ("a,b\n" + "1,'" * 3_000).encode(),
    ],
)
def test_strange_sizes_take_no_time(data: bytes):
    assert_read_or_refused(data)
    assert_read_or_refused(data, DEBTS)
