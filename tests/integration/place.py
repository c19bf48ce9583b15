"""Where the command finds a world instead of a stack."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cobranza.refs import References
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
