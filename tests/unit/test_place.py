"""Where the command finds a stack."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from typer.testing import CliRunner

from cobranza_cli import app, place

REFUSED = {"nobody": "ValidationError", "denied": "AccessDenied", "expired": "ExpiredToken"}

STACK = {
    "stack": "local",
    "endpoint": "http://127.0.0.1:1",
    "region": "us-east-1",
    "webhook_url": "http://127.0.0.1:1/w",
    "cases_url": "http://127.0.0.1:1/c",
}


class Formation:
    """CloudFormation, which knows one stack."""

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        if StackName in REFUSED:
            raise ClientError({"Error": {"Code": REFUSED[StackName]}}, "DescribeStacks")
        if StackName == "quiet":
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
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


def test_the_doors_of_this_machine_are_where_stack_json_says(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(json.dumps(STACK))
    found = place.find("cobranza", "", tmp_path)
    assert found.outputs["WebhookUrl"] == "http://127.0.0.1:1/w"
    assert found.outputs["CasesUrl"] == "http://127.0.0.1:1/c"
    assert found.options["endpoint_url"] == "http://127.0.0.1:1"


def test_what_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(place.NoStack, match="run make up"):
        place.find("cobranza", "", tmp_path)
    with pytest.raises(place.NoStack, match="--stack and --region"):
        place.find("nobody", "", None)


@pytest.mark.parametrize("described", ["{", "[]", "{}"])
def test_a_description_that_is_not_whole_says_so(tmp_path: Path, described: str) -> None:
    (tmp_path / "stack.json").write_text(described)
    with pytest.raises(place.NoStack, match="not whole: run make down, then make up"):
        place.find("cobranza", "", tmp_path)


def test_a_stack_of_this_machine_that_does_not_answer_is_not_up(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(json.dumps(STACK | {"stack": "quiet"}))
    with pytest.raises(place.NoStack, match="does not answer: run make up"):
        place.find("cobranza", "", tmp_path)


@pytest.mark.parametrize(
    ("stack", "sentence"),
    [
        ("denied", "AccessDenied.* docs/deploy.md lists the rights of each command"),
        ("expired", "ExpiredToken.* sign in to AWS"),
        ("quiet", "Could not connect.* sign in to AWS"),
        ("nobody", "no stack 'nobody' here: name it by --stack and --region"),
    ],
)
@pytest.mark.parametrize("command", ["status", "doctor", "redrive files", "trace C1", "export C1 --to x.json"])
def test_whoever_may_not_ask_aws_reads_a_sentence(command: str, stack: str, sentence: str) -> None:
    result = CliRunner().invoke(app.app, ["--stack", stack, *command.split()])
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert re.search(sentence, result.output.replace("\n", " "))
