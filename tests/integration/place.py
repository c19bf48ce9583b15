"""Where the command finds a world instead of a stack, and how it is called."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cobranza.refs import References
from cobranza.store.objects import Bucket
from cobranza_cli import app
from cobranza_cli.place import Place
from tests.integration.partiql import PartiqlClient
from tests.integration.world import World

# The parameters of a stack that may write to everybody, and of one for tests that names one phone.
OPEN = {"Stage": "local", "TestPhones": "", "PeoplePerDay": "250"}
DEV = OPEN | {"Stage": "dev", "TestPhones": "+525555550102"}


@dataclass(frozen=True)
class WorldPlace(Place):
    """The world's tables, buckets, clock and identity key."""

    world: World

    def client(self, service: str) -> Any:
        found = getattr(self.world, service)
        return PartiqlClient(found) if service == "dynamodb" else found

    def now(self) -> datetime:
        return self.world.now

    @property
    def references(self) -> References:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.world.references


@dataclass(frozen=True)
class Telling:
    """S3, which tells ingest at once of pauses and approvals."""

    world: World

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world.s3, name)

    def put_object(self, **request: Any) -> None:
        self.world.s3.put_object(**request)
        self._tell(request["Key"])

    def delete_object(self, **request: Any) -> None:
        self.world.s3.delete_object(**request)
        self._tell(request["Key"])

    def _tell(self, key: str) -> None:
        desk = {"control": self.world.control, "results": self.world.approvals}.get(key.partition("/")[0])
        if desk:
            desk.take(Bucket(self.world.s3, "inbox"), key, self.world.now)


@dataclass(frozen=True)
class PlaceWithFunctions(WorldPlace):
    """With `functions` in the place of Lambda."""

    functions: Any

    def client(self, service: str) -> Any:
        return self.functions if service == "lambda" else WorldPlace.client(self, service)


def stand(world: World, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The command finds this world, with all that it may ask for."""
    names = {"Ledger": "ledger", "Journal": "journal", "Work": "work", "Receipts": "receipts", "Inbox": "inbox"}
    stack = WorldPlace(OPEN | names | {"CountriesOn": "MX,"}, {}, world)
    monkeypatch.setattr(app.Where, "place", lambda _: stack)
    return stack


def cobranza(*words: str) -> Result:
    return CliRunner().invoke(app.app, words)
