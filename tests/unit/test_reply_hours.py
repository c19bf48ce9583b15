"""While nobody is there: one notice for whatever a borrower writes, with when somebody reads it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cobranza.conversation.answers import Answer
from cobranza.conversation.reply import NOTICE, Asked, Reply, meaning_of, reply_to
from cobranza.ledger.borrower import Borrower
from cobranza.policy.decision import Book
from cobranza.whatsapp.answer_texts import answer_text
from tests.unit.books import MEXICO, NOON, SAO_PAULO, borrower, debt, portfolio

NIGHT = NOON + timedelta(hours=11)
HANDED_OVER = (
    "recibieron mi comprobante?",
    "no tengo trabajo",
    "no debo nada",
    "esto es acoso",
    "la señora falleció",
    "número equivocado",
    "llámenme",
    "quiero hablar con un asesor",
    "pago la mitad el viernes",
    "jajaja",
)
ANSWERED = ("SALDO", "link de pago", "pago el viernes", "voy a pagar", "ya pagué", "cancelar", "ALTA", "ayuda")


def reply(text: str, at: datetime, *, of: Borrower | None = None, kind: str = "text") -> Reply:
    asked = Asked(at=at, type=kind, text=text)
    book = Book(of or borrower(), (debt(),), ())
    return reply_to(asked, meaning_of(asked, book.borrower, "es"), book, portfolio(), at)


@pytest.mark.parametrize("text", HANDED_OVER)
def test_at_night_all_that_a_person_looks_at_shares_one_notice(text: str) -> None:
    told = reply(text, NIGHT)
    assert told.answer
    assert told.once == ("closed", NIGHT - NOTICE)


@pytest.mark.parametrize("kind", ["audio", "document"])
def test_so_does_what_no_machine_reads(kind: str) -> None:
    assert reply("", NIGHT, kind=kind).once == ("closed", NIGHT - NOTICE)


@pytest.mark.parametrize("text", ["SALDO", "pago el viernes"])
def test_so_does_what_is_not_told_to_an_unknown_phone(text: str) -> None:
    told = reply(text, NIGHT, of=borrower(number_from=()))
    assert (told.answer, told.once) == (Answer.NOT_IDENTIFIED, ("closed", NIGHT - NOTICE))


@pytest.mark.parametrize("text", HANDED_OVER)
def test_what_a_message_leaves_is_the_same_by_day_and_at_night(text: str) -> None:
    night, day = reply(text, NIGHT), reply(text, NOON)
    assert [said.action for said in night.says] == [said.action for said in day.says]
    assert [said.word.text for said in night.tagged] == [said.word.text for said in day.tagged]
    assert night.case == day.case
    assert (night.looked_into or NIGHT) - NIGHT == (day.looked_into or NOON) - NOON
    assert (night.hands_over or NIGHT) - NIGHT == (day.hands_over or NOON) - NOON


@pytest.mark.parametrize("text", HANDED_OVER)
def test_by_day_the_same_words_are_said_once_and_no_hour_is_told(text: str) -> None:
    told = reply(text, NOON)
    assert told.answer
    names = {Answer.NOT_UNDERSTOOD: "unknown"}
    once = (names.get(told.answer, told.answer.lower()), NOON - NOTICE)
    assert told.once == (None if told.answer is Answer.PERSON else once)
    assert told.opens is None


@pytest.mark.parametrize("text", ANSWERED)
def test_what_a_machine_answers_is_answered_at_any_hour(text: str) -> None:
    assert (reply(text, NIGHT).once, reply(text, NIGHT).opens) == (None, None)
    assert reply(text, NIGHT).answer is reply(text, NOON).answer is not None


def test_a_stop_at_night_is_confirmed_beside_the_notice() -> None:
    told = [reply("BAJA", at, of=borrower(opted_out_at=at)) for at in (NIGHT, NOON)]
    assert [each.once for each in told] == [("stopped", NOON - timedelta(hours=12))] * 2


@pytest.mark.parametrize(
    ("who", "opens"),
    [
        (borrower(), datetime(2026, 11, 25, 7, tzinfo=MEXICO)),
        (borrower(region="BCN"), datetime(2026, 11, 25, 7, tzinfo=ZoneInfo("America/Tijuana"))),
        (
            borrower(country="BR", region="SP", language="pt-BR", phone="+5511955550100"),
            datetime(2026, 11, 25, 9, tzinfo=SAO_PAULO),
        ),
    ],
)
def test_the_opening_is_of_the_borrowers_region_and_clock(who: Borrower, opens: datetime) -> None:
    told = reply("no tengo trabajo", NIGHT + timedelta(hours=2), of=who).opens
    assert told
    assert (told, told.tzinfo) == (opens, opens.tzinfo)


def test_before_a_weekend_it_is_the_monday() -> None:
    told = reply("no tengo trabajo", NIGHT + timedelta(days=3)).opens
    assert told
    assert told.date() == date(2026, 11, 30)


def test_where_no_rules_are_known_everything_is_as_by_day() -> None:
    told = reply("no tengo trabajo", NIGHT, of=borrower(country="ZZ"))
    assert (told.answer, told.once, told.opens) == (Answer.LOOKED_INTO, ("looked_into", NIGHT - NOTICE), None)


@pytest.mark.parametrize("who", [borrower(), borrower(wrong_number=True)])
def test_whoever_is_somebody_else_is_told_of_no_hour(who: Borrower) -> None:
    told = reply("número equivocado" if not who.wrong_number else "jajaja", NIGHT, of=who)
    assert told.answer in (Answer.WRONG_PERSON, Answer.STRANGER)
    assert (told.once, told.opens) == (("closed", NIGHT - NOTICE), None)


@pytest.mark.parametrize(
    ("language", "country", "shown"),
    [
        ("es", "MX", "Volvemos a abrir a las 7:00\u202fa.m. del miércoles, 25 de noviembre de 2026."),
        ("es_AR", "AR", "Volvemos a abrir a las 7:00\u202fa.\u202fm. del miércoles, 25 de noviembre de 2026."),
        ("pt_BR", "BR", "Voltamos a abrir às 07:00 de quarta-feira, 25 de novembro de 2026."),
        ("en", "US", "We open again at 7:00\u202fAM on Wednesday, November 25, 2026."),
    ],
)
def test_the_hour_is_told_after_the_answer_as_people_write_it(language: str, country: str, shown: str) -> None:
    book = Book(borrower(country=country), (debt(),), ())
    opens = datetime(2026, 11, 25, 7, tzinfo=MEXICO)
    plain = answer_text(Answer.LOOKED_INTO, Reply(), book, portfolio(), language)
    assert answer_text(Answer.LOOKED_INTO, Reply(opens=opens), book, portfolio(), language) == f"{plain} {shown}"
