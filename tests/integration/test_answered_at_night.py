"""Who writes while nobody is there: told so once a night, and when somebody reads it; all of it is kept."""

from collections import Counter

import pytest

from tests.integration.replies import Drop, cases, lines, say, texts
from tests.integration.rows import codes
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

# Eleven messages: what became of a payment, what cannot be paid, what is contested, and what nobody understands.
NIGHT = (
    *["recibieron mi comprobante?"] * 5,
    *["no tengo trabajo"] * 3,
    *["no reconozco esa deuda"] * 2,
    "jajaja",
)


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower of Mexico City", lambda: drop("debts/tienda/a.csv", debts({"region": "CMX"})))


def write_all(world: World, night: str) -> list[str]:
    """What came of each, a minute apart."""
    came: list[str] = []
    for number, text in enumerate(NIGHT):
        world.later(minutes=1)
        came.append(say(world, text, wamid=f"wamid.{night}.{number}"))
    return came


def test_a_night_of_messages_is_one_notice_and_each_is_kept(world: World) -> None:
    world.later(hours=12)
    assert write_all(world, "first") == ["LOOKED_INTO", *["KEPT"] * 10]
    assert texts(world) == [
        "Respuesta automática. Gracias por escribirnos. Una persona lo revisará y le responderá. "
        "Volvemos a abrir a las 7:00\u202fa.m. del miércoles, 25 de noviembre de 2026."
    ]
    assert Counter(cases(world)) == {"STATUS": 5, "PROBLEM": 3, "DISPUTE": 2, "UNKNOWN": 1}
    assert Counter(lines(world)) == {"case.opened": 11, "tag": 5, "dispute": 2, "answer": 1}
    assert codes(world) == ["SKIPPED_DISPUTED"]


def test_the_next_night_it_is_said_again(world: World) -> None:
    world.later(hours=12)
    write_all(world, "first")
    world.later(days=1)
    assert write_all(world, "second") == ["LOOKED_INTO", *["KEPT"] * 10]
    assert texts(world)[1].endswith("a las 7:00\u202fa.m. del jueves, 26 de noviembre de 2026.")


def test_by_day_the_same_words_are_said_once_also_after_such_a_night(world: World) -> None:
    by_day = ["LOOKED_INTO", *["KEPT"] * 7, "DISPUTED", "KEPT", "NOT_UNDERSTOOD"]
    assert write_all(world, "before") == by_day
    assert Counter(cases(world)) == {"STATUS": 5, "PROBLEM": 3, "DISPUTE": 2, "UNKNOWN": 1}
    world.later(hours=12)
    write_all(world, "night")
    world.later(hours=12)
    assert write_all(world, "after") == by_day


def test_what_a_machine_can_answer_is_answered_beside_the_notice(world: World) -> None:
    world.later(hours=12)
    assert [say(world, text) for text in ("jajaja", "no tengo trabajo")] == ["READ_LATER", "KEPT"]
    said = [say(world, text) for text in ("SALDO", "pago el viernes", "cancelar", "BAJA")]
    assert said == ["OWED", "PROMISED", "PAY_OR_STOP", "STOPPED"]
