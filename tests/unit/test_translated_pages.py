"""Pages that are there in Spanish too have the same sections; those for whoever operates say the same in each."""

import re
from collections import Counter
from itertools import zip_longest

import pytest

from tests.unit.template import ROOT

DOCS = ROOT / "docs"
SAME = {"operations.md": "operaciones.md", "errors.md": "errores.md"}
# The Spanish one is for those who drop files, and leaves out what only whoever sets up a portfolio has to know.
SHORTER = {"files.md": "archivos.md"}

# What is called the same in every language: commands, places, names of files, columns, codes.
_NAMES = re.compile(
    r"cobranza [a-z]+|[a-z_]+/|--[a-z-]+|[a-z_]+\.(?:csv|json|yaml|approve)|[a-z]+_[a-z_]+|[A-Z]{4,}(?:_[A-Z]+)*"
)
# Placeholders, where links lead, and what a link to a page is called.
_TOLD_OTHERWISE = re.compile(r"<[^>]*>|(\[[\w/]+\.md)?\]\([^)]*\)")


def sections(page: str) -> list[str]:
    """Each begins with its heading."""
    return re.split(r"^(?=#+ )", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def depth(section: str) -> int:
    return section.index(" ")


def steps(section: str) -> Counter[str]:
    """How many steps, points, rows and blocks it has."""
    marks = re.findall(r"^(\d+\.|- |\||```|    \w)", section, flags=re.MULTILINE)
    return Counter("step" if mark[0].isdigit() else mark[:2] for mark in marks)


def names(section: str) -> set[str]:
    return {*_NAMES.findall(re.sub(r"\s+", " ", _TOLD_OTHERWISE.sub(" ", section)))}


@pytest.mark.parametrize(("english", "spanish"), (SAME | SHORTER).items())
def test_a_page_has_the_same_sections_in_both_languages(english: str, spanish: str) -> None:
    assert [*map(depth, sections(english))] == [*map(depth, sections(f"es/{spanish}"))]


@pytest.mark.parametrize(("english", "spanish"), SAME.items())
def test_each_section_has_the_same_steps_and_names_the_same_things(english: str, spanish: str) -> None:
    for one, other in zip_longest(sections(english), sections(f"es/{spanish}"), fillvalue="-"):
        assert (steps(one), names(one)) == (steps(other), names(other)), one.partition("\n")[0]
