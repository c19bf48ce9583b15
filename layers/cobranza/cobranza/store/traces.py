"""All that the ledger table holds of people, to be given to them or taken away.

References lead one way, from a phone or a payment to its borrower: who wants all that leads to somebody reads the
whole table once, for as many people as are asked for.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from cobranza.ledger.phone_forms import phone_variants
from cobranza.refs import References
from cobranza.store import keys, personal_keys
from cobranza.store.personal_keys import Somebody
from cobranza.store.said import standing_of
from cobranza.store.table import Item, Table, utc

_ASKED = ("pk", "sk", "borrower", "borrowers", "borrower_id", "chat", "raw", "phones")
_DIGITS = re.compile(r"\d{7,15}")
# The id that travels with a message of ours names its borrower.
_OURS = re.compile(r"\b[mc]1\.([A-Z2-7]{26})\.\d{8}\b")
_WAMID = re.compile(r"wamid\.[\w+/=-]+")


@dataclass(slots=True)
class Traces:
    """What there is of one person. `phones` are the references of the phones and documents that were ever theirs
    and are nobody else's, and of user ids that stand for one; `numbers` the forms of each phone that was told or
    used as theirs, also where somebody else has it; `items` in the order in which they may go; `shared` cases in
    which somebody else has a part."""

    who: Somebody
    phones: set[str] = field(default_factory=set[str])
    numbers: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    items: list[Item] = field(default_factory=list[Item])
    shared: list[Item] = field(default_factory=list[Item])

    @property
    def borrower(self) -> str:
        return self.who.ref

    @property
    def chats(self) -> list[str]:
        """Their conversations: as a borrower, and as a number that nobody knew yet."""
        return sorted({self.borrower, *self.phones})

    @property
    def debts(self) -> set[str]:
        """The keys of their debts."""
        return {item["sk"].removeprefix(keys.DEBT) for item in self.items if item["sk"].startswith(keys.DEBT)}

    def part_in(self, case: Item) -> Item:
        """What of a shared case is about them; whose conversation it began in, if it is another's, is not."""
        told = case | {
            "borrowers": [self.borrower],
            "debts": [each for each in case["debts"] if each in self.debts],
        }
        told["is_shared"] = True
        return told if case["chat"] in self.chats else {name: told[name] for name in told if name != "chat"}

    def is_theirs(self, word: Item) -> bool:
        """Whether it lies in a conversation of theirs, and not in that of a borrower whose number they have."""
        return word["pk"] in map(keys.chat_pk, self.chats)


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

    def traces(self, people: Collection[Somebody]) -> Iterator[Traces]:
        """Of each of them, in their order, also of one of whom nothing is left."""
        wanted = list(dict.fromkeys(people))
        seen = self._seen([who.ref for who in wanted])
        yield from (self._traces(who, seen) for who in wanted)

    def of_several(self, traces: Traces) -> set[str]:
        """The events of a borrower's conversation that lie in another's too: of several who had the phone nobody
        knows who wrote."""
        copies: list[dict[str, str]] = []
        others: dict[str, set[str]] = {}
        for word in filter(traces.is_theirs, traces.items):
            for phone in word.get("phones", ()):
                if phone not in others:
                    others[phone] = self._owners(phone) - {traces.borrower}
                copies += [{"pk": keys.chat_pk(other), "sk": word["sk"]} for other in others[phone]]
        unique = {(key["pk"], key["sk"]): key for key in copies}
        return {item["sk"] for item in self._table.get_all(unique.values(), ("sk",))}

    def forget(self, traces: Traces) -> bool:
        """Takes all of it out of the table, the profile last: who dies on the way leaves what finds the rest.
        Whether nothing of theirs was written meanwhile."""
        for case in traces.shared:
            self._leave(case, traces)
        for item in traces.items:
            self._table.delete({"pk": item["pk"], "sk": item["sk"]})
        left = (self._table.query("pk = :pk", {"pk": pk}, limit=1) for pk in traces.who.subjects)
        return next(chain.from_iterable(left), None) is None

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

    def _traces(self, who: Somebody, seen: _Seen) -> Traces:
        borrower = who.ref
        theirs = self._partition(keys.borrower_pk(borrower))
        owned = seen.owned[borrower]
        told = [*self._numbers(theirs)]
        phones = {*filter(None, map(personal_keys.phone_of, owned)), *chain.from_iterable(told)}
        found = Traces(who, {*who.phones} | {phone for phone in phones if self._is_alone(phone, borrower)})
        ids = [item for item in seen.user_ids if found.phones & {keys.phone_of(item["pk"]), *item["phones"]}]
        found.phones |= {keys.phone_of(item["pk"]) for item in ids}
        moved = [item for item in map(self._moved, sorted(found.phones)) if item]
        words = [item for chat in found.chats for item in self._partition(keys.chat_pk(chat))]
        words += self._said_at_wrong_numbers(who)
        used = {tuple(item["phones"]) for item in words if item.get("phones")}
        found.numbers = [*dict.fromkeys([*filter(None, [who.phones]), *told, *sorted(used)])]
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
        return not self._owners(phone) - {borrower}

    def _owners(self, phone: str) -> set[str]:
        """Whom it leads to."""
        return {*map(personal_keys.owner_of, self._partition(keys.reference_pk(phone)))} - {""}

    def _said_at_wrong_numbers(self, who: Somebody) -> Iterator[Item]:
        """What somebody at this number wrote since we know that it is not the borrower's whom files tell with it:
        it lies in the conversation of that borrower, and what was written before may be theirs."""
        for owner in sorted({each for phone in who.phones for each in self._owners(phone)}):
            marks = self._table.get_all([keys.said(owner)])
            denied = standing_of(marks[0]).wrong_number.since if marks else None
            since = utc(denied) if denied else "~"
            for item in self._partition(keys.chat_pk(owner)) if denied else ():
                if item["sk"] >= since and {*who.phones} & {*item.get("phones", ())}:
                    yield item

    def _moved(self, phone: str) -> Item | None:
        """Where its owner went."""
        return next(filter(personal_keys.is_moved, self._partition(keys.reference_pk(phone))), None)

    def _partition(self, pk: str) -> list[Item]:
        return [*self._table.query("pk = :pk", {"pk": pk})]

    def _whole(self, items: Iterable[Item]) -> list[Item]:
        return self._table.get_all({"pk": item["pk"], "sk": item["sk"]} for item in items)

    def _numbers(self, items: Collection[Item]) -> Iterator[tuple[str, ...]]:
        """Of the phones that a profile, people's words or messages tell: each form in which WhatsApp may report
        them, by its reference."""
        known: set[str] = set()
        for item in items:
            told = [item.get("phone"), item.get("second_phone")]
            # A word is a moment, a text and a source.
            for phone in (phone if isinstance(phone, str) else phone[1] for phone in told if phone):
                forms = tuple(self._references.ref("phone", f"+{form}") for form in phone_variants(phone))
                known |= {*forms}
                yield forms
        refs = {item.get(name, "") for item in items for name in ("phone_ref", "second_phone_ref")}
        yield from ((ref,) for ref in sorted(refs - known - {""}))

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
