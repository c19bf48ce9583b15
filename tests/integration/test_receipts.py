"""A receipt's way: told by the webhook, fetched, kept, answered once; reminders pause."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from cobranza import telemetry
from cobranza.flows.say_once import AT_WORK, TryLater
from cobranza.queues import MEDIA_RECEIVED, Queue, ReplyToAnswer
from cobranza.whatsapp.client import Answer, Refused
from cobranza.whatsapp.errors import Action, ProviderError
from cobranza.whatsapp.guarded import TryAgain, Unusable
from cobranza.whatsapp.media import Fetched
from tests.integration.fakes import DyingClient, FakeContext, Killed
from tests.integration.receipts import DIGEST, PICTURE, desk, send_picture, send_pictures
from tests.integration.replies import queued, say, texts
from tests.integration.sending import CUT, NOT_ON_WHATSAPP
from tests.integration.test_handlers import Delays, record
from tests.integration.world import World, function

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


def chat(world: World, asked: ReplyToAnswer) -> dict[str, Any]:
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
        desk(world, Unusable("GONE")).fetch(second, world.now)
    assert len(world.whatsapp.sent) == 1
    assert chat(world, second)["receipt"] == "GONE"  # settled, whatever becomes of the answer
    world.later(seconds=6)
    assert desk(world).fetch(second, world.now) == "GONE"
    assert [message["context"]["message_id"] for message in world.whatsapp.sent] == ["wamid.P1", "wamid.P2"]


def test_of_three_pictures_within_minutes_all_are_kept_and_one_is_thanked_for(world: World) -> None:
    for number in range(3):
        picture = PICTURE._replace(digest=str(number) * 64)
        assert desk(world, picture).fetch(send_picture(world, wamid=f"wamid.P{number}"), world.now) == "TO_VERIFY"
        world.later(minutes=2)
    assert len(kept(world)) == 3
    assert len(world.receipts.of(world.ref("C1"))) == 3
    assert [message["context"]["message_id"] for message in world.whatsapp.sent] == ["wamid.P0"]
    world.later(days=1)
    desk(world).fetch(send_picture(world, wamid="wamid.P3"), world.now)
    assert len(world.whatsapp.sent) == 2


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


def test_a_receipt_that_comes_back_tells_how_long_it_has_waited_however_often_it_came(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(telemetry, "measure", lambda name, seconds: told.append((name, seconds)))
    asked, sent_at = send_picture(world), world.now
    world.later(seconds=150)
    for times, fails in ((1, [TryAgain("HTTP 500")]), (12, [OSError("S3 is away")]), (13, [])):
        handled(world, record("1", asdict(asked), receives=times, sent_at=sent_at), *fails)
    assert told == [("RetriedReceiptAge", 150.0)] * 2


def handled(world: World, received: dict[str, Any], *answers: Fetched | Exception) -> list[str]:
    """What the function lets come back; Meta answers so, then with a picture."""
    receipts = function("receipts")
    deps = receipts.Deps(desk(world, *answers), Queue[ReplyToAnswer](Delays(), "url"), world.clock)
    told = receipts.handler({"Records": [received]}, FakeContext(), deps=deps)
    return [each["itemIdentifier"] for each in told["batchItemFailures"]]


@pytest.mark.parametrize(("times", "topics"), [(MEDIA_RECEIVED - 1, []), (MEDIA_RECEIVED, ["RECEIPT_TO_FETCH"])])
def test_a_person_knows_of_a_receipt_before_it_is_a_dead_letter(
    world: World, times: int, topics: list[str]
) -> None:
    assert handled(world, record("1", asdict(send_picture(world)), receives=times), TryAgain("HTTP 500")) == ["1"]
    assert [case.topic for case in world.cases.waiting("tienda")] == topics
    world.later(minutes=30)
    mine = [r for r in world.tick() if r.borrower == world.ref("C1")]
    (outcome,) = [world.sender.remind(reminder, world.now).code for reminder in mine]
    assert outcome == ("SKIPPED_OPEN_CASE" if topics else "SENT")


def test_a_receipt_that_was_kept_is_not_given_up(world: World) -> None:
    asked = send_picture(world)
    desk(world).fetch(asked, world.now)
    desk(world).give_up(asked, world.now)
    assert list(world.cases.waiting("tienda")) == []


def test_who_asked_us_to_stop_and_sends_a_receipt_all_the_same_is_answered(world: World) -> None:
    world.ledger.opt_out(world.ref("C1"), world.now)
    world.later(minutes=1)
    assert desk(world).fetch(send_picture(world), world.now) == "TO_VERIFY"
    assert len(world.whatsapp.sent) == 1


def test_what_came_before_a_stop_is_not_answered_after_it(world: World) -> None:
    asked = send_picture(world)
    world.later(seconds=10)
    assert say(world, "BAJA") == "STOPPED"
    world.later(seconds=10)
    assert desk(world).fetch(asked, world.now) == "TO_VERIFY"
    assert len(world.whatsapp.sent) == 1  # the confirmation of the stop
    assert len(world.receipts.of(asked.borrower)) == 1


def test_while_a_person_is_in_charge_the_machine_keeps_receipts_and_says_nothing(world: World) -> None:
    assert say(world, "quiero hablar con una persona") == "PERSON"
    world.later(minutes=10)
    for number, picture in enumerate((PICTURE, Unusable("GONE"))):
        asked = send_picture(world, wamid=f"wamid.P{number}")
        desk(world, picture).fetch(asked, world.now)
        world.later(minutes=1)
    assert len(world.receipts.of(world.ref("C1"))) == 2
    assert len(world.whatsapp.sent) == 1  # that a person answers


def test_what_is_fetched_days_later_is_kept_and_not_answered(world: World) -> None:
    asked = send_picture(world)
    world.later(days=3)
    assert desk(world).fetch(asked, world.now) == "TO_VERIFY"
    assert [each.waits for each in world.receipts.of(asked.borrower)] == [True]
    assert world.whatsapp.sent == []


def answers(world: World) -> list[dict[str, Any]]:
    """The journal's lines of what was answered."""
    return [item for item in world.items("journal") if item["event"] == "answer"]


