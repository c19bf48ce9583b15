"""What is kept of a phone by its reference: who stands behind it, who asked us to stop, where its owner went."""

import contextlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from cobranza.store import keys, phone_keys
from cobranza.store.table import ConditionFailed, Table


class Moved(NamedTuple):
    """A phone's owner has `phone` (E.164) since."""

    phone: str
    at: datetime


class Phones:
    def __init__(self, table: Table) -> None:
        self._table = table

    def lead_to(self, ref: str, borrower: str) -> None:
        """The phone leads to the borrower from now on."""
        with contextlib.suppress(ConditionFailed):
            self._table.put_new(keys.reference(ref, borrower))

    def stopped(self, refs: Iterable[str]) -> dict[str, datetime]:
        """Of these phones, or user ids, those whose owner asked us to stop, and since when."""
        found = self._table.get_all([keys.stop(ref) for ref in dict.fromkeys(refs)])
        return {keys.phone_of(item["pk"]): datetime.fromisoformat(item["at"]) for item in found}

    def move(self, refs: Iterable[str], to: Moved) -> None:
        """The owner of these phones has another one; the last moment counts."""
        for ref in refs:
            with contextlib.suppress(ConditionFailed):
                self._table.update(
                    phone_keys.moved(ref),
                    {"phone": to.phone, "at": to.at.astimezone(UTC)},
                    condition="attribute_not_exists(#at) OR #at < :at",
                )

    def moved(self, refs: Sequence[str]) -> Moved | None:
        """Where the owner of this phone, by the references of its forms, went last."""
        found = self._table.get_all([phone_keys.moved(ref) for ref in refs])
        gone = (Moved(item["phone"], datetime.fromisoformat(item["at"])) for item in found)
        return max(gone, key=lambda one: one.at, default=None)
