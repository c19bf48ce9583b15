"""A pause is what the bucket says: begun and ended by a file, whatever order its events come in."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cobranza.policy.feed import PAUSE_LOOK
from cobranza.queues import DroppedFile
from cobranza.store.objects import REFUSED, Bucket
from tests.integration.replies import Drop
from tests.integration.sending import due, remind
from tests.integration.world import PORTFOLIO_YAML, World, debts

pytestmark = pytest.mark.in_memory

KEY = "control/tienda/PAUSE"
ALL = "control/all/PAUSE"


def put(world: World, key: str = KEY, text: str = "") -> None:
    world.s3.put_object(Bucket="inbox", Key=key, Body=text.encode())


def delete(world: World, key: str = KEY) -> None:
    world.s3.delete_object(Bucket="inbox", Key=key)


def event(world: World, key: str = KEY) -> Any:
    """Something has changed at `key`: the summary that comes of it."""
    return world.control.take(Bucket(world.s3, "inbox"), key, world.now)


def pause(world: World, key: str = KEY, text: str = "") -> dict[str, Any]:
    put(world, key, text)
    return event(world, key).pause


def resume(world: World, key: str = KEY) -> dict[str, Any]:
    delete(world, key)
    return event(world, key).pause


def journal(world: World) -> list[str]:
    return [item["event"] for item in world.items("journal") if item["event"] in ("paused", "resumed")]


@pytest.mark.usefixtures("portfolio")
def test_what_is_queued_is_held_and_leaves_once_after_the_resume(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1", "C2")
    assert pause(world)["state"] == "PAUSED"
    assert remind(world, queued) == ["DEFERRED_PAUSED", "DEFERRED_PAUSED"]
    assert world.whatsapp.sent == []
    assert world.tick() == []

    told = resume(world)
    assert (told["state"], told["held"]) == ("RUNNING", 2)
    again = world.tick()
    assert len(again) == 2
    assert remind(world, again + queued + again) == ["SENT", "SENT", "", "", "", ""]
    assert len(world.whatsapp.sent) == 2


@pytest.mark.usefixtures("portfolio")
def test_who_is_held_again_and_again_is_counted_once(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1")
    pause(world)
    remind(world, queued)
    world.now += PAUSE_LOOK
    assert remind(world, world.tick()) == ["DEFERRED_PAUSED"]
    assert event(world).pause["held"] == 1
    assert resume(world)["held"] == 1


@pytest.mark.usefixtures("portfolio")
def test_while_all_is_paused_nobody_is_queued_and_those_who_are_due_are_counted(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1")
    pause(world, ALL)
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-2"}))
    assert remind(world, queued) == ["DEFERRED_PAUSED"]
    world.now += PAUSE_LOOK
    assert world.tick() == []
    assert resume(world, ALL)["held"] == 2
    assert len(world.tick()) == 2


@pytest.mark.usefixtures("portfolio")
def test_a_pause_of_one_portfolio_leaves_the_others_alone(world: World, drop: Drop) -> None:
    pause(world, "control/otra/PAUSE")
    assert remind(world, due(world, drop, "C1")) == ["SENT"]


@pytest.mark.usefixtures("portfolio")
def test_all_may_run_while_one_portfolio_stays_paused(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1")
    pause(world)
    pause(world, ALL)
    remind(world, queued)
    assert (resume(world, ALL)["held"], resume(world)["held"]) == (1, 0)
    world.later(minutes=1)
    assert remind(world, world.tick()) == ["SENT"]


@pytest.mark.usefixtures("portfolio")
def test_after_a_long_pause_only_the_latest_step_is_sent(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1")
    pause(world)
    remind(world, queued)
    world.later(days=15)
    resume(world)
    assert remind(world, world.tick()) == ["SENT"]
    (message,) = world.message_items()
    assert message["step"] == 15


# The events.


def test_in_whatever_order_changes_and_events_come_the_last_event_leaves_what_the_bucket_says(
    world: World,
) -> None:
    steps = {"put": put, "delete": delete, "event": event}
    # All orders end right; every fourth of the 90 keeps the test short.
    orders = sorted(set(permutations(["put", "put", "delete", "delete", "event", "event"])))[::4]
    for number, order in enumerate(orders):
        for step in (*order, "event"):
            steps[step](world, f"control/p{number}/PAUSE")
            world.now += timedelta(seconds=1)
        last = [step for step in order if step != "event"][-1]
        assert bool(world.ledger.pause(f"p{number}")) == (last == "put"), order
    lines = journal(world)
    paused = sum(bool(world.ledger.pause(f"p{number}")) for number in range(len(orders)))
    assert lines.count("paused") - lines.count("resumed") == paused


def test_a_second_event_of_the_same_pause_changes_nothing(world: World) -> None:
    first = pause(world)
    world.now += PAUSE_LOOK
    assert event(world).pause == first
    assert journal(world) == ["paused"]
    ended = resume(world)
    world.now += PAUSE_LOOK
    assert event(world).pause == ended
    assert journal(world) == ["paused", "resumed"]


def test_a_file_that_is_gone_before_its_event_comes_pauses_nothing(world: World) -> None:
    put(world)
    delete(world)
    assert event(world).pause["state"] == "RUNNING"
    assert event(world).pause == {
        "state": "RUNNING",
        "paused_at": None,
        "resumed_at": None,
        "in_force_by": None,
        "held": 0,
        "reason": "",
    }
    assert journal(world) == []


def test_the_summary_says_since_when_until_when_it_is_in_force_and_why(world: World) -> None:
    told = pause(world, text=" plantilla  rechazada\n")
    assert told == {
        "state": "PAUSED",
        "paused_at": "2026-11-24T17:00:00Z",
        "resumed_at": None,
        "in_force_by": "2026-11-24T17:01:00Z",
        "held": 0,
        "reason": "plantilla rechazada",
    }
    written = world.s3.get_object(Bucket="inbox", Key="results/tienda/control/PAUSE/summary.json")["Body"].read()
    assert json.loads(written)["pause"] == told
    assert world.s3.get_object(Bucket="inbox", Key="results/tienda/control/PAUSE/refused.csv")


@pytest.mark.parametrize(("text", "reason"), [("{}", ""), ("x" * 10_000, "x" * 200), ("\xff", "\xff")])
def test_no_text_keeps_a_pause_from_its_work(world: World, text: str, reason: str) -> None:
    told = pause(world, text=text)
    assert (told["state"], told["reason"]) == ("PAUSED", reason)


def test_a_new_pause_begins_anew(world: World) -> None:
    pause(world, text="uno")
    resume(world)
    world.now += PAUSE_LOOK
    told = pause(world, text="dos")
    assert (told["paused_at"], told["resumed_at"]) == ("2026-11-24T17:30:00Z", None)
    assert (told["reason"], told["held"]) == ("dos", 0)


# Other workers.


class Changing:
    """The bucket, in which somebody changes something between the first look and the second."""

    def __init__(self, world: World, change: Callable[[], object]) -> None:
        self._s3, self._change, self._looks = world.s3, change, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, **request: Any) -> Any:
        self._looks += 1
        if self._looks == 2:
            self._change()
        return self._s3.get_object(**request)


def test_a_worker_that_was_overtaken_looks_again(world: World) -> None:
    """It saw the file; meanwhile another resumed, and was overtaken by its write."""
    put(world)
    summary = world.control.take(Bucket(Changing(world, lambda: delete(world)), "inbox"), KEY, world.now)
    assert summary
    assert summary.pause
    assert summary.pause["state"] == "RUNNING"
    assert world.ledger.pause("tienda") is None


def test_not_being_allowed_to_look_is_no_end_of_a_pause(world: World) -> None:
    pause(world)

    class Forbidden:
        def get_object(self, **request: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    with pytest.raises(ClientError):
        world.control.take(Bucket(Forbidden(), "inbox"), KEY, world.now)
    assert world.ledger.pause("tienda")


@pytest.mark.usefixtures("portfolio")
def test_a_worker_that_died_while_it_brought_them_back_is_finished_by_the_next(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1", "C2")
    pause(world)
    remind(world, queued)
    delete(world)
    world.controls.end("tienda", world.now)
    told = event(world).pause
    assert (told["state"], told["held"]) == ("RUNNING", 2)
    assert len(world.tick()) == 2


# What is refused, and what is told.


@pytest.mark.parametrize(
    ("key", "code", "place"),
    [
        ("control/tienda/STOP", "BAD_CONTROL", "tienda/control/STOP"),
        ("control/tienda/PAUSE.txt", "BAD_CONTROL", "tienda/control/PAUSE.txt"),
        ("control/tienda/pause", "BAD_CONTROL", "tienda/control/pause"),
        ("control/Tienda/PAUSE", "BAD_PLACE", "none/misplaced/control_Tienda_PAUSE"),
        ("control/PAUSE", "BAD_PLACE", "none/misplaced/control_PAUSE"),
    ],
)
def test_another_name_is_refused_and_pauses_nothing(world: World, key: str, code: str, place: str) -> None:
    put(world, key)
    assert event(world, key).error.code == code
    assert world.s3.get_object(Bucket="inbox", Key=f"results/{place}/summary.json")
    assert [item for item in world.items() if item["pk"].startswith("CONTROL#")] == []
    assert world.s3.get_object_tagging(Bucket="inbox", Key=key)["TagSet"] == [REFUSED]
    delete(world, key)
    assert event(world, key) is None


def test_the_file_of_a_pause_is_not_tagged(world: World) -> None:
    put(world)
    event(world)
    assert world.s3.get_object_tagging(Bucket="inbox", Key=KEY)["TagSet"] == []


def test_a_portfolio_that_nobody_knows_is_paused_and_the_summary_warns(world: World) -> None:
    put(world)
    (warning,) = event(world).warnings
    assert "portfolio.yaml" in warning
    assert world.ledger.pause("tienda")


@pytest.mark.usefixtures("portfolio")
def test_a_known_portfolio_and_all_are_paused_without_a_warning(world: World) -> None:
    for key in (KEY, ALL):
        put(world, key)
        assert event(world, key).warnings == ()


def test_all_is_no_portfolio(world: World) -> None:
    put(world, "portfolios/all/portfolio.yaml", PORTFOLIO_YAML)
    dropped = DroppedFile("inbox", "portfolios/all/portfolio.yaml", "")
    summary = world.importer.take(Bucket(world.s3, "inbox"), dropped, world.now)
    assert summary
    assert summary.error
    assert summary.error.code == "BAD_PLACE"
