"""How many people may still be written to, and how fast: counted for each number, by the hour, and by the day
while it is new. Senders add to the counters once a batch."""

from datetime import date, datetime, timedelta

from cobranza.policy.slots import ALLOWED
from cobranza.store import keys
from cobranza.store.table import Table

DAY = timedelta(hours=24)
KEPT = timedelta(days=3)


class Limits:
    """`people_a_day` is what WhatsApp lets a number write to in any 24 hours, where no item says otherwise."""

    def __init__(self, table: Table, people_a_day: int) -> None:
        self._table = table
        self._people_a_day = people_a_day

    def left(self, number: str, now: datetime) -> int:
        """How many more people the number may write to; never below 0. The hour that began the 24 counts whole."""
        items = self._table.query(
            "pk = :pk AND sk BETWEEN :since AND :tier",
            {
                "pk": keys.number_pk(number),
                "since": keys.people(number, now - DAY)["sk"],
                "tier": keys.TIER,
            },
        )
        told = {item["sk"]: item for item in items}
        tier = told.get(keys.TIER, {"people": self._people_a_day})
        reached = sum(int(item["people"]) for sk, item in told.items() if sk.startswith(keys.PEOPLE))
        return max(int(tier["people"]) - reached, 0)

    def add_people(self, number: str, now: datetime, count: int) -> None:
        expires = int((now + KEPT).timestamp())
        self._table.update(keys.people(number, now), {"expires": expires}, add={"people": count})

    def allowed(self, number: str) -> int:
        """Messages a second that Meta takes from the number."""
        item = self._table.get(keys.number_rate(number))
        return max(int(item["per_second"]), 1) if item else ALLOWED


class DueLine:
    """Whether all who were due could be looked at."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note_full(self, now: datetime) -> None:
        """More borrowers were due than the senders could look at."""
        self._table.update(keys.full_line(now), {"expires": int((now + KEPT).timestamp())})

    def full(self) -> list[datetime]:
        """The hours (UTC) of the last days in which that was so."""
        items = self._table.query(
            "pk = :pk AND begins_with(sk, :sk)", {"pk": keys.control_pk(keys.ALL), "sk": keys.LINE}
        )
        hours = (item["sk"].removeprefix(keys.LINE) for item in items)
        return [datetime.fromisoformat(f"{hour}:00+00:00") for hour in hours]


class Ramps:
    """How many people a new number wrote to on each of its first days, for whichever portfolio."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def people(self, number: str) -> dict[date, int]:
        """By local day, as long as the ramp lasted."""
        items = self._table.query(
            "pk = :pk AND begins_with(sk, :sk)", {"pk": keys.number_pk(number), "sk": keys.RAMP}
        )
        return {date.fromisoformat(item["sk"].removeprefix(keys.RAMP)): int(item["people"]) for item in items}

    def add(self, number: str, day: date, count: int) -> None:
        self._table.update(keys.ramp(number, day), add={"people": count})
