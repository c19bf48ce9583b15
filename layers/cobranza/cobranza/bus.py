"""The bus on which others hear what happened. Events carry references and no personal data."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cobranza.events.event import SOURCE

# What PutEvents takes in one call: docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
MOST = 10
MAX_BYTES = 256 * 1024
_BYTES_OF_TIME = 14


@dataclass(frozen=True, slots=True)
class Entry:
    """`name` is the event's, `detail` its JSON, `at` when it happened."""

    name: str
    detail: str
    at: datetime

    @property
    def size(self) -> int:
        """In bytes, as EventBridge counts them."""
        return _BYTES_OF_TIME + len(SOURCE) + len(self.name) + len(self.detail.encode())


class Bus:
    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def put(self, entries: Iterable[Entry]) -> tuple[int, str]:
        """Puts all of them, in their order, until one is refused: how many were taken before it, and the error.
        What stands behind it in the same call may have been taken too."""
        taken = 0
        for batch in calls(entries):
            answer = self._client.put_events(Entries=[self._request(entry) for entry in batch])
            errors = [each.get("ErrorCode", "") for each in answer["Entries"]]
            refused = next((place for place, error in enumerate(errors) if error), None)
            if refused is not None:
                return taken + refused, errors[refused]
            taken += len(batch)
        return taken, ""

    def _request(self, entry: Entry) -> dict[str, Any]:
        return {
            "Source": SOURCE,
            "DetailType": entry.name,
            "Detail": entry.detail,
            "Time": entry.at,
            "EventBusName": self._name,
        }


def calls(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """What goes together: ten at most, and as many as fit."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == MOST or size + entry.size > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch
