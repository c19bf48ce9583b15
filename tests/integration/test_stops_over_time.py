"""Whatever files, rows and people say in whatever order: whoever has a stopped phone, or stopped, is silent, and
nobody else is."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from tests.integration.replies import Drop, say
from tests.integration.rows import apply, book
from tests.integration.world import World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

NEVER = datetime.min.replace(tzinfo=UTC)
PHONES = ("525555550101", "525555550102", "525555550103")
NAMES = ("C1", "C2", "C3")
STEPS = 16


@dataclass
class Person:
    """Who owes, by what was told: `told` is the file's phone, `since` when files told each first, `said` the one
    that was told elsewhere, at `said_at`; `ever` are all that led to them."""

    told: str = ""
    since: dict[str, datetime] = field(default_factory=dict[str, datetime])
    said: str = ""
    said_at: datetime = NEVER
    second: str = ""
    ever: set[str] = field(default_factory=set[str])
    wrong: bool = False
    stopped: datetime = NEVER
    back: datetime = NEVER

    @property
    def first(self) -> str:
        return self.said if self.said_at >= self.since[self.told] else self.told

    @property
    def phones(self) -> set[str]:
        return {self.first, self.second}


@dataclass
class Life:
    world: World
    drop: Drop
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    stops: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def file(self, name: str, phone: str) -> None:
        at = f"{self.world.now:%H%M}"
        row = {"borrower_id": name, "debt_id": f"F-{name}", "phone": f"+{phone}", "amount": f"1{at}"}
        assert self.drop(f"debts/tienda/{at}.csv", debts(row))["refused"] == 0
        one = self.people.setdefault(name, Person())
        one.told = phone
        one.since.setdefault(phone, self.world.now)
        one.ever.add(phone)

    def row(self, name: str, action: str, phone: str = "") -> None:
        told = {"borrower_id": name, "action": action, "source": "call centre", "at": self.world.now.isoformat()}
        apply(self.world, "contacts", told | ({"phone": f"+{phone}"} if phone else {}))
        one = self.people[name]
        match action:
            case "telefono":
                one.said, one.said_at, one.wrong = phone, self.world.now, False
            case "segundo telefono":
                one.second = phone
            case "equivocado":
                one.wrong = True
            case _:
                one.back = self.world.now
        one.ever |= {phone} - {""}

    def stop(self, phone: str) -> None:
        say(self.world, "BAJA", sender=phone, wamid=f"wamid.{self.world.now}")
        having = [one for one in self.people.values() if phone in one.phones and not one.wrong]
        once = [one for one in self.people.values() if phone in one.ever]
        self.stops[phone] = self.world.now
        for one in once if not having else having if len(having) == 1 else ():
            self.stops[one.first] = one.stopped = self.world.now

    def is_silent(self, name: str) -> bool:
        one = self.people[name]
        last = max(one.stopped, *(self.stops.get(phone, NEVER) for phone in one.phones))
        return last > one.back


@pytest.mark.parametrize("seed", range(40))
def test_whoever_has_a_stopped_phone_or_stopped_is_silent_and_nobody_else_is(
    world: World, drop: Drop, seed: int
) -> None:
    chance, life = random.Random(seed), Life(world, drop)
    for _ in range(STEPS):
        world.later(minutes=1)
        name, phone = chance.choice(NAMES), chance.choice(PHONES)
        does = chance.choice(["file", "stop", "telefono", "segundo telefono", "equivocado", "alta"])
        if does == "stop":
            life.stop(phone)
        elif does == "file" or name not in life.people:
            life.file(name, phone)
        else:
            life.row(name, does, phone if "telefono" in does else "")
        silent = {each: book(world, each).borrower.opted_out_at is not None for each in life.people}
        assert silent == {each: life.is_silent(each) for each in life.people}
