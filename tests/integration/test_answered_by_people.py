"""What a borrower writes that a person has to read: kept as a case, said back once, and no reminder meanwhile."""

from datetime import timedelta

import pytest

from tests.integration.replies import PHONE, Drop, ask, cases, lines, say, tell, texts, write
from tests.integration.rows import apply, codes
from tests.integration.test_cases_api import order
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower", lambda: drop("debts/tienda/a.csv", debts({})))


def test_what_is_not_understood_is_for_a_person_and_said_once_a_day(world: World) -> None:
    assert say(world, "jajaja") == "NOT_UNDERSTOOD"
    assert say(world, "blablabla") == "KEPT"
    assert cases(world) == ["UNKNOWN", "UNKNOWN"]
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    world.later(days=2)
    assert say(world, "jojojo") == "NOT_UNDERSTOOD"


def test_outside_the_hours_it_is_said_that_it_is_read_later(world: World) -> None:
    world.later(hours=10)
    assert say(world, "jajaja") == "READ_LATER"


@pytest.mark.parametrize(
    ("text", "answer", "outcome", "line"),
    [
        ("ya pagué", "SEND_RECEIPT", "SKIPPED_OPEN_CASE", ""),
        ("no reconozco esa deuda", "DISPUTED", "SKIPPED_DISPUTED", "dispute"),
        ("número equivocado", "WRONG_PERSON", "SKIPPED_WRONG_NUMBER", "wrong_number"),
        ("la señora falleció", "DECEASED", "SKIPPED_HELD", "hold"),
        ("esto es acoso", "COMPLAINT", "SKIPPED_HELD", "hold"),
        ("llámenme", "OTHER_CHANNEL", "SKIPPED_OTHER_CHANNEL", "channel"),
        ("no tengo trabajo", "LOOKED_INTO", "SKIPPED_OPEN_CASE", ""),
        ("recibieron mi comprobante?", "LOOKED_INTO", "SKIPPED_OPEN_CASE", ""),
        ("quiero hablar con un asesor", "PERSON", "SKIPPED_OPEN_CASE", ""),
        ("pago el viernes", "PROMISED", "SKIPPED_PROMISED", "promise"),
        ("cancelar", "PAY_OR_STOP", "SKIPPED_OPEN_CASE", ""),
        ("BAJA", "STOPPED", "SKIPPED_OPTED_OUT", "opt_out"),
    ],
)
def test_who_writes_between_queue_and_send_is_not_reminded(
    world: World, text: str, answer: str, outcome: str, line: str
) -> None:
    (reminder,) = world.tick()
    assert say(world, text) == answer
    assert world.sender.remind(reminder, world.now).code == outcome
    assert len(texts(world)) == len(world.whatsapp.sent) == 1
    assert set(lines(world)) >= {"answer", *filter(None, [line])}


@pytest.mark.parametrize("text", ["no reconozco esa deuda", "ya pagué", "no me llamen más", "ok gracias", "mmm"])
def test_what_is_stored_and_not_understood_yet_holds_the_reminder_back(world: World, text: str) -> None:
    (reminder,) = world.tick()
    asked = ask(world, text)
    assert world.sender.remind(reminder, world.now).code == "DEFERRED_JUST_HEARD"
    world.later(minutes=29)
    assert codes(world) == []
    world.answers.give_up(asked, world.now)
    world.later(minutes=1)
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    assert world.whatsapp.sent == []


@pytest.mark.parametrize(
    ("text", "outcome"), [("no reconozco esa deuda", "SKIPPED_DISPUTED"), ("ok gracias", "SENT")]
)
def test_while_answers_stand_still_nobody_who_wrote_is_reminded_before_they_are_understood(
    world: World, text: str, outcome: str
) -> None:
    asked = ask(world, text)
    for _ in range(6):
        assert codes(world) == ["DEFERRED_JUST_HEARD"]
        world.later(minutes=31)
    world.answers.answer(asked, world.now)
    assert codes(world) == [outcome]