def test_what_was_answered_is_noted_as_every_answer_is(world: World) -> None:
    asked = send_picture(world)
    desk(world).fetch(asked, world.now)
    told = chat(world, asked)
    assert (told["answer"], told["answer_state"], told["answer_wamid"]) == ("RECEIPT_RECEIVED", "SENT", "wamid.0")
    (line,) = answers(world)
    assert (line["pk"], line["code"], line["type"]) == (f"B#{world.ref('C1')}", "SENT", "RECEIPT_RECEIVED")
    assert (line["portfolio"], line["trace"]) == ("tienda", "trace")


def test_what_whatsapp_surely_did_not_take_is_said_a_little_later(world: World) -> None:
    world.whatsapp.answers.append(Refused(Action.RETRY, ProviderError(131056, "Pair rate limit hit", ""), 6))
    asked = send_picture(world)
    with pytest.raises(TryLater):
        desk(world).fetch(asked, world.now)
    assert [item["event"] for item in world.items("journal") if item["event"] == "receipt"] == ["receipt"]
    world.later(seconds=10)
    for _ in range(2):
        assert desk(world).fetch(asked, world.now) == "TO_VERIFY"
    assert len(world.whatsapp.sent) == 1
    assert [line["code"] for line in answers(world)] == ["SENT"]


@pytest.mark.parametrize(("answer", "code"), [(NOT_ON_WHATSAPP, "FAILED_131026"), (CUT, "UNKNOWN")])
def test_an_answer_that_did_not_arrive_is_a_case_and_is_not_said_again(
    world: World, answer: Answer, code: str
) -> None:
    world.whatsapp.answers.append(answer)
    asked = send_picture(world)
    for _ in range(2):
        assert desk(world).fetch(asked, world.now) == "TO_VERIFY"
    assert world.whatsapp.sent == []
    (case,) = world.cases.waiting("tienda")
    assert (case.topic, case.chat, case.event) == ("UNANSWERED", asked.borrower, asked.event)
    assert [line["code"] for line in answers(world)] == [code]
    assert chat(world, asked)["answer_state"] == code


