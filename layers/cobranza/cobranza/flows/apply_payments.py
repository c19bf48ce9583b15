"""Payments rows: each payment is saved with where its money goes, and then given to the debts and the credit.

A payment's number counts once ever. What is saved and not given yet, because somebody died between the two, is
given by whoever comes next.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import batched
from operator import itemgetter

from cobranza.files.codes import refuse
from cobranza.files.listings import LatePayment, UnmatchedPayment, payments_after_recall_csv, unmatched_csv
from cobranza.files.row import Row
from cobranza.flows.applied import CHUNK, CREATED, UNCHANGED, Applied, Job, Rooms
from cobranza.flows.hands import hands
from cobranza.flows.owners import NamedDebt, owners_of
from cobranza.ledger.confirmation import Confirmation
from cobranza.ledger.debt import Debt
from cobranza.ledger.money import Money
from cobranza.ledger.payment import UNMATCHED, WARNINGS, Credit, Payment, Unmatched, allocate, is_meant
from cobranza.ledger.promise import Promise, is_kept
from cobranza.policy.confirmation import confirmations_of
from cobranza.policy.due import TOP, Look
from cobranza.policy.portfolio import Portfolio
from cobranza.store import keys
from cobranza.store.book import Known
from cobranza.store.items import credit_of, debts_of, promises_of
from cobranza.store.journal import DEBT_CLOSED, PAYMENT_APPLIED, PROMISE_KEPT, Line
from cobranza.store.messages import to_be_told
from cobranza.store.payments import Saved, changed_credit, new_payment, paid_debt
from cobranza.store.said import debt_standing_of
from cobranza.store.table import Insert, Item, Write, until_written, utc

OTHER_AMOUNT = "OTHER_AMOUNT"
_WARNINGS = WARNINGS | {
    OTHER_AMOUNT: "A payment of this number came before with another amount; the first one counts"
}
_AVISOS = {
    "SAME_DAY": "Un pago sin hora, del mismo día que el saldo, se contó como aún no incluido en él",
    "MIXED_AS_OF": "Unos saldos son más nuevos que el pago y lo incluyen; solo bajaron los demás",
    OTHER_AMOUNT: "Un pago con este número llegó antes con otro importe; vale el primero",
}


@dataclass(slots=True)
class _Paid:
    """A row and what becomes of it. `saved` is where its money goes; without it `unmatched` says why to nobody.
    `is_news`: the journal may not know it; `closes` are the debts of which it leaves nothing to pay, `keeps` the
    promises that it fulfils; `same_as` is a row before it with the same number, `is_taken`: the number is that of
    another payment."""

    row: Row
    payment: Payment
    ref: str
    outcome: str = UNCHANGED
    saved: Saved | None = None
    is_news: bool = False
    closes: frozenset[str] = frozenset()
    keeps: frozenset[tuple[str, Promise]] = frozenset()
    unmatched: Unmatched = ""
    warnings: tuple[str, ...] = ()
    same_as: "_Paid | None" = None
    is_taken: bool = False


@dataclass(slots=True)
class _Account:
    """A borrower's book while payments are given to it."""

    known: Known
    portfolio: str
    debts: tuple[Debt, ...]
    credits: dict[str, Credit]
    promises: Mapping[str, tuple[Promise, ...]]

    @classmethod
    def of(cls, known: Known, portfolio: str) -> "_Account":
        credits = (credit_of(item) for sk, item in known.items.items() if sk.startswith(keys.CREDIT))
        ours = {credit.currency: credit for credit in credits if credit.portfolio == portfolio}
        return cls(known, portfolio, debts_of(known.items), ours, promises_of(known.items))

    def give(self, saved: Saved) -> bool:
        """Whether the debts or the credit have not had it yet."""
        currency = saved.amount.currency
        before = self.debts, self.credits.get(currency)
        self.debts, credit = saved.apply(*before)
        if credit:
            self.credits[currency] = credit
        return (self.debts, credit) != before

    @property
    def open(self) -> frozenset[str]:
        return frozenset(debt.terms.key for debt in self.debts if debt.is_open)

    @property
    def kept(self) -> frozenset[tuple[str, Promise]]:
        """The newest promise of each debt, where it is kept."""
        newest = ((debt, self.promises.get(debt.terms.key, ())[-1:]) for debt in self.debts)
        return frozenset((debt.terms.key, one) for debt, those in newest for one in those if is_kept(one, debt))

    def confirmations(self, paid: _Paid, portfolio: Portfolio, now: datetime) -> list[Confirmation]:
        given = paid.saved.allocated.allocations if paid.saved else {}
        settled = next((debt for debt in self.debts if debt.terms.key in given and not debt.is_open), None)
        return confirmations_of(replace(paid.payment, payment_id=paid.ref), settled, portfolio, now)

    def changes(self) -> list[Write]:
        ref, items = self.known.borrower, self.known.items
        found: list[Write | None] = [
            paid_debt(ref, items[keys.DEBT + debt.terms.key], debt)
            for debt in self.debts
            if debt.terms.portfolio == self.portfolio
        ]
        for currency, credit in self.credits.items():
            sk = keys.credit(ref, self.portfolio, currency)["sk"]
            found.append(changed_credit(ref, items.get(sk), credit))
        return [write for write in found if write]


