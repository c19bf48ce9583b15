"""Recalls rows: a debt that the creditor took back stops at once, and comes home by a later row alone."""

from collections.abc import Sequence

from cobranza.files.recalls import LIFT, RecallRow
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
    line_of,
    write_told,
)
from cobranza.ledger.standing import DebtStanding
from cobranza.store import keys
from cobranza.store.book import Known
from cobranza.store.said import changed, debt_standing_item, debt_standing_of


def apply_recalls(rooms: Rooms, rows: Sequence[tuple[Row, RecallRow]], job: Job, applied: Applied) -> None:
    """Also of debts that nobody knows yet: what was sold yesterday may be in a file of today."""

    def recall(one: tuple[str, list[tuple[Row, RecallRow]]]) -> Told:
        ref, theirs = one
        return write_told(rooms, ref, lambda known: _recall(known, theirs, job), job.now)

    strange = 0
    for told in in_chunks(recall, by_borrower(rows, rooms.borrower), rooms.workers):
        strange += told.strange
        applied.note_all(told.outcomes)
    if strange:
        applied.warnings.append(
            "UNKNOWN_DEBT: se guardan los retiros de deudas que nadie tiene todavía · "
            f"recalls of debts that nobody has yet are kept: {strange}"
        )


def _recall(known: Known, rows: Sequence[tuple[Row, RecallRow]], job: Job) -> Told:
    told = Told()
    marks: dict[str, DebtStanding] = {}
    for row, recall in rows:
        there = known.mark(job.portfolio_id, recall.debt_id)
        before = marks.get(recall.debt_id) or debt_standing_of(there)
        marks[recall.debt_id] = recall.told(before)
        is_news = marks[recall.debt_id] != before or (there or {}).get("source") == job.import_id
        told.outcomes.append((row, CREATED if is_news else UNCHANGED))
        if is_news:
            event, debt = f"recall.{recall.kind or LIFT}", f"{job.portfolio_id}#{recall.debt_id}#"
            told.lines.append(line_of(job, known.borrower, event, recall.at, debt=debt))
        told.is_awake |= is_news and recall.kind is None
        told.strange += not known.has_debt(job.portfolio_id, recall.debt_id)
    for debt_id, standing in marks.items():
        there = known.mark(job.portfolio_id, debt_id)
        if standing != debt_standing_of(there):
            key = keys.debt_mark(known.borrower, job.portfolio_id, debt_id)
            told.writes.append(changed(key, there, debt_standing_item(standing), job.import_id))
    return told
