"""A phone that nobody vouches for is asked who answers there; amounts go once its owner has pressed the button."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from cobranza.whatsapp.events import parse
from tests.integration.fakes import FakeWhatsApp
from tests.integration.loading import KEY
from tests.integration.replies import queued
from tests.integration.rows import Cells, apply, book, codes
from tests.integration.sending import NOT_ON_WHATSAPP
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.in_memory

PHONE, OTHER = "525555550101", "525555550177"
ASKS_EVERYBODY = PORTFOLIO_YAML.replace("numbers_given_by_borrower: [solicitud, sucursal]\n", "")
MOVED: Cells = {"action": "phone", "phone": f"+{OTHER}", "at": "2026-11-24T11:00:00-06:00"}


def declare(world: World, text: str = ASKS_EVERYBODY) -> None:
    world.ledger.save_portfolio(parse_portfolio(text.encode(), "tienda"), world.now)


@pytest.fixture
def asked(world: World, drop: Drop) -> list[str]:
    """Whoever answers was asked; the payloads of yes and of no."""
    declare(world)
    drop(KEY, debts({}))
    assert codes(world) == ["SENT"]
    return payloads(world)


def payloads(world: World) -> list[str]:
    """Of the newest message's buttons."""
    components = world.whatsapp.sent[-1]["template"]["components"]
    return [one["parameters"][0]["payload"] for one in components if one["type"] == "button"]


def press(world: World, payload: str, sender: str = PHONE) -> None:
    message = {"id": f"wamid.{payload}", "from": sender, "timestamp": str(int(world.now.timestamp()))}
    message |= {"type": "button", "button": {"payload": payload, "text": "Sí, soy yo"}}
    value = {"metadata": {"phone_number_id": "1"}, "messages": [message]}
    body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")
    answering = replace(world, whatsapp=FakeWhatsApp())
    for asked in queued(world):
        answering.answers.answer(asked, world.now)


def next_day(world: World) -> list[str]:
    world.later(days=1)
    return codes(world)


def names(world: World) -> list[str]:
    return [message["template"]["name"] for message in world.whatsapp.sent]


def events(world: World) -> list[str]:
    return [item["event"] for item in world.items("journal") if item["pk"].startswith("B#")]


def test_the_first_message_asks_who_answers_and_its_debts_are_not_told(world: World, asked: list[str]) -> None:
    (message,) = world.whatsapp.sent
    assert message["template"]["name"] == "primer_contacto"
    assert "1,234.50" not in str(message)
    (claim,) = world.message_items()
    assert (claim["template"], claim["debts"]) == ("primer_contacto", {})
    assert "step" not in world.item("DEBT#tienda#F-1#")
    (line,) = [item for item in world.items("journal") if item["event"] == "outcome"]
    assert (line["code"], line["debts"]) == ("SENT", {"tienda#F-1#": "SKIPPED_NOT_IDENTIFIED"})


def test_nothing_more_goes_until_somebody_says_yes(world: World, asked: list[str]) -> None:
    assert [next_day(world), next_day(world)] == [["SKIPPED_NOT_IDENTIFIED"]] * 2
    assert names(world) == ["primer_contacto"]


def test_after_the_yes_the_step_goes_the_next_day(world: World, asked: list[str]) -> None:
    press(world, asked[0])
    assert next_day(world) == ["SENT"]
    assert names(world) == ["primer_contacto", "saldo_vencido"]
    assert world.item("PROFILE")["steps"]["tienda#F-1#"][1] == 0
    assert events(world).count("identified") == 1


def test_a_yes_that_is_told_twice_is_one(world: World, asked: list[str]) -> None:
    press(world, asked[0])
    before = world.items("journal")
    press(world, asked[0])
    assert world.items("journal") == before


@pytest.mark.parametrize("sender", [OTHER, "5215555550199"])
def test_a_yes_from_another_phone_is_none(world: World, asked: list[str], sender: str) -> None:
    press(world, asked[0], sender)
    assert next_day(world) == ["SKIPPED_NOT_IDENTIFIED"]


def test_a_yes_counts_in_each_form_in_which_whatsapp_tells_the_phone(world: World, asked: list[str]) -> None:
    press(world, asked[0], "5215555550101")
    assert next_day(world) == ["SENT"]


@pytest.mark.parametrize("payload", ["yes", "yes.", "Sí, soy yo", "yes.m1.x.20261124", "maybe"])
def test_words_that_no_button_sent_identify_nobody(world: World, asked: list[str], payload: str) -> None:
    press(world, payload)
    assert next_day(world) == ["SKIPPED_NOT_IDENTIFIED"]


def test_a_yes_for_somebody_else_identifies_nobody(world: World, asked: list[str]) -> None:
    press(world, asked[0].replace(world.ref(), world.ref("C2")))
    assert next_day(world) == ["SKIPPED_NOT_IDENTIFIED"]