def test_whoever_dies_at_any_write_thanks_once_or_leaves_it_to_a_person(world: World) -> None:
    asked = send_picture(world)
    before, counting = world.kept(), DyingClient(world.dynamodb, 10_000, done=False)
    desk(replace(world, dynamodb=counting)).fetch(asked, world.now)
    for at in range(counting.writes):
        for done in (False, True):
            world.restore(before)
            world.whatsapp.sent.clear()
            with pytest.raises(Killed):
                desk(replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done))).fetch(asked, world.now)
            for later in (AT_WORK, 2 * AT_WORK):
                assert desk(world).fetch(asked, world.now + later) == "TO_VERIFY"
            (line,) = answers(world)
            sent, topics = len(world.whatsapp.sent), [case.topic for case in world.cases.waiting("tienda")]
            assert sent <= 1, f"write {at}, done {done}"
            assert line["code"] == "SENT" or topics == ["UNANSWERED"], f"write {at}, done {done}"
            assert line["code"] == "UNKNOWN" or sent, f"write {at}, done {done}"


def test_who_has_another_phone_by_now_is_not_told_of_a_picture_from_the_old_one(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", HEADER + ROW.format(id="C1", phone="+525555550109"))
    drop("debts/tienda/c.csv", HEADER + ROW.format(id="C3", phone=PHONE))
    asked = send_pictures(world)[0]
    for borrower in (world.ref("C1"), world.ref("C3")):
        desk(world).fetch(replace(asked, borrower=borrower), world.now)
    assert [message["to"] for message in world.whatsapp.sent] == [PHONE]


@pytest.mark.parametrize(("phones", "answers"), [(frozenset({PHONE}), 1), (frozenset[str](), 0)])
def test_a_stack_for_tests_answers_the_phones_on_its_list_alone(
    world: World, phones: frozenset[str], answers: int
) -> None:
    asked = send_picture(world)
    assert replace(desk(world), only_to=phones).fetch(asked, world.now) == "TO_VERIFY"
    assert len(world.whatsapp.sent) == answers


@pytest.mark.parametrize(
    ("caption", "answer", "outcome"),
    [
        ("Número equivocado, no soy Lucía", "Gracias por avisar", "SKIPPED_WRONG_NUMBER"),
        ("Esta deuda no es mía", "mientras una persona lo revisa", "SKIPPED_DISPUTED"),
        ("BAJA", "ALTA", "SKIPPED_OPTED_OUT"),
    ],
)
def test_what_must_be_heard_counts_below_a_picture_too(
    world: World, caption: str, answer: str, outcome: str
) -> None:
    asked = send_picture(world, caption=caption)
    assert desk(world).fetch(asked, world.now) == "TO_VERIFY"
    assert world.whatsapp.sent == []
    for reply in queued(world):
        world.answers.answer(reply, world.now)
    (told,) = texts(world)
    assert answer in told
    world.later(days=6)
    mine = [r for r in world.tick() if r.borrower == world.ref("C1")]
    assert [world.sender.remind(r, world.now).code for r in mine] == [outcome]


def test_a_picture_with_any_other_words_is_a_receipt_and_no_more(world: World) -> None:
    asked = send_picture(world, caption="Ya pagué, aquí está. Gracias")
    assert queued(world) == []
    desk(world).fetch(asked, world.now)
    assert len(world.whatsapp.sent) == 1


def test_a_picture_from_a_phone_of_two_borrowers_pauses_both_and_is_thanked_once(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", HEADER + ROW.format(id="C3", phone=PHONE))
    states: dict[str, str] = {}
    for asked in send_pictures(world):
        states[asked.borrower] = desk(world).fetch(asked, world.now)
        world.later(seconds=6)
    assert states == {world.ref("C1"): "TO_VERIFY", world.ref("C3"): "TO_VERIFY"}
    assert all("receipt_until" in world.item("PROFILE", name) for name in ("C1", "C3"))
    assert len(world.whatsapp.sent) == 1


def test_nobody_but_the_phone_that_it_came_from_is_answered_and_once(world: World, drop: Drop) -> None:
    """C3 has C1's phone with C4 now, and C1 another one."""
    rows = (("C1", "+525555550103"), ("C3", PHONE), ("C4", PHONE))
    world.later(minutes=1)
    drop("debts/tienda/b.csv", HEADER + "".join(ROW.format(id=name, phone=phone) for name, phone in rows))
    pictures = send_pictures(world)
    assert {each.borrower for each in pictures} == {world.ref(name) for name in ("C1", "C3", "C4")}
    for asked in [*pictures, *pictures]:
        desk(world).fetch(asked, world.now)
    assert [message["to"] for message in world.whatsapp.sent] == [PHONE]


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
