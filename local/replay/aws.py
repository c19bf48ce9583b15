"""S3 and SQS in memory, as far as the layer's buckets and queues call them."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

BEFORE = datetime.min.replace(tzinfo=UTC)


class MemoryS3:
    """One version of each object. `moment` and `metadata` are those of all drops from now on."""

    def __init__(self) -> None:
        self.moment, self.metadata = BEFORE, dict[str, str]()
        self._objects: dict[tuple[str, str], tuple[bytes, datetime, dict[str, str]]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: Any, **_: Any) -> None:
        data = Body if isinstance(Body, bytes) else Body.read()
        self._objects[Bucket, Key] = data, self.moment, self.metadata

    def get_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        if (Bucket, Key) not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": Key}}, "GetObject")
        data, moment, metadata = self._objects[Bucket, Key]
        return {
            "Body": StreamingBody(BytesIO(data), len(data)),
            "ContentLength": len(data),
            "LastModified": moment,
            "Metadata": metadata,
        }

    def put_object_tagging(self, **_: Any) -> None:
        """Nothing here ends by a lifecycle."""


class MemorySqs:
    """One queue; what is delayed comes at once."""

    def __init__(self) -> None:
        self._bodies: list[str] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self._bodies += [entry["MessageBody"] for entry in Entries]
        return {}

    def take_all(self) -> list[str]:
        """The bodies that wait, each once."""
        taken, self._bodies = self._bodies, []
        return taken


class SilentSns:
    def publish(self, **_: Any) -> None:
        pass
