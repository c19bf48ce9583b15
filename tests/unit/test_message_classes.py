"""What each class of message obeys: every cell of the table that is published is what is decided."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from cobranza.conversation.hours import midnight
from cobranza.conversation.reply import Asked, Reply, meaning_of, reply_to
from cobranza.ledger.borrower import Borrower
from cobranza.ledger.confirmation import Confirmation, Subject
from cobranza.policy.confirmation import Tell, next_confirmation
from cobranza.policy.decide import decide
from cobranza.policy.decision import Book, Defer, Send, Skip
from cobranza.policy.feed import Feed, Pause
from cobranza.policy.message import Message
from cobranza.policy.message_classes import MANNERS, MessageClass, Obstacle
from tests.unit.books import (
    LONG_AGO,
    NOON,
    TODAY,
    borrower,
    debt,
    in_force,
    message,
    messages,
    portfolio,
)

ANA, FRESH = borrower(), Feed(as_of=NOON)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What somebody who owes is decided about by, at noon unless told."""

    of: Borrower = ANA
    messages: tuple[Message, ...] = ()
    told: tuple[Message, ...] = ()
    feed: Feed = FRESH
    now: datetime = NOON

    def book(self, *waiting: Confirmation) -> Book:
        return Book(self.of, (debt(),), self.messages, confirmations=waiting, told=self.told)


def rejected(hours_ago: int) -> Message:
    """Somebody was told that the money of a receipt was not found: it counts for no cap."""
    at = NOON - timedelta(hours=hours_ago)
    return replace(message(at.date()), claimed_at=at, confirms=f"{Subject.RECEIPT_REJECTED}#R-0")


ALONE: Mapping[Obstacle, Facts] = {
    Obstacle.HOURS: Facts(now=NOON + timedelta(hours=11)),
    Obstacle.CAPS: Facts(messages=messages(2, 3, 4)),
    Obstacle.GAP: Facts(told=(rejected(hours_ago=23),)),
    Obstacle.STOP: Facts(of=borrower(opted_out_at=LONG_AGO)),
    Obstacle.PAUSE: Facts(feed=Feed(NOON, Pause("tarjetas", "now"))),
    Obstacle.PERSON_IN_CHARGE: Facts(of=borrower(human_until=NOON + timedelta(hours=1))),
}


def reminded(facts: Facts) -> bool:
    policies = in_force(portfolio(), feeds={"tarjetas": facts.feed})
    return isinstance(decide(facts.book(), policies, facts.now), Send)


def told(subject: Subject) -> Callable[[Facts], bool]:
    def is_told(facts: Facts) -> bool:
        one = Confirmation(subject=subject, ref="1", portfolio="tarjetas", day=TODAY, at=NOON)
        policies = in_force(portfolio(), feeds={"tarjetas": facts.feed})
        texts = {(each, "es") for each in Subject}
        return isinstance(next_confirmation(facts.book(one), policies, texts, facts.now), Tell)

    return is_told


def reply(text: str, facts: Facts) -> Reply:
    asked = Asked(at=facts.now, type="text", text=text)
    book = facts.book()
    return reply_to(asked, meaning_of(asked, book.borrower, "es"), book, portfolio(), facts.now)


def answered(text: str) -> Callable[[Facts], bool]:
    return lambda facts: reply(text, facts).answer is not None


BEGUN: list[tuple[MessageClass, Callable[[Facts], bool]]] = [
    (MessageClass.REMINDER, reminded),
    (MessageClass.RESULT, told(Subject.PAYMENT)),
    (MessageClass.RESULT, told(Subject.RECEIPT_REJECTED)),
    (MessageClass.THANKS, told(Subject.THANKS)),
    (MessageClass.CASE, told(Subject.CASE)),
]
GOES = [
    *BEGUN,
    (MessageClass.ANSWER, answered("SALDO")),
    (MessageClass.STOP_CONFIRMATION, answered("BAJA")),
]


def test_every_class_and_every_obstacle_is_held_against_what_is_decided() -> None:
    assert {kind for kind, _ in GOES} == set(MANNERS) == set(MessageClass)
    assert set(ALONE) == set(Obstacle)


@pytest.mark.parametrize(("kind", "goes"), GOES)
def test_what_nothing_stands_in_the_way_of_goes(kind: MessageClass, goes: Callable[[Facts], bool]) -> None:
    assert goes(Facts())


@pytest.mark.parametrize("obstacle", Obstacle)
@pytest.mark.parametrize(("kind", "goes"), GOES)
def test_a_message_is_kept_back_by_what_its_class_obeys_and_by_nothing_else(
    kind: MessageClass, goes: Callable[[Facts], bool], obstacle: Obstacle
) -> None:
    assert goes(ALONE[obstacle]) is (obstacle not in MANNERS[kind].obeys)


@pytest.mark.parametrize(("kind", "goes"), BEGUN)
def test_of_what_we_begin_nobody_has_two_a_day(kind: MessageClass, goes: Callable[[Facts], bool]) -> None:
    assert MANNERS[kind].at_most_per_day == 1
    assert not goes(Facts(messages=messages(0), told=(rejected(hours_ago=1),)))


def test_a_stop_is_confirmed_once_a_day_and_whoever_asks_is_answered() -> None:
    stop, answer = reply("BAJA", Facts()), reply("SALDO", Facts())
    assert stop.message_class is MessageClass.STOP_CONFIRMATION
    assert (MANNERS[stop.message_class].at_most_per_day, stop.once) == (1, ("stopped", midnight(ANA, NOON)))
    assert (MANNERS[answer.message_class].at_most_per_day, answer.once) == (None, None)


@pytest.mark.parametrize(
    ("obstacle", "code"),
    [
        (Obstacle.HOURS, "WINDOW"),
        (Obstacle.CAPS, "FREQUENCY_CAP"),
        (Obstacle.STOP, "OPTED_OUT"),
        (Obstacle.PAUSE, "PAUSED"),
        (Obstacle.PERSON_IN_CHARGE, "OPEN_CASE"),
    ],
)
def test_a_reminder_says_what_keeps_it_back(obstacle: Obstacle, code: str) -> None:
    facts = ALONE[obstacle]
    decision = decide(facts.book(), in_force(portfolio(), feeds={"tarjetas": facts.feed}), facts.now)
    assert isinstance(decision, Skip | Defer)
    assert decision.code == code
