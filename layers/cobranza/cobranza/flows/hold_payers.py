"""A payment that is told and cannot be booked keeps back reminders to whoever may have made it, for as long as a
person has to look into it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cobranza.conversation.reply import CASE
from cobranza.files.row import Row
from cobranza.flows.applied import Applied, Job, Rooms, in_chunks
from cobranza.flows.owners import NamedDebt, debt_ref, owners_of
from cobranza.flows.part import Task
from cobranza.flows.person import Person
from cobranza.flows.read_file import cell
from cobranza.ledger.debt import knows
from cobranza.ledger.payment import Named
from cobranza.policy.retention import kept_for
from cobranza.refs import References
from cobranza.store.book import Known
from cobranza.store.items import debts_of
from cobranza.store.ledger import Ledger
from cobranza.store.payments import Payments

# A number that more borrowers have is no debt's: many systems number the debts of each customer anew.
FEW = 20


class Doubtful(NamedTuple):
    """What a payment names, and when it was made, None where that is not sure."""

    named: Named
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Looked:
    """Whether a borrower is held now, and what was told of them that names no debt of theirs."""

    is_held: bool
    strange: list[Doubtful]


def hold_refused(rooms: Rooms, columns: Mapping[str, int], job: Job, applied: Applied) -> None:
    """Holds all whom the refused rows of a payments file name."""
    moments = {each.line: each.payment.moment for each in applied.unmatched}
    rows = (refusal.row for refusal in applied.refusals)
    held = hold_payers(rooms, (Doubtful(_named_in(row, columns), moments.get(row.line)) for row in rows), job)
    if held:
        applied.warnings.append(
            "HELD_PAYERS: personas sin recordatorios por 48 horas: un pago que las nombra no se pudo aplicar · "
            f"people without reminders for 48 hours: a payment that names them could not be booked: {held}"
        )


def _named_in(row: Row, columns: Mapping[str, int]) -> Named:
    """Whatever else the row says, and whether it can be read."""
    payer, debt_id, instalment, reference = (
        cell(row, columns, name) for name in ("borrower_id", "debt_id", "instalment", "reference")
    )
    return Named(payer, debt_id, instalment, "" if payer else reference)


def hold_payers(rooms: Rooms, told: Iterable[Doubtful], job: Job) -> int:
    """The borrowers who are named, also those who are none yet; where none is, or the debt is not theirs, whoever
    owes it. How many they are."""
    by_payer: dict[str, list[Doubtful]] = {}
    strange: list[Doubtful] = []
    for each in told:
        if each.named.payer:
            by_payer.setdefault(rooms.borrower(each.named.payer), []).append(each)
        else:
            strange.append(each)
    if not (by_payer or strange):
        return 0
    desk = _Holding(rooms, job, rooms.book.erased())
    held: set[str] = set()
    for ref, looked in desk.look(by_payer):
        held |= {ref} if looked.is_held else set()
        strange += looked.strange
    held |= {ref for ref, looked in desk.look(desk.by_owner(strange)) if looked.is_held}
    return len(held)


@dataclass(frozen=True, slots=True)
class _Holding:
    rooms: Rooms
    job: Job
    erased: Collection[str]

    def by_owner(self, told: Iterable[Doubtful]) -> dict[str, list[Doubtful]]:
        """What is told of each who owes the debts that are named, whichever instalment. One of nobody is kept."""
        debts = ((each.named._replace(instalment=""), each) for each in told)
        named = [(NamedDebt.of(debt), each) for debt, each in debts if debt.debt_id or debt.reference]
        owners = owners_of(self.rooms, {name for name, _ in named}, self.job.portfolio_id) if named else {}
        keep_for_owners(self.rooms, (each for name, each in named if name not in owners), self.job)
        found: dict[str, list[Doubtful]] = {}
        for name, each in named:
            those = owners.get(name, set())
            for ref in those if len(those) <= FEW else ():
                found.setdefault(ref, []).append(each)
        return found

    def look(self, told: Mapping[str, list[Doubtful]]) -> Iterable[tuple[str, _Looked]]:
        """Holds each of these borrowers, unless all that is told of them is in their balances."""
        return in_chunks(lambda one: (one[0], self._look(*one)), told.items(), self.rooms.workers)

    def _look(self, ref: str, told: list[Doubtful]) -> _Looked:
        if ref in self.erased:
            return _Looked(is_held=False, strange=[])
        known, portfolio = self.rooms.book.known(ref), self.job.portfolio_id
        strange = [
            each for each in told if each.named.debt_id and not known.has_debt(portfolio, each.named.debt_id)
        ]
        is_held = not (_is_inside(known, portfolio, told) or _is_history(known, told, self.job.now))
        if is_held:
            self.rooms.ledger.words.look_into(ref, self.job.now + CASE, "", self.job.now)
        return _Looked(is_held, strange)


def keep_for_owners(rooms: Rooms, told: Iterable[Doubtful], job: Job) -> None:
    """Whoever comes with a debt that is named is held then; history is none of theirs."""
    debts = ((NamedDebt.of(each.named).debt_id, each.moment or job.now) for each in told)
    news = ((number, moment) for number, moment in debts if job.now - moment <= kept_for("ownerless"))
    paid = ((debt_ref(rooms.references, job.portfolio_id, number), moment) for number, moment in news)
    rooms.payments.keep_ownerless(job.portfolio_id, paid)


def hold_owners(
    payments: Payments, ledger: Ledger, references: References, people: Iterable[Person], task: Task, now: datetime
) -> None:
    """Whoever comes with a debt that was paid before anybody owed it, if the file is older than the payment."""
    paid = payments.ownerless(task.portfolio_id, task.as_of)
    for person in people if paid else ():
        debts = {row.terms.debt_id for row in person.rows}
        if any(debt_ref(references, task.portfolio_id, debt) in paid for debt in debts):
            ledger.words.look_into(person.ref, now + CASE, "", now)


def _is_history(known: Known, told: Iterable[Doubtful], now: datetime) -> bool:
    """Whether nobody is known by this name, and all these payments are older than any file that may yet come."""
    moments = [each.moment for each in told]
    return known.profile is None and all(at and now - at > kept_for("ownerless") for at in moments)


def _is_inside(known: Known, portfolio: str, told: Iterable[Doubtful]) -> bool:
    """Whether each balance of the borrower's was declared after all of these payments."""
    balances = [debt.terms.as_of for debt in debts_of(known.items) if debt.terms.portfolio == portfolio]
    moments = [each.moment for each in told]
    return bool(balances) and all(moment and knows(as_of, moment) for as_of in balances for moment in moments)