def apply_payments(rooms: Rooms, rows: Sequence[tuple[Row, Payment]], job: Job, applied: Applied) -> list[Saved]:
    """What is kept of those that have an owner, also where it was before."""
    told = [
        _Paid(row, payment, payment_ref(rooms, job, payment.payment_id))
        for row, payment in sorted(rows, key=lambda each: (each[1].moment, each[0].line))
    ]
    once = _first_of_each(told)
    groups = _by_payer(rooms, once, job)
    with hands(rooms.workers) as many:
        list(many.map(lambda some: _book_all(rooms, dict(some), job), batched(groups, CHUNK, strict=False)))
    _tell(told, job, applied)
    return [each.saved for each in told if each.saved]


def payment_ref(rooms: Rooms, job: Job, payment_id: str) -> str:
    """Stands for a number of the portfolio: whoever tells it, it is the same payment."""
    return rooms.references.ref("payment", f"{job.portfolio_id}|{payment_id}")


def _first_of_each(told: Iterable[_Paid]) -> list[_Paid]:
    """A number that stands twice in the file is one payment, the sooner one, unless the rows tell of two."""
    first: dict[str, _Paid] = {}
    for each in told:
        known = first.setdefault(each.ref, each)
        if known is not each:
            each.same_as, each.warnings = known, _other_amount(each, known.payment.amount)
            each.is_taken = each.payment.named.is_another(known.payment.named)
    return list(first.values())


def _other_amount(each: _Paid, amount: Money) -> tuple[str, ...]:
    return () if each.payment.amount == amount else (OTHER_AMOUNT,)


# Whose money it is.


def _by_payer(rooms: Rooms, told: Iterable[_Paid], job: Job) -> list[tuple[str, list[_Paid]]]:
    """Payments by borrower. Who is not named is looked up by the debt; what nobody owns stays unmatched, unless it
    was booked before."""
    groups: dict[str, list[_Paid]] = {}
    nameless: list[_Paid] = []
    for each in told:
        if borrower_id := each.payment.borrower_id:
            groups.setdefault(rooms.borrower(borrower_id), []).append(each)
        else:
            nameless.append(each)
    wanted = {NamedDebt.of(each.payment.named) for each in nameless}
    owners = owners_of(rooms, wanted, job.portfolio_id) if wanted else {}
    lost: list[_Paid] = []
    for each in nameless:
        found = owners.get(NamedDebt.of(each.payment.named), set())
        if len(found) == 1:
            groups.setdefault(next(iter(found)), []).append(each)
        else:
            lost.append(each)
            unknown: Unmatched = "NO_SUCH_DEBT" if each.payment.debt_id else "NO_SUCH_REFERENCE"
            each.unmatched = "SEVERAL_BORROWERS" if found else unknown
    for some in batched(lost, CHUNK, strict=False):
        saved = rooms.payments.saved(each.ref for each in some)
        for each in some:
            if known := saved.get(each.ref):
                each.unmatched = ""
                groups.setdefault(known.borrower, []).append(each)
    return list(groups.items())


