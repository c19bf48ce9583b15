"""moto takes no conditions in BatchExecuteStatement: each of the two statements that `Table.write_all` writes is
made the conditional call that means the same. The emulator runs them as they are."""

import re
from typing import Any

from botocore.exceptions import ClientError

_INSERT = re.compile(r'INSERT INTO "(?P<table>[^"]+)" VALUE \{(?P<fields>.*)\}')
_UPDATE = re.compile(r'UPDATE "(?P<table>[^"]+)" (?P<changes>.*) WHERE (?P<where>.*)')


class PartiqlClient:
    """A DynamoDB client that knows them."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Responses": [self._execute(one["Statement"], one["Parameters"]) for one in Statements]}

    def _execute(self, statement: str, values: list[Any]) -> dict[str, Any]:
        try:
            if insert := _INSERT.fullmatch(statement):
                names = re.findall(r"'([^']+)': \?", insert["fields"])
                item = dict(zip(names, values, strict=True))
                condition = "attribute_not_exists(pk)"
                self._client.put_item(TableName=insert["table"], Item=item, ConditionExpression=condition)
                return {}
            update = _UPDATE.fullmatch(statement)
            assert update, statement
            self._update(update, values)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            code = "DuplicateItem" if statement.startswith("INSERT") else "ConditionalCheckFailed"
            return {"Error": {"Code": code}}
        return {}

    def _update(self, update: re.Match[str], values: list[Any]) -> None:
        sets = re.findall(r'SET "([^"]+)"=\?', update["changes"])
        removes = re.findall(r'REMOVE "([^"]+)"', update["changes"])
        wheres = re.findall(r'"([^"]+)"=\?', update["where"])
        told = dict(zip(sets, values[: len(sets)], strict=True))
        seen = dict(zip(wheres, values[len(sets) :], strict=True))
        key = {name: seen.pop(name) for name in ("pk", "sk")}
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in told)
        expression += (" REMOVE " + ", ".join(f"#{name}" for name in removes)) if removes else ""
        absent = re.findall(r'"([^"]+)" IS MISSING', update["where"])
        conditions = ["attribute_exists(pk)", *(f"#{name} = :seen_{name}" for name in seen)]
        conditions += [f"attribute_not_exists(#{name})" for name in absent]
        self._client.update_item(
            TableName=update["table"],
            Key=key,
            UpdateExpression=expression,
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeNames={f"#{name}": name for name in {*told, *removes, *seen, *absent}},
            ExpressionAttributeValues={f":{k}": v for k, v in told.items()}
            | {f":seen_{k}": v for k, v in seen.items()},
        )
