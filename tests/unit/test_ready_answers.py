"""What the guide gives whoever answers may be sent, and is said of cases that there are."""

import re

import pytest

from cobranza.conversation.intent import Intent
from cobranza.whatsapp.template_words import FORBIDDEN
from tests.unit.template import ROOT

GUIDE = (ROOT / "docs" / "es" / "casos.md").read_text(encoding="utf-8")
READY = re.findall(r"^> (.+)$", GUIDE, flags=re.MULTILINE)
# What else opens a case than what a borrower means.
TOPICS = {*Intent, "PROPOSAL", "MEDIA", "UNANSWERED", "RECEIPT_UNVERIFIED", "UNKNOWN_SENDER"}


@pytest.mark.parametrize("text", READY)
def test_a_ready_answer_can_be_sent_and_presses_nobody(text: str) -> None:
    assert len(text) <= 1000
    assert not FORBIDDEN.search(text)
    assert not re.search(r"\d", text), "a figure of its own"
    assert not re.search(r"por qué|!|¡|[A-ZÁÉÍÓÚÑ]{4,}", text)


def test_ready_answers_are_told_for_topics_that_there_are() -> None:
    told = re.findall(r"^\*\*.+\*\* \((.+)\)$", GUIDE, flags=re.MULTILINE)
    topics = {topic for line in told for topic in re.findall(r"`(\w+)`", line)}
    assert len(READY) >= len(told) >= 9
    assert topics <= TOPICS
    assert {Intent.DISPUTE, Intent.PROBLEM, Intent.PERSON, Intent.COMPLAINT, Intent.WRONG_PERSON} <= topics
