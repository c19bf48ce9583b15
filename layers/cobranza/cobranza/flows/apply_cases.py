"""Cases rows: a person has ended what somebody wrote."""

from collections.abc import Sequence

from cobranza.errors import InvalidInput
from cobranza.files.cases import CaseRow
from cobranza.files.codes import refuse
from cobranza.files.row import Row
from cobranza.flows.applied import CREATED, UNCHANGED, Applied, Job, Outcomes, Rooms, in_chunks
from cobranza.ledger.case import Case, Closing

type Rows = Sequence[tuple[Row, CaseRow]]


def apply_cases(rooms: Rooms, rows: Rows, job: Job, applied: Applied) -> None:
    groups: dict[str, list[tuple[Row, CaseRow]]] = {}
    for row, told in rows:
        groups.setdefault(told.case_id, []).append((row, told))

    def close(theirs: Rows) -> Outcomes:
        return _close(rooms, theirs, job)

    for outcomes in in_chunks(close, groups.values(), rooms.workers):
        applied.note_all(outcomes)


def _close(rooms: Rooms, rows: Rows, job: Job) -> Outcomes:
    """The rows of one case: the first that closes it counts."""
    case = rooms.cases.find(rows[0][1].case_id)
    outcomes: Outcomes = []
    closing: Closing | None = None
    for row, told in rows:
        outcome = _outcome(case, told, closing, job)
        outcomes.append((row, outcome))
        if outcome == CREATED:
            closing = told.closing
    if case and closing:
        if not case.is_open:  # by an earlier try of this import
            rooms.closer.wake(case, job.now)
        elif not rooms.closer.close(case, closing, job.import_id, job.now):
            raise RuntimeError("a case changed under our hands")
    return outcomes


def _outcome(case: Case | None, told: CaseRow, before: Closing | None, job: Job) -> str | InvalidInput:
    """`before` is how the file closed it above."""
    if told.closing is None:
        return UNCHANGED
    if case is None or case.portfolio != job.portfolio_id:
        return refuse("UNKNOWN_CASE", told.case_id, "case_id")
    if before is None and case.source == job.import_id:
        return CREATED
    known = before or case.closing
    if known is None:
        return CREATED
    if known == told.closing:
        return UNCHANGED
    return refuse("ALREADY_CLOSED", f"{known.result} {known.hold_until or ''}".strip(), "result")
