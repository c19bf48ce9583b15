"""The journal table: what happened, append-only. Roles may put what is not there, and nothing else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cobranza.store.table import ConditionFailed, Table


class Journal:
    def __init__(self, table: Table) -> None:
        self._table = table

    def append(
        self, subject: str, at: datetime, event: str, identity: str, facts: Mapping[str, Any] | None = None
    ) -> bool:
        """Writes one event of a subject (a borrower's key, a portfolio), once: `identity` makes a replay the same
        key. No personal data. False if it was there."""
        item = {"pk": subject, "sk": f"{event}#{identity}", "event": event, "at": at, **(facts or {})}
        try:
            self._table.put_new(item)
        except ConditionFailed:
            return False
        return True
