import re

import pytest

from cobranza.files.codes import CODES, refuse
from cobranza.files.columns import DEBTS
from local import codes


@pytest.mark.parametrize("language", codes.GUIDES)
def test_the_guides_list_the_codes_as_the_code_has_them(language: str):
    page = codes.GUIDES[language].read_text()
    assert codes.renewed(page, language) == page, "run python -m local.codes"


@pytest.mark.parametrize("language", codes.GUIDES)
def test_the_guides_list_every_column(language: str):
    page = codes.GUIDES[language].read_text()
    assert ",".join(DEBTS.names) in page
    assert set(DEBTS.names) <= set(re.findall(r"^\| `([a-z0-9_]+)` \|", page, re.MULTILINE))


def test_a_page_without_its_marks_is_not_written():
    with pytest.raises(ValueError, match="codes"):
        codes.renewed("# Files", "en")


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_told_in_both_languages(code: str):
    sentence = CODES[code]
    assert all(sentence)
    assert len(set(sentence)) == 4


def test_a_refusal_is_told_in_both_languages():
    refused = refuse("BAD_RISK", "A | B", "risk")
    assert (refused.code, refused.column) == ("BAD_RISK", "risk")
    assert refused.reason == "El riesgo no se puede leer · The risk cannot be read: A | B"
    assert refuse("BAD_RISK", "one letter", es="una letra").reason == (
        "El riesgo no se puede leer: una letra · The risk cannot be read: one letter"
    )
