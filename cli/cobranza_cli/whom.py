"""Who is meant by what an operator types: a borrower's number, a document's, a debt's, or a name."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import batched, groupby

from rich.console import Console
from rich.progress import Progress

from cobranza.store import keys
from cobranza.store.book import Book
from cobranza.store.ledger import Ledger
from cobranza_cli.place import Place

# Names are in no key and no index: so many borrowers are read for one, a hundred a call.
MOST = 100_000
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Someone:
    ref: str
    borrower_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """`is_cut`: the book is larger than MOST borrowers, and the rest was not read."""

    people: list[Someone]
    is_cut: bool = False


def find(place: Place, wanted: str, portfolio: str, console: Console) -> Found:
    """Whose number it is, or identity document; else, in the open books, whose debt's number, or whose name has
    all these words."""
    ref, ledger = place.references.ref("borrower", wanted), Ledger(place.ledger)
    if people := list(_profiles(place, [ref, *ledger.borrowers_behind(place.references.document(wanted))])):
        return Found(people)
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
        yield Someone(keys.borrower_of(item["pk"]), item["borrower_id"], item["name"])


def _words(text: str) -> frozenset[str]:
    """Without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return frozenset("".join(c for c in plain if not unicodedata.combining(c)).split())
