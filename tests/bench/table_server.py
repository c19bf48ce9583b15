"""Tables in memory behind DynamoDB's own protocol, in a process of their own: conditions are really evaluated, and
calls and units counted. It knows a secret besides. What it does is held against moto in
tests/integration/test_memory_tables.py. dynalite takes ten times as long; moto's server is none of our tools.

python -m tests.bench.table_server READY BORROWERS: a book of so many borrowers who are due, each at another step
of the standard ladder, leased and queued; READY gets {"url", "reminders"}.
"""

import asyncio
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cobranza.policy.strategy import standard
from local.replay.world import PACE, PORTFOLIO, World
from tests.integration.memory import MemoryClient
from tests.integration.partiql import PartiqlClient

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
TOKEN = "a-token"
# Seconds of each call: what DynamoDB takes beside the network.
LATENCY = 0.004
LADDER = (-3, 0, 3, 7, 15)
HEADER = "borrower_id,name,phone,country,debt_id,amount,currency,due_date,consent\n"
# Of each index its keys and what else it holds; all where that is None.
INDEXES: Mapping[str, list[tuple[tuple[str, str], tuple[str, ...] | None]]] = {
    "ledger": [
        (("due_shard", "due_at"), ("priority",)),
        (
            ("book", "pk"),
            ("digest", "balance", "currency", "due_date", "late_fee", "paid", "as_of", "rev", "source"),
        ),
    ],
    "journal": [(("noted_on", "noted_at"), None)],
}

_TYPE = "Content-Type: application/x-amz-json-1.0"

type Packed = dict[str, Any]


class Counted(MemoryClient):
    """Write and read units as DynamoDB bills them, indexes with them."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        super().__init__()
        self._tables = dict(tables)
        self.wru = 0.0
        self.rru = 0.0

    def put_item(self, **request: Any) -> None:
        self._written(request, request["Item"], super().put_item)

    def update_item(self, **request: Any) -> dict[str, Any]:
        return self._written(request, request["Key"], super().update_item)

    def get_item(self, **request: Any) -> dict[str, Any]:
        answer = super().get_item(**request)
        self.rru += reads([answer.get("Item", {})]) / 2
        return answer

    def query(self, **request: Any) -> dict[str, Any]:
        answer = super().query(**request)
        self.rru += reads(answer["Items"])
        return answer

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        answer = super().batch_get_item(**request)
        self.rru += sum(len(wanted["Keys"]) for wanted in request["RequestItems"].values())
        return answer

    def _written(self, request: Packed, key: Packed, write: Callable[..., Any]) -> Any:
        wanted: dict[str, Any] = {
            "TableName": request["TableName"],
            "Key": {name: key[name] for name in ("pk", "sk")},
        }
        before = MemoryClient.get_item(self, **wanted).get("Item")
        try:
            answer = write(**request)
        except ClientError:
            self.wru += writes(before or {})
            raise
        after = MemoryClient.get_item(self, **wanted).get("Item")
        self.wru += max(writes(before or {}), writes(after or {}))
        for index in INDEXES[request["TableName"]]:
            self.wru += index_writes(entry(before, *index), entry(after, *index))
        return answer


def size(item: Packed) -> int:
    """Bytes, as DynamoDB counts them."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Packed) -> int:
    ((kind, told),) = value.items()
    match kind:
        case "S":
            return len(told.encode())
        case "N":
            return len(told.strip("-").replace(".", "")) // 2 + 2
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(inner) for name, inner in told.items())
        case "L":
            return 3 + sum(1 + _size(inner) for inner in told)
        case _:
            return 1 if kind in ("BOOL", "NULL") else len(str(told))


def writes(item: Packed) -> int:
    return max(math.ceil(size(item) / 1024), 1)


def reads(items: list[Packed]) -> int:
    return max(math.ceil(sum(map(size, items)) / 4096), 1)


def entry(
    item: Packed | None, keys: tuple[str, str], others: tuple[str, ...] | None
) -> tuple[Packed, Packed] | None:
    """An index's keys and all that it holds of an item; None where the item is not in it."""
    if item is None or any(key not in item for key in keys):
        return None
    held = item if others is None else {name: value for name, value in item.items() if name in (*keys, *others)}
    return {key: item[key] for key in keys}, held


def index_writes(before: tuple[Packed, Packed] | None, after: tuple[Packed, Packed] | None) -> int:
    if before == after:
        return 0
    if before and after and before[0] == after[0]:
        return writes(after[1])
    return sum(writes(each[1]) for each in (before, after) if each)


class Server:
    def __init__(self, world: World) -> None:
        self.counted = Counted({"ledger": world.table, "journal": world.lines})
        self._client = PartiqlClient(self.counted)
        self._calls: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                status, answer = await self._answer(*await _request(reader))
                body = json.dumps(answer).encode()
                head = (f"HTTP/1.1 {status} .", _TYPE, f"Content-Length: {len(body)}", "", "")
                writer.write("\r\n".join(head).encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, target: str, body: Packed) -> tuple[int, Packed]:
        match target.rpartition(".")[2]:
            case "GetSecretValue":
                return 200, {"SecretString": json.dumps({"access_token": TOKEN})}
            case "Counted":
                return 200, {"calls": self._calls, "wru": self.counted.wru, "rru": self.counted.rru}
            case operation:
                self._calls[operation] += 1
                await asyncio.sleep(LATENCY)
                return self._called(operation, body)

    def _called(self, operation: str, body: Packed) -> tuple[int, Packed]:
        name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation)[1:]
        try:
            return 200, getattr(self._client, name)(**body) or {}
        except ClientError as error:
            code = error.response["Error"]["Code"]
            return 400, {
                "__type": f"com.amazonaws.dynamodb.v20120810#{code}",
                "Item": error.response.get("Item", {}),
            }


async def _request(reader: asyncio.StreamReader) -> tuple[str, Packed]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    told = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
    return told.get("x-amz-target", ""), json.loads(await reader.readexactly(int(told["content-length"])))


def queued(world: World, count: int) -> list[Packed]:
    """Each borrower has one debt, at one of the ladder's steps today."""
    rows = (
        f"C{n},Lucía Ejemplo {n},+5255{50000000 + n:08},MX,F-{n},{100 + n % 900}.50,MXN,"
        f"{NOON.date() - timedelta(days=LADDER[n % len(LADDER)])},sí\n"
        for n in range(count)
    )
    world.begin(NOON)
    world.ledger.save_strategy(PORTFOLIO, standard().model_copy(update={"ramp": (), "approval": "never"}), NOON)
    world.drop("debts/libro/a.csv", HEADER + "".join(rows), NOON)
    reminders: list[Packed] = []
    while len(reminders) < count:
        found = world.tick(NOON)
        if not found:
            raise RuntimeError(f"{len(reminders)} of {count} were due, {PACE.capacity} a tick")
        reminders += [{"borrower": one.borrower, "lease": one.lease, "trace": "bench"} for one in found]
    return reminders


async def main() -> None:
    ready, count = Path(sys.argv[1]), int(sys.argv[2])
    world = World(1)
    reminders = queued(world, count)
    server = await asyncio.start_server(Server(world).serve, "127.0.0.1", 0, limit=2**20)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    draft = ready.with_suffix(".draft")
    draft.write_text(json.dumps({"url": url, "reminders": reminders}))
    draft.replace(ready)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
