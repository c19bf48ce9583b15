"""The queues between functions. Bodies carry references and no personal data.

reminders: {"v":1,"borrower":"<ref>","lease":"<iso>","trace":"<id>"}
files: {"v":1,"bucket":…,"key":…,"version":…}
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
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

    @classmethod
    def parse(cls, body: str) -> "DroppedFile":
        return cls(**json.loads(body))


class ReminderQueue:
    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url

    def put(self, reminders: Iterable[Reminder]) -> int:
        """Queues all of them, ten a call. Raises when SQS took fewer: their leases end by themselves."""
        queued = 0
        for batch in batched(reminders, 10, strict=False):
            entries = [{"Id": str(i), "MessageBody": _body(reminder)} for i, reminder in enumerate(batch)]
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise RuntimeError(f"SQS refused {len(answer['Failed'])} of {len(entries)} reminders")
            queued += len(entries)
        return queued

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Lets a received reminder come back after `seconds`."""
        self._sqs.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


def _body(message: Reminder) -> str:
    return json.dumps(asdict(message), separators=(",", ":"))


def failures(message_ids: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """The partial batch response: these messages come back, the others are done."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in message_ids]}
