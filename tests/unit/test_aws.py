from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import DataNotFoundError

from cobranza.store.aws import CONFIG, client

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


def test_a_service_that_does_not_exist_has_no_client() -> None:
    with pytest.raises(DataNotFoundError):
        client("dynamo")
