"""What goes straight through botocore is what botocore itself would have sent and given back."""

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from cobranza.store.direct import direct

REQUESTS: dict[str, dict[str, Any]] = {
    "batch_execute_statement": {
        "Statements": [
            {"Statement": "INSERT INTO \"t\" VALUE {'pk': ?}", "Parameters": [{"S": "Lucía"}, {"N": "10.50"}]},
            {"Statement": 'UPDATE "t" SET "a"=?', "Parameters": [{"M": {"tags": {"L": [{"BOOL": True}]}}}]},
        ]
    },
    "batch_get_item": {"RequestItems": {"t": {"Keys": [{"pk": {"S": "a"}}], "ConsistentRead": True}}},
    "query": {
        "TableName": "t",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
    },
}
REQUESTS["update_item"] = {
    "TableName": "t",
    "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}},
    "UpdateExpression": "SET #a = :a",
    "ExpressionAttributeNames": {"#a": "a"},
    "ExpressionAttributeValues": {":a": {"M": {"b": {"L": [{"N": "1"}]}}}},
    "ReturnValues": "ALL_NEW",
}
REQUESTS["put_item"] = {
    "TableName": "t",
    "Item": {"pk": {"S": "a"}, "tags": {"L": [{"S": "Lucía"}]}},
    "ConditionExpression": "attribute_not_exists(pk)",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}
REQUESTS["get_item"] = {"TableName": "t", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}
ITEM = {"pk": {"S": "Lucía"}, "amount": {"N": "10.50"}, "tags": {"L": [{"S": "a"}]}, "none": {"NULL": True}}
ANSWERS: dict[str, dict[str, Any]] = {
    "batch_execute_statement": {"Responses": [{}, {"Error": {"Code": "DuplicateItem", "Message": "taken"}}]},
    "batch_get_item": {"Responses": {"t": [ITEM]}, "UnprocessedKeys": {}},
    "update_item": {"Attributes": ITEM},
    "put_item": {},
    "get_item": {"Item": ITEM},
    "query": {"Items": [ITEM], "Count": 1, "LastEvaluatedKey": {"pk": {"S": "Lucía"}}},
}


class Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, **_: Any) -> list[bytes]:
        return [self._data]


class Service:
    """Answers every call with the same, and keeps what it was sent."""

    def __init__(self, answer: dict[str, Any], status: int = 200) -> None:
        self.sent: list[Any] = []
        self.targets: list[bytes] = []
        self._answer, self._status = json.dumps(answer).encode(), status

    def client(self) -> Any:
        made = boto3.client("dynamodb", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        made.meta.events.register("before-send.dynamodb", self._respond)
        return made

    def _respond(self, request: Any, **_: Any) -> AWSResponse:
        self.sent.append(json.loads(request.body))
        self.targets.append(request.headers["X-Amz-Target"])
        body: Any = Body(self._answer)
        return AWSResponse(request.url, self._status, {"x-amzn-requestid": "one"}, body)


@pytest.mark.parametrize("call", REQUESTS)
def test_the_same_is_sent_and_given_back(call: str):
    service = Service(ANSWERS[call])
    usual, straight = service.client(), direct(service.client())
    answers = [getattr(client, call)(**REQUESTS[call]) for client in (usual, straight)]
    assert service.sent == [REQUESTS[call]] * 2
    assert service.targets[0] == service.targets[1]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("call", REQUESTS)
def test_an_error_is_raised_as_ever(call: str):
    error = {"__type": "com.amazonaws.dynamodb.v20120810#ValidationException", "message": "no"}
    client = direct(Service(error, status=400).client())
    with pytest.raises(ClientError, match="no") as raised:
        getattr(client, call)(**REQUESTS[call])
    assert raised.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("call", ["put_item", "update_item"])
def test_what_stands_where_a_condition_failed_is_told(call: str):
    error = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Item": ITEM}
    client = direct(Service(error, status=400).client())
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as raised:
        getattr(client, call)(**REQUESTS[call])
    assert raised.value.response["Item"] == ITEM