def test_what_nobody_ever_understands_holds_for_48_hours(world: World) -> None:
    ask(world, "no reconozco esa deuda")
    world.later(hours=47, minutes=59)
    assert codes(world) == ["DEFERRED_JUST_HEARD"]
    world.later(hours=1)
    assert codes(world) == ["SENT"]


def test_of_several_messages_the_last_one_is_waited_for(world: World) -> None:
    asked = [ask(world, "hola")]
    world.later(minutes=1)
    asked.append(ask(world, "no debo nada"))
    world.later(minutes=31)
    world.answers.answer(asked[0], world.now)
    assert codes(world) == ["DEFERRED_JUST_HEARD"]
    world.later(minutes=31)
    world.answers.answer(asked[1], world.now)
    assert codes(world) == ["SKIPPED_DISPUTED"]


def test_both_of_two_who_may_have_written_wait_and_are_let_go(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-9"}))
    asked = ask(world, "ok gracias")
    world.later(minutes=31)
    assert codes(world) == ["DEFERRED_JUST_HEARD"] * 2
    world.answers.answer(asked, world.now)
    assert [world.item("PROFILE", name).get("unread_at") for name in ("C1", "C2")] == [None, None]


@pytest.mark.parametrize("kind", ["reaction", "image"])
def test_what_nobody_answers_is_waited_for_no_longer_than_half_an_hour(world: World, kind: str) -> None:
    assert write(world, kind, {"id": "M1", "mime_type": "image/jpeg"}) == []
    world.later(minutes=31)
    assert codes(world) == ["SENT"]


def test_what_a_person_has_closed_after_the_last_try_holds_nothing_back(world: World) -> None:
    world.answers.give_up(ask(world, "no reconozco esa deuda"), world.now)
    world.later(minutes=31)
    (case,) = world.cases.waiting("tienda")
    assert order(world, "close", case.id, {"result": "resolved"})[0] == 200
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize(("wrote", "noted"), [(0, 0), (5, 5), (-5, 5)])
def test_what_a_slower_worker_was_told_is_waited_for_too(world: World, wrote: int, noted: int) -> None:
    who, before = world.ref(), world.item("PROFILE")
    say(world, "hola")
    at, now = world.now + timedelta(seconds=wrote), world.now + timedelta(seconds=noted)
    world.ledger.words.heard_from({who: before}, {who: at}, now, [], {who})
    world.later(minutes=31)
    assert codes(world) == ["DEFERRED_JUST_HEARD"]


def test_a_body_that_comes_again_after_its_answer_holds_nothing_back(world: World) -> None:
    say(world, "ok gracias", wamid="wamid.twice")
    world.later(minutes=5)
    assert say(world, "ok gracias", wamid="wamid.twice") == "KEPT"
    world.later(minutes=31)
    assert codes(world) == ["SENT"]


def test_what_meta_tells_late_holds_the_reminder_back_as_long(world: World) -> None:
    (reminder,) = world.tick()
    say(world, "ok gracias")
    world.later(minutes=45)
    text = {"id": "wamid.late", "from": PHONE, "type": "text", "text": {"body": "no reconozco esa deuda"}}
    tell(world, "messages", text | {"timestamp": str(int((world.now - timedelta(hours=2)).timestamp()))})
    assert world.sender.remind(reminder, world.now).code == "DEFERRED_JUST_HEARD"


@pytest.mark.parametrize(
    "text", ["no reconozco esa deuda", "número equivocado", "la señora falleció", "esto es acoso"]
)
def test_what_stops_until_a_person_lifts_it_still_does_after_a_month(world: World, drop: Drop, text: str) -> None:
    say(world, text)
    world.later(days=31)
    drop("debts/tienda/b.csv", debts({"due_date": world.now.date().isoformat()}))
    (code,) = codes(world)
    assert code in ("SKIPPED_DISPUTED", "SKIPPED_WRONG_NUMBER", "SKIPPED_HELD")
    assert len(cases(world)) == 1


def test_a_file_lifts_what_was_said(world: World) -> None:
    say(world, "no reconozco esa deuda")
    world.later(minutes=5)
    row = {"borrower_id": "C1", "action": "resolved", "at": world.now.isoformat(), "source": "oficina"}
    apply(world, "contacts", row)
    world.later(days=2)
    assert codes(world) == ["SENT"]


def test_whoever_is_somebody_else_is_told_nothing(world: World) -> None:
    say(world, "número equivocado")
    assert say(world, "SALDO") == "STRANGER"
    assert not any("1,234" in text or "Aurora" in text or "Lucía" in text for text in texts(world))


def test_a_second_meaning_that_a_person_must_hear_is_not_lost(world: World) -> None:
    assert say(world, "ya pagué, los voy a demandar, esto es acoso") == "SEND_RECEIPT"
    assert cases(world) == ["COMPLAINT"]
    assert codes(world) == ["SKIPPED_HELD"]


def test_a_person_in_charge_silences_the_robot_but_for_a_stop(world: World) -> None:
    assert say(world, "quiero hablar con un asesor") == "PERSON"
    world.later(minutes=1)
    assert say(world, "SALDO") == "KEPT"
    assert say(world, "no debo nada") == "KEPT"
    assert "DISPUTE" in cases(world)
    assert say(world, "BAJA") == "STOPPED"
    world.later(hours=49)
    assert say(world, "SALDO", wamid="wamid.later") == "IN_DISPUTE"


@pytest.mark.parametrize("kind", ["audio", "video", "location", "contacts", "unsupported", "order", "holograma"])
def test_what_no_machine_reads_is_for_a_person_and_answered_once(world: World, kind: str) -> None:
    content = {"id": "M1", "mime_type": "audio/ogg"}
    for wamid in ("wamid.1", "wamid.2"):
        for asked in write(world, kind, content, wamid=wamid):
            world.answers.answer(asked, world.now)
    assert len(texts(world)) == 1
    assert cases(world) == ["MEDIA", "MEDIA"]
    assert codes(world) == ["SKIPPED_OPEN_CASE"]


@pytest.mark.parametrize(
    ("text", "answer"), [("ok gracias", "KEPT"), ("ayuda", "HELP"), ("sí, soy yo", "RIGHT_PERSON")]
)
def test_small_talk_holds_nothing_back(world: World, text: str, answer: str) -> None:
    assert say(world, text) == answer
    assert cases(world) == []
    world.later(minutes=30)
    assert codes(world) == ["SENT"]


def test_a_sticker_is_kept_and_not_answered(world: World) -> None:
    (asked,) = write(world, "sticker", {"id": "M1", "mime_type": "image/webp"})
    assert world.answers.answer(asked, world.now) == "KEPT"


def test_a_receipt_goes_its_own_way(world: World) -> None:
    assert write(world, "image", {"id": "M1", "mime_type": "image/jpeg"}) == []


def test_a_reaction_asks_for_no_answer(world: World) -> None:
    assert write(world, "reaction", {"message_id": "wamid.0", "emoji": "👍"}) == []


def test_what_nobody_looks_into_any_more_goes_with_the_next_word(world: World) -> None:
    say(world, "no tengo trabajo")
    assert "looked_into" in world.item("STANDING")
    world.later(hours=49)
    world.ledger.words.deny_number(world.ref(), world.now, "CASE")
    assert "looked_into" not in world.item("STANDING")


@pytest.mark.parametrize("is_read_before", [True, False])
def test_a_worker_that_began_earlier_and_ends_later_takes_nothing_back(
    world: World, *, is_read_before: bool
) -> None:
    """Of when somebody wrote last, and of when we knew it."""
    began, older = world.now, world.now - timedelta(minutes=5)
    before = world.item("PROFILE")
    world.later(seconds=20)
    ask(world, "hola")
    told = world.item("PROFILE")
    seen = before if is_read_before else told
    world.ledger.words.heard_from({world.ref(): seen}, {world.ref(): older}, began, [])
    after = world.item("PROFILE")
    names = ("last_inbound_at", "heard_noted_at")
    assert [after[name] for name in names] == [told[name] for name in names]
