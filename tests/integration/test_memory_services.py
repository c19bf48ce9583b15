"""Buckets, queues and topics in memory do what S3, SQS and SNS do: each test runs on both."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cobranza.store.objects import REFUSED, Bucket
from tests.integration.memory_services import MemoryS3, MemorySns, MemorySqs


@pytest.fixture(params=["memory", "moto"])
def s3(request: pytest.FixtureRequest, clients: dict[str, Any]) -> Iterator[Any]:
    with mock_aws():
        s3 = MemoryS3() if request.param == "memory" else clients["s3"]
        s3.create_bucket(Bucket="inbox")
        s3.put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
        yield s3


@pytest.fixture(params=["memory", "moto"])
def sqs(request: pytest.FixtureRequest, clients: dict[str, Any]) -> Iterator[Any]:
    with mock_aws():
        yield MemorySqs() if request.param == "memory" else clients["sqs"]


@pytest.fixture
def url(sqs: Any) -> str:
    return sqs.create_queue(QueueName="reminders")["QueueUrl"]


def put(s3: Any, key: str, data: bytes = b"x", **told: Any) -> str:
    return s3.put_object(Bucket="inbox", Key=key, Body=data, **told)["VersionId"]


def queue(sqs: Any, url: str, *bodies: str, **told: Any) -> None:
    entries = [{"Id": str(number), "MessageBody": body, **told} for number, body in enumerate(bodies)]
    assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")


def received(sqs: Any, url: str) -> list[dict[str, Any]]:
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])


def test_an_object_comes_back_with_what_was_told_of_it(s3: Any) -> None:
    version = put(s3, "a", b"one\ntwo\n", Metadata={"as-of": "2026-11-24"}, ContentType="text/plain")
    answer = s3.get_object(Bucket="inbox", Key="a")
    assert (answer["ContentLength"], answer["VersionId"]) == (8, version)
    assert answer["Metadata"] == {"as-of": "2026-11-24"}
    assert timedelta(0) <= datetime.now(UTC) - answer["LastModified"] < timedelta(minutes=1)
    assert answer["LastModified"].microsecond == 0
    assert list(answer["Body"].iter_lines()) == [b"one", b"two"]


def test_every_version_of_what_is_erased_goes_and_nothing_beside_it(s3: Any) -> None:
    for key in ("a/1", "a/1", "a/2", "ab/1"):
        put(s3, key)
    s3.delete_object(Bucket="inbox", Key="a/2")
    bucket = Bucket(s3, "inbox")
    assert bucket.keys("a/") == ["a/1"]
    assert bucket.erase("a/") == 4  # with the mark of what was deleted
    assert bucket.erase("a/") == 0
    left = s3.list_object_versions(Bucket="inbox")
    assert [each["Key"] for each in left["Versions"]] == ["ab/1"]
    assert not left.get("DeleteMarkers")
    with pytest.raises(ClientError):
        s3.get_object(Bucket="inbox", Key="a/1")


def test_a_body_may_be_a_file_and_is_read_in_pieces(s3: Any) -> None:
    put(s3, "a", io.BytesIO(b"abcdef"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert list(s3.get_object(Bucket="inbox", Key="a")["Body"].iter_chunks(4)) == [b"abcd", b"ef"]


def test_each_version_stays_and_the_newest_is_shown(s3: Any) -> None:
    first = put(s3, "a", b"1")
    put(s3, "a", b"2")
    assert s3.get_object(Bucket="inbox", Key="a")["Body"].read() == b"2"
    s3.delete_object(Bucket="inbox", Key="a")
    assert s3.get_object(Bucket="inbox", Key="a", VersionId=first)["Body"].read() == b"1"


def test_a_tag_is_of_one_version_and_of_the_newest_where_none_is_told(s3: Any) -> None:
    first, bucket = put(s3, "a"), Bucket(s3, "inbox")
    second = put(s3, "a")
    bucket.let_go("a", first)
    assert s3.get_object_tagging(Bucket="inbox", Key="a", VersionId=first)["TagSet"] == [REFUSED]
    assert s3.get_object_tagging(Bucket="inbox", Key="a")["TagSet"] == []
    bucket.let_go("a")
    assert s3.get_object_tagging(Bucket="inbox", Key="a", VersionId=second)["TagSet"] == [REFUSED]


def test_what_is_gone_needs_no_tag(s3: Any) -> None:
    put(s3, "a")
    s3.delete_object(Bucket="inbox", Key="a")
    for key in ("a", "never"):
        Bucket(s3, "inbox").let_go(key)
    Bucket(s3, "inbox").let_go("a", "00000000-0000-0000-0000-000000000000")


def test_what_is_not_there_is_refused_by_its_name(s3: Any) -> None:
    put(s3, "a")
    s3.delete_object(Bucket="inbox", Key="a")
    s3.delete_object(Bucket="inbox", Key="never")
    for key in ("a", "never"):
        with pytest.raises(s3.exceptions.NoSuchKey) as missing:
            s3.get_object(Bucket="inbox", Key=key)
        assert missing.value.response["Error"]["Code"] == "NoSuchKey"
    with pytest.raises(ClientError, check=lambda error: error.response["Error"]["Code"] == "NoSuchVersion"):
        s3.get_object(Bucket="inbox", Key="a", VersionId="00000000-0000-0000-0000-000000000000")


def test_a_list_has_what_is_there_in_the_order_of_keys(s3: Any) -> None:
    assert "Contents" not in s3.list_objects_v2(Bucket="inbox")
    for key in ("b/2", "a", "b/1", "b/3"):
        put(s3, key, b"xyz")
    s3.delete_object(Bucket="inbox", Key="b/3")
    listed = s3.list_objects_v2(Bucket="inbox", Prefix="b/")
    assert listed["KeyCount"] == 2
    assert [(each["Key"], each["Size"]) for each in listed["Contents"]] == [("b/1", 3), ("b/2", 3)]


def test_a_message_is_hidden_when_it_was_received_and_gone_when_it_is_deleted(sqs: Any, url: str) -> None:
    queue(sqs, url, "one", "two")
    first, second = received(sqs, url)
    assert [first["Body"], second["Body"]] == ["one", "two"]
    assert received(sqs, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = received(sqs, url)
    assert (again["Body"], again["MessageId"]) == ("two", second["MessageId"])


def test_one_message_at_a_time_unless_more_are_asked_for(sqs: Any, url: str) -> None:
    queue(sqs, url, *"abc")
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 2


def test_a_delayed_message_is_not_seen_yet(sqs: Any, url: str) -> None:
    queue(sqs, url, "later", DelaySeconds=60)
    queue(sqs, url, "now")
    assert [message["Body"] for message in received(sqs, url)] == ["now"]


@mock_aws
def test_a_topic_tells_what_was_published(clients: dict[str, Any]) -> None:
    sns, sqs, memory = clients["sns"], clients["sqs"], MemorySns()
    url = sqs.create_queue(QueueName="ops")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topics = [each.create_topic(Name="notices")["TopicArn"] for each in (sns, memory)]
    sns.subscribe(TopicArn=topics[0], Protocol="sqs", Endpoint=arn)
    for each, topic in zip((sns, memory), topics, strict=True):
        each.publish(TopicArn=topic, Subject="DONE: debts", Message='{"v": 1}')
    (heard,) = (json.loads(message["Body"]) for message in received(sqs, url))
    assert memory.told == [{"TopicArn": topics[1], "Subject": heard["Subject"], "Message": heard["Message"]}]
