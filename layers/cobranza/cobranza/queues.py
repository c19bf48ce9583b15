"""The queues between functions. Bodies carry references and no personal data.

files: {"v":1,"bucket":…,"key":…,"version":…} or {"v":1,"bucket":…,"part":"<portfolio>/<import>/<number>"}
reminders: {"v":1,"borrower":"<ref>","lease":"<iso>","trace":"<id>"}
media: {"v":1,"borrower":"<ref>","event":"<moment>#<ref>","trace":"<id>"}
replies: the same with "noted":"<iso>"
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import batched
from typing import Any


@dataclass(frozen=True, slots=True)
class Reminder:
    """Look at this borrower now. `lease` is the moment until which nobody else will."""

    borrower: str
    lease: str
    trace: str
    v: int = 1

    @classmethod
    def parse(cls, body: str) -> "Reminder":
        return cls(**json.loads(body))


@dataclass(frozen=True, slots=True)
class DroppedFile:
    bucket: str
    key: str
    version: str
    v: int = 1


@dataclass(frozen=True, slots=True)
class ReplyToAnswer:
    """Words or a file that somebody sent: `event` names the message in the conversation of `borrower` (or of a
    stranger), and `noted` is the moment at which we knew of it; an earlier version told none.
    It lies beside the body."""

    borrower: str
    event: str
    trace: str
    noted: str = ""
    v: int = 1

    @classmethod
    def parse(cls, body: str) -> "ReplyToAnswer":
        return cls(**json.loads(body))


def whose(body: str) -> dict[str, str]:
    """Whom a body is about and which run began it, for the line that says why it failed; nothing where it cannot
    be read."""
    try:
        told = json.loads(body)
        return {"borrower": told["borrower"], "trace": told["trace"]}
    except (KeyError, TypeError, ValueError):
        return {}


def waited(record: Mapping[str, Any], now: datetime) -> float:
    """For how many seconds SQS has had a record, however often it was received since."""
    return now.timestamp() - int(record["attributes"]["SentTimestamp"]) / 1000


# The attribute of a message that stands for an earlier one: since when that has waited (ISO 8601).
SINCE = "since"
# That of a reply which tells when we knew of it (ISO 8601).
NOTED = "noted"
# How often SQS is offered what it did not take.
_TRIES = 3
# How often a reply is received before it is a dead letter: the template's maxReceiveCount.
REPLIES_RECEIVED = 6
# And a receipt.
MEDIA_RECEIVED = 20


@dataclass(frozen=True, slots=True)
class FilePart:
    """One part of an import; `bucket` is where its results go."""

    bucket: str
    part: str
    v: int = 1

    @classmethod
    def of(cls, bucket: str, portfolio: str, import_id: str, number: int) -> "FilePart":
        return cls(bucket, f"{portfolio}/{import_id}/{number}")

    @property
    def names(self) -> tuple[str, str, int]:
        """Portfolio, import and number."""
        portfolio, import_id, number = self.part.split("/")
        return portfolio, import_id, int(number)


def parse_file_work(body: str) -> DroppedFile | FilePart:
    told = json.loads(body)
    return FilePart(**told) if "part" in told else DroppedFile(**told)


class Queue[Message: (Reminder, ReplyToAnswer, DroppedFile | FilePart)]:
    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url

    def put(self, messages: Iterable[Message], *, delay: int = 0, since: str = "") -> int:
        """Queues all of them, ten a call, to be seen after `delay` seconds, with the moment `since` which they
        wait where they waited before. Raises when SQS took fewer, however often it was asked: who asked will ask
        again."""
        beside: dict[str, Any] = {"DelaySeconds": delay} if delay else {}
        if since:
            beside["MessageAttributes"] = {SINCE: {"DataType": "String", "StringValue": since}}
        queued = 0
        for batch in batched(messages, 10, strict=False):
            entries: list[dict[str, Any]] = [
                {"Id": str(i), "MessageBody": _body(message), **beside, **_noted(message)}
                for i, message in enumerate(batch)
            ]
            if left := self._refused(entries):
                raise RuntimeError(f"SQS refused {len(left)} of {len(entries)} messages")
            queued += len(entries)
        return queued

    def _refused(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What SQS does not take, three times over; what it took is not offered again."""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(0.05 * 2**attempt)
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            failed = {each["Id"] for each in answer.get("Failed", ())}
            entries = [entry for entry in entries if entry["Id"] in failed]
            if not entries:
                break
        return entries

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Lets a received message come back after `seconds`."""
        self._sqs.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


def _body(message: Reminder | ReplyToAnswer | DroppedFile | FilePart) -> str:
    told = {name: value for name, value in asdict(message).items() if name != NOTED}
    return json.dumps(told, separators=(",", ":"))


def _noted(message: Reminder | ReplyToAnswer | DroppedFile | FilePart) -> dict[str, Any]:
    """Beside the body: an earlier version, which works on it too while a new one comes, knows no such field."""
    noted = message.noted if isinstance(message, ReplyToAnswer) else ""
    return {"MessageAttributes": {NOTED: {"DataType": "String", "StringValue": noted}}} if noted else {}


def failures(message_ids: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """The partial batch response: these messages come back, the others are done."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in message_ids]}
