"""What follows from a reply, decided purely: the same message, other people, other moments."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cobranza.conversation.answers import Answer
from cobranza.conversation.reply import (
    CASE,
    IN_CHARGE,
    SERVICE_WINDOW,
    Asked,
    Reply,
    meaning_of,
    owed_on,
    reply_to,
    reply_to_shared,
    reply_to_stranger,
)
from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.ledger.promise import Promise
from cobranza.ledger.standing import WHATSAPP, Action
from cobranza.policy.decision import Book
from cobranza.policy.message_classes import MessageClass
from tests.unit.books import NOON, TODAY, borrower, credit, debt, portfolio

FRIDAY = date(2026, 11, 27)


def reply(text: str, *debts: Debt, of: Borrower | None = None, at: datetime = NOON, **facts: Any) -> Reply:
    """To a text that is answered as soon as it is written."""
    now = facts.pop("now", at)
    asked = Asked(at=at, type="text", text=text)
    book = Book(of or borrower(), debts or (debt(),), (), **facts)
    return reply_to(asked, meaning_of(asked, book.borrower, "es"), book, portfolio(), now)


def test_a_promise_is_kept_as_a_contacts_row_tells_it() -> None:
    (said,) = reply("pago el viernes").says
    assert (said.action, said.until, said.word.source, said.word.text) == (Action.PROMISE, FRIDAY, WHATSAPP, "")
    assert said.word.at == NOON


@pytest.mark.parametrize(
    ("text", "amount"), [("pago 40 pesos el viernes", Decimal(40)), ("pago 100 pesos el viernes", None)]
)
def test_a_part_is_a_promise_of_a_part_and_all_of_it_is_one_of_all(text: str, amount: Decimal | None) -> None:
    promised = reply(text).promised
    assert (promised.amount if promised else None) == amount


def test_a_part_of_several_debts_is_a_proposal() -> None:
    told = reply("pago 40 pesos el viernes", debt(), debt(debt_id="F-2"))
    assert (told.answer, told.says, told.case) == (Answer.PROPOSAL, (), "PROPOSAL")


@pytest.mark.parametrize(("days", "answer"), [(30, Answer.PROMISED), (31, Answer.PROPOSAL)])
def test_a_promise_reaches_thirty_days(days: int, answer: Answer) -> None:
    day = TODAY + timedelta(days=days)
    assert reply(f"pago el {day:%d/%m/%Y}").answer is answer


def test_a_promise_that_this_very_message_left_is_no_second_one() -> None:
    own = Promise(NOON, FRIDAY, None, WHATSAPP)
    before = Promise(NOON - timedelta(days=1), FRIDAY, None, WHATSAPP)
    key = debt().terms.key
    assert reply("pago el viernes", promises={key: (before, own)}).answer is Answer.PROMISED
    earlier = replace(before, made_at=NOON - timedelta(days=2))
    assert reply("pago el viernes", promises={key: (earlier, before)}).answer is Answer.PROPOSAL


def test_what_the_creditor_owes_is_taken_off_what_is_told() -> None:
    book = Book(borrower(), (debt(),), (), (credit("30"),))
    assert [left.amount for _, left in owed_on(book)] == [Decimal(70)]
    assert reply("SALDO", credits=(credit("100"),)).answer is Answer.NOTHING_OWED


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ({"recalled": True}, Answer.RECALLED),
        ({"disputed": True}, Answer.IN_DISPUTE),
        ({"closed": "PAID"}, Answer.NOTHING_OWED),
    ],
)
def test_what_may_not_be_asked_for_is_not_told(state: dict[str, Any], answer: Answer) -> None:
    for text in ("SALDO", "pago el viernes"):
        told = reply(text, debt(**state))
        assert told.answer is answer
        assert told.says == ()


def test_a_mixed_book_tells_of_what_is_open_and_asks_for_a_person() -> None:
    told = reply("SALDO", debt(), debt(debt_id="F-2", recalled=True))
    assert (told.answer, told.case) == (Answer.OWED, "RECALLED")


@pytest.mark.parametrize("text", ["SALDO", "PAGAR", "pago el viernes"])
def test_money_is_a_matter_of_whoever_is_known_at_the_phone(text: str) -> None:
    stranger = borrower(number_from=())
    assert reply(text, of=stranger).answer is Answer.NOT_IDENTIFIED
    assert reply(text, of=replace(stranger, known_at=stranger.phone_ref)).answer is not Answer.NOT_IDENTIFIED


@pytest.mark.parametrize("text", ["SALDO", "pago el viernes", "no debo nada", "ya pagué", "jajaja"])
def test_somebody_else_at_the_phone_is_believed_nothing_and_told_nothing(text: str) -> None:
    told = reply(text, of=borrower(wrong_number=True))
    assert (told.answer, told.says, told.case) == (Answer.STRANGER, (), "WRONG_NUMBER")


def test_out_of_hours_a_person_comes_later() -> None:
    night = NOON + timedelta(hours=10)
    assert reply("quiero hablar con un asesor").answer is Answer.PERSON
    assert reply("quiero hablar con un asesor", at=night).answer is Answer.PERSON_LATER
    assert reply("jajaja", at=night).answer is Answer.READ_LATER


def test_a_person_in_charge_leaves_the_machine_the_stop_alone() -> None:
    since = NOON - timedelta(hours=1)
    served = borrower(human_until=since + IN_CHARGE)
    assert reply("SALDO", of=served).answer is None
    assert reply("no debo nada", of=served).says
    assert reply("BAJA", of=replace(served, opted_out_at=NOON)).answer is Answer.STOPPED
    assert reply("SALDO", of=served, at=since + IN_CHARGE).answer is Answer.OWED


def test_who_asks_for_a_person_is_answered_again_when_the_message_comes_again() -> None:
    first = reply("quiero hablar con un asesor")
    again = reply("quiero hablar con un asesor", of=borrower(human_until=first.hands_over))
    assert again == first


@pytest.mark.parametrize("waited", [SERVICE_WINDOW - timedelta(seconds=1), SERVICE_WINDOW])
def test_after_the_service_window_a_mark_is_kept_and_nothing_said(waited: timedelta) -> None:
    told = reply("no debo nada", now=NOON + waited)
    assert (told.answer is None) == (waited == SERVICE_WINDOW)
    assert told.case == "DISPUTE"
    assert told.looked_into == NOON + CASE


def test_what_was_asked_before_a_stop_is_not_answered_after_it() -> None:
    stopped = borrower(opted_out_at=NOON + timedelta(minutes=1))
    assert reply("SALDO", of=stopped).answer is None
    assert reply("SALDO", of=replace(stopped, opted_out_at=NOON - timedelta(days=1))).answer is Answer.OWED


def test_who_comes_back_in_the_evening_has_the_evening_off() -> None:
    told = reply("ALTA", at=NOON + timedelta(hours=7))
    assert [each.action for each in told.says] == [Action.CONSENT, Action.OPT_IN]
    assert told.looked_into == datetime(2026, 11, 25, tzinfo=NOON.tzinfo)


@pytest.mark.parametrize("kind", ["audio", "voice", "video", "location", "contacts", "unsupported", "unknown"])
def test_what_is_not_written_is_for_a_person(kind: str) -> None:
    asked = Asked(at=NOON, type=kind)
    told = reply_to(asked, meaning_of(asked, borrower(), "es"), Book(borrower(), (debt(),), ()), portfolio(), NOON)
    assert (told.answer, told.case) == (Answer.IN_WRITING, "MEDIA")


@pytest.mark.parametrize("label", ["Ya pagué", "Já paguei", "I already paid"])
def test_a_buttons_label_counts_before_its_words(label: str) -> None:
    asked = Asked(at=NOON, type="button", text="otra cosa", payload=label)
    assert meaning_of(asked, borrower(), "es").intent == "PAID"


def test_the_second_meaning_is_kept_where_a_person_must_hear_it() -> None:
    told = reply("no debo nada, esto es acoso, quiero hablar con un asesor")
    assert (told.answer, told.case) == (Answer.DISPUTED, "DISPUTE")
    assert [said.action for said in told.says] == [Action.DISPUTE, Action.HOLD]
    assert told.hands_over == NOON + IN_CHARGE


def test_nobody_in_particular_is_told_nothing_but_that_a_stop_was_heard() -> None:
    for text, answer, kind in (
        ("SALDO", Answer.STRANGER, MessageClass.ANSWER),
        ("BAJA", Answer.STOPPED, MessageClass.STOP_CONFIRMATION),
    ):
        asked = Asked(at=NOON, type="text", text=text)
        told = reply_to_stranger(asked, meaning_of(asked, None, "es"), NOON)
        assert (told.answer, told.message_class, told.says) == (answer, kind, ())
        taken = reply_to_stranger(asked, meaning_of(asked, None, "es"), NOON, is_taken=True)
        assert taken == (told if kind is MessageClass.STOP_CONFIRMATION else replace(told, answer=None))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("SALDO", Answer.SHARED_BALANCE),
        ("no debo nada", Answer.SHARED),
        ("BAJA", Answer.STOPPED),
        ("ALTA", Answer.SHARED),
    ],
)
def test_of_two_on_one_phone_nothing_is_believed_but_a_stop(text: str, answer: Answer) -> None:
    asked = Asked(at=NOON, type="text", text=text)
    told = reply_to_shared(asked, meaning_of(asked, borrower(), "es"), borrower(), NOON)
    assert (told.answer, told.says) == (answer, ())
