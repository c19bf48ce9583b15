"""Amounts go only to a phone of which it is known who answers there; any other is asked first, once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cobranza.ledger.borrower import Borrower, Consent
from cobranza.ledger.heard import heard
from cobranza.ledger.standing import Action, Standing, Word, hear
from cobranza.policy.decision import Book, Decision, Send, Skip
from cobranza.policy.message import FIRST_CONTACT, Message, State
from cobranza.policy.planning import planned
from cobranza.policy.portfolio import Portfolio
from cobranza.whatsapp.messages import reminder_components, reminder_parameters
from cobranza.whatsapp.template_words import FORBIDDEN, MONEY
from cobranza.whatsapp.templates import shipped_templates
from local.simulator.filling import read_template
from tests.unit.books import (
    CONSENT,
    DAILY,
    NOON,
    TODAY,
    borrower,
    debt,
    decided,
    in_force,
    message,
    portfolio,
    sent,
)
from tests.unit.simulator_calls import new_state

STRANGER = borrower(number_from=())
HERE = STRANGER.phone_ref
OPAQUE = "m1.ABCDEFGHIJKLMNOPQRSTUVWXYZ.20261124"


def contact(days_ago: int, state: State = State.DELIVERED, phone_ref: str = HERE) -> Message:
    told = message(TODAY - timedelta(days=days_ago), state)
    return replace(told, template=FIRST_CONTACT, phone_ref=phone_ref)


def template_of(who: Borrower, *messages: Message, at: Portfolio | None = None) -> str:
    """Of the message that goes, else the code."""
    decision: Decision = decided(debt(), of=who, messages=messages, portfolios=[at or portfolio()], strategy=DAILY)
    return decision.template if isinstance(decision, Send) else getattr(decision, "code", "")


def test_a_phone_that_nobody_vouches_for_is_asked_first_and_nothing_is_used_up() -> None:
    send = sent(debt(), of=STRANGER)
    assert send.template == FIRST_CONTACT
    assert send.consumes == {}
    assert send.phone_ref == HERE


@pytest.mark.parametrize("language", ["es", "es-AR", "pt-BR", "en"])
def test_it_tells_neither_amounts_nor_that_something_is_owed(language: str) -> None:
    who = replace(STRANGER, language=language)
    send = sent(debt(3), of=who)
    texts = reminder_parameters(send, who)
    assert texts == ("Ana Ejemplo", "Muebles Aurora", "800 000 0000")
    text = shipped_templates()[send.template, send.language].render(texts)
    assert not FORBIDDEN.search(text)
    assert not MONEY.search(text)


def test_its_buttons_send_back_who_was_asked() -> None:
    told = reminder_components(sent(debt(), of=STRANGER), STRANGER, OPAQUE)
    assert [one["type"] for one in told] == ["body", "button", "button"]
    assert [(one["sub_type"], one["index"], one["parameters"][0]["payload"]) for one in told[1:]] == [
        ("quick_reply", "0", f"yes.{OPAQUE}"),
        ("quick_reply", "1", f"not_me.{OPAQUE}"),
    ]
    assert all(len(one["parameters"][0]["payload"]) <= 128 for one in told[1:])
    wanted = {"name": FIRST_CONTACT, "language": {"code": "es"}, "components": told}
    payloads = read_template(wanted, new_state()).payloads
    assert payloads["Sí, soy yo"] == f"yes.{OPAQUE}"
    assert payloads["No soy esa persona"] == f"not_me.{OPAQUE}"


@pytest.mark.parametrize("state", [state for state in State if state is not State.RETRY])
def test_whoever_was_asked_gets_nothing_until_they_say_so(state: State) -> None:
    assert decided(debt(), of=STRANGER, messages=[contact(3, state)]) == Skip("NOT_IDENTIFIED")


def test_a_first_contact_that_surely_did_not_leave_goes_again() -> None:
    assert template_of(STRANGER, contact(3, State.RETRY)) == FIRST_CONTACT


def test_after_the_yes_the_step_goes_as_if_nothing_had_been() -> None:
    send = sent(debt(), of=replace(STRANGER, known_at=HERE), messages=[contact(3)])
    assert (send.template, send.lead.step) == ("vence_hoy", 0)
    assert send.consumes


def test_a_yes_at_another_phone_is_none() -> None:
    moved = replace(STRANGER, known_at="Q" * 26)
    assert template_of(moved) == FIRST_CONTACT
    assert template_of(moved, contact(3, phone_ref="Q" * 26)) == FIRST_CONTACT


def test_the_caps_and_the_gap_count_it() -> None:
    known = replace(STRANGER, known_at=HERE)
    assert template_of(known, contact(1), contact(3), contact(5)) == "FREQUENCY_CAP"
    yesterday = replace(contact(1), claimed_at=NOON - timedelta(hours=20))
    assert template_of(known, yesterday) == "GAP"


@pytest.mark.parametrize(
    ("sources", "declared", "is_known"),
    [
        (("solicitud",), ("solicitud",), True),
        (("  Solicitud ",), ("solicitud",), True),
        (("solicitud",), (), False),
        (("buró",), ("solicitud",), False),
        ((), ("solicitud",), False),
        (("buró", "call centre"), ("call centre",), True),
    ],
)
def test_a_number_that_borrowers_give_themselves_is_declared_by_its_source(
    sources: tuple[str, ...], declared: tuple[str, ...], is_known: bool
) -> None:
    place = portfolio(numbers_given_by_borrower=declared)
    found = template_of(replace(STRANGER, number_from=sources), at=place)
    assert found == ("vence_hoy" if is_known else FIRST_CONTACT)


def test_without_the_setting_everybody_is_asked_first() -> None:
    silent = Portfolio.model_validate(portfolio().model_dump(exclude={"numbers_given_by_borrower"}))
    assert template_of(borrower(), at=silent) == FIRST_CONTACT


# Who says that the borrower gave the phone.

EARLY, CHANGED, LATE = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 6, 9))


def gave(
    consent: Consent | None, *, changed_at: datetime | None = None, said: Iterable[Word] = ()
) -> tuple[str, ...]:
    standing = Standing()
    for word in said:
        standing = hear(standing, Action.PHONE, word)
    told = borrower(consent=consent)
    return heard(
        told, standing, as_of=LATE, phone_as_of=changed_at or EARLY, phone_changed_at=changed_at
    ).number_from


def test_a_consent_speaks_of_the_phone_that_came_with_it() -> None:
    assert gave(CONSENT) == ("solicitud",)
    assert gave(Consent(source="solicitud")) == ("solicitud",)
    assert gave(None) == ()


def test_an_earlier_consent_says_nothing_of_a_phone_that_changed() -> None:
    assert gave(CONSENT, changed_at=CHANGED) == ()
    assert gave(Consent(source="solicitud"), changed_at=CHANGED) == ()
    assert gave(Consent(source="sucursal", at=LATE), changed_at=CHANGED) == ("sucursal",)


def test_a_phone_that_somebody_said_is_from_where_they_said_it() -> None:
    assert gave(CONSENT, said=[Word(LATE, "+525555550199", "call centre")]) == ("call centre",)


# A plan is the run that follows.


def test_a_plan_shows_the_first_contact_and_that_the_next_day_waits_for_its_answer() -> None:
    book = Book(STRANGER, (debt(-1),), ())
    tomorrow, after = TODAY + timedelta(days=1), TODAY + timedelta(days=2)
    policies = in_force(portfolio(), strategy=DAILY, now=NOON + timedelta(days=2))
    first = planned(book, policies, tomorrow, NOON + timedelta(days=1), NOON)
    assert first
    assert isinstance(first.decision, Send)
    assert first.decision.template == FIRST_CONTACT
    second = planned(book, policies, after, NOON + timedelta(days=1), NOON)
    assert second
    assert second.decision == Skip("NOT_IDENTIFIED")
