"""A stop is a person's word about a phone: it holds for who has it now, and for who is imported with it later."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cobranza.queues import DroppedFile
from cobranza.whatsapp.events import parse
from tests.integration.fakes import DyingClient, FakeBucket, Killed
from tests.integration.rows import book
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]

PHONE = "+525555550101"


def say(world: World, text: str, sender: str) -> None:
    message = {"id": f"wamid.{text}", "from": sender, "timestamp": str(int(world.now.timestamp()))}
    value = {"messages": [message | {"type": "text", "text": {"body": text}}]}
    body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")


@pytest.mark.usefixtures("portfolio")
@pytest.mark.parametrize("sender", ["525555550101", "5215555550101"])
def test_who_stopped_before_being_a_borrower_is_never_messaged(world: World, drop: Drop, sender: str) -> None:
    say(world, "BAJA", sender)
    drop("debts/tienda/a.csv", debts({"phone": PHONE}))
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_OPTED_OUT"


@pytest.mark.usefixtures("portfolio")
def test_a_second_borrower_on_a_stopped_phone_is_not_messaged(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({"borrower_id": "C1", "phone": PHONE}))
    say(world, "baja", "525555550101")
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "phone": PHONE}))
    codes = {world.sender.remind(reminder, world.now).code for reminder in world.tick()}
    assert codes == {"SKIPPED_OPTED_OUT"}


@pytest.mark.usefixtures("portfolio")
def test_a_borrower_who_moves_to_a_stopped_phone_is_not_messaged(world: World, drop: Drop) -> None:
    say(world, "stop", "525555550109")
    drop("debts/tienda/a.csv", debts({"phone": PHONE}))
    drop("debts/tienda/b.csv", debts({"phone": "+525555550109"}))
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_OPTED_OUT"


@pytest.mark.usefixtures("portfolio")
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 7))
def test_an_import_that_dies_does_not_forget_a_stop(world: World, drop: Drop, at: int, done: bool) -> None:
    say(world, "BAJA", "525555550101")
    bucket = FakeBucket(debts({"phone": PHONE}).encode(), world.now)
    dropped = DroppedFile("inbox", "debts/tienda/a.csv", "1")
    dying = replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done))
    with pytest.raises(Killed):
        dying.importer.take(bucket, dropped, world.now)  # pyright: ignore[reportArgumentType]
    world.importer.take(bucket, dropped, world.now, retried=True)  # pyright: ignore[reportArgumentType]
    codes = [world.sender.remind(reminder, world.now).code for reminder in world.tick()]
    assert codes in ([], ["SKIPPED_OPTED_OUT"])
    assert book(world).borrower.opted_out_at
    assert world.whatsapp.sent == []


@pytest.mark.usefixtures("portfolio")
def test_many_who_are_written_without_being_read_come_with_the_stop_of_their_phone_too(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cobranza.flows.import_part.INDEXED_FROM", 2)
    monkeypatch.setattr("cobranza.flows.import_part.NEW_FROM", 2)
    say(world, "BAJA", "525555550101")
    ready = drop("debts/tienda/a.csv", debts({"phone": PHONE}, {"borrower_id": "C2", "phone": "+525555550102"}))
    assert (ready["readiness"]["messageable"], ready["readiness"]["no_consent"]) == (1, 1)
    assert [bool(book(world, name).borrower.opted_out_at) for name in ("C1", "C2")] == [True, False]