# Where it goes.


def _book_all(rooms: Rooms, groups: dict[str, list[_Paid]], job: Job) -> None:
    left = groups

    def book() -> bool:
        nonlocal left
        left = _try_to_book(rooms, left, job)
        return not left

    until_written(book)


def _try_to_book(rooms: Rooms, groups: dict[str, list[_Paid]], job: Job) -> dict[str, list[_Paid]]:
    """Saves what is new, tells the journal, then gives what is saved: what is given has been told. The borrowers
    where somebody was faster."""
    saved = rooms.payments.saved(each.ref for paid in groups.values() for each in paid)
    accounts: dict[str, _Account] = {}
    inserts: list[Insert] = []
    owners: list[str] = []
    for ref, paid in groups.items():
        account = accounts[ref] = _Account.of(rooms.book.known(ref), job.portfolio_id)
        for each in paid:
            if insert := _settle(each, account, saved.get(each.ref), job):
                inserts.append(insert)
                owners.append(ref)
    made = rooms.book.write(inserts)
    again = {ref for ref, is_made in zip(owners, made, strict=True) if not is_made}
    paid = (each for ref in groups if ref not in again for each in groups[ref])
    news = ((each, each.saved) for each in paid if each.saved and each.is_news)
    rooms.journal.append_all((line for each, saved in news for line in _lines(each, saved)), job.now)
    updates = [
        (ref, write) for ref, account in accounts.items() if ref not in again for write in account.changes()
    ]
    made = rooms.book.write([write for _, write in updates])
    again |= {ref for (ref, _), is_made in zip(updates, made, strict=True) if not is_made}
    if job.portfolio and not job.is_first:
        _confirm(rooms, (accounts[ref] for ref in groups if ref not in again), groups, job, job.portfolio)
    return {ref: groups[ref] for ref in groups if ref in again}


def _confirm(
    rooms: Rooms, accounts: Iterable[_Account], groups: dict[str, list[_Paid]], job: Job, portfolio: Portfolio
) -> None:
    """Whoever paid is told so, once for each payment; what came before has told nobody yet if we died there."""
    wanted: list[Write] = []
    awake: list[str] = []
    for account in accounts:
        ref = account.known.borrower
        news = [each for each in groups[ref] if each.is_news and each.saved and not each.saved.late]
        told = [one for each in news for one in account.confirmations(each, portfolio, job.now)]
        wanted += [to_be_told(ref, one) for one in told]
        awake += [ref] if told else []
    rooms.book.write(wanted)
    for ref in awake:
        rooms.ledger.look_at(ref, Look(job.now, TOP))


def _settle(each: _Paid, account: _Account, saved: Saved | None, job: Job) -> Insert | None:
    """Decides where a payment goes, unless that was decided before; what is to be saved of it."""
    insert = None
    payer = account.known.borrower if each.payment.borrower_id else ""
    if saved and each.payment.named._replace(payer=payer).is_another(saved.named):
        each.is_taken = True
        return None
    if saved:
        each.outcome, each.unmatched = CREATED if saved.source == job.import_id else UNCHANGED, ""
        each.warnings = _other_amount(each, saved.amount)
    elif saved := _allocated(each, account, job):
        each.outcome = CREATED
        insert = new_payment(saved, each.payment, job.now)
    each.saved, each.is_news = saved, each.outcome == CREATED
    if saved and saved.borrower == account.known.borrower:
        opened, kept = account.open, account.kept
        # Nothing at its debts shows that a payment was told which they hold already.
        each.is_news |= account.give(saved) or saved.allocated.included == saved.amount
        each.closes, each.keeps = opened - account.open, account.kept - kept
    return insert


