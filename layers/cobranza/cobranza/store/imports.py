"""Imports in the ledger table: one at a time for each portfolio, with what each decided and how far it is.

All of a portfolio's imports lie beside its lease. An import outlives its workers: whoever continues it takes the
lease again, and the fence tells apart who held it before.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cobranza.store import keys
from cobranza.store.table import ConditionFailed, Item, Table, utc

# How long an import is known: as long as an older file may still come late.
KEPT = timedelta(days=40)


class State(StrEnum):
    """Of an import: READING → (WAITING →) PARTS → DONE."""

    READING = "READING"
    WAITING = "WAITING"  # for a person to confirm
    PARTS = "PARTS"
    DONE = "DONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One dropped file. `parts` is how many there are, `done` which of them are; `facts` what the reading decided,
    as plain values."""

    id: str
    portfolio: str
    kind: str
    key: str
    version: str
    as_of: datetime
    dropped_at: datetime
    started_at: datetime
    state: State = State.READING
    parts: int = 0
    done: frozenset[int] = frozenset()
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def age(self) -> tuple[datetime, datetime]:
        """Orders what imports tell: of two the later as-of is the news, then the later drop. S3 tells whole
        seconds; of two of the same second the one that is taken later."""
        return self.as_of, self.dropped_at

    @property
    def is_whole(self) -> bool:
        return len(self.done) == self.parts


class Imports:
    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(self, portfolio: str, holder: str, now: datetime, until: datetime) -> int | None:
        """Takes, or keeps, the right to write this portfolio's book: the fence, or None while another has it.

        The fence grows whenever the holder changes."""
        key = keys.import_lease(portfolio)
        try:
            item = self._table.update(
                key, {"until": utc(until)}, condition="#holder = :holder", values={"holder": holder}
            )
        except ConditionFailed:
            try:
                item = self._table.update(
                    key,
                    {"holder": holder, "until": utc(until)},
                    add={"fence": 1},
                    condition="attribute_not_exists(#holder) OR #until < :now",
                    values={"now": utc(now)},
                )
            except ConditionFailed:
                return None
        return int(item["fence"])

    def release(self, portfolio: str, holder: str) -> None:
        """Nothing when somebody else has it."""
        try:
            self._table.update(
                keys.import_lease(portfolio),
                remove=("holder", "until"),
                condition="#holder = :holder",
                values={"holder": holder},
            )
        except ConditionFailed:
            return

    def save(self, new: Import) -> None:
        """Begins it, or begins it anew: its reading is repeated from the start."""
        item = asdict(new)
        item |= {"state": new.state.value, "as_of": utc(new.as_of), "started_at": utc(new.started_at)}
        item |= {"dropped_at": utc(new.dropped_at)}
        item |= {"facts": json.dumps(new.facts)}
        item |= {"expires": int((new.started_at + KEPT).timestamp())}
        del item["done"]
        self._table.put(keys.an_import(new.portfolio, new.id) | item)

    def find(self, portfolio: str, import_id: str) -> Import | None:
        item = self._table.get(keys.an_import(portfolio, import_id))
        return _import(item) if item else None

    def change(self, portfolio: str, import_id: str, to: State, *allowed: State) -> bool:
        """Moves it from one of the `allowed` states; False when it is in none of them."""
        condition = " OR ".join(f"#state = :from{i}" for i in range(len(allowed)))
        try:
            self._table.update(
                keys.an_import(portfolio, import_id),
                {"state": to.value},
                condition=condition,
                values={f"from{i}": state.value for i, state in enumerate(allowed)},
            )
        except ConditionFailed:
            return False
        return True

    def finish_part(self, portfolio: str, import_id: str, part: int) -> Import:
        """Notes that a part is done, and returns the import as it is then. Parts are a set: twice is once."""
        return _import(self._table.add_to_set(keys.an_import(portfolio, import_id), "parts_done", part))

    def of(self, portfolio: str) -> Iterator[Import]:
        """All imports that are still known, in no order."""
        items = self._table.query(
            "pk = :pk AND begins_with(sk, :sk)", {"pk": keys.portfolio_pk(portfolio), "sk": keys.IMPORT}
        )
        return map(_import, items)


def _import(item: Item) -> Import:
    return Import(
        id=item["id"],
        portfolio=item["portfolio"],
        kind=item["kind"],
        key=item["key"],
        version=item["version"],
        as_of=datetime.fromisoformat(item["as_of"]),
        dropped_at=datetime.fromisoformat(item["dropped_at"]),
        started_at=datetime.fromisoformat(item["started_at"]),
        state=State(item["state"]),
        parts=int(item["parts"]),
        done=frozenset(map(int, item.get("parts_done", ()))),
        facts=json.loads(item["facts"]),
    )
