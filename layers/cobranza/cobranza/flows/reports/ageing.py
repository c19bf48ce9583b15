"""ageing.csv: what is owed by days past due, as the book is when the file is made."""

from collections.abc import Iterator

from cobranza.files.exports import AGEING_COLUMNS, OpenDebt, Row, ageing
from cobranza.flows.reports.report import Day, Report, Sources
from cobranza.ledger.money import Money
from cobranza.store import keys


def _rows(sources: Sources, day: Day) -> Iterator[Row]:
    debts = (
        OpenDebt(debt.due_date, Money(debt.owed, debt.currency))
        for shard in range(keys.BOOK_SHARDS)
        for debt in sources.book.open_debts(day.portfolio, shard)
    )
    return ageing(day.portfolio, day.date, debts)


AGEING = Report("ageing", AGEING_COLUMNS, _rows)
