"""What Meta last said of each template, by name and language. Status, category, quality and shape move forward by
moment, each for itself: news and readings may come late, doubled and in any order."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cobranza.policy.registered import APPROVED, UTILITY, Register, Registered, Shape
from cobranza.store import keys
from cobranza.store.table import ConditionFailed, Item, Table, utc


class Templates:
    def __init__(self, table: Table) -> None:
        self._table = table

    def save(self, registered: Iterable[Registered], at: datetime) -> None:
        """All that Meta has, as it was read from `at` on. What is not among them is not there any more."""
        known = {item["sk"]: item for item in self._items()}
        for each in registered:
            key = keys.template(each.name, each.language)
            self._tell(key, _told(each), {"template_id": each.template_id}, at, known.get(key["sk"], {}))
        self._table.update(keys.SYNCED_TEMPLATES, {"told_at": _later(known.get(keys.SYNCED, {}), at)})

    def tell(self, name: str, language: str, told: Mapping[str, str], at: datetime) -> None:
        """`told` are news at `at`: status, category, quality, or some of them."""
        key = keys.template(name, language)
        self._tell(key, told, {}, at, {})  # the first try tells what is there

    def register(self, *, is_needed: bool = False) -> Register:
        items = {item["sk"]: item for item in self._items()}
        synced = items.pop(keys.SYNCED, None)
        known = [
            _registered(item) for item in items.values() if not synced or item["told_at"] >= synced["told_at"]
        ]
        return Register({(each.name, each.language): each for each in known}, synced is not None, is_needed)

    def _items(self) -> Iterable[Item]:
        return self._table.query("pk = :pk", {"pk": keys.TEMPLATES})

    def _tell(
        self, key: Mapping[str, str], told: Mapping[str, Any], beside: Mapping[str, str], at: datetime, item: Item
    ) -> None:
        """Writes what is news to `item`, and looks again where somebody else has written meanwhile."""
        name, language = key["sk"].split("#")
        while news := {field: value for field, value in told.items() if _is_news(field, value, at, item)}:
            moments = {f"{field}_at": utc(at) for field in news}
            ours = {"name": name, "language": language, "told_at": _later(item, at), "rev": item.get("rev", 0) + 1}
            seen = {"rev_seen": item["rev"]} if "rev" in item else {}
            condition = "#rev = :rev_seen" if seen else "attribute_not_exists(#rev)"
            try:
                self._table.update(key, {**beside, **news, **moments, **ours}, condition=condition, values=seen)
            except ConditionFailed as failed:
                item = failed.item
            else:
                return


def _told(each: Registered) -> Item:
    told: Item = {"status": each.status, "category": each.category, "quality": each.quality}
    if each.shape:
        shape = each.shape
        told["shape"] = {"variables": shape.variables, "header": shape.header, "buttons": shape.buttons}
    return told


def _is_news(field: str, value: object, at: datetime, item: Item) -> bool:
    """Of two words of one second the one that keeps a message back stays, so that their order does not matter."""
    if f"{field}_at" not in item:
        return True
    return (utc(at), _weight(value)) > (item[f"{field}_at"], _weight(item[field]))


def _weight(value: object) -> tuple[bool, str]:
    return value not in (APPROVED, UTILITY), str(value)


def _later(item: Item, at: datetime) -> str:
    return max(item.get("told_at", ""), utc(at))


def _registered(item: Item) -> Registered:
    shape = item.get("shape")
    return Registered(
        name=item["name"],
        language=item["language"],
        status=item.get("status", ""),
        category=item.get("category", ""),
        quality=item.get("quality", "UNKNOWN"),
        template_id=item.get("template_id", ""),
        shape=shape and Shape(tuple(shape["variables"]), shape["header"], tuple(shape["buttons"])),
    )
