"""A DynamoDB table in memory, with the interface of `store.table.Table`: its conditions are really evaluated."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import islice
from operator import eq as equal
from operator import ge, gt, itemgetter, le, lt
from typing import Any

from cobranza.store.table import Bundle, ConditionFailed, Insert, Item, Table, Update, Write

# Partition keys of the table and of its indexes, and what each of them sorts by.
_SORTED_BY = {"pk": "sk", "due_shard": "due_at", "book": "pk", "noted_on": "noted_at"}
_TOKEN = re.compile(r"[#:]?\w+|<=|>=|<>|[<>=(),]")
_COMPARES: dict[str, Callable[[Any, Any], bool]] = {"=": equal, "<": lt, "<=": le, ">": gt, ">=": ge}

type Key = tuple[str, str]
type Test = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


class MemoryTable(Table):
    """What it gives back is as DynamoDB would: numbers are Decimal, moments ISO 8601, tuples lists. Every read is
    consistent."""

    def __init__(self) -> None:
        self._items: dict[Key, Item] = {}
        self._partitions: defaultdict[tuple[str, Any], dict[Key, Item]] = defaultdict(dict)
        self._expiring: set[Key] = set()

    def items(self) -> Iterator[Item]:
        return iter(self._items.values())

    def expire(self, now: datetime) -> None:
        """Time to live: what has expired is gone."""
        for key in [key for key in self._expiring if self._items[key]["expires"] <= now.timestamp()]:
            self._take_out(key)

    def get(self, key: Mapping[str, str]) -> Item | None:
        item = self._items.get(_key(key))
        return dict(item) if item else None

    def put_new(self, item: Mapping[str, Any]) -> None:
        if there := self._items.get(_key(item)):
            raise ConditionFailed(dict(there))
        self.put(item)

    def put(self, item: Mapping[str, Any]) -> None:
        self._store({name: _stored(value) for name, value in item.items()})

    def update(
        self,
        key: Mapping[str, str],
        set_: Mapping[str, Any] | None = None,
        *,
        first: Mapping[str, Any] | None = None,
        add: Mapping[str, int] | None = None,
        remove: tuple[str, ...] = (),
        condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> Item:
        there = self._items.get(_key(key), {})
        told = {**(set_ or {}), **(first or {}), **(add or {}), **(values or {})}
        named = {name: _stored(value) for name, value in told.items()}
        if condition and not _test(condition)(there, named):
            raise ConditionFailed(dict(there))
        item = {**dict(key), **there}
        item |= {name: named[name] for name in set_ or {}}
        item |= {name: named[name] for name in first or {} if name not in there}
        item |= {name: there.get(name, Decimal(0)) + named[name] for name in add or {}}
        item = {name: value for name, value in item.items() if name not in remove}
        self._store(item)
        return dict(item)

    def add_to_set(self, key: Mapping[str, str], attribute: str, number: int) -> Item:
        there = self._items.get(_key(key))
        if there is None:
            raise ConditionFailed({})
        self._store({**there, attribute: {*there.get(attribute, ()), Decimal(number)}})
        return dict(self._items[_key(key)])

    def delete(self, key: Mapping[str, str]) -> None:
        if _key(key) in self._items:
            self._take_out(_key(key))

    def scan(self, attributes: Sequence[str]) -> Iterator[Item]:
        for item in list(self._items.values()):
            yield {name: value for name, value in item.items() if name in attributes}

    def write_all(self, writes: Sequence[Write]) -> list[bool]:
        return [self._insert(write) if isinstance(write, Insert) else self._change(write) for write in writes]

    def write_beside(self, others: Iterable[Bundle], writes: Sequence[Write]) -> list[bool]:
        for bundle in others:
            bundle.table.write_all(bundle.writes)
        return self.write_all(writes)

    def get_all(
        self, keys: Iterable[Mapping[str, str]], attributes: Sequence[str] = (), *, consistent: bool = True
    ) -> list[Item]:
        found = [item for key in keys if (item := self.get(key))]
        return [{n: v for n, v in item.items() if n in attributes} for item in found] if attributes else found

    def query(
        self,
        expression: str,
        values: Mapping[str, Any],
        *,
        index: str = "",
        limit: int = 0,
        where: str = "",
        among: Mapping[str, Any] | None = None,
        backwards: bool = False,
        consistent: bool = True,
    ) -> Iterator[Item]:
        told = {name: _stored(value) for name, value in {**values, **(among or {})}.items()}
        expression = f"{expression} AND {where}" if where else expression
        partition, _, value = expression.split()[:3]
        test = _test(expression)
        items = self._partitions.get((partition, told[value.removeprefix(":")]), {}).values()
        wanted = (item for item in items if test(item, told))
        found = sorted(wanted, key=itemgetter(_SORTED_BY[partition]), reverse=backwards)
        return (dict(item) for item in islice(found, limit or None))

    def _insert(self, write: Insert) -> bool:
        if _key(write.item) in self._items:
            return False
        self.put(write.item)
        return True

    def _change(self, write: Update) -> bool:
        there = self._items.get(_key(write.key))
        seen = {name: _stored(value) for name, value in write.seen.items()}
        if there is None or any(there.get(name) != value for name, value in seen.items()):
            return False
        if any(name in there for name in write.absent):
            return False
        self.update(write.key, write.set_, remove=tuple(write.remove))
        return True

    def _store(self, item: Item) -> None:
        key = _key(item)
        if key in self._items:
            self._take_out(key)
        self._items[key] = item
        for name, order in _SORTED_BY.items():
            if name in item and order in item:
                self._partitions[name, item[name]][key] = item
        if "expires" in item:
            self._expiring.add(key)

    def _take_out(self, key: Key) -> None:
        item = self._items.pop(key)
        for name in _SORTED_BY:
            if name in item:
                self._partitions[name, item[name]].pop(key, None)
        self._expiring.discard(key)


def _key(item: Mapping[str, Any]) -> Key:
    return item["pk"], item["sk"]


def _stored(value: Any) -> Any:
    if isinstance(value, bool | Decimal | set) or value is None:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _stored(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_stored(inner) for inner in value]
    raise TypeError(f"DynamoDB takes no {type(value).__name__}")


@cache
def _test(expression: str) -> Test:
    """A condition, or a key condition, as a function of an item and the named values."""
    tokens = _TOKEN.findall(expression)
    test = _either(tokens)
    if tokens:
        raise ValueError(f"cannot be read as a condition: {expression}")
    return test


def _either(tokens: list[str]) -> Test:
    tests = [_both(tokens)]
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        tests.append(_both(tokens))
    return tests[0] if len(tests) == 1 else lambda item, values: any(test(item, values) for test in tests)


def _both(tokens: list[str]) -> Test:
    tests = [_one(tokens)]
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        tests.append(_one(tokens))
    return tests[0] if len(tests) == 1 else lambda item, values: all(test(item, values) for test in tests)


def _one(tokens: list[str]) -> Test:
    match tokens:
        case ["(", *_]:
            tokens.pop(0)
            test = _either(tokens)
            tokens.pop(0)
            return test
        case ["attribute_exists", "(", attribute, ")", *rest]:
            tokens[:], name = rest, _name(attribute)
            return lambda item, _: name in item
        case ["attribute_not_exists", "(", attribute, ")", *rest]:
            tokens[:], name = rest, _name(attribute)
            return lambda item, _: name not in item
        case ["begins_with", "(", attribute, ",", value, ")", *rest]:
            tokens[:], name, told = rest, _name(attribute), _name(value)
            return lambda item, values: item.get(name, "").startswith(values[told])
        case [attribute, "BETWEEN", low, "AND", high, *rest]:
            tokens[:], name, least, most = rest, _name(attribute), _name(low), _name(high)
            return lambda item, values: name in item and values[least] <= item[name] <= values[most]
        case [attribute, sign, value, *rest] if sign in _COMPARES:
            tokens[:], name, told, compares = rest, _name(attribute), _name(value), _COMPARES[sign]
            return lambda item, values: name in item and compares(item[name], values[told])
        case _:
            raise ValueError(f"cannot be read as a condition: {' '.join(tokens)}")


def _name(token: str) -> str:
    return token.lstrip("#:")
