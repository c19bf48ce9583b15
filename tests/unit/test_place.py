"""Where the command finds a stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from cobranza_cli import place

STACK = {
    "stack": "local",
    "endpoint": "http://127.0.0.1:1",
    "region": "us-east-1",
    "webhook_url": "http://127.0.0.1:1/w",
}


class NotThere(Exception):
    """CloudFormation knows no such stack."""


class Formation:
    """CloudFormation, which knows one stack."""

    exceptions = type("Exceptions", (), {"ClientError": NotThere})

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        if StackName == "nobody":
            raise NotThere
        outputs = {
            "Ledger": "ledger",
            "Inbox": "inbox",
            "WebhookUrl": "https://api.execute-api.amazonaws.com/webhook",
        }
        told = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
        given = [
            {"ParameterKey": "Stage", "ParameterValue": "dev"},
            {"ParameterKey": "Senders", "ParameterValue": "7"},
        ]
        return {"Stacks": [{"Outputs": told, "Parameters": given}]}


@pytest.fixture(autouse=True)
def formation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place.boto3, "client", lambda *_, **__: Formation())


def test_a_stack_on_aws_is_what_its_outputs_and_parameters_say() -> None:
    found = place.find("cobranza-dev", "us-east-1", None)
    assert found.outputs["WebhookUrl"] == "https://api.execute-api.amazonaws.com/webhook"
    assert (found.outputs["Stage"], found.outputs["Senders"], found.outputs["CountriesOn"]) == ("dev", "7", "")
    assert found.options == {"region_name": "us-east-1"}


def test_the_webhook_of_this_machine_is_where_stack_json_says(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(json.dumps(STACK))
    found = place.find("cobranza", "", tmp_path)
    assert found.outputs["WebhookUrl"] == "http://127.0.0.1:1/w"
    assert found.options["endpoint_url"] == "http://127.0.0.1:1"


def test_what_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(place.NoStack, match="run make up"):
        place.find("cobranza", "", tmp_path)
    with pytest.raises(place.NoStack, match="--stack and --region"):
        place.find("nobody", "", None)
