"""A phone that gets no WhatsApp is not tried again; the borrower's other one is, on another day."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from cobranza.whatsapp.events import parse
from tests.integration.loading import KEY, say
from tests.integration.rows import Cells, apply, book, codes
from tests.integration.sending import NOT_ON_WHATSAPP, status
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

FIRST, SECOND, THIRD = "+525555550101", "+525555550177", "+525555550188"
TOLD: Cells = {"borrower_id": "C1", "source": "sucursal"}
NO_WHATSAPP = [{"code": 131026, "title": "Message undeliverable"}]


def tell(world: World, action: str, phone: str, **cells: str) -> None:
    at = world.now.isoformat()
    apply(world, "contacts", {**TOLD, "action": action, "phone": phone, "at": at, **cells})


def next_day(world: World) -> list[str]:
    world.later(days=1)
    return codes(world)


def phones(world: World) -> list[str]:
    return [message["to"] for message in world.whatsapp.sent]


def fail(world: World, message: dict[str, Any], **told: Any) -> None:
    status(world, message, "failed", errors=NO_WHATSAPP, **told)


@pytest.fixture
def two_phones(world: World, drop: Drop) -> None:
    drop(KEY, debts({}))
    tell(world, "second_phone", SECOND)


def test_the_second_phone_is_tried_the_next_day_with_the_step_that_nobody_was_told(
    world: World, two_phones: None
) -> None:
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    assert codes(world) == ["FAILED_131026"]
    world.now = world.now.replace(hour=22)
    assert codes(world) == []
    world.now = world.now.replace(hour=17)
    assert next_day(world) == ["SENT"]
    assert phones(world) == [SECOND]
    assert world.item("PROFILE")["steps"]["tienda#F-1#"][1] == 0


def test_a_failure_that_comes_by_status_brings_the_second_phone_the_next_day(
    world: World, two_phones: None
) -> None:
    assert codes(world) == ["SENT"]
    fail(world, world.whatsapp.sent[0])
    assert codes(world) == []
    assert next_day(world) == ["SENT"]
    assert phones(world) == [FIRST, SECOND]
    assert next_day(world) == []


def test_who_has_no_other_phone_is_skipped_by_a_code_of_its_own(world: World, drop: Drop) -> None:
    drop(KEY, debts({}))
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    assert codes(world) == ["FAILED_131026"]
    assert [next_day(world), next_day(world)] == [["SKIPPED_UNREACHABLE"]] * 2
    assert phones(world) == []


def test_when_neither_phone_is_reached_nothing_more_is_tried(world: World, two_phones: None) -> None:
    world.whatsapp.answers += [NOT_ON_WHATSAPP, NOT_ON_WHATSAPP]
    assert [codes(world), next_day(world)] == [["FAILED_131026"]] * 2
    assert [next_day(world), next_day(world)] == [["SKIPPED_UNREACHABLE"]] * 2


@pytest.mark.parametrize(("phone", "sent_to"), [(FIRST, FIRST), (THIRD, THIRD)])
def test_a_later_row_of_contacts_brings_a_phone_back(world: World, drop: Drop, phone: str, sent_to: str) -> None:
    drop(KEY, debts({}))
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    codes(world)
    tell(world, "phone", phone, at="2026-11-24T08:00:00-06:00")
    if phone == FIRST:
        assert next_day(world) == ["SKIPPED_UNREACHABLE"]
    world.now = world.now.replace(hour=18)
    tell(world, "phone", phone)
    assert next_day(world) == ["SENT"]
    assert phones(world) == [sent_to]


def test_a_debts_file_brings_another_phone_and_not_the_same(world: World, drop: Drop) -> None:
    drop(KEY, debts({}))
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    codes(world)
    world.later(hours=1)
    drop("debts/tienda/b.csv", debts({"amount": "1000.00"}))
    assert next_day(world) == ["SKIPPED_UNREACHABLE"]
    drop("debts/tienda/c.csv", debts({"phone": THIRD, "consent_at": "2026-11-25", "consent_source": "sucursal"}))
    assert next_day(world) == ["SENT"]
    assert phones(world) == [THIRD]


def test_a_second_phone_that_nobody_vouches_for_is_asked_who_answers(world: World, drop: Drop) -> None:
    drop(KEY, debts({}))
    tell(world, "second_phone", SECOND, source="buró")
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    codes(world)
    assert next_day(world) == ["SENT"]
    (message,) = world.whatsapp.sent
    assert (message["to"], message["template"]["name"]) == (SECOND, "primer_contacto")


def test_a_second_phone_that_another_who_owes_has_gets_nothing(world: World, drop: Drop) -> None:
    drop(KEY, debts({}, {"borrower_id": "C2", "debt_id": "F-2", "phone": SECOND, "due_date": "2026-12-24"}))
    tell(world, "second_phone", SECOND)
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    assert codes(world) == ["FAILED_131026"]
    assert next_day(world) == ["SKIPPED_SHARED_PHONE"]


def test_a_stop_from_the_second_phone_counts(world: World, two_phones: None) -> None:
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    codes(world)
    say(world, "BAJA", sender=SECOND[1:])
    assert next_day(world) == ["SKIPPED_OPTED_OUT"]


def test_no_second_phone_where_somebody_else_has_the_number(world: World, two_phones: None) -> None:
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    codes(world)
    apply(world, "contacts", {**TOLD, "action": "wrong_number", "at": world.now.isoformat()})
    assert next_day(world) == ["SKIPPED_WRONG_NUMBER"]


def test_the_phone_is_marked_by_its_reference_with_code_and_moment(world: World, drop: Drop) -> None:
    drop(KEY, debts({}))
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    codes(world)
    stopped = world.item("STANDING")["unreachable"][world.references.ref("phone", FIRST)]["stopped"]
    assert stopped == ["2026-11-24T17:00:00+00:00", "131026", "whatsapp"]
    assert "5550101" not in json.dumps(world.item("STANDING"), default=str)


@pytest.mark.parametrize(("answer", "is_tried"), [("delivered", True), ("sent", False)])
def test_statuses_in_any_order_and_number_end_with_the_same_phone(
    world: World, two_phones: None, answer: str, is_tried: bool
) -> None:
    assert codes(world) == ["SENT"]
    before, sent = world.kept(), world.whatsapp.sent[0]
    for order in itertools.permutations(["sent", answer, "failed"]):
        world.restore(before)
        for state in (*order, order[0]):
            fail(world, sent) if state == "failed" else status(world, sent, state)
        assert (book(world).borrower.phone == FIRST) is is_tried, order


def test_a_failure_that_is_told_again_changes_nothing_more(world: World, two_phones: None) -> None:
    assert codes(world) == ["SENT"]
    first = world.whatsapp.sent[0]
    at = str(int(world.now.timestamp()))
    fail(world, first, timestamp=at)
    marked = world.item("STANDING")
    assert next_day(world) == ["SENT"]
    step = world.item("DEBT#tienda#F-1#")
    fail(world, first, timestamp=at)
    assert (world.item("STANDING"), world.item("DEBT#tienda#F-1#")) == (marked, step)
    world.later(hours=1)
    tell(world, "phone", FIRST)
    fail(world, first, timestamp=at)
    assert book(world).borrower.phone == FIRST
    next_day(world)
    assert phones(world) == [FIRST, SECOND]


def test_a_confirmation_and_a_reminder_do_not_go_to_two_phones_on_one_day(world: World, drop: Drop) -> None:
    told = PORTFOLIO_YAML.replace("confirms_payments: false", "confirms_payments: true")
    world.ledger.save_portfolio(parse_portfolio(told.encode(), "tienda"), world.now)
    drop(KEY, debts({}, {"debt_id": "F-2"}))
    tell(world, "second_phone", SECOND)
    paid = {"payment_id": "P-1", "borrower_id": "C1", "debt_id": "F-2", "amount": "1234.50", "currency": "MXN"}
    apply(world, "payments", paid | {"paid_at": "2026-11-24T09:00:00-06:00"})
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    first = codes(world)
    assert (first, phones(world)) == (["SKIPPED_FREQUENCY_CAP"], [])
    assert world.item("TOLD#2026-11-24")["state"] == "FAILED"
    world.later(days=1, hours=8)
    assert codes(world) == ["SENT"]
    assert phones(world) == [SECOND]


def test_a_failed_confirmation_without_another_phone_keeps_the_reminder_from_it(world: World, drop: Drop) -> None:
    told = PORTFOLIO_YAML.replace("confirms_payments: false", "confirms_payments: true")
    world.ledger.save_portfolio(parse_portfolio(told.encode(), "tienda"), world.now)
    drop(KEY, debts({}, {"debt_id": "F-2"}))
    paid = {"payment_id": "P-1", "borrower_id": "C1", "debt_id": "F-2", "amount": "1234.50", "currency": "MXN"}
    apply(world, "payments", paid | {"paid_at": "2026-11-24T09:00:00-06:00"})
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    assert codes(world) == ["SKIPPED_UNREACHABLE"]
    assert phones(world) == []


def test_the_plan_of_the_day_after_is_what_the_run_does(world: World, two_phones: None) -> None:
    world.ledger.save_strategy("tienda", world.sender.strategy_of("tienda"), world.now)
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    codes(world)
    tomorrow = world.now.date().replace(day=25)
    (planned,) = world.planning.planner.rows("tienda", tomorrow, world.now)
    assert (planned.outcome, planned.phone) == ("SEND", SECOND)
    assert next_day(world) == ["SENT"]


def test_nothing_of_another_borrower_is_marked(world: World, drop: Drop) -> None:
    drop(KEY, debts({}, {"borrower_id": "C2", "debt_id": "F-2", "due_date": "2026-12-24"}))
    message = {"biz_opaque_callback_data": f"m1.{world.ref('C2')}.20261124"}
    element = {"id": "wamid.0", "status": "failed", "timestamp": "1", "errors": NO_WHATSAPP, **message}
    body = {"entry": [{"changes": [{"field": "messages", "value": {"statuses": [element]}}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")
    assert not any(book(world, who).borrower.unreachable for who in ("C1", "C2"))
