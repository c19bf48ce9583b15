"""Business-scoped user ids: whose number each stands for, kept beside the references of phones."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from cobranza.store import keys, phone_keys
from cobranza.store.table import Insert, Item, Table, Update, Write, utc


class Met(NamedTuple):
    """The references of one number's forms, and when it was seen beside the user id."""

    phones: tuple[str, ...]
    at: datetime


class UserIds:
    def __init__(self, table: Table) -> None:
        self._table = table

    def phones(self, refs: Sequence[str]) -> list[str]:
        """The references of the numbers that these user ids (by their references) stand for."""
        found = self._there(refs).values()
        return sorted({phone for item in found for phone in item["phones"]})

    def news(self, met: Mapping[str, Met]) -> dict[str, Met]:
        """What is not known yet of these user ids, or was another number before."""
        known = self._there(met)
        return {ref: each for ref, each in met.items() if _is_news(each, known.get(ref, {}))}

    def learn(self, met: Mapping[str, Met]) -> None:
        """The later number counts; one that somebody else told meanwhile stays."""
        there = self._there(met)
        self._table.write_all([_write(ref, each, there.get(ref)) for ref, each in met.items()])

    def _there(self, refs: Iterable[str]) -> dict[str, Item]:
        items = self._table.get_all(map(phone_keys.user_id, refs))
        return {keys.phone_of(item["pk"]): item for item in items}


def _is_news(met: Met, there: Mapping[str, object]) -> bool:
    return not there or (there["phones"] != sorted(met.phones) and str(there["at"]) < utc(met.at))


def _write(ref: str, met: Met, there: Mapping[str, object] | None) -> Write:
    key, told = phone_keys.user_id(ref), {"phones": sorted(met.phones), "at": utc(met.at)}
    return Update(key, told, {"at": there["at"]}) if there else Insert(key | told)
