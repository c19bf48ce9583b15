"""What stands in for Lambda, S3, WhatsApp and a table that dies, where a test needs no more of them."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

from cobranza.store.objects import Opened, Received
from cobranza.whatsapp.client import Accepted, Answer

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)


@dataclass
class FakeContext:
    """What Lambda tells a function of its invocation."""

    remaining: int = 120_000
    aws_request_id: str = "request-1"
    function_name: str = "function"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


def received(times: int = 1, sent_at: datetime = NOON) -> dict[str, str]:
    """What SQS tells of a message beside its body."""
    return {"ApproximateReceiveCount": str(times), "SentTimestamp": str(int(sent_at.timestamp() * 1000))}


@dataclass
class FakeBucket:
    """A bucket with one file whose moment and metadata the test sets; it keeps what is written."""

    data: bytes
    modified_at: datetime
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    written: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def get(self, key: str, version: str, *, limit: int) -> Received:
        return Received(self.data, self.modified_at)

    def open(self, key: str, version: str = "") -> Opened:
        return Opened(iter([self.data]), len(self.data), self.modified_at, self.metadata)

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.written[key] = data

    def put_pieces(self, key: str, pieces: Iterable[bytes], content_type: str) -> None:
        self.put(key, b"".join(pieces), content_type)

    def let_go(self, key: str, version: str = "") -> None:
        pass


class Killed(BaseException):
    """The worker is gone: nothing after this line of it runs."""


class DyingClient:
    """DynamoDB until its `at`-th write (from 0), which dies with `error` before or after it is done."""

    def __init__(self, client: Any, at: int, *, done: bool, error: type[BaseException] = Killed) -> None:
        self._client = client
        self._at = at
        self._done = done
        self._error = error
        self._lock = Lock()
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)
        return self._dying(operation) if name in ("put_item", "update_item", "delete_item") else operation

    def _dying(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def write(**request: Any) -> Any:
            with self._lock:
                turn, self.writes = self.writes, self.writes + 1
            if turn != self._at:
                return operation(**request)
            if self._done:
                with contextlib.suppress(ClientError):  # its condition: who is told so dies all the same
                    operation(**request)
            raise self._error

        return write


@dataclass
class FakeWhatsApp:
    """Answers what it is told to, in order, and accepts everything after that."""

    answers: list[Answer | BaseException] = field(default_factory=list[Answer | BaseException])
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def hang_up(self) -> None:
        pass

    def access_token(self) -> str:
        return "token"

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        answer = self.answers.pop(0) if self.answers else Accepted(f"wamid.{len(self.sent)}")
        if isinstance(answer, Accepted):
            self.sent.append(message)
        if isinstance(answer, BaseException):
            raise answer
        return answer
