"""What we answer: the texts themselves."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cobranza.conversation.amounts import amount_in_figures
from cobranza.conversation.answers import Answer, Part, texts, words_for
from cobranza.conversation.buttons import CHANGES, STANDS, of_button, of_promise, promise_payload
from cobranza.conversation.intent import Intent, understand
from cobranza.conversation.reply import Asked, Reply, meaning_of, reply_to
from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.policy.decision import Book
from cobranza.whatsapp.answer_texts import answer_message, answer_text
from local.simulator.interactive import read_interactive
from tests.unit.books import NOON, borrower, debt, portfolio
from tests.unit.simulator_calls import new_state

LANGUAGES = ("es", "es_AR", "pt_BR", "en")
every_language = pytest.mark.parametrize("language", LANGUAGES)
DAY = date(2026, 11, 24)
# The words in capitals that an answer offers, and what each must be understood as.
MEANS = {
    **dict.fromkeys(("SALDO", "BALANCE"), Intent.BALANCE),
    **dict.fromkeys(("PAGAR", "PAY"), Intent.PAY),
    **dict.fromkeys(("BAJA", "SAIR", "STOP"), Intent.STOP),
    **dict.fromkeys(("ALTA", "VOLTAR", "START"), Intent.START),
    **dict.fromkeys(("PERSONA", "PESSOA", "PERSON"), Intent.PERSON),
}


def a_book(*debts: Debt, of: Borrower | None = None) -> Book:
    return Book(of or borrower(), debts, ())


def facts_of(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@every_language
def test_every_language_has_every_text_with_the_same_facts(language: str) -> None:
    assert texts(language).keys() == {*Answer, *Part}
    for name, text in texts(language).items():
        assert facts_of(text) == facts_of(texts("es")[name])


@every_language
def test_no_text_has_a_figure_of_its_own(language: str) -> None:
    assert not any(character.isdigit() for text in texts(language).values() for character in text)


@every_language
def test_every_word_that_an_answer_offers_works(language: str) -> None:
    for name, text in texts(language).items():
        offered = set(re.findall(r"\b[A-ZÁ]{3,}\b", text)) - {"PDF"}
        assert offered <= MEANS.keys(), name
        for word in offered:
            assert understand(word, DAY, language).intent is MEANS[word]


@every_language
@pytest.mark.parametrize("answer", [Answer.HELP, Answer.RIGHT_PERSON])
def test_who_asks_or_has_just_said_who_they_are_is_told_the_words_that_work(language: str, answer: Answer) -> None:
    offered = re.findall(r"\b[A-Z]{3,}\b", words_for(answer, language))
    assert [MEANS[word] for word in offered] == [Intent.BALANCE, Intent.PAY, Intent.STOP, Intent.PERSON]


@every_language
def test_a_stop_tells_how_to_come_back_and_a_start_how_to_stop(language: str) -> None:
    (back,) = re.findall(r"\b[A-Z]{4,}\b", words_for(Answer.STOPPED, language))
    assert MEANS[back] is Intent.START
    assert any(MEANS.get(word) is Intent.STOP for word in re.findall(r"\b[A-Z]{4,}\b", texts(language)["STARTED"]))


@every_language
def test_the_example_of_a_promise_is_one(language: str) -> None:
    for name in (Answer.WHICH_DAY, Answer.PROMISE_TAKEN_BACK):
        meaning = understand(words_for(name, language).rpartition(": ")[2], DAY, language)
        assert (meaning.intent, meaning.day) == (Intent.PROMISE, date(2026, 11, 27))


@every_language
@pytest.mark.parametrize("buttons", [(Part.BUTTON_YES, Part.BUTTON_CHANGE), (Part.BUTTON_PAY, Part.BUTTON_STOP)])
def test_buttons_have_the_shape_that_meta_takes(language: str, buttons: tuple[Part, Part]) -> None:
    reply = Reply(buttons=tuple((part.value, part) for part in buttons))
    message = answer_message("+525555550101", "¿Sí?", reply, language, "wamid.1")
    assert (message["type"], message["context"]) == ("interactive", {"message_id": "wamid.1"})
    shown: Any = read_interactive(message["interactive"], new_state())
    assert [button["text"] for button in shown["buttons"]] == [words_for(part, language) for part in buttons]


@every_language
def test_an_answer_without_buttons_is_a_text(language: str) -> None:
    message = answer_message("+525555550101", words_for(Answer.HELP, language), Reply(), language, "wamid.1")
    assert message["text"]["preview_url"] is False


@every_language
def test_whoever_complains_is_told_where_else(language: str) -> None:
    told = answer_text(Answer.COMPLAINT, Reply(), a_book(debt()), portfolio(), language)
    assert "800 000 0000" in told


@pytest.mark.parametrize(
    ("language", "country", "shown"),
    [
        ("es", "MX", "$500.00, a más tardar el viernes, 27 de noviembre de 2026"),
        ("es_AR", "AR", "$\xa0500,00, a más tardar el viernes, 27 de noviembre de 2026"),
        ("pt_BR", "BR", "R$\xa0500,00, até sexta-feira, 27 de novembro de 2026"),
        ("en", "US", "$500.00, by Friday, November 27, 2026"),
    ],
)
def test_a_promise_is_said_back_as_people_write_it(language: str, country: str, shown: str) -> None:
    currency = {"MX": "MXN", "AR": "ARS", "BR": "BRL", "US": "USD"}[country]
    owing = debt(currency=currency, balance=Decimal(500), amount=Decimal(500))
    told = answer_text(
        Answer.PROMISED,
        Reply(day=date(2026, 11, 27)),
        a_book(owing, of=borrower(country=country)),
        portfolio(),
        language,
    )
    assert shown in told


def test_a_long_list_is_cut_and_its_total_is_not() -> None:
    debts = [debt(debt_id=f"F-{number}") for number in range(12)]
    told = answer_text(Answer.OWED, Reply(), a_book(*debts), portfolio(), "es").splitlines()
    assert len([line for line in told if line.startswith("F-")]) == 10
    assert "y 2 más" in told
    assert "Total: $1,200.00" in told


def test_a_promises_buttons_say_which_promise_is_meant() -> None:
    for word in (STANDS, CHANGES):
        payload = promise_payload(word, NOON)
        assert of_promise(payload) == (word, NOON)
        assert of_button(payload) is None


@pytest.mark.parametrize(
    "payload", ["", "PAID|m-1", "PROMISE_STANDS", "PROMISE_CHANGES|x", "PROMISE_CHANGES|2026-11-24"]
)
def test_any_other_payload_is_of_no_promise(payload: str) -> None:
    assert of_promise(payload) is None


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ("500", "500"),
        ("500 pesos", "500"),
        ("$1.500,50", "1500.50"),
        ("R$ 1.200,00", "1200"),
        ("1,200.50", "1200.50"),
        ("$1.500", "1500"),
        ("12,50", "12.50"),
        ("2.000.000", "2000000"),
    ],
)
def test_plain_figures_are_read(said: str, amount: str) -> None:
    assert amount_in_figures(said) == Decimal(amount)


@pytest.mark.parametrize("said", ["la mitad", "mil pesos", "20 mil", "20k", "1.50.000", "12,5", "200 lucas", ""])
def test_what_is_no_plain_figure_is_not_guessed(said: str) -> None:
    assert amount_in_figures(said) is None


@every_language
def test_who_has_a_problem_is_not_asked_for_its_reason(language: str) -> None:
    asked = Asked(at=NOON, type="button", text="Tengo un problema", payload=Intent.PROBLEM)
    reply = reply_to(asked, meaning_of(asked, None, language), a_book(debt()), None, NOON)
    assert (reply.case, reply.answer) == (Intent.PROBLEM, Answer.LOOKED_INTO)
    text = texts(language)[Answer.LOOKED_INTO].casefold()
    assert not any(
        word in text for word in ("?", "motivo", "razón", "razão", "por qué", "por que", "reason", "why")
    )
