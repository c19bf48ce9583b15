"""S3: files in, results out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from cobranza.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Received:
    data: bytes
    modified_at: datetime


class Bucket:
    def __init__(self, s3: Any, name: str) -> None:
        self._s3 = s3
        self._name = name

    def get(self, key: str, version: str, *, limit: int) -> Received:
        """The object's bytes, never more than `limit`.

        Raises NotFound when it is gone, InvalidInput (TOO_LARGE) when it is larger.
        """
        which = {"VersionId": version} if version else {}
        try:
            answer = self._s3.get_object(Bucket=self._name, Key=key, **which)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion"):
                raise NotFound("the file is gone") from error
            raise
        if answer["ContentLength"] > limit:
            answer["Body"].close()
            raise InvalidInput("TOO_LARGE", f"The file is larger than {limit // 1024**2} MB: split it")
        return Received(answer["Body"].read(), answer["LastModified"])

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self._s3.put_object(Bucket=self._name, Key=key, Body=data, ContentType=content_type)
