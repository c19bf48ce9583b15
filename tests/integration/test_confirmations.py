"""Whoever paid is told so: once for each payment, inside hours, one thing a day, and never after a stop."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cobranza.ledger.case import Case, Closing, Result
from cobranza.ledger.confirmation import Subject
from cobranza.policy.portfolio import parse_portfolio
from cobranza.store.journal import Line
from cobranza.store.keys import MessageKey
from cobranza.whatsapp.client import Refused, Unclear
from cobranza.whatsapp.errors import ProviderError, rule_for
from cobranza.whatsapp.events import StatusEvent
from tests.integration.fakes import DyingClient, Killed
from tests.integration.replies import say
from tests.integration.rows import apply, codes, rooms_of
from tests.integration.sending import remind
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]

PAID = {
    "payment_id": "P-1",
    "borrower_id": "C1",
    "amount": "150.00",
    "currency": "MXN",
    "paid_at": "2026-11-24T09:00:00-06:00",
}
HISTORY = PAID | {"payment_id": "P-0", "paid_at": "2026-10-01T09:00:00-06:00"}

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def book(world: World, drop: Drop) -> None:
    """Somebody who owes 150.00, due today, in a portfolio that confirms and thanks."""
    configure(world, "confirms_payments: true\nthanks_punctual: false")
    drop("debts/tienda/a.csv", debts({"amount": "150.00"}), metadata={"as-of": "2026-11-23T18:00:00-06:00"})


def configure(world: World, lines: str, numbers: str = "[solicitud, sucursal]") -> None:
    text = PORTFOLIO_YAML.replace("confirms_payments: false", lines).replace("[solicitud, sucursal]", numbers)
    world.ledger.save_portfolio(parse_portfolio(text.encode(), "tienda"), world.now)
    world.ledger.refresh("tienda", world.now)


def told(world: World) -> list[str]:
    """The confirmations that left, by name."""
    names = [message["template"]["name"] for message in world.whatsapp.sent if "template" in message]
    return [name for name in names if name in list(Subject)]


def lines(world: World) -> list[tuple[str, str]]:
    """What the journal knows of confirmations."""
    noted: list[Line] = list(world.journal.of(f"B#{world.ref()}", "confirmation"))
    return [(line.identity.partition("#")[0], line.facts["code"]) for line in noted]


def look(world: World) -> None:
    codes(world)


def test_a_payment_is_confirmed_once_with_its_amount_and_day(world: World) -> None:
    apply(world, "payments", PAID)
    look(world)
    (message,) = world.whatsapp.sent
    (body,) = message["template"]["components"]
    assert [each["text"] for each in body["parameters"]] == [
        "Lucía Ejemplo",
        "Muebles Aurora",
        "$150.00",
        "24 de noviembre de 2026",
    ]
    for _ in range(3):
        apply(world, "payments", PAID)
        world.later(days=1)
        look(world)
    assert told(world) == ["pago_recibido"]
    assert lines(world) == [("pago_recibido", "SENT")]


def test_the_file_says_it_is_the_first_and_confirms_nothing(world: World, drop: Drop) -> None:
    header = ",".join(PAID)
    drop("payments/tienda/1.csv", f"{header}\n{','.join(PAID.values())}\n")
    look(world)
    assert told(world) == []
    second = PAID | {"payment_id": "P-2"}
    drop("payments/tienda/2.csv", f"{header}\n{','.join(second.values())}\n")
    look(world)
    assert told(world) == ["pago_recibido"]


def test_an_old_payment_is_history(world: World) -> None:
    apply(world, "payments", HISTORY)
    look(world)
    assert told(world) == []


def test_a_portfolio_that_does_not_want_it_tells_nobody(world: World) -> None:
    configure(world, "confirms_payments: false")
    apply(world, "payments", PAID)
    look(world)
    assert told(world) == []


def test_after_hours_it_waits_for_the_morning(world: World) -> None:
    world.later(hours=12)
    apply(world, "payments", PAID)
    look(world)
    assert told(world) == []
    world.later(hours=11)
    look(world)
    assert told(world) == ["pago_recibido"]


def test_two_payments_are_confirmed_on_two_days(world: World) -> None:
    apply(world, "payments", PAID | {"amount": "50.00"}, PAID | {"payment_id": "P-2", "amount": "20.00"})
    look(world)
    look(world)
    assert told(world) == ["pago_recibido"]
    world.later(days=1)
    look(world)
    assert told(world) == ["pago_recibido"] * 2


@pytest.mark.parametrize("action", ["opt_out", "wrong_number"])
def test_whoever_stopped_is_told_nothing_and_the_journal_knows(world: World, action: str) -> None:
    apply(world, "payments", PAID)
    row = {"borrower_id": "C1", "action": action, "at": "2026-11-24T09:30:00-06:00", "source": "call centre"}
    apply(world, "contacts", row)
    look(world)
    assert told(world) == []
    assert lines(world) == [("pago_recibido", f"SKIPPED_{action.replace('opt', 'opted').upper()}")]


def test_what_cannot_go_for_three_days_is_not_told(world: World) -> None:
    apply(world, "payments", PAID)
    world.later(days=4)
    look(world)
    assert lines(world) == [("pago_recibido", "SKIPPED_TOO_LATE")]
    assert told(world) == []


def test_nobody_hears_of_a_payment_on_a_phone_that_two_owe_on(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-9"}))
    apply(world, "payments", PAID)
    look(world)
    assert told(world) == []
    assert ("pago_recibido", "SKIPPED_SHARED_PHONE") in lines(world)


def test_no_amount_goes_to_a_phone_of_which_nobody_knows_who_answers(world: World) -> None:
    configure(world, "confirms_payments: true", numbers="[]")
    apply(world, "payments", PAID)
    look(world)
    assert told(world) == []
    assert lines(world) == [("pago_recibido", "SKIPPED_NOT_IDENTIFIED")]


def test_an_unclear_answer_is_never_tried_again(world: World) -> None:
    world.whatsapp.answers = [Unclear(ProviderError(131000, "", ""))]
    apply(world, "payments", PAID)
    for _ in range(3):
        look(world)
        world.later(minutes=10)
    assert told(world) == []
    assert lines(world) == [("pago_recibido", "UNKNOWN")]


def test_what_meta_surely_did_not_take_is_tried_again(world: World) -> None:
    rule = rule_for(130429)
    world.whatsapp.answers = [Refused(rule.action, ProviderError(130429, "", ""), rule.retry_after)]
    apply(world, "payments", PAID)
    look(world)
    assert told(world) == []
    world.later(minutes=10)
    look(world)
    assert told(world) == ["pago_recibido"]


def test_a_stop_of_the_number_keeps_it_until_somebody_resumed(world: World) -> None:
    rule = rule_for(131031)
    world.whatsapp.answers = [Refused(rule.action, ProviderError(131031, "", ""))]
    apply(world, "payments", PAID)
    look(world)
    world.later(minutes=40)
    look(world)
    assert told(world) == []
    world.controls.close("number:all", world.now)
    world.later(minutes=40)
    look(world)
    assert told(world) == ["pago_recibido"]


@pytest.mark.parametrize("scope", ["tienda", "all"])
def test_while_the_creditor_pauses_it_waits_and_leaves_once_after_the_resume(world: World, scope: str) -> None:
    apply(world, "payments", PAID | {"amount": "50.00"})
    queued = world.tick()
    world.controls.begin(scope, "", world.now)
    assert remind(world, queued) == ["DEFERRED_PAUSED"]
    world.later(minutes=40)
    look(world)
    assert world.whatsapp.sent == []
    world.controls.end(scope, world.now)
    for _ in range(3):
        world.later(minutes=40)
        look(world)
    assert told(world) == ["pago_recibido"]
    assert lines(world) == [("pago_recibido", "SENT")]


def test_after_a_pause_of_days_nobody_is_told_what_is_no_news(world: World) -> None:
    apply(world, "payments", PAID)
    queued = world.tick()
    world.controls.begin("tienda", "", world.now)
    remind(world, queued)
    world.later(days=4)
    world.controls.end("tienda", world.now)
    look(world)
    assert (told(world), lines(world)) == ([], [("pago_recibido", "SKIPPED_TOO_LATE")])


def in_charge(world: World) -> Case:
    """A person whom the borrower asked for."""
    assert say(world, "quiero hablar con una persona") == "PERSON"
    world.later(minutes=20)
    (case,) = world.cases.waiting("tienda")
    return case


def test_while_a_person_is_in_charge_it_waits_until_they_are_through(world: World) -> None:
    case = in_charge(world)
    apply(world, "payments", PAID)
    look(world)
    world.later(hours=24)
    look(world)
    assert told(world) == []
    rooms_of(world).closer.close(case, Closing(Result.RESOLVED), "", world.now, by="ana")
    for _ in range(2):
        look(world)
    assert told(world) == ["pago_recibido"]


def test_who_is_in_charge_and_forgets_it_keeps_it_back_for_two_days_alone(world: World) -> None:
    in_charge(world)
    apply(world, "payments", PAID)
    look(world)
    world.later(hours=47)
    look(world)
    assert told(world) == []
    world.later(hours=1)
    look(world)
    assert told(world) == ["pago_recibido"]


def test_a_status_moves_the_confirmation_and_not_the_reminder(world: World) -> None:
    apply(world, "payments", PAID)
    look(world)
    opaque = world.whatsapp.sent[0]["biz_opaque_callback_data"]
    status = StatusEvent(
        phone_number_id="100000000000001",
        status="delivered",
        at=world.now + timedelta(seconds=4),
        wamid="wamid.0",
        recipient="525555550101",
        opaque=opaque,
        errors=(),
    )
    assert world.recorder.record([status], world.now, "trace").counts["delivered"] == 1
    assert world.item("TOLD#2026-11-24")["state"] == "DELIVERED"


def test_a_dead_workers_confirmation_is_never_told_again(world: World) -> None:
    apply(world, "payments", PAID)
    world.whatsapp.answers = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        look(world)
    world.later(hours=2)
    look(world)
    assert told(world) == []
    assert world.item("TOLD#2026-11-24")["state"] == "UNKNOWN"
    assert lines(world) == [("pago_recibido", "UNKNOWN")]


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(4))
def test_wherever_a_worker_dies_it_leaves_at_most_one_confirmation_its_words_and_one_line(
    world: World, at: int, done: bool
) -> None:
    """Its writes: claim, words, accepted, line."""
    apply(world, "payments", PAID)
    dying = replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done))
    (reminder,) = world.tick()
    with pytest.raises(Killed):
        dying.sender.remind(reminder, world.now)
    for minutes in (5, 90, 90):
        world.later(minutes=minutes)
        world.sender.remind(reminder, world.now)
        look(world)
    assert len(told(world)) <= 1
    ((_, code),) = lines(world)
    assert code == ("UNKNOWN" if (0, True) <= (at, done) <= (2, False) else "SENT")
    (line,) = world.journal.of(f"B#{world.ref()}", "confirmation")
    proof = world.texts.proof(MessageKey(world.ref(), world.now.date(), confirms=True))
    assert proof.get("text_digest", "") == line.facts.get("text_digest", "")
    assert proof or not told(world)


# Thanks.


def test_who_paid_all_in_time_is_thanked_a_day_later_where_the_portfolio_wants_it(world: World) -> None:
    configure(world, "confirms_payments: true\nthanks_punctual: true")
    apply(world, "payments", PAID)
    look(world)
    world.later(hours=23)
    look(world)
    assert told(world) == ["pago_recibido"]
    world.later(hours=2)
    look(world)
    assert told(world) == ["pago_recibido", "gracias_por_su_pago"]


@pytest.mark.parametrize("changed", [{"amount": "149.99"}, {"paid_at": "2026-11-25T09:00:00-06:00"}])
def test_who_paid_late_or_a_part_is_not_thanked(world: World, changed: dict[str, str]) -> None:
    configure(world, "confirms_payments: false\nthanks_punctual: true")
    world.later(days=1)
    apply(world, "payments", PAID | changed)
    look(world)
    world.later(days=1)
    look(world)
    assert told(world) == []
