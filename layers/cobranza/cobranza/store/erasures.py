"""Who was erased: of each an object in the work bucket, which no restored table forgets, and an item that keeps
files from bringing them back. Neither says more of a person than their reference."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cobranza.errors import NotFound
from cobranza.store import personal_keys
from cobranza.store.objects import Bucket
from cobranza.store.personal_keys import Somebody
from cobranza.store.table import ConditionFailed, Table, utc


@dataclass(frozen=True, slots=True)
class Erasure:
    """`at` is when it was first asked for, `portfolio` on whose behalf; `borrower` and `phones` as of Somebody."""

    borrower: str
    at: datetime
    portfolio: str
    phones: tuple[str, ...] = ()

    @property
    def who(self) -> Somebody:
        return Somebody(self.borrower, self.phones)


class Erasures:
    def __init__(self, table: Table, work: Bucket) -> None:
        self._table = table
        self._work = work

    def find(self, ref: str) -> Erasure | None:
        """As it was first asked for."""
        try:
            return _read(self._work.read(personal_keys.erasure_place(ref)))
        except NotFound:
            return None

    def remember(self, asked: Erasure) -> Erasure:
        """Both say so, the object first; the erasure as it was first asked for."""
        first = self.find(asked.borrower)
        if first is None:
            first = asked
            told = {"v": 1, "borrower": asked.borrower, "at": utc(asked.at), "portfolio": asked.portfolio}
            told |= {"phones": asked.phones} if asked.phones else {}
            place = personal_keys.erasure_place(asked.borrower)
            self._work.put(place, json.dumps(told).encode(), "application/json")
        with contextlib.suppress(ConditionFailed):
            item = personal_keys.erased(first.borrower) | {"at": utc(first.at), "portfolio": first.portfolio}
            self._table.put_new(item)
        return first

    def all(self) -> Iterator[Erasure]:
        """By the objects, in the order of references."""
        yield from (_read(self._work.read(key)) for key in self._work.keys(personal_keys.ERASURES))


def _read(data: bytes) -> Erasure:
    told = json.loads(data)
    at, phones = datetime.fromisoformat(told["at"]), tuple(told.get("phones", ()))
    return Erasure(told["borrower"], at, told["portfolio"], phones)
