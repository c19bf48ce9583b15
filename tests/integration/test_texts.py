"""The exact words of every message are kept beside the conversation, provable, and can be erased."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from cobranza.policy.retention import expires
from cobranza.store.keys import MessageKey
from cobranza.store.texts import digest_of
from tests.integration.loading import KEY, say
from tests.integration.rows import apply, codes
from tests.integration.sending import CUT, NOT_ON_WHATSAPP, PACE
from tests.integration.test_confirmations import PAID
from tests.integration.test_links import BASE, DUE_YESTERDAY, declare
from tests.integration.world import PORTFOLIO_YAML, World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

type Drop = Callable[..., dict[str, Any]]

REMINDER = """\
Hola, Lucía Ejemplo: le escribe Muebles Aurora. Le recordamos que su pago de $1,234.50 vence hoy, \
24 de noviembre de 2026.

Cómo pagar: https://pagos.example.com/f1

Si ya pagó, ignore este aviso. Si tiene alguna duda, responda a este mensaje.

Mensaje automático. Responda BAJA para no recibir más.

[Ya pagué]
[Tengo un problema]
[Hablar con una persona]"""


def words(world: World) -> list[dict[str, Any]]:
    found = [item for item in world.items() if item["pk"] == f"CHAT#{world.ref()}"]
    return [item for item in found if item["direction"] == "out"]


def lines(world: World, event: str = "outcome") -> list[dict[str, Any]]:
    return [item for item in world.items("journal") if item["event"] == event]


def sent(world: World, drop: Drop, **row: str) -> str:
    drop(KEY, debts(row))
    (reminder,) = world.tick()
    return world.sender.remind(reminder, world.now).code


def test_all_that_the_borrower_reads_is_kept_and_the_journal_has_its_digest_alone(
    world: World, drop: Drop
) -> None:
    assert sent(world, drop) == "SENT"
    (kept,) = words(world)
    assert kept["text"] == REMINDER
    (line,) = lines(world)
    assert line["text_digest"] == digest_of(REMINDER, kept["salt"])
    assert digest_of(REMINDER.replace("1,234.50", "1,234.51"), kept["salt"]) != line["text_digest"]
    told = str(world.items("journal"))
    assert "Lucía" not in told
    assert kept["salt"] not in told
    assert kept["expires"] == expires("words_out", world.now, "MX")


def test_it_stands_in_the_conversation_before_the_answer(world: World, drop: Drop) -> None:
    sent(world, drop)
    world.later(minutes=1)
    say(world, "ya pagué")
    chat = [item for item in world.items() if item["pk"] == f"CHAT#{world.ref()}"]
    assert [item["direction"] for item in chat] == ["out", "in"]


def test_two_equal_messages_have_unlike_digests(world: World, drop: Drop) -> None:
    drop(KEY, debts({}, {"borrower_id": "C2", "phone": "+525555550102"}))
    assert [world.sender.remind(each, world.now).code for each in world.tick()] == ["SENT", "SENT"]
    assert len({line["text_digest"] for line in lines(world)}) == 2


def test_what_is_erased_leaves_a_digest_that_nobody_can_match(world: World, drop: Drop) -> None:
    sent(world, drop)
    (kept,) = words(world)
    before = world.kept()
    world.restore(before | {"ledger": [item for item in before["ledger"] if item["sk"] != kept["sk"]]})
    key = MessageKey(world.ref(), world.now.date())
    assert (world.texts.text(key), world.texts.proof(key)) == ("", {})
    assert REMINDER not in str(world.items() + world.items("journal"))


def test_a_second_try_takes_the_place_of_the_first(world: World, drop: Drop) -> None:
    drop(KEY, debts({}))
    (reminder,) = world.tick()
    world.whatsapp.answers = [PACE]
    assert world.sender.remind(reminder, world.now).retry_after == 30
    world.now += timedelta(seconds=30)
    assert world.sender.remind(reminder, world.now).code == "SENT"
    (kept,), (line,) = words(world), lines(world)
    assert digest_of(kept["text"], kept["salt"]) == line["text_digest"]


@pytest.mark.parametrize(("answer", "code"), [(CUT, "UNKNOWN"), (NOT_ON_WHATSAPP, "FAILED_131026")])
def test_what_may_not_have_arrived_is_kept_as_well(world: World, drop: Drop, answer: Any, code: str) -> None:
    world.whatsapp.answers = [answer]
    assert sent(world, drop) == code
    (line,) = lines(world)
    assert world.texts.proof(MessageKey(world.ref(), world.now.date())) == {"text_digest": line["text_digest"]}


def test_who_is_not_written_to_has_no_words(world: World, drop: Drop) -> None:
    assert sent(world, drop, consent="no").startswith("SKIPPED_")
    assert words(world) == []
    assert "text_digest" not in lines(world)[0]


def test_a_button_is_kept_with_where_it_leads(world: World, drop: Drop) -> None:
    declare(world, f"button_base: {BASE}\n")
    assert sent(world, drop, **DUE_YESTERDAY) == "SENT"
    assert words(world)[0]["text"].endswith(f"[Hablar con una persona]\n[Ver y pagar] {BASE}f1")


def test_a_confirmation_is_kept_like_a_reminder(world: World, drop: Drop) -> None:
    text = PORTFOLIO_YAML.replace("confirms_payments: false", "confirms_payments: true")
    world.ledger.save_portfolio(parse_portfolio(text.encode(), "tienda"), world.now)
    drop(KEY, debts({}), metadata={"as-of": "2026-11-23T18:00:00-06:00"})
    apply(world, "payments", PAID)
    codes(world)
    (kept,), (line,) = words(world), lines(world, "confirmation")
    assert "$150.00" in kept["text"]
    assert line["text_digest"] == digest_of(kept["text"], kept["salt"])
    assert kept["sk"] == f"2026-11-24#{MessageKey(world.ref(), world.now.date(), confirms=True).opaque}"
