"""A DynamoDB table in Python values: the thin layer below every store."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import batched
from typing import Any, NamedTuple

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

type Item = dict[str, Any]

_to_dynamodb = TypeSerializer()
_from_dynamodb = TypeDeserializer()


class Insert(NamedTuple):
    """A new item; not made where its key is taken."""

    item: Item


@dataclass(frozen=True, slots=True)
class Update:
    """A change of an item that is there; not made unless it still is as `seen`, without what is `absent`."""

    key: Mapping[str, str]
    set_: Mapping[str, Any]
    seen: Mapping[str, Any]
    remove: Sequence[str] = field(default=())
    absent: Sequence[str] = field(default=())


type Write = Insert | Update

# What BatchExecuteStatement and BatchGetItem take in one call.
WRITES_A_CALL = 25
READS_A_CALL = 100
_NOT_MADE = frozenset({"DuplicateItem", "ConditionalCheckFailed"})
_PASSING = frozenset(
    {"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded", "InternalServerError"}
)
_TRIES = 6
# How often what was read may change under our hands before we give up.
_OVERTAKEN = 5


class ConditionFailed(Exception):
    """The conditional write was not made. `item` is what stands there, empty when nothing does."""

    def __init__(self, item: Item, why: str = "condition failed") -> None:
        super().__init__(why)
        self.item = item


def until_written[T](write: Callable[[], T | None]) -> T:
    """What `write` gives, which reads, and writes on condition that nobody was faster: where somebody was it gives
    nothing, and is called again. Raises ConditionFailed when somebody is each time."""
    for _ in range(_OVERTAKEN):
        if written := write():
            return written
    raise ConditionFailed({}, f"changed under our hands {_OVERTAKEN} times")


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC to the second: as a key it sorts by time."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def exact(moment: datetime) -> str:
    """As `utc`, to the microsecond, where the order within a second counts."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Table:
    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Mapping[str, str]) -> Item | None:
        answer = self._client.get_item(TableName=self._name, Key=_pack(key))
        return unpacked(answer["Item"]) if "Item" in answer else None

    def put_new(self, item: Mapping[str, Any]) -> None:
        """Raises ConditionFailed when the key is taken."""
        self._write("put_item", Item=_pack(item), ConditionExpression="attribute_not_exists(pk)")

    def put(self, item: Mapping[str, Any]) -> None:
        self._write("put_item", Item=_pack(item))

    def replace(self, item: Mapping[str, Any]) -> None:
        """Sets all that is told of an item, for who may not put one."""
        key = {name: item[name] for name in ("pk", "sk")}
        self.update(key, {name: value for name, value in item.items() if name not in key})

    def update(
        self,
        key: Mapping[str, str],
        set_: Mapping[str, Any] | None = None,
        *,
        first: Mapping[str, Any] | None = None,
        add: Mapping[str, int] | None = None,
        remove: tuple[str, ...] = (),
        condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> Item:
        """Sets attributes (`first`: those that are not there yet), adds to numbers, removes others.

        Returns the item as it is then.

        `condition` names attributes as #attribute and `values` as :value. Raises ConditionFailed.
        """
        sets = [f"#{name} = :{name}" for name in set_ or {}]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in first or {}]
        expression = f"SET {', '.join(sets)}" if sets else ""
        if remove:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in remove)
        if add:
            expression += " ADD " + ", ".join(f"#{name} :{name}" for name in add)
        written = {**(set_ or {}), **(first or {}), **(add or {}), **(values or {})}
        named = {*(set_ or {}), *(first or {}), *(add or {}), *remove, *_names_in(condition)}
        request: dict[str, Any] = {
            "Key": _pack(key),
            "UpdateExpression": expression.strip(),
            "ExpressionAttributeNames": {f"#{name}": name for name in sorted(named)},
            "ReturnValues": "ALL_NEW",
        }
        if written:
            request["ExpressionAttributeValues"] = {f":{k}": _pack_value(v) for k, v in written.items()}
        if condition:
            request["ConditionExpression"] = condition
        return unpacked(self._write("update_item", **request)["Attributes"])

    def add_to_set(self, key: Mapping[str, str], attribute: str, number: int) -> Item:
        """Puts a number into a set of numbers; returns the item as it is then."""
        answer = self._write(
            "update_item",
            Key=_pack(key),
            UpdateExpression="ADD #set :number",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#set": attribute},
            ExpressionAttributeValues={":number": {"NS": [str(number)]}},
            ReturnValues="ALL_NEW",
        )
        return unpacked(answer["Attributes"])

    def write_all(self, writes: Sequence[Write]) -> list[bool]:
        """Many conditional writes, 25 a call, in no order among them; which of them were made.

        Each stands for itself. Raises RuntimeError when DynamoDB throttles again and again.
        """
        return self.write_beside([], writes)

    def write_beside(self, others: Iterable["Bundle"], writes: Sequence[Write]) -> list[bool]:
        """As `write_all`, in the same calls as those of other tables, which go first."""
        statements = [bundle.table.statement(write) for bundle in others for write in bundle.writes]
        first = len(statements)
        statements += map(self.statement, writes)
        made: list[bool] = []
        for batch in batched(statements, WRITES_A_CALL, strict=False):
            made += self._write_batch(batch)
        return made[first:]

    def _write_batch(self, statements: Sequence[dict[str, Any]]) -> list[bool]:
        made = [False] * len(statements)
        left = list(range(len(statements)))
        for attempt in range(_TRIES):
            answers = self._client.batch_execute_statement(Statements=[statements[i] for i in left])["Responses"]
            again: list[int] = []
            for i, answer in zip(left, answers, strict=True):
                code = answer.get("Error", {}).get("Code", "")
                made[i] = not code
                if code in _PASSING:
                    again.append(i)
                elif code and code not in _NOT_MADE:
                    raise RuntimeError(f"DynamoDB refused a write: {code}")
            if not again:
                return made
            left = again
            time.sleep(0.05 * 2**attempt)
        raise RuntimeError(f"DynamoDB throttled {len(left)} writes {_TRIES} times")

    def statement(self, write: Write) -> dict[str, Any]:
        """One of BatchExecuteStatement."""
        if isinstance(write, Insert):
            statement = _insert(self._name, tuple(write.item))
            return {"Statement": statement, "Parameters": _packed(write.item.values())}
        sets = " ".join(f'SET "{name}"=?' for name in write.set_)
        removes = " ".join(f'REMOVE "{name}"' for name in write.remove)
        tests = [f'"{name}"=?' for name in (*write.key, *write.seen)]
        where = " AND ".join(tests + [f'"{name}" IS MISSING' for name in write.absent])
        return {
            "Statement": f'UPDATE "{self._name}" {sets} {removes} WHERE {where}'.replace("  ", " "),
            "Parameters": _packed([*write.set_.values(), *write.key.values(), *write.seen.values()]),
        }

    def get_all(
        self, keys: Iterable[Mapping[str, str]], attributes: Sequence[str] = (), *, consistent: bool = True
    ) -> list[Item]:
        """The items that are there, a hundred keys a call, in any order. Not `consistent` is half the price, and
        may be as of a moment ago."""
        found: list[Item] = []
        for batch in batched(keys, READS_A_CALL, strict=False):
            wanted: dict[str, Any] = {"Keys": [_pack(key) for key in batch], "ConsistentRead": consistent}
            if attributes:
                wanted["ProjectionExpression"] = ", ".join(f"#{name}" for name in attributes)
                wanted["ExpressionAttributeNames"] = {f"#{name}": name for name in attributes}
            asked = {self._name: wanted}
            for attempt in range(_TRIES):
                answer = self._client.batch_get_item(RequestItems=asked)
                found += map(unpacked, answer["Responses"].get(self._name, []))
                asked = answer.get("UnprocessedKeys") or {}
                if not asked:
                    break
                time.sleep(0.05 * 2**attempt)
            else:
                raise RuntimeError("DynamoDB left reads undone")
        return found

    def delete(self, key: Mapping[str, str]) -> None:
        """Takes an item out; nothing where there is none. No function may."""
        self._client.delete_item(TableName=self._name, Key=_pack(key))

    def scan(self, attributes: Sequence[str]) -> Iterator[Item]:
        """These attributes of all items of the table, page by page, in no order."""
        names = {f"#{name}": name for name in attributes}
        request: dict[str, Any] = {"TableName": self._name, "ConsistentRead": True}
        request |= {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
        while True:
            page = self._client.scan(**request)
            yield from map(unpacked, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def query(
        self,
        expression: str,
        values: Mapping[str, Any],
        *,
        index: str = "",
        limit: int = 0,
        where: str = "",
        among: Mapping[str, Any] | None = None,
        backwards: bool = False,
        consistent: bool = True,
    ) -> Iterator[Item]:
        """All items of a key condition in pk, sk (or the index's keys), page by page, the last first where told
        so; at most `limit` if given, and those alone for which the condition `where` holds, with its values
        `among`: the others are read, and paid for, as well. An index is never `consistent`; what is not costs
        half, and may be as of a moment ago."""
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": expression,
            "ExpressionAttributeValues": {f":{k}": _pack_value(v) for k, v in {**values, **(among or {})}.items()},
        }
        request |= {"IndexName": index} if index else {"ConsistentRead": consistent}
        request |= {"FilterExpression": where} if where else {}
        request |= {"ScanIndexForward": False} if backwards else {}
        left = limit
        while True:
            # A limit counts what is read, before the filter.
            page = self._client.query(**request, **({"Limit": left} if left and not where else {}))
            found = page["Items"][:left] if limit else page["Items"]
            yield from map(unpacked, found)
            if limit:
                left -= len(found)
            if "LastEvaluatedKey" not in page or (limit and left <= 0):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _write(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            return getattr(self._client, operation)(
                TableName=self._name, ReturnValuesOnConditionCheckFailure="ALL_OLD", **request
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise ConditionFailed(unpacked(error.response.get("Item", {}))) from error


class Bundle(NamedTuple):
    """Writes of a table that wait to be made in the same calls as those of another one."""

    table: Table
    writes: Sequence[Write]


@lru_cache(1024)
def _insert(table: str, names: tuple[str, ...]) -> str:
    fields = ", ".join(f"'{name}': ?" for name in names)
    return f'INSERT INTO "{table}" VALUE {{{fields}}}'


def _names_in(condition: str) -> set[str]:
    return {word.strip("(), ").removeprefix("#") for word in condition.replace("(", " ").split() if "#" in word}


def _pack(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _pack_value(value) for name, value in item.items()}


def _packed(values: Iterable[Any]) -> list[Any]:
    return [_pack_value(value) for value in values]


def _pack_value(value: Any) -> Any:
    # Nearly all are one of these, and boto3's serializer takes its time to see it.
    if type(value) is str:
        return {"S": value}
    if type(value) is int or type(value) is Decimal:
        return {"N": str(value)}
    if type(value) is dict:
        return {"M": _pack(value)}
    if type(value) is list or type(value) is tuple:
        return {"L": _packed(value)}
    return _to_dynamodb.serialize(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def unpacked(item: Mapping[str, Any]) -> Item:
    """An item of DynamoDB's own JSON."""
    return {name: _unpack_value(value) for name, value in item.items()}


def _unpack_value(value: Mapping[str, Any]) -> Any:
    if "S" in value:
        return value["S"]
    if "N" in value:
        return Decimal(value["N"])
    if "M" in value:
        return unpacked(value["M"])
    if "L" in value:
        return [_unpack_value(each) for each in value["L"]]
    return _from_dynamodb.deserialize(value)
