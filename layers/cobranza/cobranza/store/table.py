"""A DynamoDB table in Python values: the thin layer below every store."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

type Item = dict[str, Any]

_to_dynamodb = TypeSerializer()
_from_dynamodb = TypeDeserializer()


class ConditionFailed(Exception):
    """The conditional write was not made. `item` is what stands there, empty when nothing does."""

    def __init__(self, item: Item) -> None:
        super().__init__("condition failed")
        self.item = item


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC to the second: as a key it sorts by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Table:
    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Mapping[str, str]) -> Item | None:
        answer = self._client.get_item(TableName=self._name, Key=_pack(key))
        return _unpack(answer["Item"]) if "Item" in answer else None

    def put_new(self, item: Mapping[str, Any]) -> None:
        """Raises ConditionFailed when the key is taken."""
        self._write("put_item", Item=_pack(item), ConditionExpression="attribute_not_exists(pk)")

    def put(self, item: Mapping[str, Any]) -> None:
        self._write("put_item", Item=_pack(item))

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
        return _unpack(self._write("update_item", **request)["Attributes"])

    def query(
        self,
        expression: str,
        values: Mapping[str, Any],
        *,
        index: str = "",
        limit: int = 0,
    ) -> Iterator[Item]:
        """All items of a key condition in pk, sk (or the index's keys), page by page; at most `limit` if given."""
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": expression,
            "ExpressionAttributeValues": {f":{k}": _pack_value(v) for k, v in values.items()},
        }
        request |= {"IndexName": index} if index else {"ConsistentRead": True}
        left = limit
        while True:
            page = self._client.query(**request, **({"Limit": left} if left else {}))
            yield from map(_unpack, page["Items"])
            if limit:
                left -= len(page["Items"])
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
            raise ConditionFailed(_unpack(error.response.get("Item", {}))) from error


def _names_in(condition: str) -> set[str]:
    return {word.strip("(), ").removeprefix("#") for word in condition.replace("(", " ").split() if "#" in word}


def _pack(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _pack_value(value) for name, value in item.items()}


def _pack_value(value: Any) -> Any:
    return _to_dynamodb.serialize(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _unpack(item: Mapping[str, Any]) -> Item:
    return {name: _from_dynamodb.deserialize(value) for name, value in item.items()}
