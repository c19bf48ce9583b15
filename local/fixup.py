"""Puts right, through public AWS calls, where the emulator is not like AWS.

Measured on MiniStack 1.5.33. Its CloudFormation drops without a word: an HTTP API's routes and who checks their
callers (it never reads `Body`), a bucket's encryption, a table's time to live. Its IAM asks for actions that AWS
does not have (see _ASKED). A worker of a function costs it two seconds of a processor to start, and it starts as
many as there are messages. Nothing here changes what runs on AWS.
"""

import json
import os
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]


def put_right(client: Clients, stack: str) -> None:
    cloudformation = client("cloudformation")
    template = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    resources = (json.loads(template) if isinstance(template, str) else template)["Resources"]
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described["Parameters"]}
    physical = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        for resource in page["StackResourceSummaries"]
    }
    for name, resource in resources.items():
        if name not in physical:
            continue
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::ApiGatewayV2::Api":
                body = _resolved(properties["Body"], parameters)
                _put_routes(client("apigatewayv2"), physical[name], body, physical)
            case "AWS::S3::Bucket":
                _put_encryption(client("s3"), physical[name])
            case "AWS::DynamoDB::Table" if "TimeToLiveSpecification" in properties:
                client("dynamodb").update_time_to_live(
                    TableName=physical[name],
                    TimeToLiveSpecification=properties["TimeToLiveSpecification"],
                )
            case "AWS::IAM::Role":
                _allow_batches(client("iam"), physical[name], properties.get("Policies", []))
            case "AWS::Lambda::EventSourceMapping" if "ScalingConfig" in properties:
                _limit(client("lambda"), physical[name])
            case "AWS::Lambda::EventSourceMapping" if "DestinationConfig" in properties:
                # Nobody subscribes here, but every line would cost a run.
                client("lambda").update_event_source_mapping(UUID=physical[name], Enabled=False)
            case _:
                pass


def _limit(functions: Any, mapping: str) -> None:
    """As many workers for a queue as this machine has processors; AWS takes no less than two."""
    workers = {"MaximumConcurrency": max(2, os.cpu_count() or 2)}
    functions.update_event_source_mapping(UUID=mapping, ScalingConfig=workers)


def _resolved(body: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """With the values of parameters, and with what is there because the API is."""

    def resolved(node: dict[str, Any]) -> Any:
        match node:
            case {"Ref": name}:
                return parameters.get(name, node)
            case {"Fn::If": [_, there, _]}:
                return there
            case _:
                return node

    return json.loads(json.dumps(body), object_hook=resolved)


def _put_routes(api: Any, api_id: str, body: dict[str, Any], physical: dict[str, str]) -> None:
    authorizers = _put_authorizers(api, api_id, body)
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            target = json.dumps(operation["x-amazon-apigateway-integration"]["uri"])
            alias = next(arn for name, arn in physical.items() if f"${{{name}}}" in target)
            integration = api.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=alias,
                PayloadFormatVersion="2.0",
            )
            allowed = [authorizers[name] for each in operation.get("security", []) for name in each]
            api.create_route(
                ApiId=api_id,
                RouteKey=f"{method.upper()} {path}",
                Target=f"integrations/{integration['IntegrationId']}",
                **(allowed[0] if allowed else {}),
            )


def _put_authorizers(api: Any, api_id: str, body: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What a route says of each, by its name."""
    schemes = body.get("components", {}).get("securitySchemes", {})
    told = {name: scheme["x-amazon-apigateway-authorizer"] for name, scheme in schemes.items()}
    return {
        name: {
            "AuthorizationType": "JWT",
            "AuthorizerId": api.create_authorizer(
                ApiId=api_id,
                AuthorizerType="JWT",
                Name=name,
                IdentitySource=[each["identitySource"]],
                JwtConfiguration={key.title(): value for key, value in each["jwtConfiguration"].items()},
            )["AuthorizerId"],
        }
        for name, each in told.items()
    }


# What AWS allows, and what the emulator asks for in its place: actions that IAM does not have, on no resource.
_ASKED = {
    "sqs:SendMessage": "sqs:SendMessageBatch",
    "dynamodb:PartiQLInsert": "dynamodb:BatchExecuteStatement",
    "dynamodb:PartiQLUpdate": "dynamodb:BatchExecuteStatement",
}


def _allow_batches(iam: Any, role: str, policies: list[dict[str, Any]]) -> None:
    for policy in policies:
        name = policy["PolicyName"]
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for statement in list(document["Statement"]):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if asked := [_ASKED[action] for action in actions if action in _ASKED]:
                document["Statement"].append({"Effect": "Allow", "Action": asked, "Resource": "*"})
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _put_encryption(s3: Any, bucket: str) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
