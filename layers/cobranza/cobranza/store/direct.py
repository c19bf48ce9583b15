"""DynamoDB's own JSON, straight through botocore.

botocore checks, copies and rebuilds every value of a request and of an answer by its model of the service: more
work than all the rest of an import. The calls that imports and messages live on go past it. Signing, retries,
time-outs and errors stay botocore's.
"""

import json
from collections.abc import Mapping, MutableMapping
from typing import Any

type Params = Mapping[str, Any]

_KEPT = "cobranza.request"


def direct(dynamodb: Any) -> Any:
    """The client, whose calls send and give back DynamoDB's JSON as it is.

    There are no binary values in it, and nobody but the service checks it.
    """
    events = dynamodb.meta.events
    for operation in ("BatchExecuteStatement", "BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"):
        events.register(f"provide-client-params.dynamodb.{operation}", _keep)
        events.register(f"before-call.dynamodb.{operation}", _send)
    for operation in ("BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"):
        events.register(f"before-parse.dynamodb.{operation}", _receive)
    return dynamodb


def _keep(params: Params, context: MutableMapping[str, Any], **_: Any) -> Params:
    """The request waits in the call's context; botocore gets the smallest one that it finds valid."""
    context[_KEPT] = params
    if "Statements" in params:
        return {"Statements": [{"Statement": "-"}]}
    if "TableName" in params:
        return {"TableName": params["TableName"]} | {name: {} for name in ("Key", "Item") if name in params}
    # With its tables, of which the endpoint may depend.
    return {"RequestItems": {table: {"Keys": [{}]} for table in params["RequestItems"]}}


def _send(params: MutableMapping[str, Any], context: MutableMapping[str, Any], **_: Any) -> None:
    params["body"] = json.dumps(context.pop(_KEPT)).encode()


def _receive(response_dict: MutableMapping[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] < 300:
        customized_response_dict.update(json.loads(response_dict["body"]))
        response_dict["body"] = b"{}"
