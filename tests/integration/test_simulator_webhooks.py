"""How the simulator's webhooks arrive: in batches, again, late, twice, out of order, damaged, or not at all."""

import itertools
import json
from typing import Any

import pytest

from tests.integration.receiver import BORROWER, NUMBER_ID, Receiver, Simulator

CROWD = [f"+52555555{number:04}" for number in range(200, 240)]


def fault(simulator: Simulator, kind: str, **order: Any) -> None:
    answer = simulator.post("/_sim/faults", {"kind": kind, **order})
    assert answer.status_code == 200, answer.text


def statuses(receiver: Receiver) -> list[str]:
    return [status["status"] for status in receiver.statuses()]


def assert_adds_up(receiver: Receiver, counters: dict[str, Any]) -> None:
    """Each post is counted once, and so is each update in it."""
    answers = [post.status for post in receiver.posts]
    assert counters["webhooks_sent"] == len(answers)
    assert counters["webhooks_acknowledged"] == answers.count(200)
    assert counters["webhooks_failed"] == len(answers) - answers.count(200)
    updates = [
        (post.status, len(post.statuses()) + len(post.messages()) + others(post.changes()))
        for post in receiver.posts
    ]
    assert counters["updates_sent"] == sum(count for _, count in updates)
    assert counters["updates_acknowledged"] == sum(count for status, count in updates if status == 200)


def others(changes: list[dict[str, Any]]) -> int:
    return sum(change["field"] != "messages" for change in changes)


