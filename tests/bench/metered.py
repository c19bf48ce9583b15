"""A world in memory that counts what AWS would bill: calls, DynamoDB's units and bytes kept, lines of logs."""

import logging
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from unittest.mock import patch

from aws_lambda_powertools.metrics.provider.cloudwatch_emf import cloudwatch

from cobranza import telemetry
from cobranza.store.portfolios import remembered
from cobranza.store.slots import Slots
from tests.bench.table_server import INDEXES, Counted, entry, size
from tests.integration import world as worlds
from tests.integration.memory import packed
from tests.integration.memory_services import MemoryS3, MemorySns, MemorySqs
from tests.integration.partiql import PartiqlClient
from tests.integration.tables import create_table
from tests.integration.world import World

# Of each item, and of each entry of an index, DynamoDB bills so many bytes more to keep it:
# docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
OVERHEAD = 100
LINE = 26  # bytes that CloudWatch Logs adds to each line

type Calls = Counter[str]


class Tables(Counted):
    """`calls` are DynamoDB's, statements of a batch together; reads that may be stale cost half."""

    def __init__(self, calls: Calls) -> None:
        super().__init__({})
        self.calls = calls
        self._lock = Lock()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return self._called(name, found) if name in _OPERATIONS else found

    def _called(self, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            with self._lock:
                self.calls[f"dynamodb.{name}"] += 1
                before = self.rru
                answer = operation(**request)
                if name in ("query", "batch_get_item") and not _is_consistent(request):
                    self.rru -= (self.rru - before) / 2
                return answer

        return call

    def kept(self) -> int:
        """Bytes of all items and of their entries in indexes."""
        return sum(
            size(item) + OVERHEAD + sum(_indexed(item, index) for index in INDEXES[name])
            for name, table in self.tables.items()
            for item in map(packed, table.items())
        )


_OPERATIONS = frozenset({"get_item", "put_item", "update_item", "delete_item", "query", "batch_get_item", "scan"})


def _is_consistent(request: dict[str, Any]) -> bool:
    return any(each.get("ConsistentRead") for each in (request, *request.get("RequestItems", {}).values()))


def _indexed(item: dict[str, Any], index: Any) -> int:
    found = entry(item, *index)
    return size(found[1]) + OVERHEAD if found else 0


class Batches(PartiqlClient):
    """One call for all statements of a batch."""

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> dict[str, Any]:
        answer = super().batch_execute_statement(Statements=Statements)
        calls: Calls = self._client.calls
        with self._client._lock:  # pyright: ignore[reportPrivateUsage]
            for one in Statements:
                operation = "put_item" if one["Statement"].startswith("INSERT") else "update_item"
                calls[f"dynamodb.{operation}"] -= 1
            calls["dynamodb.batch_execute_statement"] += 1
        return answer


class Service:
    """Counts the calls of a client."""

    def __init__(self, name: str, client: Any, calls: Calls) -> None:
        self._name = name
        self._client = client
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found) or isinstance(found, type):
            return found

        def call(*args: Any, **request: Any) -> Any:
            self._calls[f"{self._name}.{name}"] += 1
            return found(*args, **request)

        return call


@dataclass
class Logs(logging.Handler):
    """Bytes of what functions say, metrics too."""

    written: int = 0

    def __post_init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(telemetry.logger.registered_formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self.say(self.format(record))

    def say(self, text: str) -> None:
        self.written += len(text.encode()) + LINE

    __hash__ = object.__hash__


@dataclass
class Meter:
    world: World
    tables: Tables
    calls: Calls
    logs: Logs = field(default_factory=Logs)

    def client(self, name: str, client: Any) -> Any:
        return Service(name, client, self.calls)

    def count(self) -> dict[str, float]:
        """All that was counted since the beginning, by name."""
        told = {name: float(times) for name, times in self.calls.items() if times}
        return told | {"wru": self.tables.wru, "rru": self.tables.rru, "log bytes": float(self.logs.written)}


@contextmanager
def metered() -> Generator[Meter]:
    """A stack that has just been deployed, without a file."""
    calls: Calls = Counter()
    tables = Tables(calls)
    s3, sqs, sns = MemoryS3(), MemorySqs(), MemorySns()
    for name in ("inbox", "work"):
        s3.create_bucket(Bucket=name)
    for name in ("ledger", "journal"):
        create_table(tables, name)
    for name in ("reminders", "media", "replies", "files"):
        sqs.create_queue(QueueName=name)
    logs = Logs()
    with patch.object(worlds, "PartiqlClient", Batches), _heard(logs):
        s3, sqs, sns = Service("s3", s3, calls), Service("sqs", sqs, calls), Service("sns", sns, calls)
        world = World(s3, sqs, sns, tables, "reminders", "media", "replies", "files", "notices")
        yield Meter(world, tables, calls, logs)


def slots(world: World) -> tuple[Slots, Callable[[str], int]]:
    """Where senders stand in line, as the template wires it."""
    return Slots(world.table), remembered(world.limits.allowed)


@contextmanager
def _heard(logs: Logs) -> Generator[None]:
    """What functions print is counted, and goes nowhere else."""
    ours: Any = telemetry.logger
    handlers, level = list(ours.handlers), ours.level
    try:
        ours.handlers[:] = [logs]
        ours.setLevel("INFO")
        with (
            patch.object(cloudwatch, "print", logs.say, create=True),
            patch.object(telemetry.metrics.provider, "namespace", "Cobranza"),
        ):
            yield
    finally:
        ours.handlers[:] = handlers
        ours.setLevel(level)
