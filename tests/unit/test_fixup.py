"""What is put right on the emulator, by the template that is deployed to it."""

from typing import Any

from local.fixup import put_right
from tests.unit.template import Node, expanded

LIVE = "arn:aws:lambda:us-east-1:000000000000:function:cobranza-{}-1:live"
API = "api1"


class CloudFormation:
    """A stack of which the HTTP API and the aliases behind it were made."""

    def get_template(self, **_: str) -> Node:
        return {"TemplateBody": expanded()}

    def get_paginator(self, _: str) -> "CloudFormation":
        return self

    def paginate(self, **_: str) -> list[Node]:
        made = {"WebhookApi": API}
        made |= {f"{name}Aliaslive": LIVE.format(name) for name in ("WebhookFunction", "PaymentsFunction")}
        made |= {name: f"cobranza-{name}-1" for name in ("WebhookFunction", "PaymentsFunction")}
        summaries = [{"LogicalResourceId": name, "PhysicalResourceId": made[name]} for name in sorted(made)]
        return [{"StackResourceSummaries": summaries}]


class HttpApis:
    """Route → what it calls."""

    def __init__(self) -> None:
        self.called: dict[str, str] = {}
        self._integrations: list[str] = []

    def create_integration(self, **asked: str) -> Node:
        assert (asked["ApiId"], asked["IntegrationType"]) == (API, "AWS_PROXY")
        self._integrations.append(asked["IntegrationUri"])
        return {"IntegrationId": str(len(self._integrations) - 1)}

    def create_route(self, **asked: str) -> None:
        self.called[asked["RouteKey"]] = self._integrations[int(asked["Target"].removeprefix("integrations/"))]


def test_a_route_calls_what_is_live() -> None:
    apis = HttpApis()
    clients: dict[str, Any] = {"cloudformation": CloudFormation(), "apigatewayv2": apis}
    put_right(clients.__getitem__, "cobranza")
    assert apis.called == {
        "GET /webhook": LIVE.format("WebhookFunction"),
        "POST /webhook": LIVE.format("WebhookFunction"),
        "POST /payments": LIVE.format("PaymentsFunction"),
    }
