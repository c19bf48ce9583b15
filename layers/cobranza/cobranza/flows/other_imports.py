"""What the other imports of a portfolio have told: newer ones, which an older file must not overwrite, and those
of the very same bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cobranza.flows.part import Newer
from cobranza.flows.read_file import Listed, Read, listed_place
from cobranza.store.imports import KEPT, Import, Imports, State
from cobranza.store.objects import Bucket


@dataclass(frozen=True, slots=True)
class OtherImports:
    imports: Imports
    work: Bucket

    def newer(self, begun: Import) -> Newer:
        """What later files have told already."""
        newer = [other for other in self._told(begun.portfolio, begun.started_at) if other.age > begun.age]
        is_whole_book = any(other.facts["is_snapshot"] for other in newer)
        return Newer([self._listed(other) for other in newer], is_whole_book)

    def outdated(self, portfolio: str, read: Read, now: datetime, *, is_snapshot: bool) -> Import | None:
        """The last import of the same bytes, where another file has told something of the same debts since."""
        told = list(self._told(portfolio, now))
        same = [other for other in told if other.facts["survey"]["digest"] == read.survey.digest]
        last = max(same, key=lambda other: other.age, default=None)
        if last is None:
            return None
        since = (other for other in told if other.as_of > last.as_of)
        return last if any(self._meets(other, read.listed, is_snapshot=is_snapshot) for other in since) else None

    def _meets(self, other: Import, listed: Listed, *, is_snapshot: bool) -> bool:
        if other.facts["is_snapshot"]:
            return True
        theirs = self._listed(other)
        return bool(theirs) if is_snapshot else any(hashed in theirs for hashed in listed)

    def _told(self, portfolio: str, now: datetime) -> Iterator[Import]:
        """The table may forget days late, the lists do not wait for it."""
        kept = (each for each in self.imports.of(portfolio) if each.started_at + KEPT > now)
        return (each for each in kept if each.state in (State.PARTS, State.DONE))

    def _listed(self, other: Import) -> Listed:
        return Listed(self.work.read(listed_place(other.portfolio, other.id)))


def read_as_of(moment: datetime) -> str:
    """The warning of a file whose bytes are outdated."""
    es = "estos mismos bytes ya llegaron y otro archivo dijo algo después: se leen con su momento de entonces"
    en = "these very bytes came before and another file has told something since: read as of then"
    return f"{es} · {en}: {moment.isoformat()}"
