"""Plans in the ledger table: that one is made for a portfolio's day, and what is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cobranza.store import keys
from cobranza.store.table import Table, utc

# How long it is known that a plan was made.
KEPT = timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Plan:
    """A portfolio's plan of a local day. `digest` is the SHA-256 of its file in hex, `outcomes` how many rows it
    has of each outcome."""

    portfolio: str
    day: date
    digest: str
    made_at: datetime
    outcomes: Mapping[str, int]


class Plans:
    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, portfolio: str, day: date) -> Plan | None:
        item = self._table.get(keys.plan(portfolio, day))
        if item is None:
            return None
        outcomes = {code: int(count) for code, count in item["outcomes"].items()}
        return Plan(portfolio, day, item["digest"], datetime.fromisoformat(item["made_at"]), outcomes)

    def save(self, plan: Plan) -> None:
        """The newest one counts."""
        self._table.update(
            keys.plan(plan.portfolio, plan.day),
            {
                "digest": plan.digest,
                "made_at": utc(plan.made_at),
                "outcomes": dict(plan.outcomes),
                "expires": int((plan.made_at + KEPT).timestamp()),
            },
        )