def test_a_no_marks_the_number_wrong_until_another_one_is_told(world: World, asked: list[str]) -> None:
    press(world, asked[1])
    assert book(world).borrower.wrong_number
    assert next_day(world) == ["SKIPPED_WRONG_NUMBER"]
    apply(world, "contacts", {"borrower_id": "C1", "source": "call centre", **MOVED, "at": "2026-11-25"})
    assert not book(world).borrower.wrong_number
    assert events(world).count("wrong_number") == 1


def test_a_no_beats_a_yes_whatever_comes_first(world: World, asked: list[str]) -> None:
    for order in (asked, asked[::-1]):
        kept = world.kept()
        for payload in order:
            press(world, payload)
        assert next_day(world) == ["SKIPPED_WRONG_NUMBER"]
        world.restore(kept)


def test_a_no_keeps_what_was_said_before(world: World, asked: list[str]) -> None:
    hold = {
        "borrower_id": "C1",
        "action": "hold",
        "until": "2026-12-24",
        "at": "2026-11-24T10:00:00-06:00",
        "source": "tienda",
    }
    apply(world, "contacts", hold)
    press(world, asked[1])
    assert book(world).borrower.wrong_number
    assert book(world).borrower.held_until == date(2026, 12, 24)
    apply(world, "contacts", hold | {"until": "2026-12-31", "at": "2026-11-24T10:59:00-06:00"})
    assert book(world).borrower.held_until == date(2026, 12, 31)


@pytest.mark.parametrize("how", ["contacts", "debts"])
def test_a_changed_phone_starts_again(world: World, drop: Drop, asked: list[str], how: str) -> None:
    press(world, asked[0])
    if how == "contacts":
        apply(world, "contacts", {"borrower_id": "C1", "source": "call centre", **MOVED})
    else:
        world.later(minutes=1)
        drop("debts/tienda/b.csv", debts({"phone": f"+{OTHER}"}))
    assert next_day(world) == ["SENT"]
    assert names(world) == ["primer_contacto", "primer_contacto"]
    press(world, payloads(world)[0])  # from the old phone
    assert next_day(world) == ["SKIPPED_OPEN_CASE"]
    press(world, payloads(world)[0], OTHER)
    assert next_day(world) == ["SENT"]
    assert names(world)[-1] == "saldo_vencido"


def test_a_phone_that_a_file_changed_is_asked_though_the_consent_vouched_for_the_old_one(
    world: World, drop: Drop
) -> None:
    declare(world, PORTFOLIO_YAML)
    drop(KEY, debts({"due_date": "2026-12-24"}))
    world.later(minutes=1)
    drop("debts/tienda/b.csv", debts({"phone": f"+{OTHER}"}))
    assert codes(world) == ["SENT"]
    assert names(world) == ["primer_contacto"]


def test_whoever_was_reminded_before_is_not_asked_when_the_portfolio_begins_to_ask(
    world: World, drop: Drop
) -> None:
    declare(world, PORTFOLIO_YAML)
    drop(KEY, debts({}))
    assert codes(world) == ["SENT"]
    assert world.item("PROFILE")["known_at"] == world.item("PROFILE")["phone_ref"]
    world.later(days=3)
    declare(world)
    assert codes(world) == ["SENT"]
    assert names(world) == ["vence_hoy", "saldo_vencido"]


def test_a_first_contact_that_failed_is_not_tried_again_the_next_day(world: World, drop: Drop) -> None:
    declare(world)
    drop(KEY, debts({}))
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    assert codes(world) == ["FAILED_131026"]
    assert next_day(world) == ["SKIPPED_UNREACHABLE"]


def test_the_plan_is_what_the_run_does(world: World, drop: Drop) -> None:
    declare(world)
    world.ledger.save_strategy("tienda", world.sender.strategy_of("tienda"), world.now)
    drop(KEY, debts({}))
    (planned,) = world.planning.planner.rows("tienda", date(2026, 11, 24), world.now)
    assert (planned.outcome, planned.template, planned.amounts) == ("SEND", "primer_contacto", ())
    (tomorrow,) = world.planning.planner.rows("tienda", date(2026, 11, 25), world.now)
    assert tomorrow.outcome == "SKIPPED_NOT_IDENTIFIED"
    assert codes(world) == ["SENT"]
    (message,) = world.whatsapp.sent
    texts = [each["text"] for each in message["template"]["components"][0]["parameters"]]
    assert all(text in planned.text for text in texts)
    assert next_day(world) == [tomorrow.outcome]


def test_two_who_owe_on_one_phone_are_not_even_asked(world: World, drop: Drop) -> None:
    declare(world)
    drop(KEY, debts({}, {"borrower_id": "C2"}))
    assert codes(world) == ["SKIPPED_SHARED_PHONE"] * 2


def test_only_a_consent_of_a_declared_source_vouches_for_the_phone(world: World, drop: Drop) -> None:
    declare(world, PORTFOLIO_YAML)
    bought = {"consent_source": "buró", "consent_at": datetime(2026, 11, 1, tzinfo=UTC).isoformat()}
    drop(KEY, debts({}, bought | {"borrower_id": "C2", "phone": f"+{OTHER}"}))
    assert codes(world) == ["SENT"] * 2
    assert sorted(names(world)) == ["primer_contacto", "vence_hoy"]
