"""The page of good practice names tests that there are."""

import re

from tests.unit.template import ROOT


def test_every_practice_is_held_by_tests() -> None:
    page = (ROOT / "docs" / "good-practice.md").read_text(encoding="utf-8")
    rows = [row for row in page.splitlines() if row.startswith("| ")][1:]
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    for row in rows:
        named = set(re.findall(r"`(test_\w+)`", row))
        assert named, row
        assert named <= there, named - there
