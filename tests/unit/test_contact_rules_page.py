"""docs/contact-rules.md tells what the rules say."""

import pytest

from cobranza.policy.contact_rules import countries, rules_for
from local import contact_rules

PAGE = contact_rules.PAGE.read_text()


def test_the_page_tells_the_rules_as_they_are() -> None:
    assert contact_rules.renewed(PAGE) == PAGE, "run python -m local.contact_rules"


def test_it_begins_by_saying_what_it_is_not() -> None:
    assert PAGE.splitlines()[2].startswith("**This is not legal advice.**")


@pytest.mark.parametrize("country", countries())
def test_it_has_every_country_with_its_law_and_sources(country: str) -> None:
    rules = rules_for(country)
    assert rules
    assert f"({country})\n" in PAGE
    assert rules.law in PAGE
    assert all(f"<{source}>" in PAGE for source in rules.sources)


def test_a_page_without_its_marks_is_not_written() -> None:
    with pytest.raises(ValueError, match="overview"):
        contact_rules.renewed("# Contact rules")
