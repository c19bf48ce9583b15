"""A refused.csv of our own that comes back mended is read as the whole file was."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cobranza.files.columns import DEBTS
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.origin import Origin
from cobranza.files.results import Refusal, refused_csv
from cobranza.files.row import Row
from tests.unit.tables import cells, read, refusal


def test_a_mended_refused_file_is_read_without_its_guards():
    row = Row(7, ("=1+1", "'@x"))
    data = b"".join(refused_csv(("a", "b"), [Refusal(row, "BAD_AMOUNT", "=why", "b")]))
    rows, survey = read(data)
    assert rows[0].cells == ("7", "b", "BAD_AMOUNT", "=why", "", "=1+1", "'@x")
    assert (survey.is_refused_rows, survey.warnings) == (True, ())


AMBIGUOUS = ("F-1", "1.234", "03/04/2026")
SHOWING = ("debt_id", "balance", "due_date")
SHORT = replace(DEBTS, names=SHOWING, required=SHOWING, one_of=())


MONDAY, SUNDAY = datetime(2026, 11, 23, 2, tzinfo=UTC), datetime(2026, 11, 22, 2, tzinfo=UTC)


def mended(formats: Formats, *rows: tuple[str, ...], as_of: datetime = MONDAY) -> bytes:
    refusals = [Refusal(Row(7, row), "BAD_NAME", "why", "name") for row in rows]
    return b"".join(refused_csv(SHOWING, refusals, Origin(formats, as_of)))


def test_few_mended_rows_are_read_as_the_whole_file_was():
    for formats in (Formats("DMY", ","), Formats("MDY", ".")):
        assert read(mended(formats, AMBIGUOUS), SHORT)[1].formats == formats
    assert refusal(mended(Formats(), AMBIGUOUS), SHORT).code == "AMBIGUOUS_DATES"


def test_what_is_declared_of_the_mended_file_wins():
    declared = Declared(formats=Formats("MDY"))
    assert read(mended(Formats("DMY", ","), AMBIGUOUS), SHORT, declared)[1].formats == Formats("MDY", ",")


def test_mended_rows_of_files_that_were_read_in_different_ways_decide_nothing():
    both = mended(Formats("DMY", ","), AMBIGUOUS) + mended(Formats("MDY", ","), AMBIGUOUS).split(b"\n", 1)[1]
    assert refusal(both, SHORT).code == "AMBIGUOUS_DATES"


def test_mended_rows_of_several_files_are_as_old_as_the_oldest():
    first, second = (mended(Formats("DMY", ","), AMBIGUOUS, as_of=each) for each in (MONDAY, SUNDAY))
    survey = read(first + second.split(b"\n", 1)[1], SHORT)[1]
    assert (survey.as_of, survey.formats) == (SUNDAY, Formats("DMY", ","))


def test_a_row_that_somebody_added_takes_the_formats_and_the_moment_of_the_others():
    data = mended(Formats("DMY", ","), AMBIGUOUS) + b",,,,,F-2,2.345,05/04/2026\n"
    survey = read(data, SHORT)[1]
    assert (survey.formats, survey.as_of) == (Formats("DMY", ","), MONDAY)


def test_a_refused_file_of_before_without_formats_is_one_all_the_same():
    old = b"line,column,code,reason,debt_id,balance,due_date\n7,name,BAD_NAME,why,F-1,1.50,2026-03-04\n"
    rows, survey = read(old, SHORT)
    assert (len(rows), survey.is_refused_rows, survey.warnings) == (1, True, ())
    of_five = old.replace(b"reason,", b"reason,formats,").replace(b"why,", b"why,DMY comma,")
    survey = read(of_five, SHORT)[1]
    assert (survey.formats, survey.as_of) == (Formats("DMY", ","), None)


@pytest.mark.parametrize("text", ["", "DMY MDY", "comma point", "dmy", "=1"])
def test_words_that_are_not_ours_decide_nothing(text: str):
    assert Formats.of_words(text) == Formats()
    assert Origin.of_words(text) == Origin()


@pytest.mark.parametrize("text", ["as-of=", "as-of=ayer", "as-of=2026-11-23", "as-of=2026-11-23T02:00:00"])
def test_a_moment_that_cannot_be_read_or_is_of_no_zone_is_none(text: str):
    assert Origin.of_words(text).as_of is None


@pytest.mark.parametrize("formats", [Formats("DMY", ","), Formats("", "."), Formats("YMD", ""), Formats()])
def test_formats_survive_as_words(formats: Formats):
    for as_of in (None, MONDAY):
        assert Origin.of_words(Origin(formats, as_of).words) == Origin(formats, as_of)


@pytest.mark.parametrize(
    ("written", "given"),
    [("'=1", "=1"), ("''=1", "'=1"), ("'+52", "+52"), ("'Ana", "'Ana"), ("'", "'"), ("=1", "=1")],
)
def test_only_the_apostrophe_that_guards_a_formula_is_dropped(written: str, given: str):
    assert cells(f"a,b\n1,{written}\n".encode()) == [("1", given)]
