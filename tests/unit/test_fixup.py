"""What is put right on the emulator, by the template that is deployed to it."""

from typing import Any

import pytest

from local.fixup import put_right
from tests.unit.template import ISSUER, Node, expanded

LIVE = "arn:aws:lambda:us-east-1:000000000000:function:cobranza-{}-1:live"
APIS = {"WebhookApi": "api1", "CasesApi": "api2"}
FUNCTIONS = ("WebhookFunction", "PaymentsFunction", "CasesFunction")


class CloudFormation:
    """A stack of which the HTTP APIs and the aliases behind them were made."""

    def describe_stacks(self, **_: str) -> Node:
        told = {"CasesIssuer": ISSUER, "CasesAudience": "equipo"}
        return {
            "Stacks": [
                {"Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in told.items()]}
            ]
        }

    def get_template(self, **_: str) -> Node:
        return {"TemplateBody": expanded()}

    def get_paginator(self, _: str) -> "CloudFormation":
        return self

    def paginate(self, **_: str) -> list[Node]:
        made = APIS | {f"{name}Aliaslive": LIVE.format(name) for name in FUNCTIONS}
        made |= {name: f"cobranza-{name}-1" for name in FUNCTIONS}
        summaries = [{"LogicalResourceId": name, "PhysicalResourceId": made[name]} for name in sorted(made)]
        return [{"StackResourceSummaries": summaries}]


class HttpApis:
    """Route → what it calls, and by whose leave."""

    def __init__(self) -> None:
        self.called: dict[str, tuple[str, str]] = {}
        self.authorizers: list[Node] = []
        self._integrations: list[str] = []

    def create_authorizer(self, **asked: Any) -> Node:
        self.authorizers.append(asked)
        return {"AuthorizerId": asked["Name"]}

    def create_integration(self, **asked: str) -> Node:
        assert (asked["ApiId"] in APIS.values(), asked["IntegrationType"]) == (True, "AWS_PROXY")
        self._integrations.append(asked["IntegrationUri"])
        return {"IntegrationId": str(len(self._integrations) - 1)}

    def create_route(self, **asked: str) -> None:
        called = self._integrations[int(asked["Target"].removeprefix("integrations/"))]
        allowed = f"{asked.get('AuthorizationType', 'NONE')} {asked.get('AuthorizerId', '')}".strip()
        self.called[asked["RouteKey"]] = called, allowed


@pytest.fixture
def apis() -> HttpApis:
    made = HttpApis()
    clients: dict[str, Any] = {"cloudformation": CloudFormation(), "apigatewayv2": made}
    put_right(clients.__getitem__, "cobranza")
    return made


def test_a_route_calls_what_is_live(apis: HttpApis) -> None:
    meta, gateways, people = map(LIVE.format, FUNCTIONS)
    assert apis.called == {
        "GET /webhook": (meta, "NONE"),
        "POST /webhook": (meta, "NONE"),
        "POST /payments": (gateways, "NONE"),
        "GET /cases": (people, "JWT Tokens"),
        "GET /cases/{id}": (people, "JWT Tokens"),
        "POST /cases/{id}/answer": (people, "JWT Tokens"),
        "POST /cases/{id}/take": (people, "JWT Tokens"),
        "POST /cases/{id}/hand-back": (people, "JWT Tokens"),
        "POST /cases/{id}/close": (people, "JWT Tokens"),
        "GET /receipts": (people, "JWT Tokens"),
        "POST /receipts/{id}": (people, "JWT Tokens"),
    }


def test_tokens_are_those_of_the_issuer_that_the_deploy_named(apis: HttpApis) -> None:
    assert apis.authorizers == [
        {
            "ApiId": APIS["CasesApi"],
            "AuthorizerType": "JWT",
            "Name": "Tokens",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": {"Issuer": ISSUER, "Audience": ["equipo"]},
        }
    ]
