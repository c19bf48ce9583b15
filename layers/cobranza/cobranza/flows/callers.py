"""Who is at the other end of a webhook body's events: asked once for each number or user id."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.phone_forms import kept_forms, phone_variants
from cobranza.policy.decision import Book
from cobranza.refs import Kind, References
from cobranza.store.ledger import Ledger
from cobranza.store.phones import Moved
from cobranza.store.table import Item

# So often somebody may have moved on meanwhile; a circle of numbers ends here.
_MOST_MOVES = 10


@dataclass(frozen=True, slots=True)
class Callers:
    """Of one body: the next one may come after an import."""

    ledger: Ledger
    references: References
    _known: dict[tuple[str, ...], list[str]] = field(default_factory=dict[tuple[str, ...], list[str]], init=False)
    _refs: dict[tuple[Kind, str], str] = field(default_factory=dict[tuple[Kind, str], str], init=False)

    def borrowers(self, wa_id: str, user_ids: Sequence[str] = ()) -> list[str]:
        """Who has this number; where it is hidden, the one that these ids stand for. Never by last digits."""
        who = (wa_id,) if wa_id else ("", *user_ids)
        if who not in self._known:
            refs = self._of_numbers(kept_forms(wa_id)) if wa_id else self.phones("", user_ids)
            self._known[who] = sorted({each for ref in refs for each in self.ledger.borrowers_behind(ref)})
        return self._known[who]

    def asked(self, wa_id: str, user_ids: Sequence[str] = ()) -> list[str]:
        """The same, of whom somebody has asked for; nobody else is looked for."""
        return self._known.get((wa_id,) if wa_id else ("", *user_ids), [])

    def phones(self, wa_id: str, user_ids: Sequence[str] = ()) -> list[str]:
        """One reference for each form in which WhatsApp may report this number; where it is hidden, those of the
        number that these ids were once seen with."""
        if wa_id:
            return self._of_numbers(phone_variants(wa_id))
        return self.ledger.user_ids.phones(self.user_refs(user_ids)) if user_ids else []

    def last(self, to: Moved) -> Moved:
        """Where its owner went from there, if that was told."""
        for _ in range(_MOST_MOVES):
            further = self.ledger.phones.moved(self.phones(to.phone.removeprefix("+")))
            if further is None or further.at <= to.at:
                break
            to = further
        return to

    def user_refs(self, user_ids: Sequence[str]) -> list[str]:
        return [self._ref("bsuid", each) for each in user_ids]

    def _of_numbers(self, forms: Iterable[str]) -> list[str]:
        return [self._ref("phone", f"+{form}") for form in forms]

    def _ref(self, kind: Kind, value: str) -> str:
        """A body names the same people again and again."""
        if not (ref := self._refs.get((kind, value))):
            ref = self._refs[kind, value] = self.references.ref(kind, value)
        return ref


def people_behind(ledger: Ledger, phones: Sequence[str]) -> list[Book]:
    """Whoever has one of these phones, has it besides another one, or once had it."""
    behind = sorted({borrower for phone in phones for borrower in ledger.borrowers_behind(phone)})
    return [loaded.book for ref in behind if (loaded := ledger.load(ref))]


def people_at(behind: Sequence[Book], phones: Sequence[str]) -> list[Book]:
    """Who of them has the phone now: those who owe, else all of them, and of these nobody whose number it is not,
    unless there is no other."""
    having = [book for book in behind if book.borrower.phone_ref in phones]
    theirs = [book for book in having if not book.borrower.wrong_number] or having
    return [book for book in theirs if any(d.is_open and not d.recalled for d in book.debts)] or theirs


def who_has(ledger: Ledger, phones: Iterable[str]) -> Iterator[Borrower]:
    """Who has one of these phones now, as the first or the second one; at a wrong number somebody else answers."""
    wanted = {*phones}
    for ref in sorted({borrower for phone in wanted for borrower in ledger.borrowers_behind(phone)}):
        loaded = ledger.load(ref)
        if loaded and wanted & {*loaded.book.borrower.phone_refs} and not loaded.book.borrower.wrong_number:
            yield loaded.book.borrower


def others_at(behind: Sequence[Book], phones: Sequence[str]) -> list[Book]:
    """Whose the phone is where nobody is written to there: whoever has it besides another one, else whoever had
    it."""
    return [book for book in behind if {*book.borrower.phone_refs} & {*phones}] or [*behind]


def address_of(event: Item) -> str:
    """Where to answer a message of a conversation: E.164 with its plus, or the sender's business-scoped user id
    where WhatsApp hides the number; empty where it tells neither."""
    return f"+{event['from']}" if event.get("from") else event.get("user_id", "")
