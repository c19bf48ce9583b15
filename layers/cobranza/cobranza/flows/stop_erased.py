"""Who is erased while a file of theirs is imported is back once it is written: nobody writes to them, and whoever
dropped the file is told to have them erased again."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from cobranza.files.codes import refuse
from cobranza.flows.part import PartRow, Result
from cobranza.store.book import Book
from cobranza.store.ledger import Ledger
from cobranza.store.table import ConditionFailed


def stop_erased(book: Book, ledger: Ledger, rows: Iterable[PartRow], result: Result, now: datetime) -> None:
    """Looks after all is written: whoever is erased later than this look is erased whole. It looks at all who were
    ever erased, since an earlier try may have died before it did."""
    erased = book.erased()
    back: dict[str, PartRow] = {}
    for each in rows:
        if each.borrower in erased:
            back.setdefault(each.borrower, each)
    for borrower, first in back.items():
        with suppress(ConditionFailed):  # nothing of theirs is there
            ledger.opt_out(borrower, now)
            why = refuse(
                "ERASED",
                "while this file was read; erase them again",
                "borrower_id",
                es="mientras se leía este archivo; bórrelos otra vez",
            )
            result.leave_out(first.row, [why])
