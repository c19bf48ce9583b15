import json

import pytest

from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from tests.unit.tables import cells, codes, read, refusal


def lines(*objects: object) -> bytes:
    return "\n".join(
        one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in objects
    ).encode()


def test_one_object_a_line_and_its_keys_are_the_header():
    rows, survey = read(lines({"a": "Íñigo", "b": "2"}, "", {"b": "4", "a": "3"}, {"a": "5"}))
    assert [(row.line, row.cells) for row in rows] == [(1, ("Íñigo", "2")), (3, ("3", "4")), (4, ("5", ""))]
    assert (survey.header, survey.title_rows, survey.delimiter) == (("a", "b"), 0, "")


def test_the_first_objects_together_make_the_header():
    assert read(lines({"a": 1, "b": 2}, {"a": 3, "b": 4, "c": 5}))[1].header == ("a", "b", "c")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1234567890123456789012", "1234567890123456789012"),
        ("1234.50", "1234.50"),
        ("47.077", "47.0770"),
        ("true", "true"),
        ("false", "false"),
        ("null", ""),
        ('"x\\u00f1"', "xñ"),
        ("1e5", "1e5"),
        ("NaN", "NaN"),
    ],
)
def test_values_are_the_text_that_they_are(value: str, text: str):
    assert cells(lines(f'{{"a": "1", "b": {value}}}')) == [("1", text)]


def test_a_number_is_no_text_whatever_sign_is_declared_for_texts():
    comma = Declared(formats=Formats(decimal=","))
    assert cells(lines('{"a": 1234.50, "b": "1.234,50"}'), declared=comma) == [("1234,50", "1.234,50")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"a": 1, "b": {"c": 2}}', "BAD_JSON"),
        ('{"a": 1, "b": [2]}', "BAD_JSON"),
        ('{"a": 1, "a": 2, "b": 3}', "BAD_JSON"),
        ('{"a": 1, "b": 2', "BAD_JSON"),
        ("not json", "BAD_JSON"),
        ("[1, 2]", "BAD_JSON"),
        ('{"a": 1, "b": "\\ud800"}', "BAD_JSON"),
        ('{"a": 1, "b": "\\u0000"}', "BAD_JSON"),
        ("[" * 100_000, "BAD_JSON"),
        ('{"a": ' + "[" * 100_000, "BAD_JSON"),
        ('{"a": 1, "b": 2, "z": 3}', "RAGGED_ROW"),
    ],
)
def test_what_is_no_plain_object_is_refused_as_a_row(line: str, code: str):
    good = [{"a": str(number), "b": "x"} for number in range(30)]
    rows, _ = read(lines(*good, line, {"a": 1, "b": 2}))
    assert [row.fault.code if row.fault else "" for row in rows] == [*[""] * 30, code, ""]
    for cell in rows[30].cells:
        cell.encode()


def test_a_value_without_a_column_comes_back_with_its_key():
    good = [{"a": "1", "b": "x"}] * 30
    assert cells(lines(*good, {"a": "1", "b": "x", "z": "y"}))[-1] == ("1", "x", "z: y")


def test_json_on_many_lines_is_no_table():
    assert refusal(b'{\n  "a": 1,\n  "b": 2\n}\n').code == "NOT_A_TABLE"


def test_a_bound_on_a_value():
    assert refusal(lines({"a": "x" * 10_001, "b": ""})).code == "TOO_LARGE"


def test_other_encodings_too():
    assert cells('{"a": "ñ", "b": 1}\n'.encode("utf-16")) == [("ñ", "1")]
    assert codes('{"a": "ñ", "b": 1}\n'.encode("cp1252")) == [""]
