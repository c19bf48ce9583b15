"""S3, SQS and SNS in memory, for tests that tell a story: the calls of `store.objects`, `queues` and
`store.notices`, and what tests do beside them. test_memory_services holds each against moto."""

import io
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, cast
from uuid import uuid4

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

# How long SQS hides a message that was received, in seconds.
HIDDEN = 30


class NoSuchKey(ClientError):
    """There is no object of that key."""


class MemoryExceptions:
    NoSuchKey = NoSuchKey


@dataclass(frozen=True)
class Stored:
    """One version of an object; what was deleted is a version without data."""

    version: str
    data: bytes | None
    metadata: dict[str, str]
    modified_at: datetime
    tags: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


class MemoryS3:
    """Every bucket keeps all versions."""

    exceptions = MemoryExceptions

    def __init__(self) -> None:
        self._buckets: dict[str, defaultdict[str, list[Stored]]] = {}

    def create_bucket(self, *, Bucket: str) -> None:
        self._buckets[Bucket] = defaultdict(list)

    def put_bucket_versioning(self, **_: Any) -> None:
        pass

    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes | IO[bytes], Metadata: dict[str, str] | None = None, **_: Any
    ) -> dict[str, Any]:
        data = Body if isinstance(Body, bytes) else Body.read()
        return {"VersionId": self._add(Bucket, Key, data, Metadata or {})}

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> None:
        if not VersionId:
            self._add(Bucket, Key, None, {})
            return
        left = [each for each in self._buckets[Bucket][Key] if each.version != VersionId]
        if left:
            self._buckets[Bucket][Key] = left
        else:
            del self._buckets[Bucket][Key]

    def list_object_versions(self, *, Bucket: str, Prefix: str = "") -> dict[str, Any]:
        kept = [(key, each) for key, versions in sorted(self._buckets[Bucket].items()) for each in versions]
        listed = [(key, each) for key, each in kept if key.startswith(Prefix)]
        return {
            name: [{"Key": key, "VersionId": each.version} for key, each in listed if (each.data is None) is marks]
            for name, marks in (("Versions", False), ("DeleteMarkers", True))
        }

    def put_object_tagging(
        self, *, Bucket: str, Key: str, Tagging: dict[str, list[dict[str, str]]], VersionId: str = ""
    ) -> None:
        found, _ = self._found("PutObjectTagging", Bucket, Key, VersionId)
        found.tags[:] = Tagging["TagSet"]

    def get_object_tagging(self, *, Bucket: str, Key: str, VersionId: str = "") -> dict[str, Any]:
        found, _ = self._found("GetObjectTagging", Bucket, Key, VersionId)
        return {"TagSet": found.tags}

    def _found(self, operation: str, bucket: str, key: str, version: str) -> tuple[Stored, bytes]:
        versions = self._buckets[bucket].get(key, [])
        asked = [each for each in versions if each.version == version] if version else versions[-1:]
        if not asked or asked[0].data is None:
            raise NoSuchKey({"Error": {"Code": "NoSuchVersion" if version else "NoSuchKey"}}, operation)
        return asked[0], asked[0].data

    def get_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> dict[str, Any]:
        found, data = self._found("GetObject", Bucket, Key, VersionId)
        return {
            "Body": StreamingBody(cast(Any, io.BytesIO(data)), len(data)),
            "ContentLength": len(data),
            "LastModified": found.modified_at,
            "Metadata": found.metadata,
            "VersionId": found.version,
        }

    def list_objects_v2(self, *, Bucket: str, Prefix: str = "") -> dict[str, Any]:
        kept = ((key, versions[-1]) for key, versions in sorted(self._buckets[Bucket].items()))
        listed = [
            {"Key": key, "Size": len(newest.data), "LastModified": newest.modified_at}
            for key, newest in kept
            if key.startswith(Prefix) and newest.data is not None
        ]
        return {"KeyCount": len(listed)} | ({"Contents": listed} if listed else {})

    def _add(self, bucket: str, key: str, data: bytes | None, metadata: dict[str, str]) -> str:
        version = uuid4().hex
        now = datetime.now(UTC).replace(microsecond=0)
        self._buckets[bucket][key].append(Stored(version, data, metadata, now))
        return version


@dataclass
class Waiting:
    """A message; nobody sees it before `seen_at` on a clock of no date."""

    body: str
    seen_at: float
    handle: str
    attributes: dict[str, Any]


class MemorySqs:
    """A queue's URL and ARN end in its name; here all three are the name."""

    def __init__(self) -> None:
        self._queues: dict[str, list[Waiting]] = {}

    def create_queue(self, *, QueueName: str) -> dict[str, str]:
        self._queues[QueueName] = []
        return {"QueueUrl": QueueName}

    def send_message_batch(self, *, QueueUrl: str, Entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
        for entry in Entries:
            seen_at = time.monotonic() + entry.get("DelaySeconds", 0)
            self._queues[QueueUrl].append(
                Waiting(entry["MessageBody"], seen_at, uuid4().hex, entry.get("MessageAttributes", {}))
            )
        return {}

    def receive_message(
        self, *, QueueUrl: str, MaxNumberOfMessages: int = 1, MessageAttributeNames: Sequence[str] = ()
    ) -> dict[str, Any]:
        now = time.monotonic()
        seen = [each for each in self._queues[QueueUrl] if each.seen_at <= now][:MaxNumberOfMessages]
        for each in seen:
            each.seen_at = now + HIDDEN
        told = [
            {
                "MessageId": each.handle,
                "ReceiptHandle": each.handle,
                "Body": each.body,
            }
            | ({"MessageAttributes": each.attributes} if MessageAttributeNames and each.attributes else {})
            for each in seen
        ]
        return {"Messages": told} if told else {}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:
        self._queues[QueueUrl] = [each for each in self._queues[QueueUrl] if each.handle != ReceiptHandle]

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        (found,) = (each for each in self._queues[QueueUrl] if each.handle == ReceiptHandle)
        found.seen_at = time.monotonic() + VisibilityTimeout


@dataclass
class MemorySns:
    """Keeps what was told."""

    told: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def create_topic(self, *, Name: str) -> dict[str, str]:
        return {"TopicArn": Name}

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> None:
        self.told.append({"TopicArn": TopicArn, "Subject": Subject, "Message": Message})
