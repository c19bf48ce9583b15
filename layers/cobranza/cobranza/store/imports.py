"""Imports in the ledger table: one at a time for each portfolio, with what each decided and how far it is.

All of a portfolio's imports lie beside its lease. An import outlives its workers: whoever continues it takes the
lease again. Two workers of the same import hold it together, and nothing that either does undoes the other's.
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
    """Of an import that was read: (WAITING →) PARTS → DONE."""

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
    state: State
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

    def acquire(self, portfolio: str, holder: str, now: datetime, until: datetime) -> bool:
        """Takes, or keeps, the right to write this portfolio's book; False while another import has it."""
        try:
            self._table.update(
                keys.import_lease(portfolio),
                {"holder": holder, "until": utc(until)},
                condition="attribute_not_exists(#holder) OR #holder = :holder OR #until < :now",
                values={"now": utc(now)},
            )
        except ConditionFailed:
            return False
        return True

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

    def begin(self, new: Import) -> bool:
        """Keeps what its reading decided; False where another worker read the same file and was faster."""
        item = asdict(new)
        item |= {"state": new.state.value, "as_of": utc(new.as_of), "started_at": utc(new.started_at)}
        item |= {"dropped_at": utc(new.dropped_at)}
        item |= {"facts": json.dumps(new.facts)}
        item |= {"expires": int((new.started_at + KEPT).timestamp())}
        del item["done"]
        try:
            self._table.put_new(keys.an_import(new.portfolio, new.id) | item)
        except ConditionFailed:
            return False
        return True

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
