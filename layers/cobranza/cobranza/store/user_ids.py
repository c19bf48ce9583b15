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
        return sorted({phone for item in self.known(refs).values() for phone in item["phones"]})

    def known(self, refs: Iterable[str]) -> dict[str, Item]:
        """What is known of these user ids, by their references."""
        items = self._table.get_all(map(phone_keys.user_id, refs))
        return {keys.phone_of(item["pk"]): item for item in items}

    def learn(self, met: Mapping[str, Met], known: Mapping[str, Item]) -> None:
        """One that somebody else told since it was `known` stays."""
        self._table.write_all([_write(ref, each, known.get(ref)) for ref, each in met.items()])


def news(met: Mapping[str, Met], known: Mapping[str, Item]) -> dict[str, Met]:
    """What is not known yet of these user ids, or was another number before: the later one counts."""
    return {ref: each for ref, each in met.items() if _is_news(each, known.get(ref, {}))}


def _is_news(met: Met, there: Mapping[str, object]) -> bool:
    return not there or (there["phones"] != sorted(met.phones) and str(there["at"]) < utc(met.at))


def _write(ref: str, met: Met, there: Mapping[str, object] | None) -> Write:
    key, told = phone_keys.user_id(ref), {"phones": sorted(met.phones), "at": utc(met.at)}
    return Update(key, told, {"at": there["at"]}) if there else Insert(key | told)
