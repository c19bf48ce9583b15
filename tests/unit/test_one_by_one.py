import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from cobranza import telemetry
from cobranza.one_by_one import take_each
from cobranza.queues import Queue, ReplyToAnswer, failures

NOW = datetime(2026, 11, 24, 17, tzinfo=UTC)
EVENT = "2026-11-24T17:00:00Z#A"


class TooEarly(Exception):
    pass


@dataclass
class Sqs:
    delayed: dict[str, int] = field(default_factory=dict[str, int])

    def change_message_visibility(self, **request: Any) -> None:
        self.delayed[request["ReceiptHandle"]] = request["VisibilityTimeout"]


@dataclass
class Door:
    """Takes messages of which some fail, and notes whom it gives up."""

    failing: dict[str, Exception]
    sqs: Sqs = field(default_factory=Sqs)
    taken: list[str] = field(default_factory=list[str])
    given_up: list[str] = field(default_factory=list[str])

    def take(self, asked: ReplyToAnswer) -> None:
        if error := self.failing.get(asked.borrower):
            raise error
        self.taken.append(asked.borrower)

    def give_up(self, asked: ReplyToAnswer) -> None:
        self.given_up.append(asked.borrower)
        if asked.borrower == "NOBODY":
            raise ZeroDivisionError

    def handle(self, borrowers: Sequence[str], receives: int = 1) -> dict[str, Any]:
        records = [
            {
                "messageId": borrower,
                "receiptHandle": borrower,
                "body": json.dumps(asdict(ReplyToAnswer(borrower, EVENT, "a-trace"))),
                "attributes": {"ApproximateReceiveCount": str(receives)},
            }
            for borrower in borrowers
        ]
        queue = Queue[ReplyToAnswer](self.sqs, "url")
        return take_each(
            records, self.take, self.give_up, queue, received=6, retried="Retried", now=NOW, waits=(TooEarly,)
        )


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    found = StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", found)
    return found


def told(lines: StringIO) -> list[tuple[str, str, str, str]]:
    found = map(json.loads, lines.getvalue().splitlines())
    return [(each["level"], each["message"], each["borrower"], each["trace"]) for each in found]


def test_what_fails_comes_back_after_seconds_and_keeps_no_other_from_being_taken(lines: StringIO) -> None:
    door = Door({"A": ZeroDivisionError(), "C": TooEarly("written to just now")})
    assert door.handle("ABCD") == failures(["A", "C"])
    assert (door.taken, door.given_up) == (["B", "D"], [])
    assert door.sqs.delayed.keys() == {"A", "C"}
    assert all(5 <= seconds <= 15 for seconds in door.sqs.delayed.values())
    assert told(lines) == [
        ("ERROR", "reply failed", "A", "a-trace"),
        ("WARNING", "reply waits", "C", "a-trace"),
    ]


@pytest.mark.parametrize(("receives", "given_up"), [(5, []), (6, ["A", "C"]), (7, ["A", "C"])])
def test_a_person_hears_of_it_before_it_is_a_dead_letter(receives: int, given_up: list[str]) -> None:
    door = Door({"A": ZeroDivisionError(), "C": TooEarly()})
    door.handle("ABC", receives)
    assert door.given_up == given_up


def test_whom_nobody_hears_of_is_named_and_comes_back(lines: StringIO) -> None:
    door = Door({"NOBODY": TooEarly()})
    assert door.handle(["NOBODY", "A"], receives=6) == failures(["NOBODY"])
    assert door.taken == ["A"]
    assert told(lines)[1] == ("ERROR", "nobody is told of a reply", "NOBODY", "a-trace")
