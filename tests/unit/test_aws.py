from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import DataNotFoundError

from cobranza.store.aws import CONFIG, client, made


class Nothing:
    """A body."""

    def stream(self, **_: Any) -> list[bytes]:
        return [b"{}"]


SERVICES = ("cloudwatch", "dynamodb", "events", "lambda", "s3", "secretsmanager", "sns", "sqs", "ssm", "sts")


@pytest.fixture(autouse=True)
def _as_in_a_function(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without a region and keys botocore would ask the network for them."""
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us-east-1")
    client.cache_clear()
    yield
    client.cache_clear()


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_is_what_boto3_would_make(service: str) -> None:
    made, plain = client(service), boto3.client(service, config=CONFIG)
    assert made.meta.service_model.api_version == plain.meta.service_model.api_version
    assert made.meta.service_model.operation_names == plain.meta.service_model.operation_names
    assert made.meta.endpoint_url == plain.meta.endpoint_url


@pytest.mark.parametrize("region", ["us-east-1", "sa-east-1", "us-gov-west-1", "cn-north-1"])
@pytest.mark.parametrize("service", ["dynamodb", "sqs"])
def test_without_rules_a_call_goes_where_they_would_send_it(service: str, region: str) -> None:
    """To the same address, signed for the same region and service."""
    sent: list[tuple[str, str]] = []

    def note(request: Any, **_: Any) -> AWSResponse:
        sent.append((request.url, request.headers["Authorization"].decode().partition(", Signature")[0]))
        body: Any = Nothing()
        return AWSResponse(request.url, 200, {}, body)

    for each in (made(service, region_name=region), boto3.client(service, region, config=CONFIG)):
        each.meta.events.register(f"before-send.{service}", note)
        each.list_tables() if service == "dynamodb" else each.list_queues()
    assert sent[0] == sent[1]


def test_an_address_that_the_environment_tells_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert client("dynamodb").meta.endpoint_url == "http://127.0.0.1:4566"


def test_a_service_that_does_not_exist_has_no_client() -> None:
    with pytest.raises(DataNotFoundError):
        client("dynamo")
