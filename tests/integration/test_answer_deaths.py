"""Whoever answers dies at any write, and the queue's message comes again: all is kept as if nobody had died, and
nothing is said twice."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from cobranza.flows.say_once import AT_WORK, TryLater
from cobranza.queues import ReplyToAnswer
from cobranza.store.case_keys import case_id
from cobranza.store.conversations import Conversations
from cobranza.store.keys import message_of
from tests.integration.fakes import DyingClient, FakeWhatsApp, Killed
from tests.integration.replies import Drop, ask, press, queued, say, write
from tests.integration.rows import apply
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

STRANGER = "525555550199"
NEVER = 10_000
# What is known of a call alone: who dies between the call and writing it down has said it, and does not know.
OF_THE_CALL = ("answer_state", "answer_wamid")


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower", lambda: drop("debts/tienda/a.csv", debts({})))


def _changed(world: World) -> ReplyToAnswer:
    say(world, "pago el viernes")
    payload = world.whatsapp.sent[-1]["interactive"]["action"]["buttons"][1]["reply"]["id"]
    world.later(minutes=1)
    reply = {"type": "button_reply", "button_reply": {"id": payload, "title": "Cambiar"}}
    (asked,) = write(world, "interactive", reply)
    return asked


def _meant(world: World) -> ReplyToAnswer:
    say(world, "cancelar")
    world.later(minutes=1)
    return ask(world, "pagar")


def _back(world: World) -> ReplyToAnswer:
    say(world, "BAJA")
    world.later(minutes=1)
    return ask(world, "ALTA")


def _shared(world: World, text: str = "no debo nada") -> ReplyToAnswer:
    for item in world.book():
        if item["pk"].startswith("B#") or item["sk"].startswith("B#"):
            other = {name: _other(world, value) for name, value in item.items()}
            world.table.put(other)
    return ask(world, text)


def _second_phone(world: World) -> ReplyToAnswer:
    told = {"borrower_id": "C1", "action": "second_phone", "phone": f"+{STRANGER}", "source": "sucursal"}
    apply(world, "contacts", told | {"at": world.now.isoformat()})
    return ask(world, "no reconozco esa deuda", sender=STRANGER)


def _other(world: World, value: Any) -> Any:
    return value.replace(world.ref("C1"), world.ref("C2")) if isinstance(value, str) else value


MESSAGES: dict[str, Callable[[World], ReplyToAnswer]] = {
    "balance": lambda world: ask(world, "SALDO"),
    "stop": lambda world: ask(world, "BAJA"),
    "start": _back,
    "promise": lambda world: ask(world, "pago el viernes"),
    "changed promise": _changed,
    "what was asked back": _meant,
    "dispute": lambda world: ask(world, "no reconozco esa deuda"),
    "two meanings": lambda world: ask(world, "número equivocado, no debo nada, esto es acoso"),
    "person": lambda world: ask(world, "quiero hablar con un asesor"),
    "unknown": lambda world: ask(world, "jajaja"),
    "thanks": lambda world: ask(world, "ok gracias"),
    "stranger": lambda world: ask(world, "SALDO", sender=STRANGER),
    "second phone": _second_phone,
    "shared": _shared,
    "somebody else at a shared phone": lambda world: _shared(world, "no soy esa persona"),
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_death_at_any_write_changes_nothing_and_says_nothing_twice(world: World, kind: str) -> None:
    asked = MESSAGES[kind](world)
    before, sent = world.kept(), len(world.whatsapp.sent)
    counting = DyingClient(world.dynamodb, NEVER, done=False)
    replace(world, dynamodb=counting).answers.answer(asked, world.now)
    undisturbed, noted, said = _kept(world), _noted(world).keys(), world.whatsapp.sent[sent:]
    assert len(said) <= 1
    assert counting.writes >= 1
    for at in range(counting.writes):
        for done in (False, True):
            world.restore(before)
            dead = replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done), whatsapp=FakeWhatsApp())
            alive = replace(world, whatsapp=FakeWhatsApp())
            with suppress(Killed):  # who dies after a write that is refused does not die
                dead.answers.answer(asked, world.now)
            try:
                alive.answers.answer(asked, world.now)
                assert _kept(world) == undisturbed, f"write {at}, done {done}"
            except TryLater:  # the right to answer was taken
                assert alive.answers.answer(asked, world.now + AT_WORK) == "DONE"
                assert _is_left_to_a_person(world, asked), f"write {at}, done {done}"
            calls = dead.whatsapp.sent + alive.whatsapp.sent
            assert calls in ([], said), f"write {at}, done {done}"
            assert _noted(world).keys() == noted, f"write {at}, done {done}"


def test_a_right_that_was_taken_and_not_heard_of_is_not_another_tries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table's answer was lost, and the client asked again."""
    claim, asked = Conversations.claim_answer, ask(world, "SALDO")
    with monkeypatch.context() as lost:
        lost.setattr(Conversations, "claim_answer", lambda *told: claim(*told) and claim(*told))
        with pytest.raises(TryLater):
            world.answers.answer(asked, world.now)
    assert world.answers.answer(asked, world.now + AT_WORK) == "DONE"
    assert world.whatsapp.sent == []
    assert _is_left_to_a_person(world, asked)


def _is_left_to_a_person(world: World, asked: ReplyToAnswer) -> bool:
    event = world.conversations.inbound(asked.borrower, asked.event) or {}
    case = world.cases.find(case_id(asked.borrower, asked.event))
    noted = _noted(world)[f"answer#{message_of(asked.event)}"]
    # Who died after the line has said what came of it.
    return (
        case is not None and case.is_open and event["answer_state"] == "UNKNOWN" and noted in ("UNKNOWN", "SENT")
    )


def _noted(world: World) -> dict[str, str]:
    """What the journal tells of answers, by the keys of its lines."""
    return {item["sk"]: item["code"] for item in world.items("journal") if item["event"] == "answer"}


def _kept(world: World) -> list[dict[str, Any]]:
    items = [item for table in world.kept().values() for item in table if item.get("event") != "answer"]
    return [{name: value for name, value in item.items() if name not in OF_THE_CALL} for item in items]


@pytest.mark.parametrize("text", ["pago el viernes", "no reconozco esa deuda", "quiero hablar con un asesor"])
def test_a_webhook_that_dies_and_comes_again_is_answered_once(world: World, text: str) -> None:
    before = world.kept()
    counting = replace(world, dynamodb=DyingClient(world.dynamodb, NEVER, done=False))
    ask(counting, text)
    for at in range(counting.dynamodb.writes):
        world.restore(before)
        world.whatsapp.sent.clear()
        with pytest.raises(Killed):
            ask(replace(world, dynamodb=DyingClient(world.dynamodb, at, done=True)), text)
        for asked in [*queued(world), ask(world, text)]:
            world.answers.answer(asked, world.now)
        assert len(world.whatsapp.sent) == 1


def test_a_promise_that_was_changed_counts_no_more_when_its_message_comes_again(world: World) -> None:
    asked = ask(world, "pago el viernes")
    world.answers.answer(asked, world.now)
    world.later(minutes=1)
    press(world, "Cambiar")
    assert world.answers.answer(asked, world.now) == "DONE"
    assert "promises" not in world.item("STANDING")
