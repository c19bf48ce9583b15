"""All that the ledger table holds of people, to be given to them or taken away.

References lead one way, from a phone or a payment to its borrower: who wants all that leads to somebody reads the
whole table once, for as many people as are asked for.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from cobranza.ledger.phone_forms import phone_variants
from cobranza.refs import References
from cobranza.store import keys, personal_keys
from cobranza.store.table import Item, Table

_ASKED = ("pk", "sk", "borrower", "borrowers", "borrower_id", "chat", "raw", "phones")
_DIGITS = re.compile(r"\d{7,15}")
# The id that travels with a message of ours names its borrower.
_OURS = re.compile(r"\b[mc]1\.([A-Z2-7]{26})\.\d{8}\b")
_WAMID = re.compile(r"wamid\.[\w+/=-]+")


@dataclass(slots=True)
class Traces:
    """What there is of one borrower. `phones` are the references of the phones and documents that were ever theirs
    and are nobody else's, and of user ids that stand for one; `items` in the order in which they may go; `shared`
    cases in which somebody else has a part."""

    borrower: str
    phones: set[str] = field(default_factory=set[str])
    items: list[Item] = field(default_factory=list[Item])
    shared: list[Item] = field(default_factory=list[Item])

    @property
    def chats(self) -> list[str]:
        """Their conversations: as a borrower, and as a number that nobody knew yet."""
        return [self.borrower, *sorted(self.phones)]

    @property
    def debts(self) -> set[str]:
        """The keys of their debts."""
        return {item["sk"].removeprefix(keys.DEBT) for item in self.items if item["sk"].startswith(keys.DEBT)}


@dataclass(slots=True)
class _Seen:
    """What the pass over the table left: keys by their owner, and what is whose by its content alone."""

    owned: dict[str, list[Item]]
    news: list[tuple[Item, frozenset[str]]] = field(default_factory=list[tuple[Item, frozenset[str]]])
    cases: list[Item] = field(default_factory=list[Item])
    user_ids: list[Item] = field(default_factory=list[Item])


class People:
    def __init__(self, table: Table, references: References) -> None:
        self._table = table
        self._references = references

    def traces(self, borrowers: Collection[str]) -> Iterator[Traces]:
        """Of each of these borrowers, in their order, also of one of whom nothing is left."""
        wanted = list(dict.fromkeys(borrowers))
        seen = self._seen(wanted)
        yield from (self._traces(borrower, seen) for borrower in wanted)

    def forget(self, traces: Traces) -> bool:
        """Takes all of it out of the table, the profile last: who dies on the way leaves what finds the rest.
        Whether nothing of the borrower was written meanwhile."""
        for case in traces.shared:
            self._leave(case, traces)
        for item in traces.items:
            self._table.delete({"pk": item["pk"], "sk": item["sk"]})
        left = self._table.query("pk = :pk", {"pk": keys.borrower_pk(traces.borrower)}, limit=1)
        return next(left, None) is None

    def _leave(self, case: Item, traces: Traces) -> None:
        """A case that is somebody else's too goes on without them."""
        borrowers = [each for each in case["borrowers"] if each != traces.borrower]
        debts = [each for each in case["debts"] if each not in traces.debts]
        key = {"pk": case["pk"], "sk": case["sk"]}
        told = {"borrowers": borrowers, "debts": debts}
        self._table.update(key, told, add={"rev": 1}, condition="attribute_exists(#pk)")

    def _seen(self, wanted: list[str]) -> _Seen:
        seen = _Seen({borrower: [] for borrower in wanted})
        for item in self._table.scan(_ASKED):
            if personal_keys.is_news(item):
                seen.news.append((item, self._named_in(item.get("raw", ""))))
            elif personal_keys.is_case(item):
                seen.cases.append(item)
            elif personal_keys.is_user_id(item):
                seen.user_ids.append(item)
            elif (owner := self._owner(item)) in seen.owned:
                seen.owned[owner].append(item)
        return seen

    def _owner(self, item: Item) -> str:
        if personal_keys.is_unmatched(item):
            return self._references.ref("borrower", item.get("borrower_id", ""))
        return personal_keys.owner_of(item)

    def _named_in(self, raw: str) -> frozenset[str]:
        """The references of all that may be a phone or a message in what Meta told, and of whom our id names."""
        ours = {*_OURS.findall(raw)}
        phones = {self._references.ref("phone", f"+{digits}") for digits in _DIGITS.findall(raw)}
        return frozenset(ours | phones | {self._references.ref("wamid", wamid) for wamid in _WAMID.findall(raw)})

    def _traces(self, borrower: str, seen: _Seen) -> Traces:
        theirs = self._partition(keys.borrower_pk(borrower))
        owned = seen.owned[borrower]
        phones = {*filter(None, map(personal_keys.phone_of, owned)), *self._phones(theirs)}
        found = Traces(borrower, {phone for phone in phones if self._is_alone(phone, borrower)})
        ids = [item for item in seen.user_ids if found.phones.intersection(item["phones"])]
        found.phones |= {keys.phone_of(item["pk"]) for item in ids}
        moved = [item for item in map(self._moved, sorted(found.phones)) if item]
        words = [item for chat in found.chats for item in self._partition(keys.chat_pk(chat))]
        names = {borrower} | found.phones | self._messages([*theirs, *words])
        news = [item for item, named in seen.news if named & names]
        cases = [case for case in seen.cases if _is_of(case, found)]
        mine = [case for case in cases if not {*case["borrowers"]} - {borrower}]
        found.shared = self._whole(case for case in cases if case not in mine)
        found.items = [
            *self._whole([*owned, *news, *mine, *ids]),
            *moved,
            *self._first_senders(words, found),
            *words,
            *theirs,
        ]
        found.items.sort(key=personal_keys.rank)
        return found

    def _is_alone(self, phone: str, borrower: str) -> bool:
        """Whether it leads to nobody else: what was said at a shared one may be another's."""
        owners = map(personal_keys.owner_of, self._partition(keys.reference_pk(phone)))
        return not {*owners} - {"", borrower}

    def _moved(self, phone: str) -> Item | None:
        """Where its owner went."""
        return next(filter(personal_keys.is_moved, self._partition(keys.reference_pk(phone))), None)

    def _partition(self, pk: str) -> list[Item]:
        return [*self._table.query("pk = :pk", {"pk": pk})]

    def _whole(self, items: Iterable[Item]) -> list[Item]:
        return self._table.get_all({"pk": item["pk"], "sk": item["sk"]} for item in items)

    def _phones(self, items: Iterable[Item]) -> Iterator[str]:
        """Of the phones that a profile or people's words tell, in each form in which WhatsApp may report them."""
        for item in items:
            told = [item.get("phone"), item.get("second_phone")]
            # A word is a moment, a text and a source.
            phones = [phone if isinstance(phone, str) else phone[1] for phone in told if phone]
            yield from (item[name] for name in ("phone_ref", "second_phone_ref") if item.get(name))
            for form in (form for phone in phones for form in phone_variants(phone)):
                yield self._references.ref("phone", f"+{form}")

    def _messages(self, items: Iterable[Item]) -> set[str]:
        """The references of their messages, and of ours to them."""
        told = (item.get("wamid") or item.get("taken", {}).get("wamid") for item in items)
        return {self._references.ref("wamid", wamid) for wamid in told if wamid}

    def _first_senders(self, words: Iterable[Item], found: Traces) -> list[Item]:
        """That they were the first to send a file."""
        files = {item["digest"] for item in words if "digest" in item}
        first = self._table.get_all({"pk": keys.receipt_pk(digest), "sk": "FIRST"} for digest in sorted(files))
        return [item for item in first if item["chat"] in found.chats]


def _is_of(case: Item, found: Traces) -> bool:
    return found.borrower in case["borrowers"] or (not case["borrowers"] and case["chat"] in found.chats)
