import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cobranza import telemetry
from cobranza.policy.portfolio import parse_portfolio
from cobranza.queues import DroppedFile
from cobranza.store import case_keys, keys
from cobranza.store.direct import direct
from cobranza.store.objects import Bucket
from tests.integration.memory import MemoryClient
from tests.integration.memory_services import MemoryS3, MemorySns, MemorySqs
from tests.integration.receiver import Receiver, Simulator, configuration, receiving, running
from tests.integration.tables import create_table
from tests.integration.world import PORTFOLIO_YAML, World


@pytest.fixture(autouse=True)
def _as_in_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # The template sets it, and Powertools reads it at import.
    monkeypatch.setattr(telemetry.metrics.provider, "namespace", "Cobranza")


@pytest.fixture(autouse=True)
def _few_shards(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all calls of a walk would ask moto for empty shards."""
    if not request.node.get_closest_marker("all_shards"):
        monkeypatch.setattr(keys, "SHARDS", 2)
        monkeypatch.setattr(keys, "BOOK_SHARDS", 2)
        monkeypatch.setattr(case_keys, "CASE_SHARDS", 2)


@pytest.fixture(scope="session")
def clients() -> dict[str, Any]:
    """Made once, because that takes longer than most tests; moto catches their calls whenever it is on."""
    with mock_aws():
        made = {name: boto3.client(name, "us-east-1") for name in ("s3", "sqs", "sns", "dynamodb")}
        direct(made["dynamodb"])
        return made


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.node.get_closest_marker("in_memory"):
        yield _made(MemoryS3(), MemorySqs(), MemorySns(), MemoryClient())
        return
    clients = request.getfixturevalue("clients")
    with mock_aws():
        yield _made(*(clients[name] for name in ("s3", "sqs", "sns", "dynamodb")))


def _made(s3: Any, sqs: Any, sns: Any, dynamodb: Any) -> World:
    """A world whose stack has just been deployed."""
    for name in ("inbox", "work"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
    for name in ("ledger", "journal"):
        create_table(dynamodb, name)
    reminders, media, replies, files = (
        sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("reminders", "media", "replies", "files")
    )
    return World(
        s3, sqs, sns, dynamodb, reminders, media, replies, files, sns.create_topic(Name="notices")["TopicArn"]
    )


@pytest.fixture
def drop(world: World) -> Callable[..., dict[str, Any]]:
    """Drops a file, imports it and returns its summary."""

    def dropped(
        key: str, text: str | bytes, metadata: dict[str, str] | None = None, **options: Any
    ) -> dict[str, Any]:
        data = text.encode() if isinstance(text, str) else text
        put = world.s3.put_object(
            Bucket="inbox",
            Key=key,
            Body=data,
            Metadata={"as-of": world.now.isoformat()} if metadata is None else metadata,
        )
        inbox, file = Bucket(world.s3, "inbox"), DroppedFile("inbox", key, put["VersionId"])
        world.importer.take(inbox, file, world.now, **options)
        world.do_files()
        listing = world.s3.list_objects_v2(Bucket="inbox", Prefix="results/")["Contents"]
        name = next(o["Key"] for o in listing if o["Key"].endswith(f"{key.split('/')[-1]}/summary.json"))
        return json.loads(world.s3.get_object(Bucket="inbox", Key=name)["Body"].read())

    return dropped


@pytest.fixture
def portfolio(world: World) -> None:
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "tienda"), world.now)


@pytest.fixture(scope="session")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def simulator(simulator_process: Simulator, receiver: Receiver) -> Simulator:
    simulator_process.post("/_sim/reset", {})
    assert simulator_process.post("/_sim/config", configuration(receiver)).status_code == 200
    return simulator_process
