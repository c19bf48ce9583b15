"""One reminder, one decision, at most one message: whatever dies, and whatever comes twice."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from cobranza.errors import MissingSetting
from cobranza.flows.send_reminder import Outcome
from cobranza.policy.message import Message
from cobranza.policy.pace import LEASE
from cobranza.queues import Reminder
from cobranza.store.portfolios import switched_on
from cobranza.whatsapp.client import Accepted, Answer
from cobranza.whatsapp.events import parse
from tests.integration.fakes import FakeWhatsApp
from tests.integration.loading import KEY
from tests.integration.sending import CUT, NOT_ON_WHATSAPP, PACE, status, through
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


@pytest.fixture
def reminder(world: World, drop: Drop) -> Reminder:
    """One borrower, due today and queued."""
    world.begin("queued", lambda: (drop(KEY, debts({})), world.tick()))
    return Reminder(world.ref(), "2026-11-24T18:30:00Z", "trace")


def say(world: World, text: str) -> None:
    message = {"id": f"wamid.{text}", "from": "525555550101", "timestamp": str(int(world.now.timestamp()))}
    value = {"messages": [message | {"type": "text", "text": {"body": text}}]}
    body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")


def test_a_parameter_that_was_not_filled_in_stops_the_message_before_its_claim(world: World, drop: Drop) -> None:
    drop(KEY, debts({"name": "{{nombre}}"}))
    world.tick()
    outcome = world.sender.remind(Reminder(world.ref(), "2026-11-24T18:30:00Z", "trace"), world.now)
    assert outcome == Outcome("SKIPPED_NOT_FILLED_IN")
    assert world.whatsapp.sent == []
    assert loaded_messages(world) == ()


def loaded_messages(world: World) -> tuple[Message, ...]:
    loaded = world.ledger.load(world.ref())
    assert loaded is not None
    return tuple(loaded.book.messages)


# At the moment of sending everything is read and decided again.


def paid(world: World, drop: Drop) -> None:
    drop(KEY, debts({"balance": "0"}))


def stopped(world: World, drop: Drop) -> None:
    say(world, "BAJA")


def consent_withdrawn(world: World, drop: Drop) -> None:
    drop(KEY, debts({"consent": "no"}))


def portfolio_missing(world: World, drop: Drop) -> None:
    kept, gone = world.kept(), ("PORTFOLIO#tienda", "CONFIG")
    assert gone in [(item["pk"], item["sk"]) for item in kept["ledger"]]
    world.restore(kept | {"ledger": [item for item in kept["ledger"] if (item["pk"], item["sk"]) != gone]})


def country_switched_off(world: World, drop: Drop) -> None:
    portfolio = world.ledger.portfolio("tienda")
    assert portfolio
    world.ledger.save_portfolio(portfolio.model_copy(update={"countries": ("CO",)}), world.now)


def evening(world: World, drop: Drop) -> None:
    world.later(hours=12)


@pytest.mark.parametrize(
    ("since", "code"),
    [
        (paid, "SKIPPED_PAID"),
        (stopped, "SKIPPED_OPTED_OUT"),
        (portfolio_missing, "SKIPPED_NO_PORTFOLIO"),
        (consent_withdrawn, "SKIPPED_NO_CONSENT"),
        (country_switched_off, "SKIPPED_COUNTRY_OFF"),
        (evening, "DEFERRED_WINDOW"),
    ],
)
def test_what_happened_since_it_was_queued_counts(
    world: World, drop: Drop, reminder: Reminder, since: Callable[[World, Drop], None], code: str
) -> None:
    since(world, drop)
    codes = [world.sender.remind(each, world.now).code for each in [reminder, *world.tick()]]
    assert [each for each in codes if each] == [code]
    assert world.outcomes() == [code]
    assert world.whatsapp.sent == []
    assert world.message_items() == []
    assert "lease" not in world.item("PROFILE")


@pytest.mark.parametrize("on", ["", "CO,BR"])
def test_a_country_that_the_stack_has_not_switched_on_is_off_whatever_the_portfolio_says(
    world: World, reminder: Reminder, on: str
) -> None:
    sender = replace(world.sender, portfolio=switched_on(world.ledger.portfolio, on.split(",")))
    assert sender.remind(reminder, world.now).code == "SKIPPED_COUNTRY_OFF"
    assert world.whatsapp.sent == []


def test_a_borrower_outside_the_hours_is_looked_at_when_they_begin(world: World, reminder: Reminder) -> None:
    world.later(hours=12)
    world.sender.remind(reminder, world.now)
    assert world.item("PROFILE")["due_at"] == "2026-11-25T15:00:00Z"
    world.now = datetime.fromisoformat("2026-11-25T15:00:00Z")
    (again,) = world.tick()
    assert world.sender.remind(again, world.now).code == "SENT"
    # A day after the due date it is no longer due today.
    assert world.whatsapp.sent[0]["template"]["name"] == "saldo_vencido"


def test_a_borrower_whom_nobody_knows_gets_nothing(world: World) -> None:
    assert world.sender.remind(Reminder("A" * 26, "2026-11-24T18:30:00Z", "t"), world.now) == Outcome()
    assert world.outcomes() == []


# Twice the same.


def test_a_reminder_that_comes_twice_is_one_message(world: World, reminder: Reminder) -> None:
    codes = [world.sender.remind(reminder, world.now).code for _ in range(3)]
    assert codes == ["SENT", "", ""]
    assert len(world.whatsapp.sent) == 1
    assert world.outcomes() == ["SENT"]


def test_of_two_reminders_only_the_one_that_holds_the_lease_is_looked_at(world: World, reminder: Reminder) -> None:
    world.now += LEASE
    (newer,) = world.tick()
    assert newer.lease != reminder.lease
    assert world.sender.remind(reminder, world.now) == Outcome()
    assert world.whatsapp.sent == []
    assert world.sender.remind(newer, world.now).code == "SENT"
    assert world.sender.remind(reminder, world.now) == Outcome()
    assert len(world.whatsapp.sent) == 1


class Busy(FakeWhatsApp):
    """While it is called, something else happens."""

    def __init__(self, meanwhile: Callable[[dict[str, Any]], object]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        self.meanwhile(message)
        return super().send(phone_number_id, message)


def test_a_worker_that_meets_another_ones_claim_waits(world: World, reminder: Reminder) -> None:
    others: list[Outcome] = []
    busy = Busy(lambda message: others.append(world.sender.remind(reminder, world.now)))
    assert through(world, busy).sender.remind(reminder, world.now).code == "SENT"
    assert others == [Outcome(retry_after=180)]
    assert (len(busy.sent), world.whatsapp.sent) == (1, [])
    world.later(minutes=3)
    assert world.sender.remind(reminder, world.now) == Outcome()


def test_of_two_workers_that_decide_at_once_one_claims(world: World, reminder: Reminder) -> None:
    others: list[Outcome] = []

    class Slow(FakeWhatsApp):
        def access_token(self) -> str:
            # Between the decision and the claim.
            others.append(world.sender.remind(reminder, world.now))
            return "token"

    slow = Slow()
    assert through(world, slow).sender.remind(reminder, world.now) == Outcome(retry_after=180)
    assert [outcome.code for outcome in others] == ["SENT"]
    assert (slow.sent, len(world.whatsapp.sent)) == ([], 1)


def test_a_borrower_who_was_reminded_today_is_not_reminded_of_another_debt(
    world: World, drop: Drop, reminder: Reminder
) -> None:
    world.sender.remind(reminder, world.now)
    drop("debts/tienda/b.csv", debts({"debt_id": "F-2"}))
    (again,) = world.tick()
    assert world.sender.remind(again, world.now) == Outcome()
    assert len(world.whatsapp.sent) == 1
    assert world.item("PROFILE")["due_at"] == "2026-11-25T15:00:00Z"


# Answers.


def test_an_accepted_message_is_recorded_and_uses_up_its_step(world: World, reminder: Reminder) -> None:
    assert world.sender.remind(reminder, world.now) == Outcome("SENT")
    (message,) = world.message_items()
    assert (message["state"], message["wamid"], message["attempts"]) == ("ACCEPTED", "wamid.0", 1)
    assert world.item("PROFILE")["steps"] == {"tienda#F-1#": ["2026-11-24", 0]}
    assert world.outcomes() == ["SENT"]


def test_the_next_look_is_when_the_next_step_opens(world: World, reminder: Reminder) -> None:
    world.sender.remind(reminder, world.now)
    # Three days after Tuesday is Friday.
    assert world.item("PROFILE")["due_at"] == "2026-11-27T15:00:00Z"
    assert "lease" not in world.item("PROFILE")
    world.later(days=2)
    assert world.tick() == []
    world.later(days=1)
    (again,) = world.tick()
    assert world.sender.remind(again, world.now).code == "SENT"
    assert [m["template"]["name"] for m in world.whatsapp.sent] == ["vence_hoy", "saldo_vencido"]


def test_after_the_last_step_nobody_looks_again(world: World, drop: Drop) -> None:
    drop(KEY, debts({"due_date": "2026-11-09"}))
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    assert not world.item("PROFILE").keys() & {"due_at", "due_shard", "lease"}


def test_what_was_surely_refused_is_tried_again(world: World, reminder: Reminder) -> None:
    world.whatsapp.answers = [PACE]
    assert world.sender.remind(reminder, world.now) == Outcome(retry_after=30)
    (message,) = world.message_items()
    assert (message["state"], message["retried_for"]["code"]) == ("RETRY", 130429)
    assert world.outcomes() == []
    world.later(seconds=30)
    assert world.sender.remind(reminder, world.now).code == "SENT"
    (message,) = world.message_items()
    assert (message["state"], message["attempts"]) == ("ACCEPTED", 2)
    assert world.outcomes() == ["SENT"]
    assert len(world.whatsapp.sent) == 1


def test_what_is_refused_five_times_has_failed(world: World, reminder: Reminder) -> None:
    world.whatsapp.answers = [PACE] * 5
    outcomes = [world.sender.remind(reminder, world.now) for _ in range(6)]
    assert outcomes == [*[Outcome(retry_after=30)] * 4, Outcome("FAILED_130429"), Outcome()]
    (message,) = world.message_items()
    assert (message["state"], message["reason"]["code"]) == ("FAILED", 130429)
    assert world.outcomes() == ["FAILED_130429"]
    assert world.whatsapp.sent == []
    # The claim has used the step up, whatever came of it.
    assert world.item("PROFILE")["due_at"] == "2026-11-27T15:00:00Z"


def test_what_meta_will_never_deliver_fails_at_once(world: World, reminder: Reminder) -> None:
    world.whatsapp.answers = [NOT_ON_WHATSAPP]
    assert world.sender.remind(reminder, world.now) == Outcome("FAILED_131026")
    (message,) = world.message_items()
    assert message["state"] == "FAILED"
    assert message["reason"] == {
        "code": 131026,
        "title": "Undeliverable",
        "details": "no WhatsApp there",
        "trace": "",
    }
    assert world.item("PROFILE")["steps"] == {}  # nobody was told of it
    assert world.sender.remind(reminder, world.now) == Outcome()


def test_what_is_unclear_is_never_sent_again(world: World, drop: Drop, reminder: Reminder) -> None:
    world.whatsapp.answers = [CUT]
    assert world.sender.remind(reminder, world.now) == Outcome("UNKNOWN")
    assert [message["state"] for message in world.message_items()] == ["UNKNOWN"]
    for _ in range(3):
        world.now += LEASE
        drop(KEY, debts({"name": f"Lucía {'I' * world.now.hour}"}))
        for each in [reminder, *world.tick()]:
            assert world.sender.remind(each, world.now) == Outcome()
    assert world.whatsapp.sent == []
    assert world.outcomes() == ["UNKNOWN"]
    assert world.item("PROFILE")["due_at"] == "2026-11-27T15:00:00Z"


def test_a_status_settles_what_was_unclear(world: World, reminder: Reminder) -> None:
    asked: list[dict[str, Any]] = []
    busy = Busy(asked.append)
    busy.answers = [CUT]
    through(world, busy).sender.remind(reminder, world.now)
    status(world, asked[0], "delivered")
    (message,) = world.message_items()
    assert (message["state"], message["wamid"]) == ("DELIVERED", "wamid.0")


def test_metas_reason_for_a_failure_is_kept_also_when_the_call_was_unclear(
    world: World, reminder: Reminder
) -> None:
    asked: list[dict[str, Any]] = []
    busy = Busy(asked.append)
    busy.answers = [CUT]
    through(world, busy).sender.remind(reminder, world.now)
    status(world, asked[0], "failed", errors=[{"code": 131026, "title": "Undeliverable"}])
    (message,) = world.message_items()
    assert (message["state"], message["reason"]["code"]) == ("FAILED", 131026)


@pytest.mark.parametrize(("state", "kept"), [("sent", "SENT"), ("read", "READ"), ("failed", "FAILED")])
def test_a_status_that_comes_before_our_own_record_keeps_its_place(
    world: World, reminder: Reminder, state: str, kept: str
) -> None:
    busy = Busy(lambda message: status(world, message, state))
    assert through(world, busy).sender.remind(reminder, world.now).code == "SENT"
    (message,) = world.message_items()
    assert (message["state"], message["wamid"]) == (kept, "wamid.0")
    assert {"accepted_at", f"{state}_at"} <= message.keys()


def test_without_a_token_nothing_is_claimed(world: World, reminder: Reminder) -> None:
    class Tokenless(FakeWhatsApp):
        def access_token(self) -> str:
            raise MissingSetting("the provider secret holds no access_token")

    before = world.items()
    with pytest.raises(MissingSetting):
        through(world, Tokenless()).sender.remind(reminder, world.now)
    assert world.items() == before
    assert world.outcomes() == []
    assert world.sender.remind(reminder, world.now).code == "SENT"


def test_an_answer_names_the_message_only_in_the_ledger(world: World, reminder: Reminder) -> None:
    world.whatsapp.answers = [Accepted("wamid.secret")]
    world.sender.remind(reminder, world.now)
    kept = json.dumps(world.items("journal"), default=str)
    keys = json.dumps([[item["pk"], item["sk"]] for item in world.items()])
    assert not [word for word in ("wamid", "5550101", "Lucía") if word in kept + keys]