def test_a_batch_brings_many_updates_in_one_post(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post(
        "/_sim/config", {"batch": {"size": 1000, "wait": 0.5}, "phone_numbers": {NUMBER_ID: "+525555550100"}}
    )
    for phone in CROWD:
        simulator.send(to=phone)
    simulator.say({"text": "hola"})
    counters = simulator.settle()

    assert sorted(statuses(receiver)) == sorted(["sent", "delivered", "read"] * len(CROWD))
    assert [message["text"]["body"] for message in receiver.messages()] == ["hola"]
    assert len(receiver.posts) <= 12
    fullest = max(receiver.posts, key=lambda post: len(post.statuses()))
    assert len(fullest.statuses()) > len(CROWD) // 2
    for change in fullest.changes():
        kinds = change["value"].keys() & {"messages", "statuses"}
        assert len(kinds) == 1, "messages and statuses have changes of their own"
    people = [contact["user_id"] for contact in fullest.changes()[0]["value"]["contacts"]]
    assert len(people) == len(set(people))
    assert all(post.is_signed for post in receiver.posts)
    assert_adds_up(receiver, counters)


def test_a_full_batch_does_not_wait(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/config", {"batch": {"size": 3, "wait": 30}, "behaviour": "silent"})
    for _ in range(3):
        simulator.say({"text": "hola"})
    simulator.settle()
    (post,) = receiver.posts
    assert len(post.messages()) == 3


def test_a_refused_batch_comes_again_as_it_was(simulator: Simulator, receiver: Receiver) -> None:
    receiver.failures = 1
    simulator.post("/_sim/config", {"batch": {"size": 2, "wait": 5}})
    for _ in range(2):
        simulator.say({"text": "hola"})
    counters = simulator.settle()
    assert len({post.raw for post in receiver.posts}) == 1
    assert [post.status for post in receiver.posts] == [500, 200]
    assert (counters["updates_sent"], counters["updates_acknowledged"]) == (4, 2)


def test_a_lost_webhook_never_comes_and_is_counted(simulator: Simulator, receiver: Receiver) -> None:
    fault(simulator, "webhook_lost", count=1, to=BORROWER)
    simulator.send()
    counters = simulator.settle()
    assert statuses(receiver) == ["delivered", "read"]
    assert counters["faults_fired"] == {"webhook_lost": 1}
    assert counters["statuses"] == {"sent": 1, "delivered": 1, "read": 1}
    assert_adds_up(receiver, counters)


def test_a_doubled_webhook_comes_again_later(simulator: Simulator, receiver: Receiver) -> None:
    fault(simulator, "webhook_doubled", count=1, seconds=0.3)
    simulator.say({"text": "hola"})
    counters = simulator.settle()
    first, second = receiver.posts
    assert first.raw == second.raw
    assert second.at - first.at >= 0.3
    assert_adds_up(receiver, counters)


def test_a_delayed_webhook_is_overtaken_and_idle_waits_for_it(simulator: Simulator, receiver: Receiver) -> None:
    fault(simulator, "webhook_delayed", count=1, seconds=0.6)
    simulator.send()
    assert simulator.get("/_sim/idle?timeout=0.2") == {"idle": False}
    counters = simulator.settle()
    assert statuses(receiver) == ["delivered", "read", "sent"]
    assert_adds_up(receiver, counters)


def test_a_reordered_webhook_lets_the_next_of_its_borrower_pass(simulator: Simulator, receiver: Receiver) -> None:
    fault(simulator, "webhook_reordered", count=1, to=BORROWER, seconds=30)
    simulator.send()
    simulator.send(to=CROWD[0])
    simulator.settle()
    mine = [status["status"] for status in receiver.statuses() if status["recipient_id"] == "5215555550101"]
    assert sorted(mine) == ["delivered", "read", "sent"]
    assert mine.index("sent") > mine.index("delivered")


def test_a_reordered_webhook_that_nothing_follows_comes_in_the_end(
    simulator: Simulator, receiver: Receiver
) -> None:
    fault(simulator, "webhook_reordered", count=1, seconds=0.3)
    simulator.say({"text": "hola"})
    simulator.settle()
    assert len(receiver.messages()) == 1


@pytest.mark.parametrize("kind", ["webhook_changed", "webhook_unsigned"])
def test_a_damaged_post_is_refused_and_comes_again_whole(
    simulator: Simulator, receiver: Receiver, kind: str
) -> None:
    receiver.strict = True
    fault(simulator, kind, count=1)
    simulator.say({"text": "hola"})
    counters = simulator.settle()
    damaged, whole = receiver.posts
    assert (damaged.status, whole.status) == (403, 200)
    assert (damaged.is_signed, whole.is_signed) == (False, True)
    assert len(damaged.raw) == len(whole.raw)
    json.loads(damaged.raw)
    assert (damaged.raw == whole.raw) == (kind == "webhook_unsigned")
    assert counters["webhooks_abandoned"] == 0
    assert_adds_up(receiver, counters)


def test_waits_double_until_the_webhook_is_given_up(simulator: Simulator, receiver: Receiver) -> None:
    receiver.failures = 99
    simulator.post("/_sim/config", {"retries": 3, "retry_wait": 0.1})
    simulator.say({"text": "hola"})
    counters = simulator.settle()
    moments = [post.at for post in receiver.posts]
    waits = [after - before for before, after in itertools.pairwise(moments)]
    assert len(waits) == 3
    assert all(wait >= least for wait, least in zip(waits, [0.1, 0.2, 0.4], strict=True))
    assert (counters["webhooks_abandoned"], counters["updates_acknowledged"]) == (1, 0)
    assert_adds_up(receiver, counters)


def test_an_outage_ends_before_the_retries_do(simulator: Simulator, receiver: Receiver) -> None:
    receiver.failures = 20
    simulator.post("/_sim/config", {"retries": 100, "retry_wait": 0.01, "longest_retry_wait": 0.02})
    simulator.send()
    counters = simulator.settle()
    assert [post.status for post in receiver.posts].count(200) == 3
    assert_adds_up(receiver, counters)


def test_everything_at_once_still_adds_up(simulator: Simulator, receiver: Receiver) -> None:
    receiver.strict = True
    simulator.post("/_sim/config", {"batch": {"size": 7, "wait": 0.05}, "retry_wait": 0.02})
    for kind in ("webhook_lost", "webhook_doubled", "webhook_delayed", "webhook_reordered"):
        fault(simulator, kind, rate=0.1, **({} if kind == "webhook_lost" else {"seconds": 0.1}))
    for kind in ("webhook_changed", "webhook_unsigned"):
        fault(simulator, kind, rate=0.02)
    for phone in CROWD:
        simulator.send(to=phone)
    counters = simulator.settle()
    fired = counters["faults_fired"]
    expected = 3 * len(CROWD) - fired["webhook_lost"] + fired["webhook_doubled"]
    assert counters["updates_acknowledged"] == expected
    assert counters["webhooks_abandoned"] == 0
    assert_adds_up(receiver, counters)


def test_a_message_can_fail_at_once_or_after_it_was_sent(simulator: Simulator, receiver: Receiver) -> None:
    fault(simulator, "undeliverable", count=1)
    fault(simulator, "fails_after_sent", code=131049, count=1)
    fault(simulator, "never_delivered", count=1)
    for _ in range(3):
        assert simulator.send().status_code == 200
        simulator.settle()
    told = receiver.statuses()
    assert [status["status"] for status in told] == ["failed", "sent", "failed", "sent"]
    assert [error["code"] for status in told for error in status.get("errors", [])] == [131026, 131049]
    assert {status["biz_opaque_callback_data"] for status in told} == {"m-1"}
    shown = simulator.get("/_sim/messages")
    assert [(one["status"], one["code"]) for one in shown] == [("failed", 131026), ("failed", 131049), ("sent", 0)]
    assert simulator.get("/_sim/counters")["statuses"] == {"sent": 2, "delivered": 0, "read": 0, "failed": 2}


def test_our_reference_can_be_left_out_of_a_failure(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/config", {"opaque_on_failed": False})
    fault(simulator, "fails_after_sent")
    simulator.send()
    simulator.settle()
    assert ["biz_opaque_callback_data" in status for status in receiver.statuses()] == [True, False]


@pytest.mark.parametrize(("hidden_as", "shown"), [("missing", {}), ("empty", {"from": ""})])
def test_who_hides_the_number_is_told_by_user_id(
    simulator: Simulator, receiver: Receiver, hidden_as: str, shown: dict[str, str]
) -> None:
    simulator.post("/_sim/config", {"hidden": [BORROWER], "hidden_as": hidden_as})
    simulator.say({"text": "hola"})
    simulator.settle()
    (change,) = receiver.posts[0].changes()
    (message,), (contact,) = change["value"]["messages"], change["value"]["contacts"]
    assert {key: message[key] for key in message.keys() & {"from"}} == shown
    assert message["from_user_id"] == contact["user_id"]
    assert message["from_user_id"].startswith("MX.")
    assert contact["profile"]["username"].startswith("@")
    assert contact.get("wa_id") == shown.get("from")


def test_news_of_the_account_is_posted_signed_and_with_a_time(simulator: Simulator, receiver: Receiver) -> None:
    order = {"field": "message_template_status_update", "event": "PAUSED", "name": "saldo_vencido"}
    assert simulator.post("/_sim/news", order).status_code == 200
    assert simulator.post("/_sim/news", {"field": "tomorrows_news", "value": {"a": 1}}).status_code == 200
    counters = simulator.settle()
    entries = [json.loads(post.raw)["entry"][0] for post in receiver.posts]
    assert all(isinstance(entry["time"], int) for entry in entries)
    told = {entry["changes"][0]["field"]: entry["changes"][0]["value"] for entry in entries}
    assert told["tomorrows_news"] == {"a": 1}
    assert told["message_template_status_update"]["event"] == "PAUSED"
    assert all(post.is_signed for post in receiver.posts)
    assert_adds_up(receiver, counters)


@pytest.mark.parametrize(
    "order",
    [
        [],
        {},
        {"field": "tomorrows_news"},
        {"field": "security", "value": 1},
        {"field": "message_template_status_update", "event": "SOLD", "name": "a"},
        {"field": "message_template_status_update", "event": "PAUSED"},
        {"field": "user_preferences", "to": "hola", "preference": "stop"},
        {"field": "security", "colour": "red"},
    ],
)
def test_impossible_news_is_refused(simulator: Simulator, receiver: Receiver, order: object) -> None:
    assert simulator.post("/_sim/news", order).status_code == 400
    simulator.settle()
    assert receiver.posts == []


def test_a_reset_stops_what_is_held_or_collected(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/config", {"batch": {"size": 100, "wait": 60}})
    fault(simulator, "webhook_delayed", count=1, seconds=60)
    simulator.say({"text": "hola"})
    simulator.say({"text": "hola"})
    simulator.post("/_sim/reset", {})
    simulator.settle()
    assert receiver.posts == []
