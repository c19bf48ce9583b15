"""A DynamoDB client in memory, for tests that tell a story again and again: a hundred times as fast as moto."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from cobranza.store.table import ConditionFailed
from local.replay.table import MemoryTable

type Packed = dict[str, Any]

_pack_value, _unpack_value = TypeSerializer().serialize, TypeDeserializer().deserialize
_FIRST = re.compile(r"(\w+) = if_not_exists\(\w+, :\w+\)")
_SET = re.compile(r"(\w+) = :\w+")
_CLAUSE = re.compile(r"(SET|REMOVE|ADD) (.*?)(?= REMOVE | ADD |$)")


class MemoryClient:
    """The calls of `store.table.Table`, and what tests do to tables. Pages have no end; an index shows what it
    projects."""

    def __init__(self) -> None:
        self._tables: dict[str, MemoryTable] = {}
        self._projected: dict[str, frozenset[str] | None] = {}

    def create_table(self, *, TableName: str, GlobalSecondaryIndexes: list[dict[str, Any]], **_: Any) -> None:
        self._tables[TableName] = MemoryTable()
        for index in GlobalSecondaryIndexes:
            projection = index["Projection"]
            keys = {"pk", "sk", *(key["AttributeName"] for key in index["KeySchema"])}
            everything = projection["ProjectionType"] == "ALL"
            shown = None if everything else frozenset({*keys, *projection.get("NonKeyAttributes", ())})
            self._projected[index["IndexName"]] = shown

    @property
    def tables(self) -> Mapping[str, MemoryTable]:
        return self._tables

    def delete_table(self, *, TableName: str) -> None:
        del self._tables[TableName]

    def get_item(self, *, TableName: str, Key: Packed, **_: Any) -> dict[str, Any]:
        item = self._tables[TableName].get(_unpack(Key))
        return {"Item": packed(item)} if item else {}

    def put_item(self, *, TableName: str, Item: Packed, ConditionExpression: str = "", **_: Any) -> None:
        table, item = self._tables[TableName], _unpack(Item)
        if ConditionExpression:
            _conditional("PutItem", lambda: table.put_new(item))
        else:
            table.put(item)

    def update_item(
        self,
        *,
        TableName: str,
        Key: Packed,
        UpdateExpression: str,
        ExpressionAttributeNames: Mapping[str, str],
        ExpressionAttributeValues: Packed | None = None,
        ConditionExpression: str = "",
        **_: Any,
    ) -> dict[str, Any]:
        table, key, values = self._tables[TableName], _unpack(Key), _unpack(ExpressionAttributeValues or {})
        told = {name.removeprefix(":"): value for name, value in values.items()}
        clauses = dict(_CLAUSE.findall(UpdateExpression.replace("#", "")))
        if clauses.get("ADD") == "set :number":
            (number,) = told["number"]
            grow = partial(table.add_to_set, key, ExpressionAttributeNames["#set"], int(number))
            return {"Attributes": packed(_conditional("UpdateItem", grow))}
        first, set_ = (dict.fromkeys(found.findall(clauses.get("SET", ""))) for found in (_FIRST, _SET))
        add = [clause.split()[0] for clause in clauses.get("ADD", "").split(", ") if clause]
        change = partial(
            table.update,
            key,
            {name: told[name] for name in set_},
            first={name: told[name] for name in first},
            add={name: told[name] for name in add},
            remove=tuple(name for name in clauses.get("REMOVE", "").split(", ") if name),
            condition=ConditionExpression,
            values=told,
        )
        return {"Attributes": packed(_conditional("UpdateItem", change))}

    def delete_item(self, *, TableName: str, Key: Packed) -> None:
        self._tables[TableName].delete(_unpack(Key))

    def scan(self, *, TableName: str, ExpressionAttributeNames: Mapping[str, str], **_: Any) -> dict[str, Any]:
        return {"Items": [*map(packed, self._tables[TableName].scan([*ExpressionAttributeNames.values()]))]}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        return {"Responses": {name: list(self._read(name, wanted)) for name, wanted in RequestItems.items()}}

    def _read(self, table: str, wanted: Mapping[str, Any]) -> Iterator[Packed]:
        attributes = list(wanted.get("ExpressionAttributeNames", {}).values())
        return map(packed, self._tables[table].get_all(map(_unpack, wanted["Keys"]), attributes))

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Packed,
        IndexName: str = "",
        FilterExpression: str = "",
        Limit: int = 0,
        ScanIndexForward: bool = True,
        **_: Any,
    ) -> dict[str, Any]:
        values = {name.removeprefix(":"): value for name, value in _unpack(ExpressionAttributeValues).items()}
        found = self._tables[TableName].query(
            KeyConditionExpression,
            values,
            limit=Limit,
            where=FilterExpression,
            backwards=not ScanIndexForward,
        )
        shown = self._projected[IndexName] if IndexName else None
        return {"Items": [packed(item) for item in found] if shown is None else [_only(shown, i) for i in found]}

    def get_paginator(self, operation: str) -> "MemoryClient":
        assert operation == "scan"
        return self

    def paginate(self, *, TableName: str, **_: Any) -> list[dict[str, Any]]:
        return [{"Items": list(map(packed, self._tables[TableName].items()))}]


def _conditional[T](operation: str, write: Callable[[], T]) -> T:
    try:
        return write()
    except ConditionFailed as failed:
        answer = {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": packed(failed.item)}
        raise ClientError(answer, operation) from failed  # pyright: ignore[reportArgumentType]


def _only(shown: frozenset[str], item: Mapping[str, Any]) -> Packed:
    return packed({name: value for name, value in item.items() if name in shown})


def packed(item: Mapping[str, Any]) -> Packed:
    return {name: _pack_value(value) for name, value in item.items()}


def _unpack(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _unpack_value(value) for name, value in item.items()}
