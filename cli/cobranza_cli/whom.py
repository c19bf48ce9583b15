"""Who is meant by what an operator types: a borrower's number or reference, a phone, a document's number, a
debt's, or a name."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import batched, chain, groupby

from rich.console import Console
from rich.progress import Progress

from cobranza.errors import InvalidInput
from cobranza.flows.callers import Callers, who_has
from cobranza.store import keys
from cobranza.store.book import Book
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.personal_keys import Somebody
from cobranza_cli.place import Place

# Names are in no key and no index: so many borrowers are read for one, a hundred a call.
MOST = 100_000
CHUNK = 100
_REFERENCE = re.compile(r"[A-Z2-7]{26}")
_PHONE = re.compile(r"\+[0-9 ().-]{7,}")


@dataclass(frozen=True, slots=True)
class Someone:
    """`has_profile`: a borrower whom we know; of anybody else the journal alone is left, or what they wrote, and
    `borrower_id` is what was typed."""

    who: Somebody
    borrower_id: str
    name: str
    has_profile: bool = True

    @property
    def ref(self) -> str:
        return self.who.ref


@dataclass(frozen=True, slots=True)
class Found:
    """`is_cut`: the book is larger than MOST borrowers, and the rest was not read."""

    people: list[Someone]
    is_cut: bool = False


def meant(place: Place, wanted: str) -> Somebody:
    """By the creditor's own number of a borrower, by a reference, as logs and events have it, or by a phone with
    its plus that no borrower has. Raises InvalidInput for one that a borrower has."""
    wanted = wanted.strip()
    borrower = Somebody(_reference(place, wanted))
    if _has_items(place, borrower) or _has_lines(place, borrower):
        return borrower
    if forms := _forms(place, wanted):
        return _at(place, forms)
    return (_stranger(place, wanted) if _REFERENCE.fullmatch(wanted) else None) or borrower


def _stranger(place: Place, ref: str) -> Somebody | None:
    """Who wrote from a number, or by a user id, that nobody knew then."""
    words = [*place.ledger.query("pk = :pk", {"pk": keys.chat_pk(ref)})]
    who = Somebody.at({ref, *(phone for word in words for phone in word.get("phones", ()))})
    return who if words or _has_lines(place, who) else None


def _at(place: Place, forms: list[str]) -> Somebody:
    """Whoever has the number with these forms, if it is no borrower."""
    ledger = Ledger(place.ledger)
    if there := [each.ref for each in who_has(ledger, forms)]:
        names = ", ".join(sorted(ledger.borrower_ids(there).values()))
        raise InvalidInput("PHONE_OF_BORROWER", f"a borrower has this phone: give the number {names}")
    return Somebody.at(forms)


def _reference(place: Place, wanted: str) -> str:
    """Of the creditor's own number of a borrower, or the reference itself."""
    return wanted if _REFERENCE.fullmatch(wanted) else place.references.ref("borrower", wanted)


def _has_items(place: Place, who: Somebody) -> bool:
    return any(place.ledger.query("pk = :pk", {"pk": keys.borrower_pk(who.ref)}, limit=1))


def _has_lines(place: Place, who: Somebody) -> bool:
    return any(chain.from_iterable(map(Journal(place.journal).of, who.subjects)))


def _forms(place: Place, wanted: str) -> list[str]:
    """The references of a phone's forms; none of what is no phone."""
    digits = "".join(filter(str.isdigit, wanted)) if _PHONE.fullmatch(wanted) else ""
    return Callers(Ledger(place.ledger), place.references).phones(digits) if digits else []


def find(place: Place, wanted: str, portfolio: str, console: Console, *, closed: bool = False) -> Found:
    """Whose number it is, or reference, phone or identity document, also of whom the journal alone is left; else,
    in the open books, whose debt's number, or whose name has all these words. `closed`: in the end, whose debt's
    number it ever was, for which the whole ledger is read."""
    wanted = wanted.strip()
    people = [*_profiles(place, _named(place, wanted))] or [*_without_profile(place, wanted)]
    found = Found(people) if people else _in_books(place, wanted, portfolio, console)
    if closed and not found.people:
        return Found([*_profiles(place, sorted(Book(place.ledger).ever_owed(wanted, portfolio)))])
    return found


def _named(place: Place, wanted: str) -> list[str]:
    """The references of the borrowers whom this may name, other than by a debt or a name."""
    ledger, references = Ledger(place.ledger), place.references
    told = [*_forms(place, wanted), references.document(wanted)]
    behind = (borrower for each in told for borrower in ledger.borrowers_behind(each))
    return [*dict.fromkeys([_reference(place, wanted), *behind])]


def _without_profile(place: Place, wanted: str) -> Iterator[Someone]:
    """Who was erased, or wrote and is no borrower."""
    who = meant(place, wanted)
    if _has_lines(place, who):
        yield Someone(who, wanted, "", has_profile=False)


def _in_books(place: Place, wanted: str, portfolio: str, console: Console) -> Found:
    ledger = Ledger(place.ledger)
    names = [portfolio] if portfolio else [each.id for each in ledger.portfolios()]
    words, read = _words(wanted), 0
    owners: list[Someone] = []
    namesakes: list[Someone] = []
    for some in batched(_watched(place, names, console), CHUNK, strict=False):
        read += len(some)
        holders = {borrower for borrower, debts in some if wanted in debts}
        for person in _profiles(place, [borrower for borrower, _ in some]):
            if person.ref in holders:
                owners.append(person)
            if words <= _words(person.name):
                namesakes.append(person)
        if read >= MOST:
            break
    return Found(list(dict.fromkeys(owners or namesakes)), is_cut=read >= MOST)


def _watched(place: Place, portfolios: Iterable[str], console: Console) -> Iterator[tuple[str, set[str]]]:
    """Borrowers of the open books with their debts' numbers."""
    book = Book(place.ledger)
    shards = [(name, shard) for name in portfolios for shard in range(keys.BOOK_SHARDS)]
    with Progress(console=console, transient=True) as progress:
        for name, shard in progress.track(shards, description="reading the book"):
            for borrower, debts in groupby(book.open_debts(name, [shard]), lambda debt: debt.borrower):
                yield borrower, {debt.debt.split("#")[1] for debt in debts}


def _profiles(place: Place, refs: list[str]) -> Iterator[Someone]:
    items = place.ledger.get_all([keys.profile(ref) for ref in refs], ("pk", "borrower_id", "name"))
    for item in items:
        yield Someone(Somebody(keys.borrower_of(item["pk"])), item["borrower_id"], item["name"])


def _words(text: str) -> frozenset[str]:
    """Without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return frozenset("".join(c for c in plain if not unicodedata.combining(c)).split())
