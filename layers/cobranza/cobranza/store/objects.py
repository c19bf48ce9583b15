"""S3: files in, results out, and the work between."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import ClientError

from cobranza.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Received:
    data: bytes
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """An object being read. `metadata` has the keys of x-amz-meta-, lower case; `chunks` can be taken once."""

    chunks: Iterator[bytes]
    size: int
    modified_at: datetime
    metadata: Mapping[str, str]


CHUNK = 1024 * 1024
# The tag by which the bucket's lifecycle knows what was refused, wherever it lies.
REFUSED = {"Key": "cobranza", "Value": "refused"}
_GONE = ("NoSuchKey", "NoSuchVersion", "MethodNotAllowed")


class Bucket:
    def __init__(self, s3: Any, name: str) -> None:
        self._s3 = s3
        self._name = name

    def get(self, key: str, version: str, *, limit: int) -> Received:
        """The object's bytes, never more than `limit`.

        Raises NotFound when it is gone, InvalidInput (TOO_LARGE) when it is larger.
        """
        answer = self._get(key, version)
        if answer["ContentLength"] > limit:
            answer["Body"].close()
            raise InvalidInput("TOO_LARGE", f"The file is larger than {limit // 1024**2} MB: split it")
        return Received(answer["Body"].read(), answer["LastModified"])

    def open(self, key: str, version: str = "") -> Opened:
        """The object as a stream. Raises NotFound when it is gone."""
        answer = self._get(key, version)
        chunks = answer["Body"].iter_chunks(CHUNK)
        return Opened(chunks, answer["ContentLength"], answer["LastModified"], answer["Metadata"])

    def lines(self, key: str) -> Iterator[bytes]:
        """The object's lines, one at a time."""
        return self._get(key)["Body"].iter_lines(CHUNK)

    def read(self, key: str) -> bytes:
        """An object of our own making, whole."""
        return self._get(key)["Body"].read()

    def newest(self, key: str) -> tuple[str, bytes]:
        """The version of an object of our own making, and its bytes. Raises NotFound before the first one."""
        answer = self._get(key)
        return answer["VersionId"], answer["Body"].read()

    def _get(self, key: str, version: str = "") -> dict[str, Any]:
        which = {"VersionId": version} if version else {}
        try:
            return self._s3.get_object(Bucket=self._name, Key=key, **which)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion"):
                raise NotFound("the file is gone") from error
            raise

    def put_files(self, key: str, paths: Sequence[Path], content_type: str = "application/octet-stream") -> None:
        """These files, one after the other, as one object."""
        self.put_pieces(key, chain.from_iterable(map(_pieces, paths)), content_type)

    def put_pieces(self, key: str, pieces: Iterable[bytes], content_type: str) -> None:
        """One object of any size, of which memory holds a piece at a time."""
        with tempfile.SpooledTemporaryFile(CHUNK) as whole:
            whole.writelines(pieces)
            self.put_file(key, whole, content_type)

    def put_file(self, key: str, file: IO[bytes], content_type: str) -> None:
        """A file of this machine's disk, read from its beginning as it is sent."""
        file.seek(0)
        self._s3.put_object(Bucket=self._name, Key=key, Body=file, ContentType=content_type)

    def keys(self, prefix: str) -> list[str]:
        """Of all objects whose keys begin so, in their order."""
        found: list[str] = []
        request: dict[str, Any] = {"Bucket": self._name, "Prefix": prefix}
        while True:
            page = self._s3.list_objects_v2(**request)
            found += [each["Key"] for each in page.get("Contents", [])]
            if not page.get("IsTruncated"):
                return found
            request["ContinuationToken"] = page["NextContinuationToken"]

    def erase(self, prefix: str) -> int:
        """Takes away all versions of all objects whose keys begin so, and the marks of what was deleted; how many.
        No function may."""
        request: dict[str, Any] = {"Bucket": self._name, "Prefix": prefix}
        found: list[tuple[str, str]] = []
        while True:
            page = self._s3.list_object_versions(**request)
            listed = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            found += [(each["Key"], each["VersionId"]) for each in listed]
            if not page.get("IsTruncated"):
                break
            request |= {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
        for key, version in found:
            self._s3.delete_object(Bucket=self._name, Key=key, VersionId=version)
        return len(found)

    def let_go(self, key: str, version: str = "") -> None:
        """The bucket's lifecycle ends the object, or this version of it, as it ends files that were read. Nothing
        where it is gone."""
        which = {"VersionId": version} if version else {}
        try:
            self._s3.put_object_tagging(Bucket=self._name, Key=key, Tagging={"TagSet": [REFUSED]}, **which)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise

    def delete(self, key: str) -> None:
        """Takes the object away; its versions stay. Nothing where there is none."""
        self._s3.delete_object(Bucket=self._name, Key=key)

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self._s3.put_object(Bucket=self._name, Key=key, Body=data, ContentType=content_type)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece
