"""docs/errors.md and docs/es/errores.md tell what the table of codes says."""

import pytest

from cobranza.whatsapp.errors import Action, rules
from local import errors


@pytest.mark.parametrize("language", errors.GUIDES)
def test_the_page_tells_the_codes_as_they_are(language: str) -> None:
    page = errors.GUIDES[language].read_text()
    assert errors.renewed(page, language) == page, "run python -m local.errors"


def test_every_code_has_a_title_and_says_what_to_do_in_both_languages() -> None:
    for rule in rules():
        assert rule.title
        assert rule.remedy.es
        assert rule.remedy.en
        assert rule.remedy.es != rule.remedy.en
        assert (rule.retry_after > 0) == (rule.action is Action.RETRY)


def test_whoever_mends_a_stop_is_told_to_resume() -> None:
    for rule in rules():
        assert ("resume" in rule.remedy.en) == rule.action.stops, rule.code
        assert ("reanude" in rule.remedy.es or "reanúde" in rule.remedy.es) == rule.action.stops, rule.code


def test_a_page_without_its_marks_is_not_written() -> None:
    with pytest.raises(ValueError, match="errors"):
        errors.renewed("# Errors", "en")
