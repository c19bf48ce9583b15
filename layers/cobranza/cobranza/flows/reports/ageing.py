"""ageing.csv: what is owed by days past due, as the book is when the file is made."""

from collections.abc import Iterator, Sequence

from cobranza.files.exports import AGEING_COLUMNS, Ageing, OpenDebt, Row
from cobranza.flows.reports.report import BorrowerDay, Day, Report, Sources


def _rows(sources: Sources, day: Day, borrowers: Iterator[BorrowerDay]) -> Iterator[Sequence[Row]]:
    ageing = Ageing(day.portfolio, day.date)
    for borrower in borrowers:
        for debt in borrower.listed(day.portfolio):
            ageing.add(OpenDebt(debt.terms.due_date, debt.owed))
        yield ()
    yield [*ageing.rows()]


AGEING = Report("ageing", AGEING_COLUMNS, _rows)
