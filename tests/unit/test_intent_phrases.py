"""How borrowers of six countries write, and what it means: the table is `phrases/<language>.txt`."""

import time
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.conversation.intent import Intent, understand
from tests.unit.phrases_table import TODAY, Case, cases, measure

LANGUAGES = ("es", "pt", "en")
TABLE = [case for language in LANGUAGES for name in (language, f"{language}_more") for case in cases(name)]
HELD_OUT = [case for language in LANGUAGES for case in cases(f"{language}_held_out")]
DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.text)
def test_what_is_written_is_understood(case: Case) -> None:
    assert case.is_right, case.meaning


def test_the_table_is_as_large_as_it_claims() -> None:
    told = Counter(case.language for case in TABLE)
    assert (told["es"] >= 250, told["pt"] >= 100, told["en"] >= 60) == (True, True, True)
    assert sum(case.near is not None for case in TABLE) >= 120
    assert {case.intent for case in TABLE} == set(Intent)


@pytest.mark.parametrize("intent", [Intent.STOP, Intent.PAID])
def test_nobody_is_stopped_or_taken_as_paid_by_mistake(intent: Intent) -> None:
    told = measure(intent, TABLE)
    assert (told.precision, told.recall) == (1.0, 1.0)


def test_near_misses_are_not_what_they_are_near_to() -> None:
    wrong = [case.text for case in TABLE if case.near and case.meaning.intent is case.near]
    assert wrong == []


def test_words_that_were_never_tuned_for_stop_nobody_by_mistake() -> None:
    """The figures are those of docs/conversation.md."""
    stop = measure(Intent.STOP, HELD_OUT)
    assert (stop.precision, round(stop.recall, 2)) == (1.0, 0.68)
    assert sum(case.is_right for case in HELD_OUT) == 70


def test_a_meaning_tells_the_words_that_decided() -> None:
    meaning = understand("Hola, YA  PAGUÉ ayer; ¿les llegó? No me escriban más, gracias", TODAY)
    assert [(each.intent, each.words) for each in meaning.because] == [
        (Intent.STOP, "No me escriban más"),
        (Intent.PAID, "YA  PAGUÉ"),
        (Intent.STATUS, "les llegó"),
    ]
    assert meaning.others == (Intent.PAID, Intent.STATUS)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("le pago 500 el viernes", "500"),
        ("le pago $1,200.50 el viernes", "$1,200.50"),
        ("pago R$ 200 na sexta", "R$ 200"),
        ("el viernes te pago la mitad", "la mitad"),
        ("el 15 abono 300 mil pesos", "300 mil pesos"),
        ("pago el 15/12/2026", ""),
        ("pago el 15 de diciembre de 2026", ""),
        ("pago el viernes", ""),
    ],
)
def test_a_promise_tells_the_amount_as_it_was_written(text: str, amount: str) -> None:
    assert understand(text, TODAY).amount == amount


def test_the_language_decides_where_two_disagree() -> None:
    assert understand("cancele", TODAY, "es_AR").intent is Intent.PAID
    assert understand("cancele", TODAY, "pt_BR").intent is Intent.CANCEL_ASK
    assert understand("pago quinta", TODAY, "pt").day == date(2026, 11, 19)
    assert understand("I'll pay on 12/4", TODAY, "en").day == date(2026, 12, 4)
    assert understand("pago el 12/4", TODAY, "es").day == date(2027, 4, 12)


def _decorated(text: str, kind: str) -> str:
    match kind:
        case "upper":
            return text.upper()
        case "no accents":
            return text.translate(str.maketrans("áéíóúâêôãõàç", "aeiouaeoaoac"))
        case "emoji":
            return f"😡 {text} 🙏🏽"
        case "marks":
            return f"«{text}»!!!" if not text.endswith("?") else f"  {text}"
        case "long last letter":
            return text + text[-1] * 4 if text[-1] in "aeiou" else text
        case "spaces":
            return text.replace(" ", "   ")
        case _:
            return f"Buenas tardes, {text}"


@pytest.mark.parametrize(
    "kind", ["upper", "no accents", "emoji", "marks", "long last letter", "spaces", "greeting"]
)
def test_decoration_changes_nothing(kind: str) -> None:
    changed = [
        (case.text, after.because)
        for case in TABLE
        if (after := understand(_decorated(case.text, kind), TODAY, case.language)).intent is not case.intent
        and case.intent not in (Intent.UNKNOWN, Intent.HELP, Intent.THANKS)
        and not case.text.startswith(">")
    ]
    assert changed == []


_DATED = """
pago el viernes lunes 15 31 31/02 29/2 5/1/26 mañana pasado hoy en dias 3 400 semanas fin de mes quincena dia sexta
amanhã tomorrow in next week december 2027 o próxima semana que viene por la año
"""
_PIECES = st.sampled_from(_DATED.split())


@given(st.lists(_PIECES, max_size=8), DAYS, st.sampled_from(["es", "pt", "en", ""]))
@settings(max_examples=400, deadline=None)
def test_a_promised_day_lies_ahead_within_a_year_or_is_none(pieces: list[str], today: date, language: str) -> None:
    text = "voy a pagar " + " ".join(pieces)
    day = understand(text, today, language).day
    assert day is None or timedelta() <= day - today <= timedelta(days=365)
    assert day != today or {"hoy", "29/2", "5/1/26"}.intersection(pieces)


@given(st.text(max_size=300), st.sampled_from(["es", "pt", "en", "", "xx"]))
@settings(deadline=None)
def test_every_text_has_a_meaning_and_always_the_same(text: str, language: str) -> None:
    meaning = understand(text, TODAY, language)
    assert meaning == understand(text, TODAY, language)
    assert meaning.intent in Intent


HOSTILE = (
    "la ",
    "no me ",
    "a?",
    "el viernes o ",
    "ya pague. ",
    "1/2 ",
    "hola ",
    "baja, ",
    "a",
    "1,",
    "\u0301",
    "𝔞",
    "> ",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_longest_text_takes_linear_time(piece: str) -> None:
    understand("hola", TODAY)

    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        started = time.process_time()
        understand(text, TODAY)
        return time.process_time() - started

    short, long = (min(seconds(length) for _ in range(3)) for length in (1024, 4096))
    assert long < 4 * 3 * max(short, 0.001)
    assert long < 0.5
