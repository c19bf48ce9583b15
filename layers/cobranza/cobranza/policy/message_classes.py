"""What each class of message obeys, as data: docs/contact-rules.md is written from it. Answers, and what is told
besides reminders, ask it where classes differ; a reminder obeys all of it. A test holds every cell against what is
decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class MessageClass(StrEnum):
    REMINDER = "reminder"
    RESULT = "payment or receipt result"
    THANKS = "thanks"
    CASE = "a person's template"
    ANSWER = "answer"
    STOP_CONFIRMATION = "stop confirmation"


class Obstacle(StrEnum):
    """What may stand between a message and its borrower. HOURS, CAPS: the contact rules; GAP: the least time
    between two automatic messages; STOP: the borrower's; PAUSE: the creditor's; PERSON_IN_CHARGE: somebody has
    taken over the conversation."""

    HOURS = "hours"
    CAPS = "caps"
    GAP = "gap"
    STOP = "stop"
    PAUSE = "pause"
    PERSON_IN_CHARGE = "person in charge"


@dataclass(frozen=True, slots=True)
class Manners:
    """`at_most_per_day`: how many of the class one borrower may have on a local date; None: any number."""

    obeys: frozenset[Obstacle]
    at_most_per_day: int | None


MANNERS: Mapping[MessageClass, Manners] = MappingProxyType(
    {
        MessageClass.REMINDER: Manners(frozenset(Obstacle), 1),
        MessageClass.RESULT: Manners(
            frozenset({Obstacle.HOURS, Obstacle.STOP, Obstacle.PAUSE, Obstacle.PERSON_IN_CHARGE}), 1
        ),
        MessageClass.THANKS: Manners(frozenset(Obstacle) - {Obstacle.CAPS}, 1),
        MessageClass.CASE: Manners(frozenset({Obstacle.HOURS, Obstacle.CAPS, Obstacle.STOP, Obstacle.PAUSE}), 1),
        MessageClass.ANSWER: Manners(frozenset({Obstacle.PERSON_IN_CHARGE}), None),
        # Once for each stop: whoever stops twice a day is told once.
        MessageClass.STOP_CONFIRMATION: Manners(frozenset(), 1),
    }
)
