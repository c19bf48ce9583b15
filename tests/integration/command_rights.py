"""What commands ask of AWS, and the rights that docs/deploy.md says they need for it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.template import ROOT, source

READS = frozenset({"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"})
# Of those that are not called as the call is.
_RIGHTS = {"list_objects_v2": "ListBucket"}
_PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


@dataclass
class Asked:
    """Rights; which tables were read, of which secrets the value, and which objects were asked for, by right."""

    rights: set[str] = field(default_factory=set[str])
    tables: set[str] = field(default_factory=set[str])
    secrets: set[str] = field(default_factory=set[str])
    objects: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def note(self, service: str, call: str, request: dict[str, Any]) -> None:
        right = f"{service}:{_RIGHTS.get(call) or ''.join(map(str.title, call.split('_')))}"
        self.rights.add(right)
        if right in READS:
            self.tables |= {request["TableName"]} if "TableName" in request else set(request["RequestItems"])
        if "SecretId" in request:
            self.secrets.add(request["SecretId"].lower())
        if "Key" in request and service == "s3":
            self.objects.add((right, request["Key"]))


@dataclass(frozen=True)
class Noting:
    """A client that notes what is asked of it."""

    service: str
    client: Any
    asked: Asked

    def get_paginator(self, call: str) -> Any:
        self.asked.note(self.service, call, {})
        return self.client.get_paginator(call)

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self.client, name)
        if not callable(operation) or isinstance(operation, type):
            return operation

        def noted(**request: Any) -> Any:
            self.asked.note(self.service, name, request)
            try:
                return operation(**request)
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    # Who may not list is told that it is forbidden, not that it is not there.
                    self.asked.note("s3", "list_objects_v2", {})
                raise

        return noted


@dataclass(frozen=True)
class Row:
    """One row of the page's table: which commands need what."""

    commands: frozenset[str]
    text: str

    @property
    def rights(self) -> set[str]:
        """All but reads of a table. One without a service is of the service before it."""
        found: set[str] = set()
        service = ""
        for word in re.findall(r"`([^`]+)`", self.text):
            if named := re.fullmatch(r"(\w+):(\w+)", word):
                service = named[1]
                found.add(word)
            elif re.fullmatch(r"[A-Z][A-Za-z]+", word) and word not in source()["Outputs"]:
                found.add(f"{service}:{word}")
        return found

    @property
    def tables(self) -> set[str]:
        return {
            table
            for names in re.findall(r"read of (the \w+(?: and the \w+)?)", self.text)
            for table in _words(names)
        }

    @property
    def secrets(self) -> set[str]:
        if "the four secrets" in self.text:
            return {"provider", "webhook", "identity", "gateway"}
        return set(re.findall(r"the (\w+) secret\b", self.text))

    def names(self, key: str) -> bool:
        """Whether the key of an object is in one of the places that the row names."""
        return any(fnmatchcase(key, place) for place in re.findall(r"`([^`]+/\*)`", self.text))


def rows() -> list[Row]:
    table = _PAGE.partition("| command | rights |")[2].partition("\n\n")[0]
    lines = (re.fullmatch(r"\| (.+?) \| (.+) \|", line) for line in table.splitlines()[2:])
    return [Row(frozenset(re.findall(r"`(\w+)`", line[1])), line[2]) for line in lines if line]


def row_of(command: str) -> Row:
    (found,) = (row for row in rows() if command in row.commands)
    return found


def listed() -> Iterable[str]:
    return [command for row in rows() for command in row.commands]


def _words(names: str) -> list[str]:
    return [word for word in names.split() if word not in ("the", "and")]
