from datetime import date

from cobranza.conversation.intent import Intent, understand
from local.intents import MEANS, PAGE, renewed


def test_the_page_shows_the_intents_as_they_are() -> None:
    page = PAGE.read_text()
    assert renewed(page) == page


def test_its_examples_mean_what_it_says() -> None:
    today = date(2026, 11, 18)
    told = {intent: [understand(like, today).intent for like in likes] for intent, (_, *likes) in MEANS.items()}
    assert told == {intent: [intent, intent] for intent in Intent}