def _lines(paid: _Paid, saved: Saved) -> Iterator[Line]:
    """Where its money went; each debt that it left nothing of, each promise that it kept."""
    about = partial(Line, subject=keys.borrower_pk(saved.borrower), at=saved.moment)
    facts = {"portfolio": saved.portfolio, "source": saved.source, "payment": saved.ref}
    allocated = saved.allocated
    yield about(
        event=PAYMENT_APPLIED,
        identity=saved.ref,
        facts={
            "portfolio": saved.portfolio,
            "source": saved.source,
            "amount": saved.amount.amount,
            "currency": saved.amount.currency,
            "allocations": dict(allocated.allocations),
            "credit": allocated.credit.amount,
            "included": allocated.included.amount,
        },
    )
    for debt in sorted(paid.closes):
        yield about(event=DEBT_CLOSED, identity=f"{debt}#{saved.ref}", facts=facts | {"debts": [debt]})
    for debt, promise in sorted(paid.keeps, key=itemgetter(0)):
        told = facts | {"debts": [debt], "until": promise.day.isoformat()}
        yield about(event=PROMISE_KEPT, identity=f"{debt}#{utc(promise.made_at)}", facts=told)


def _allocated(each: _Paid, account: _Account, job: Job) -> Saved | None:
    payment, known = each.payment, account.known
    if known.profile is None and not account.debts:
        each.unmatched = "NO_SUCH_BORROWER"
        return None
    named = {
        debt.terms.key
        for debt in account.debts
        if debt.terms.portfolio == job.portfolio_id and debt.terms.debt_id == payment.reference
    }
    credit = account.credits.get(payment.amount.currency)
    allocated = allocate(replace(payment, payment_id=each.ref), account.debts, named=named, credit=credit)
    each.unmatched, each.warnings = allocated.unmatched, allocated.warnings
    if allocated.unmatched or allocated.repeated:
        return None
    late = _late(account, payment, named, allocated.allocations) if allocated.after_recall else {}
    return Saved(
        ref=each.ref,
        borrower=known.borrower,
        portfolio=job.portfolio_id,
        amount=payment.amount,
        moment=payment.moment,
        allocated=allocated,
        late=late,
        source=job.import_id,
        named=payment.named._replace(payer=known.borrower),
    )


def _late(account: _Account, payment: Payment, named: Collection[str], given: Collection[str]) -> dict[str, str]:
    """The recalled debts that the payment reaches, or else is for, and why each was taken back."""
    recalled = [d for d in account.debts if d.recalled and d.terms.portfolio == account.portfolio]
    reached = [d for d in recalled if d.terms.key in given]
    return {
        debt.terms.key: _why(account.known.mark(account.portfolio, debt.terms.debt_id))
        for debt in reached or [d for d in recalled if is_meant(d, payment, named)]
    }


def _why(mark: Item | None) -> str:
    word = debt_standing_of(mark).recall.stopped
    return word.text if word else ""


# What is told of it.


def _tell(told: Iterable[_Paid], job: Job, applied: Applied) -> None:
    late: list[LatePayment] = []
    warnings: Counter[str] = Counter()
    for each in sorted(told, key=lambda paid: paid.row.line):
        if each.is_taken:
            applied.note(each.row, refuse("NUMBER_TAKEN", each.payment.payment_id, "payment_id"))
            continue
        warnings.update(each.warnings)
        if code := (each.same_as or each).unmatched:
            applied.unmatched.append(UnmatchedPayment(each.row.line, each.payment, code))
            applied.note(each.row, refuse("UNMATCHED_PAYMENT", UNMATCHED[code]))
            continue
        applied.note(each.row, each.outcome)
        applied.payments += each.outcome == CREATED
        if each.saved and each.saved.source == job.import_id:
            late += _late_rows(each.payment, each.saved)
    if applied.unmatched:
        applied.listings["unmatched.csv"] = unmatched_csv(applied.unmatched)
    if late:
        applied.listings["payments_after_recall.csv"] = payments_after_recall_csv(late)
    applied.warnings += [
        f"{code}: {_AVISOS[code]} · {_WARNINGS[code]}: {count}" for code, count in sorted(warnings.items())
    ]


def _late_rows(payment: Payment, saved: Saved) -> Iterator[LatePayment]:
    for key, kind in saved.late.items():
        _, debt_id, instalment = key.split("#")
        given = saved.allocated.allocations.get(key, Decimal(0))
        yield LatePayment(payment, debt_id, instalment, kind, Money(given, saved.amount.currency))
