"""cases.csv: what waits for a person, the longest waiting first. Filled in, it closes them."""

from collections.abc import Iterator
from datetime import datetime
from itertools import batched

from cobranza.files.cases import COLUMNS, conversation
from cobranza.files.exports import Row
from cobranza.flows.case_desk import last_words
from cobranza.flows.hands import hands
from cobranza.flows.reports.report import CHUNK, Day, Report, Sources, debt_id
from cobranza.ledger.case import Case
from cobranza.policy.closing import bounds


def _rows(sources: Sources, day: Day) -> Iterator[Row]:
    _, end = bounds(day.zone, day.date)
    opened = (case for case in sources.cases.waiting(day.portfolio) if case.opened_at < end)

    def told(case: Case) -> str:
        return conversation(last_words(sources.conversations, case, consistent=False), day.zone)

    with hands(sources.workers) as many:
        for some in batched(opened, CHUNK, strict=False):
            ids = sources.ledger.borrower_ids(ref for case in some for ref in case.borrowers)
            for case, words in zip(some, many.map(told, some), strict=True):
                yield _row(case, [ids[ref] for ref in case.borrowers if ref in ids], words, day)


def _row(case: Case, borrower_ids: list[str], words: str, day: Day) -> Row:
    return (
        case.id,
        "|".join(borrower_ids),
        case.queue,
        case.topic,
        _local(case.opened_at, day),
        str((day.date - case.opened_at.astimezone(day.zone).date()).days),
        "|".join(map(debt_id, case.debts)),
        case.state,
        case.taken_by,
        _local(case.first_answer_at, day) if case.first_answer_at else "",
        words,
        *("", "", ""),
    )


def _local(at: datetime, day: Day) -> str:
    return at.astimezone(day.zone).isoformat(timespec="seconds")


CASES = Report("cases", COLUMNS.names, _rows)
