"""A receipt's way: told by the webhook, fetched, kept, answered once; reminders pause."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cobranza.queues import MediaToFetch
from cobranza.whatsapp.media import Fetched, TryAgain, Unusable
from tests.integration.receipts import DIGEST, PICTURE, desk, queued_pictures, send_picture, send_picture_of
from tests.integration.world import World

pytestmark = pytest.mark.in_memory

HEADER = "borrower_id,name,phone,country,debt_id,amount,currency,due_date,consent\n"
ROW = "{id},Lucía Ejemplo,{phone},MX,F-1,1234.50,MXN,2026-11-24,sí\n"
PHONE = "+525555550101"
type Drop = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def borrowers(world: World, drop: Drop, portfolio: None) -> None:
    world.s3.create_bucket(Bucket="receipts")
    rows = ROW.format(id="C1", phone=PHONE) + ROW.format(id="C2", phone="+525555550102")
    assert drop("debts/tienda/a.csv", HEADER + rows)["created"] == 2


def chat(world: World, asked: MediaToFetch) -> dict[str, Any]:
    return world.conversations.inbound(asked.borrower, asked.event) or {}


def kept(world: World) -> list[str]:
    return [each["Key"] for each in world.s3.list_objects_v2(Bucket="receipts").get("Contents", [])]


def test_a_picture_is_kept_to_verify_and_answered_once(world: World) -> None:
    asked = send_picture(world)
    for _ in range(2):
        assert desk(world).fetch(asked, world.now) == "TO_VERIFY"
    (name,) = kept(world)
    assert name.startswith(f"receipts/{world.ref('C1')}/")
    assert chat(world, asked)["object"] == name
    (answer,) = world.whatsapp.sent
    assert answer["text"]["body"].endswith("todavía no confirma el pago.")
    assert answer["context"]["message_id"] == "wamid.P1"


def test_a_second_answer_within_six_seconds_waits(world: World) -> None:
    first, second = send_picture(world), send_picture(world, wamid="wamid.P2")
    desk(world).fetch(first, world.now)
    with pytest.raises(TryAgain):
        desk(world).fetch(second, world.now)
    assert len(world.whatsapp.sent) == 1
    assert chat(world, second)["receipt"] == "REVIEW"  # the same picture: kept, whatever becomes of the answer
    world.later(seconds=6)
    assert desk(world).fetch(second, world.now) == "REVIEW"
    assert [message["context"]["message_id"] for message in world.whatsapp.sent] == ["wamid.P1", "wamid.P2"]


def test_an_answer_within_six_seconds_of_a_reminder_waits(world: World) -> None:
    (first, _) = sorted(world.tick(), key=lambda r: r.borrower != world.ref("C1"))
    assert world.sender.remind(first, world.now).code == "SENT"
    asked = send_picture(world)
    with pytest.raises(TryAgain):
        desk(world).fetch(asked, world.now)
    world.later(seconds=6)
    assert desk(world).fetch(asked, world.now) == "TO_VERIFY"
    assert len(world.whatsapp.sent) == 2


def test_the_queue_carries_references_alone(world: World) -> None:
    asked = send_picture(world)
    assert asked.borrower == world.ref("C1")
    assert "525555550101" not in asked.event
    assert "wamid" not in asked.event


def test_a_receipt_pauses_reminders_and_pays_nothing(world: World) -> None:
    (first, _) = sorted(world.tick(), key=lambda r: r.borrower != world.ref("C1"))
    desk(world).fetch(send_picture(world), world.now)
    assert world.sender.remind(first, world.now).code == "SKIPPED_RECEIPT_PENDING"
    debt = next(i for i in world.items() if i["sk"] == "DEBT#tienda#F-1#" and world.ref("C1") in i["pk"])
    assert debt["balance"] == debt["amount"]


def test_reminders_go_on_after_the_pause(world: World) -> None:
    desk(world).fetch(send_picture(world), world.now)
    world.later(days=6)
    mine = [r for r in world.tick() if r.borrower == world.ref("C1")]
    assert [world.sender.remind(r, world.now).code for r in mine] == ["SENT"]


def test_the_same_bytes_from_somebody_else_are_for_review(world: World) -> None:
    desk(world).fetch(send_picture(world), world.now)
    again = send_picture(world, "525555550102", "wamid.P2")
    assert desk(world).fetch(again, world.now) == "REVIEW"
    assert len(kept(world)) == 2


def test_the_same_bytes_a_second_time_are_for_review(world: World) -> None:
    desk(world).fetch(send_picture(world), world.now)
    world.later(seconds=6)
    assert desk(world).fetch(send_picture(world, wamid="wamid.P2"), world.now) == "REVIEW"


def test_bytes_that_meta_did_not_declare_are_for_review(world: World) -> None:
    torn = Fetched(PICTURE.data, DIGEST, intact=False, kind="jpg")
    assert desk(world, torn).fetch(send_picture(world), world.now) == "REVIEW"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Unusable("TOO_LARGE"), "TOO_LARGE"),
        (Unusable("GONE"), "GONE"),
        (Fetched(b"PK", DIGEST, intact=True, kind=""), "WRONG_TYPE"),
    ],
)
def test_what_cannot_be_kept_is_a_fact_and_answered_once(
    world: World, answer: Fetched | Exception, state: str
) -> None:
    asked = send_picture(world)
    for _ in range(2):
        assert desk(world, answer).fetch(asked, world.now) == state
    assert kept(world) == []
    assert chat(world, asked)["receipt"] == state
    (told,) = world.whatsapp.sent
    assert "foto o PDF" in told["text"]["body"]
    (case,) = world.cases.waiting("tienda")
    assert (case.topic, case.chat, case.event) == (f"RECEIPT_{state}", asked.borrower, asked.event)


def test_who_sent_a_file_that_cannot_be_opened_is_not_reminded_meanwhile(world: World) -> None:
    (first, _) = sorted(world.tick(), key=lambda r: r.borrower != world.ref("C1"))
    desk(world, Unusable("TOO_LARGE")).fetch(send_picture(world), world.now)
    assert world.sender.remind(first, world.now).code == "SKIPPED_RECEIPT_PENDING"


def test_what_fails_for_now_is_still_to_be_fetched(world: World) -> None:
    asked = send_picture(world)
    with pytest.raises(TryAgain):
        desk(world, TryAgain("HTTP 500")).fetch(asked, world.now)
    assert chat(world, asked)["receipt"] == "TO_FETCH"
    assert desk(world).fetch(asked, world.now) == "TO_VERIFY"


def test_who_asked_us_to_stop_and_sends_a_receipt_all_the_same_is_answered(world: World) -> None:
    asked = send_picture(world)
    world.ledger.opt_out(asked.borrower, world.now)
    assert desk(world).fetch(asked, world.now) == "TO_VERIFY"
    assert len(world.whatsapp.sent) == 1


@pytest.mark.parametrize(("phones", "answers"), [(frozenset({PHONE}), 1), (frozenset[str](), 0)])
def test_a_stack_for_tests_answers_the_phones_on_its_list_alone(
    world: World, phones: frozenset[str], answers: int
) -> None:
    asked = send_picture(world)
    assert replace(desk(world), only_to=phones).fetch(asked, world.now) == "TO_VERIFY"
    assert len(world.whatsapp.sent) == answers


def test_nobody_but_the_phone_that_it_came_from_is_answered_and_once(world: World, drop: Drop) -> None:
    """C3 has C1's phone with C4 now, and C1 another one."""
    rows = (("C1", "+525555550103"), ("C3", PHONE), ("C4", PHONE))
    world.later(minutes=1)
    drop("debts/tienda/b.csv", HEADER + "".join(ROW.format(id=name, phone=phone) for name, phone in rows))
    send_picture_of(world)
    pictures = queued_pictures(world)
    assert {each.borrower for each in pictures} == {world.ref(name) for name in ("C1", "C3", "C4")}
    for asked in [*pictures, *pictures]:
        desk(world).fetch(asked, world.now)
    assert [message["to"] for message in world.whatsapp.sent] == [PHONE]


def test_a_person_in_charge_answers_a_receipt_too(world: World) -> None:
    world.ledger.words.hand_over(world.ref(), world.now, world.now + timedelta(hours=1))
    assert desk(world).fetch(send_picture(world), world.now) == "TO_VERIFY"
    assert world.whatsapp.sent == []


def test_a_strangers_picture_is_kept_and_not_answered(world: World) -> None:
    assert desk(world).fetch(send_picture(world, "525555550199"), world.now) == "TO_VERIFY"
    assert len(kept(world)) == 1
    assert world.whatsapp.sent == []


def test_a_webhook_that_comes_again_asks_again_and_nothing_happens_twice(world: World) -> None:
    first, second = send_picture(world), send_picture(world)
    assert first == second
    for asked in (first, second):
        assert desk(world).fetch(asked, world.now) == "TO_VERIFY"
    assert len(world.whatsapp.sent) == 1
