"""Receipts rows, of a file or of the API: a person found the money of a receipt, or did not.

What is accepted is a payment like any other, whose number is the receipt's own, so that it counts once ever. It is
booked before the receipt is marked: who dies between the two books nothing twice. A rejected receipt may be
accepted later, when the money has come; an accepted one stays accepted. Either decision closes the receipt's case.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.receipts import ReceiptRow
from cobranza.files.row import Row
from cobranza.flows.applied import (
    CREATED,
    UNCHANGED,
    Applied,
    Job,
    Rooms,
    Told,
    by_borrower,
    in_chunks,
    write_told,
)
from cobranza.flows.apply_payments import apply_payments, payment_ref
from cobranza.ledger.case import Closing, Result
from cobranza.ledger.confirmation import Confirmation, Subject
from cobranza.ledger.money import Money
from cobranza.ledger.payment import Payment
from cobranza.ledger.receipt import Decision, Receipt, paused_until
from cobranza.policy.closing import home_zone
from cobranza.policy.due import TOP, Look, local_date
from cobranza.store import case_keys, keys
from cobranza.store.book import Known
from cobranza.store.journal import Line
from cobranza.store.messages import to_be_told
from cobranza.store.receipts import amount_of, decided, receipt_of
from cobranza.store.table import Item, Update

_RESULTS = {Decision.ACCEPTED: Result.RECEIPT_ACCEPTED, Decision.REJECTED: Result.RECEIPT_REJECTED}

type Rows = Sequence[tuple[Row, ReceiptRow]]


def apply_receipts(rooms: Rooms, rows: Rows, job: Job, applied: Applied) -> None:
    groups = by_borrower(rows, rooms.borrower)
    refused = _pay(rooms, groups, job, applied)

    def decide(one: tuple[str, Rows]) -> Told:
        ref, theirs = one
        told = write_told(rooms, ref, lambda known: _decide(known, theirs, job, refused), job.now)
        if any(outcome == CREATED for _, outcome in told.outcomes):  # a rejection is told, and less is in the way
            _close_cases(rooms, told.closings, job)
            rooms.ledger.look_at(ref, Look(job.now, TOP))
        return told

    for told in in_chunks(decide, groups, rooms.workers):
        applied.note_all(told.outcomes)


def _close_cases(rooms: Rooms, closings: Mapping[str, Closing], job: Job) -> None:
    """Those that are open; a person may have closed one before, or does now."""
    for case_id, closing in closings.items():
        case = rooms.cases.find(case_id)
        if case and case.is_open:
            rooms.closer.close(case, closing, "" if job.by else job.import_id, job.now, by=job.by)


# The money of what was accepted.


def _pay(
    rooms: Rooms, groups: Sequence[tuple[str, Rows]], job: Job, applied: Applied
) -> Mapping[int, InvalidInput]:
    """Books it; by line, why not: the money belongs to nobody, or was booked before."""

    def payable(one: tuple[str, Rows]) -> list[tuple[Row, Payment | InvalidInput]]:
        ref, theirs = one
        known = rooms.book.known(ref)
        return [
            (row, _is_known(rooms, known, found, job) or _payment(known, found, amount, job))
            for row, found in theirs
            if (amount := found.amount) and not isinstance(_outcome(known, found, None, job), InvalidInput)
        ]

    told = [each for some in in_chunks(payable, groups, rooms.workers) for each in some]
    payments = [(row, payment) for row, payment in told if isinstance(payment, Payment)]
    refused = {row.line: why for row, why in told if isinstance(why, InvalidInput)}
    booked = Applied()
    apply_payments(rooms, payments, replace(job, is_first=False), booked)
    applied.listings |= booked.listings
    applied.warnings += booked.warnings
    applied.payments += booked.payments
    return refused | {each.row.line: InvalidInput(each.code, each.reason, each.column) for each in booked.refusals}


def _is_known(rooms: Rooms, known: Known, found: ReceiptRow, job: Job) -> InvalidInput | None:
    """That the money of its operation was booked before."""
    if not found.operation:
        return None
    receipt, ref = receipt_of(known.items[_sk(found)]), payment_ref(rooms, job, found.operation)
    return None if rooms.payments.is_of(receipt, ref) else refuse("OPERATION_KNOWN", found.operation, "operation")


def _payment(known: Known, found: ReceiptRow, amount: Money, job: Job) -> Payment:
    """It was made by the time at which the receipt came: a balance declared later holds it."""
    receipt = receipt_of(known.items[_sk(found)])
    return Payment(
        payment_id=f"RECEIPT-{receipt.id}",
        portfolio=job.portfolio_id,
        borrower_id=found.borrower_id,
        amount=amount,
        paid_at=receipt.received_at.astimezone(home_zone(job.portfolio)),
        source="receipt",
    )


# What was found of each.


def _decide(known: Known, rows: Rows, job: Job, refused: Mapping[int, InvalidInput]) -> Told:
    told = Told()
    last: dict[str, ReceiptRow] = {}
    for row, found in rows:
        outcome = refused.get(row.line) or _outcome(known, found, last.get(found.receipt_id), job)
        told.outcomes.append((row, outcome))
        if outcome == CREATED:
            last[found.receipt_id] = found
    for found in last.values():
        _tell(told, known, found, job)
    if last and (pause := _pause_left(known, last)):
        told.writes.append(pause)
    return told


def _outcome(known: Known, found: ReceiptRow, before: ReceiptRow | None, job: Job) -> str | InvalidInput:
    """`before` is what the file said of it above."""
    if found.decision is None:
        return UNCHANGED
    item = known.items.get(_sk(found))
    if item is None or item["portfolio"] != job.portfolio_id:
        return refuse("UNKNOWN_RECEIPT", found.receipt_id, "receipt_id")
    if before:
        decision, amount = before.decision, before.amount
    elif item.get("source") == job.import_id:
        return CREATED
    else:
        decision, amount = receipt_of(item).decision, amount_of(item)
    if decision is Decision.ACCEPTED and (found.decision, found.amount) != (decision, amount):
        return refuse("ALREADY_DECIDED", f"{Decision.ACCEPTED} {amount.amount if amount else ''}", "decision")
    return UNCHANGED if decision is found.decision else CREATED


def _tell(told: Told, known: Known, found: ReceiptRow, job: Job) -> None:
    """Adds what a decision asks to be written."""
    item, decision = known.items[_sk(found)], found.decision
    receipt, person = receipt_of(item), known.person
    if decision is None or person is None:
        return
    told.lines.append(_line(receipt, decision, job))
    told.closings[case_keys.case_id(receipt.borrower, receipt.event)] = Closing(_RESULTS[decision])
    if receipt.decision is not decision:
        told.writes.append(decided(item, decision, found.amount, found.reason, job.import_id, job.now))
    if decision is Decision.REJECTED:
        one = Confirmation(
            subject=Subject.RECEIPT_REJECTED,
            ref=receipt.id,
            portfolio=receipt.portfolio,
            day=local_date(person, job.now),
            at=job.now,
        )
        if keys.confirmation(known.borrower, one.id)["sk"] not in known.items:
            told.writes.append(to_be_told(known.borrower, one))


def _line(receipt: Receipt, decision: Decision, job: Job) -> Line:
    return Line(
        subject=keys.borrower_pk(receipt.borrower),
        event=f"receipt.{decision}",
        identity=receipt.id,
        at=job.now,
        facts={"portfolio": receipt.portfolio, "debts": list(receipt.debts), **job.teller},
    )


def _pause_left(known: Known, decided_now: Container[str]) -> Update | None:
    """Reminders wait for the receipts that are left; None where nothing of that changes."""
    receipts = [receipt_of(item) for sk, item in known.items.items() if sk.startswith(keys.RECEIPT)]
    until = paused_until(each for each in receipts if each.id not in decided_now)
    profile = known.profile or {}
    there = profile.get("receipt_until")
    if there is None or (until and there == until.isoformat()):
        return None
    told: Item = {"rev": profile["rev"] + 1} | ({"receipt_until": until} if until else {})
    seen = {"rev": profile["rev"], "receipt_until": there}
    return Update(keys.profile(known.borrower), told, seen, [] if until else ["receipt_until"])


def _sk(found: ReceiptRow) -> str:
    return f"{keys.RECEIPT}{found.receipt_id}"
