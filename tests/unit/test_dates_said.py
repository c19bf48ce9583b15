from datetime import date

import pytest

from cobranza.conversation.intent import Intent, understand

FRIDAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "today", "day"),
    [
        ("pago el viernes", FRIDAY, date(2026, 11, 27)),
        ("pago hoy viernes", FRIDAY, FRIDAY),
        ("pago el 20", FRIDAY, date(2026, 12, 20)),
        ("pago el 31", date(2027, 2, 3), date(2027, 3, 31)),
        ("pago el 29 de febrero", FRIDAY, None),
        ("pago el 29 de febrero", date(2027, 11, 1), date(2028, 2, 29)),
        ("pago el 30/02", FRIDAY, None),
        ("pago el 45/12", FRIDAY, None),
        ("pago el 15/12/2026", FRIDAY, date(2026, 12, 15)),
        ("pago el 2026-12-15", FRIDAY, date(2026, 12, 15)),
        ("pago el 15 de diciembre de 2027", FRIDAY, None),
        ("pago el 3 de enero", date(2026, 12, 30), date(2027, 1, 3)),
        ("pago en la quincena", date(2026, 11, 14), date(2026, 11, 15)),
        ("pago en la quincena", date(2026, 11, 15), date(2026, 11, 30)),
        ("pago en la quincena", date(2026, 11, 30), date(2026, 12, 15)),
        ("pago a fin de mes", date(2026, 11, 30), date(2026, 12, 31)),
        ("pago la próxima semana", date(2026, 11, 22), date(2026, 11, 27)),
        ("pago esta semana", date(2026, 11, 18), FRIDAY),
        ("pago esta semana", FRIDAY, date(2026, 11, 22)),
        ("pago el proximo mes", FRIDAY, date(2026, 12, 31)),
        ("pago no quinto dia util", date(2026, 12, 7), date(2027, 1, 7)),
        ("pago mañana por la mañana", FRIDAY, date(2026, 11, 21)),
        ("pago en 400 dias", FRIDAY, None),
        ("pago el viernes o el lunes", FRIDAY, date(2026, 11, 27)),
        ("Le pagaré. El lunes.", FRIDAY, date(2026, 11, 23)),
    ],
)
def test_a_day_is_seen_from_the_day_of_the_message(text: str, today: date, day: date | None) -> None:
    assert understand(text, today).day == day


@pytest.mark.parametrize("text", ["pago ayer", "pago el viernes pasado", "pago el 10/11", "pago la semana pasada"])
def test_a_day_that_is_over_was_a_payment(text: str) -> None:
    meaning = understand(text, FRIDAY)
    assert (meaning.intent, meaning.day) == (Intent.PAID, None)


@pytest.mark.parametrize("text", ["llámenme en la mañana", "no trabajo por la mañana", "segunda vez que les digo"])
def test_what_only_looks_like_a_day_promises_nothing(text: str) -> None:
    assert Intent.PROMISE not in {each.intent for each in understand(text, FRIDAY).because}
