import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cobranza.queues import DroppedFile, Queue, Reminder, ReplyToAnswer, failures, parse_file_work, whose

URL = "https://sqs.example.com/reminders"


@dataclass
class FakeSqs:
    """Takes every entry except those of the reminders whose number is in `refused`, so often."""

    refused: set[int] = field(default_factory=set[int])
    times: int = 100
    batches: list[list[dict[str, str]]] = field(default_factory=list[list[dict[str, str]]])
    delays: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
        assert QueueUrl == URL
        assert 1 <= len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        self.batches.append(Entries)
        traces = {f"trace-{number}" for number in self.refused}
        failed = [e for e in Entries if json.loads(e["MessageBody"])["trace"] in traces]
        if self.times == 0:
            failed = []
        self.times -= bool(failed)
        answer: dict[str, Any] = {"Successful": [{"Id": e["Id"]} for e in Entries if e not in failed]}
        if failed:
            answer["Failed"] = [{"Id": e["Id"], "Code": "InternalError", "SenderFault": False} for e in failed]
        return answer

    def change_message_visibility(self, **asked: Any) -> None:
        self.delays.append(asked)

    @property
    def bodies(self) -> list[str]:
        return [entry["MessageBody"] for batch in self.batches for entry in batch]


def reminders(count: int) -> list[Reminder]:
    return [Reminder(f"{number:A>26}", "2026-11-24T13:05:00+00:00", f"trace-{number}") for number in range(count)]


@pytest.mark.parametrize(("count", "batches"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])])
def test_reminders_are_queued_ten_a_call(count: int, batches: list[int]) -> None:
    sqs = FakeSqs()
    assert Queue(sqs, URL).put(iter(reminders(count))) == count
    assert [len(batch) for batch in sqs.batches] == batches


def test_none_is_lost_doubled_or_changed() -> None:
    sqs = FakeSqs()
    Queue(sqs, URL).put(reminders(23))
    assert [Reminder.parse(body) for body in sqs.bodies] == reminders(23)


def test_a_body_holds_a_reference_a_lease_a_trace_and_nothing_else() -> None:
    sqs = FakeSqs()
    Queue(sqs, URL).put(reminders(1))
    assert json.loads(sqs.bodies[0]) == {
        "v": 1,
        "borrower": "AAAAAAAAAAAAAAAAAAAAAAAAA0",
        "lease": "2026-11-24T13:05:00+00:00",
        "trace": "trace-0",
    }
    assert set(sqs.batches[0][0]) == {"Id", "MessageBody"}


@pytest.mark.parametrize(("refused", "said"), [({0}, "1 of 10"), ({3, 9}, "2 of 10"), ({12}, "1 of 3")])
def test_what_sqs_does_not_take_is_an_error(refused: set[int], said: str) -> None:
    with pytest.raises(RuntimeError, match=f"SQS refused {said} messages"):
        Queue(FakeSqs(refused), URL).put(reminders(13))


def test_nothing_is_queued_after_a_refusal() -> None:
    sqs = FakeSqs({5})
    with pytest.raises(RuntimeError):
        Queue(sqs, URL).put(reminders(30))
    assert [len(batch) for batch in sqs.batches] == [10, 1, 1]


def test_what_sqs_takes_at_the_second_try_is_no_error_and_the_rest_is_not_sent_again() -> None:
    sqs = FakeSqs({3, 9}, times=1)
    assert Queue(sqs, URL).put(reminders(10)) == 10
    assert [len(batch) for batch in sqs.batches] == [10, 2]
    assert [Reminder.parse(body).trace for body in sqs.bodies[10:]] == ["trace-3", "trace-9"]


def test_a_refusal_names_nobody() -> None:
    with pytest.raises(RuntimeError) as error:
        Queue(FakeSqs({0}), URL).put(reminders(1))
    assert reminders(1)[0].borrower not in str(error.value)


def test_when_a_reply_was_known_lies_beside_a_body_that_earlier_versions_read() -> None:
    sqs = FakeSqs()
    asked = ReplyToAnswer("A" * 26, "2026-11-24T17:00:00Z#B", "1-abc", noted="2026-11-24T17:00:02Z")
    Queue[ReplyToAnswer](sqs, URL).put([asked, replace(asked, noted="")])
    (known, unknown) = sqs.batches[0]
    assert json.loads(known["MessageBody"]).keys() == {"borrower", "event", "trace", "v"}
    assert known["MessageAttributes"] == {"noted": {"DataType": "String", "StringValue": "2026-11-24T17:00:02Z"}}
    assert "MessageAttributes" not in unknown


def test_a_reminder_can_come_back_later() -> None:
    sqs = FakeSqs()
    Queue(sqs, URL).delay("receipt", 180)
    assert sqs.delays == [{"QueueUrl": URL, "ReceiptHandle": "receipt", "VisibilityTimeout": 180}]


@pytest.mark.parametrize("body", ["", "{}", "[]", "not json", '{"v":1,"borrower":"A","lease":"x"}'])
def test_a_body_that_is_no_reminder_is_an_error(body: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        Reminder.parse(body)


@pytest.mark.parametrize("body", ["", "{}", "[]", "null", "not json", '{"v":1,"borrower":"A","lease":"x"}'])
def test_a_body_that_cannot_be_read_is_nobodys(body: str) -> None:
    assert whose(body) == {}


def test_a_body_tells_whose_it_is_and_which_run_began_it() -> None:
    assert whose('{"v":1,"borrower":"A","lease":"x","trace":"t"}') == {"borrower": "A", "trace": "t"}


def test_a_dropped_file_is_named_by_bucket_key_and_version() -> None:
    body = '{"v":1,"bucket":"inbox","key":"debts/tarjetas/hoy.csv","version":"abc"}'
    assert parse_file_work(body) == DroppedFile("inbox", "debts/tarjetas/hoy.csv", "abc")


def test_only_failed_messages_come_back() -> None:
    assert failures([]) == {"batchItemFailures": []}
    assert failures(["m-1", "m-3"]) == {
        "batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-3"}]
    }
