"""What a function may not do, the emulator's IAM refuses to its own credentials."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.stack import Stack
from tests.e2e.callers import REFUSALS, Caller, arn
from tests.unit.rights import FUNCTIONS, HARMLESS, MAY, Attempt, refused_to

KEY = {"pk": {"S": "NOBODY"}, "sk": {"S": "NOTHING"}}

type Call = Callable[[Any, str, str], object]


def query(table: Any, name: str, index: str) -> object:
    hashed = {"": "pk", "index/due": "due_shard", "index/book": "book", "index/days": "noted_on"}[index]
    asked = {"IndexName": index.removeprefix("index/")} if index else {}
    value = {"N": "0"} if hashed == "due_shard" else {"S": "NOBODY"}
    return table.query(
        TableName=name, KeyConditionExpression=f"{hashed}=:v", ExpressionAttributeValues={":v": value}, **asked
    )


# Each call by the right that it asks for: with a client, what the stack calls the thing, and the path in it.
CALLS: dict[str, Call] = {
    "dynamodb:GetItem": lambda table, name, _: table.get_item(TableName=name, Key=KEY),
    "dynamodb:Query": query,
    "dynamodb:Scan": lambda table, name, _: table.scan(TableName=name),
    "dynamodb:PutItem": lambda table, name, _: table.put_item(TableName=name, Item=KEY),
    "dynamodb:UpdateItem": lambda table, name, _: table.update_item(TableName=name, Key=KEY),
    "dynamodb:DeleteItem": lambda table, name, _: table.delete_item(TableName=name, Key=KEY),
    "dynamodb:DeleteTable": lambda table, name, _: table.delete_table(TableName=name),
    "dynamodb:UpdateTable": lambda table, name, _: table.update_table(
        TableName=name, BillingMode="PAY_PER_REQUEST"
    ),
    "sqs:SendMessage": lambda queue, name, _: queue.send_message(QueueUrl=name, MessageBody="{}"),
    "sqs:ReceiveMessage": lambda queue, name, _: queue.receive_message(QueueUrl=name),
    "sqs:DeleteMessage": lambda queue, name, _: queue.delete_message(QueueUrl=name, ReceiptHandle="none"),
    "sqs:PurgeQueue": lambda queue, name, _: queue.purge_queue(QueueUrl=name),
    "secretsmanager:GetSecretValue": lambda secrets, name, _: secrets.get_secret_value(SecretId=name),
    "secretsmanager:PutSecretValue": lambda secrets, name, _: secrets.put_secret_value(
        SecretId=name, SecretString="{}"
    ),
    "s3:GetObject": lambda s3, name, path: s3.get_object(Bucket=name, Key=path),
    "s3:PutObject": lambda s3, name, path: s3.put_object(Bucket=name, Key=path, Body=b""),
    "s3:PutObjectTagging": lambda s3, name, path: s3.put_object_tagging(
        Bucket=name, Key=path, Tagging={"TagSet": []}
    ),
    "s3:DeleteObject": lambda s3, name, path: s3.delete_object(Bucket=name, Key=path),
    "s3:ListBucket": lambda s3, name, _: s3.list_objects_v2(Bucket=name),
    "sns:Publish": lambda sns, name, _: sns.publish(TopicArn=name, Message="{}"),
    "events:PutEvents": lambda bus, name, _: bus.put_events(
        Entries=[{"EventBusName": name, "Source": "cobranza", "DetailType": "none", "Detail": "{}"}]
    ),
    "lambda:InvokeFunction": lambda functions, name, _: functions.invoke(FunctionName=name),
    "sts:AssumeRole": lambda sts, name, _: sts.assume_role(RoleArn=arn(name), RoleSessionName="another"),
    "iam:PutRolePolicy": lambda iam, name, _: iam.put_role_policy(
        RoleName=name, PolicyName="more", PolicyDocument="{}"
    ),
}


@pytest.fixture(scope="module")
def caller(stack: Stack) -> Caller:
    return Caller(stack.client("sts"), stack.endpoint)


def answered(caller: Caller, attempt: Attempt, physical: dict[str, str]) -> str:
    """The code of an error; nothing where the call was let through."""
    action, thing = attempt
    name, _, path = thing.partition("/")
    try:
        CALLS[action](caller.client(action.split(":")[0]), physical[name], path)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_is_refused_what_is_not_its_own(
    caller: Caller, physical: dict[str, str], function: str
) -> None:
    wanted = [attempt for attempt in refused_to(function) if attempt[0] in CALLS]
    assert len(wanted) > 50
    caller.become(physical[f"{function.title()}Role"])
    told = {attempt: answered(caller, attempt, physical) for attempt in wanted}
    assert {attempt: code for attempt, code in told.items() if code not in REFUSALS} == {}
    own = [attempt for attempt, who in MAY.items() if function in who and attempt[0] in HARMLESS]
    assert [attempt for attempt in own if answered(caller, attempt, physical) in REFUSALS] == []


def test_every_right_in_the_list_is_tried() -> None:
    assert {action for action, _ in MAY} <= set(CALLS)
