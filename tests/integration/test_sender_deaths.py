"""A sender that dies: before or after the call, before or after any of its writes."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cobranza.flows.send_reminder import Outcome
from cobranza.policy.pace import LEASE
from cobranza.queues import Reminder
from cobranza.store.texts import digest_of
from cobranza.whatsapp.client import Answer
from tests.integration.fakes import DyingClient, FakeWhatsApp, Killed
from tests.integration.loading import KEY
from tests.integration.sending import CUT, PACE, through
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


@pytest.fixture
def reminder(world: World, drop: Drop) -> Reminder:
    """One borrower, due today and queued."""
    world.begin("queued", lambda: (drop(KEY, debts({})), world.tick()))
    return Reminder(world.ref(), "2026-11-24T18:30:00Z", "trace")


class Early(FakeWhatsApp):
    """The worker dies before the call."""

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        raise Killed


class Late(FakeWhatsApp):
    """The worker dies when Meta has accepted."""

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        super().send(phone_number_id, message)
        raise Killed


@pytest.mark.parametrize("whatsapp", [Early, Late], ids=["before the call", "after the call"])
def test_a_claim_whose_worker_died_is_unknown_and_never_sent(
    world: World, reminder: Reminder, whatsapp: type[FakeWhatsApp]
) -> None:
    with pytest.raises(Killed):
        through(world, whatsapp()).sender.remind(reminder, world.now)
    assert [message["state"] for message in world.message_items()] == ["CLAIMED"]

    world.later(minutes=2)
    assert world.sender.remind(reminder, world.now) == Outcome(retry_after=180)
    assert [message["state"] for message in world.message_items()] == ["CLAIMED"]

    world.later(minutes=3)
    assert world.sender.remind(reminder, world.now) == Outcome("UNKNOWN")
    assert [message["state"] for message in world.message_items()] == ["UNKNOWN"]
    assert world.outcomes() == ["UNKNOWN"]
    assert world.whatsapp.sent == []
    assert world.item("PROFILE")["steps"] == {"tienda#F-1#": ["2026-11-24", 0]}
    assert world.item("PROFILE")["due_at"] == "2026-11-27T15:00:00Z"


def test_a_dead_claim_of_yesterday_does_not_keep_today_from_its_message(world: World, drop: Drop) -> None:
    drop(KEY, debts({}, {"debt_id": "F-2", "due_date": "2026-11-25"}))
    world.now = datetime.fromisoformat("2026-11-24T17:00:00Z")
    (reminder,) = world.tick()
    with pytest.raises(Killed):
        through(world, Early()).sender.remind(reminder, world.now)
    world.later(days=1)
    (again,) = world.tick()
    assert world.sender.remind(again, world.now).code == "SENT"
    # F-1 and the early step of F-2 went with the claim of yesterday; F-2 is due today.
    states = [message["state"] for message in world.message_items()]
    assert states == ["UNKNOWN", "ACCEPTED"]
    assert list(world.message_items()[1]["debts"]) == ["tienda#F-2#"]


def looked_at_again(world: World) -> None:
    """What SQS and the scheduler do after a death: early, late, and when the lease has ended."""
    reminders = [Reminder(world.ref(), "2026-11-24T18:30:00Z", "trace")]
    for wait in (timedelta(minutes=1), timedelta(minutes=5), LEASE):
        world.now += wait
        reminders += world.tick() if wait is LEASE else []
        for reminder in reminders:
            world.sender.remind(reminder, world.now)


def assert_words_are_kept_once(world: World, at: int) -> None:
    """Whatever left has its words kept, once, and one line whose digest they prove."""
    words = [item for item in world.items() if item["pk"] == f"CHAT#{world.ref()}"]
    lines = [item for item in world.items("journal") if item["event"] == "outcome" and "text_digest" in item]
    assert len(words) == len(lines) >= len(world.whatsapp.sent), f"write {at}: words lost or doubled"
    for kept, line in zip(words, lines, strict=True):
        assert digest_of(kept["text"], kept["salt"]) == line["text_digest"], f"write {at}: another text"


FINAL = {"ACCEPTED", "SENT", "DELIVERED", "READ", "FAILED", "UNKNOWN"}


@pytest.mark.parametrize(
    ("answers", "done"),
    [([], False), ([], True), ([CUT], False), ([PACE], False), ([PACE], True)],
    ids=[
        "accepted, before",
        "accepted, after",
        "unclear, before",
        "refused for now, before",
        "refused for now, after",
    ],
)
def test_a_worker_may_die_at_any_write(
    world: World, reminder: Reminder, answers: list[Answer | BaseException], done: bool
) -> None:
    before, start = world.kept(), world.now

    def reminded(dies_at: int) -> int:
        world.restore(before)
        world.now = start
        world.whatsapp.sent.clear()
        world.whatsapp.answers = list(answers)
        dying = DyingClient(world.dynamodb, dies_at, done=done)
        with contextlib.suppress(Killed):
            replace(world, dynamodb=dying).sender.remind(reminder, world.now)
        looked_at_again(world)
        return dying.writes

    writes = reminded(dies_at=10_000)
    assert writes == (3 if answers == [PACE] else 5 if answers else 4)
    for at in range(writes):
        reminded(dies_at=at)
        assert len(world.whatsapp.sent) <= 1, f"write {at}: sent twice"
        (message,) = world.message_items()
        assert message["state"] in FINAL, f"write {at}: not settled"
        due = world.item("PROFILE")
        assert due["due_at"] == "2026-11-27T15:00:00Z", f"write {at}: not planned"
        assert "lease" not in due, f"write {at}: still leased"
        assert_words_are_kept_once(world, at)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_every_due_borrower_has_one_outcome_a_day_wherever_the_worker_dies(
    world: World, reminder: Reminder, done: bool
) -> None:
    before, start = world.kept(), world.now
    for at in range(4):
        world.restore(before)
        world.now = start
        with pytest.raises(Killed):
            replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done)).sender.remind(reminder, start)
        looked_at_again(world)
        assert len(world.outcomes()) == 1, f"write {at}: {world.outcomes()}"


def test_what_a_claim_used_up_is_remembered_though_its_worker_died_before_it_told_the_profile(
    world: World, reminder: Reminder
) -> None:
    # Writes: claim, words, journal, end.
    dying = DyingClient(world.dynamodb, 3, done=False)
    with pytest.raises(Killed):
        replace(world, dynamodb=dying).sender.remind(reminder, world.now)
    assert "steps" not in world.item("PROFILE")
    looked_at_again(world)
    world.later(days=1)
    assert world.tick() == []
    assert len(world.whatsapp.sent) == 1


def test_the_second_try_of_a_refused_message_may_die_too(world: World, reminder: Reminder) -> None:
    world.whatsapp.answers = [PACE, Killed()]
    assert world.sender.remind(reminder, world.now).retry_after == 30
    with pytest.raises(Killed):
        world.sender.remind(reminder, world.now)
    world.later(minutes=4)
    assert world.sender.remind(reminder, world.now).code == "UNKNOWN"
    (message,) = world.message_items()
    assert (message["state"], message["attempts"]) == ("UNKNOWN", 2)
