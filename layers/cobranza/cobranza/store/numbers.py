"""What Meta tells of our sending numbers: how many people each may write to, how fast, and how it is shown."""

import contextlib
from datetime import datetime

from cobranza.store import keys
from cobranza.store.table import ConditionFailed, Table, utc


class Numbers:
    def __init__(self, table: Table) -> None:
        self._table = table

    def set_tier(self, number: str, people: int, at: datetime) -> None:
        """So many people in any 24 hours, as of `at`."""
        self._tell(keys.tier(number), "people", people, at)

    def set_allowed(self, number: str, per_second: int, at: datetime) -> None:
        """So many messages a second, as of `at`."""
        self._tell(keys.number_rate(number), "per_second", per_second, at)

    def _tell(self, key: dict[str, str], name: str, value: int, at: datetime) -> None:
        """The last moment counts; of two words of one second the smaller one, so that their order does not."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                key,
                {name: value, "told_at": utc(at)},
                condition="attribute_not_exists(#told_at) OR #told_at < :told_at OR "
                f"(#told_at = :told_at AND #{name} > :{name})",
            )

    def know(self, shown: str, number: str) -> None:
        """The number that people see in these digits has this id at Meta."""
        self._table.update(keys.shown_number(shown), {"number": number})

    def shown_as(self, shown: str) -> str:
        """Meta's id of the number that people see in these digits; empty where nobody has told."""
        item = self._table.get(keys.shown_number(shown))
        return item["number"] if item else ""
