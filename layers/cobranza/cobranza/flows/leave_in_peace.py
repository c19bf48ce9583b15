"""Who asks us to stop is left in peace: at the phone that they asked from, and at the one that they have now.

Of several who had the phone nobody knows who asked: each is left in peace there, as long as they have it.
The phones come first: whoever is imported meanwhile finds the stop. Who dies does it all again.

So is who wants to be erased: their phones stay silent, whoever a file may call the same person tomorrow.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cobranza.flows.callers import Callers, who_has
from cobranza.policy.decision import Book
from cobranza.store.journal import Journal, Line
from cobranza.store.keys import borrower_pk
from cobranza.store.ledger import Ledger
from cobranza.store.table import ConditionFailed, Item

# What the journal's line tells of a stop that is not the person's own.
OF_PHONE: Item = {"scope": "phone"}


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody's wish of that moment. `told_by` is what told it, `identity` stands for it in the journal."""

    at: datetime
    told_by: str
    identity: str


# Those behind some phones; None while an import has not written them yet.
type People = Mapping[str, Book | None]


@dataclass(frozen=True, slots=True)
class Peace:
    callers: Callers
    journal: Journal

    def leave(self, phones: Sequence[str], stop: Stop, now: datetime) -> list[str]:
        """Stops these phones, or user ids, by their references, the ones that their owners have now, and whoever
        has one of them; gives back who. Raises ConditionFailed where one is being imported, the others stopped."""
        for ref in phones:
            self.callers.ledger.stop_phone(ref, stop.at)
        stopped, failure = self.follow(phones, stop, now)
        if failure:
            raise failure
        return sorted(stopped)

    def follow(
        self, phones: Sequence[str], stop: Stop, now: datetime, *, noted: Collection[str] = ()
    ) -> tuple[Mapping[str, Item], ConditionFailed | None]:
        """As `leave`, where these phones are stopped already. Gives back who is stopped, with what the journal's
        line tells of it besides, and why not all of them; the lines of those `noted` are the caller's."""
        ledger, behind = self.callers.ledger, self._behind(phones)
        speakers = _speakers(behind, phones, stop.at)
        elsewhere = self._since(phones, map(behind.get, sorted(speakers)))
        since = [ref for ref in dict.fromkeys(elsewhere) if ref not in phones]
        for ref in since:
            ledger.stop_phone(ref, stop.at)
        silent = [*phones, *since]
        stopped: dict[str, Item] = {}
        failure: ConditionFailed | None = None
        for name, book in sorted({**self._behind(since), **behind}.items()):
            try:
                if name not in speakers or book is None:
                    ledger.words.stop_at(name, silent, stop.at)
                if name in speakers:
                    ledger.opt_out(name, stop.at)
            except ConditionFailed as error:
                failure = failure or error
            if name in speakers or book is None or {*book.borrower.phone_refs} & {*silent}:
                stopped[name] = {} if name in speakers else OF_PHONE
        lines = (_line(name, stop, told) for name, told in stopped.items() if name not in noted)
        self.journal.append_all(lines, now)
        return stopped, failure

    def _behind(self, phones: Iterable[str]) -> People:
        ledger = self.callers.ledger
        names = sorted({each for ref in phones for each in ledger.borrowers_behind(ref)})
        found = ((name, ledger.load(name)) for name in names)
        return {name: loaded.book if loaded else None for name, loaded in found}

    def _since(self, phones: Sequence[str], speakers: Iterable[Book | None]) -> Iterator[str]:
        """The number that WhatsApp said these changed to, and those that whoever asked has now."""
        if moved := self.callers.ledger.phones.moved(phones):
            yield from self.callers.phones(self.callers.last(moved).phone.removeprefix("+"))
        for book in speakers:
            if book and book.borrower.phone:
                yield from self.callers.phones(book.borrower.phone.removeprefix("+"))


def stop_own(ledger: Ledger, who: str, numbers: Iterable[Sequence[str]], at: datetime) -> set[str]:
    """Stops each of these numbers, by the references of its forms, that nobody else may be written to at; gives
    back who else may be at the others."""
    others: set[str] = set()
    for forms in numbers:
        there = {each.ref for each in who_has(ledger, forms) if each.ref != who and not each.opted_out_at}
        for ref in () if there else forms:
            ledger.stop_phone(ref, at)
        others |= there
    return others


def _line(borrower: str, stop: Stop, told: Item) -> Line:
    facts: Item = {"type": stop.told_by, "message": stop.identity, "debts": [], **told}
    return Line(subject=borrower_pk(borrower), event="opt_out", identity=stop.identity, at=stop.at, facts=facts)


def _speakers(behind: People, phones: Sequence[str], at: datetime) -> set[str]:
    """Who is to be left in peace wherever they can be reached: the only one who had the phone at that moment, or
    has it now, of several the only one who owes; where nobody has it, whoever ever had it. Else nobody."""
    known = {name: book.borrower for name, book in behind.items() if book and not book.borrower.wrong_number}
    having = {name for name, person in known.items() if {*person.phone_refs} & {*phones}}
    # Whose phone was told after that moment had another one at it.
    had = {name for name, person in known.items() if (name in having) == (person.phone_at <= at)}
    if not (maybe := had or having):
        return {*behind}
    owing = {name for name in maybe if (book := behind[name]) and book.owes}
    asked = owing or maybe
    return asked if len(asked) == 1 else set()
