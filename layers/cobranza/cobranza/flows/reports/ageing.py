"""ageing.csv: what is owed by days past due, as the book is when the file is made."""

from collections.abc import Iterator

from cobranza.files.exports import AGEING_COLUMNS, OpenDebt, Row, ageing
from cobranza.flows.reports.report import Day, Report, Sources
from cobranza.ledger.money import Money


def _rows(sources: Sources, day: Day) -> Iterator[Row]:
    entries = sources.book.open_debts(day.portfolio)
    debts = (OpenDebt(entry.due_date, Money(entry.owed, entry.currency)) for entry in entries)
    return ageing(day.portfolio, day.date, debts)


AGEING = Report("ageing", AGEING_COLUMNS, _rows)
