"""People who change their number: the one borrower who had the old one has the new one, as by a contacts row.

What was told of the number goes with it, and each change is kept by its moment, so that they may come late, twice
and in any order. Whoever dies comes again: that the borrower has another phone is written last.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cobranza.flows.callers import Callers
from cobranza.flows.meet_people import Acquaintance
from cobranza.flows.open_case import Matter, case_of
from cobranza.ledger.phone_forms import kept_forms
from cobranza.ledger.standing import WHATSAPP, Action, Word
from cobranza.policy.decision import Book
from cobranza.policy.due import Look, local_date, opening
from cobranza.store.cases import Cases
from cobranza.store.journal import Journal
from cobranza.store.keys import borrower_pk, event_key
from cobranza.store.phones import Moved
from cobranza.store.table import Item, utc
from cobranza.store.user_ids import Met
from cobranza.whatsapp.number_news import Changed

NUMBER_CHANGED = "NUMBER_CHANGED"
# A user id that was not seen with its number yet: any number that it is seen with is a later one.
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NumberDesk:
    callers: Callers
    cases: Cases
    journal: Journal

    def follow(self, change: Changed, now: datetime) -> None:
        """Nothing where nobody knows the old number. A new user id with a hidden number stands for the old one."""
        old, new = self.callers.phones(change.old, change.old_ids), self.callers.phones(change.new)
        if not old:
            return
        seen = Met(tuple(new), change.at) if new else Met(tuple(old), _NEVER)
        met = dict.fromkeys(self.callers.user_refs(change.new_ids), seen)
        Acquaintance(self.callers, self.journal).meet(met, now)
        if new and not {*old} & {*new}:
            self._move(change, old, new, now)

    def _move(self, change: Changed, old: Sequence[str], new: Sequence[str], now: datetime) -> None:
        phones, having = self.callers.ledger.phones, list(self._having(old))
        books = [book for book in having if book.owes] or having
        to = Moved(_e164(change.new), change.at)
        last = self.callers.last(to)
        for stopped_at in phones.stopped(old).values():
            self._silence({*new, *self.callers.phones(last.phone.removeprefix("+"))}, stopped_at)
        phones.move(old, to)
        if len(books) == 1:
            self._give(books[0], last, change, now)
        elif books:
            self._ask_a_person(books, change, now)

    def _having(self, phones: Sequence[str]) -> Iterator[Book]:
        """Who has one of these phones now: a reference leads to whoever once had it too, and at a wrong number
        somebody else answers."""
        ledger = self.callers.ledger
        for borrower in sorted({each for ref in phones for each in ledger.borrowers_behind(ref)}):
            loaded = ledger.load(borrower)
            if loaded and loaded.book.borrower.answers_at(phones):
                yield loaded.book

    def _silence(self, phones: Collection[str], at: datetime) -> None:
        """Their owner asked us to stop at another one: whoever has one of them, now or later, is left in peace."""
        ledger = self.callers.ledger
        for ref in sorted(phones):
            ledger.stop_phone(ref, at)
        for borrower in sorted({each for ref in phones for each in ledger.borrowers_behind(ref)}):
            ledger.words.stop_at(borrower, phones, at)

    def _give(self, book: Book, to: Moved, change: Changed, now: datetime) -> None:
        ledger, who = self.callers.ledger, book.borrower
        ref = self.callers.references.ref("phone", to.phone)
        ledger.phones.lead_to(ref, who.ref)
        forms = self.callers.phones(to.phone.removeprefix("+"))
        for stopped_at in ledger.phones.stopped(forms).values():
            ledger.words.stop_at(who.ref, forms, stopped_at)
        self._note(book, Action.PHONE.value, change, {}, now)
        tomorrow = local_date(who, now) + timedelta(days=1)
        ledger.look_at(who.ref, Look(opening(who.country, who.region, tomorrow, 0)))
        ledger.words.give_phone(who.ref, Word(to.at, to.phone, WHATSAPP), ref, now)

    def _ask_a_person(self, books: Sequence[Book], change: Changed, now: datetime) -> None:
        """Of two who had it nobody knows which one went."""
        portfolio = self.callers.ledger.portfolio_of(change.phone_number_id)
        matter = Matter(
            topic=NUMBER_CHANGED,
            chat=books[0].borrower.ref,
            event=event_key(change.at, self._identity(change)),
            portfolio_id=portfolio.portfolio_id if portfolio else self.callers.ledger.first_portfolio(),
            portfolio=portfolio,
        )
        case = case_of(matter, books, now)
        facts = {"code": case.topic, "queue": case.queue, "portfolio": case.portfolio}
        self._note(books[0], "case.opened", change, facts, now)
        self.cases.open(case)

    def _note(self, book: Book, event: str, change: Changed, facts: Item, now: datetime) -> None:
        """Without the numbers, which are the person's own."""
        debts = sorted(debt.terms.key for debt in book.debts if debt.is_open)
        identity = self._identity(change)
        told = {"number": change.phone_number_id, "message": identity, "debts": debts} | facts
        self.journal.append(borrower_pk(book.borrower.ref), now, event, identity, told, at=change.at)

    def _identity(self, change: Changed) -> str:
        """The same for a change however often, and by whichever news, it is told."""
        return self.callers.references.ref("news", f"{_e164(change.new)} {utc(change.at)}")


def _e164(wa_id: str) -> str:
    """As files have it: without the digit that WhatsApp puts into some."""
    return f"+{kept_forms(wa_id)[0]}"
