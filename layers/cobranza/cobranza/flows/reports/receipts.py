"""receipts.csv: the receipts that wait for a person, and those that came on the day. Filled in, it decides."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from cobranza.files.exports import Row
from cobranza.files.receipts import COLUMNS
from cobranza.flows.reports.report import Day, Report, Sources, debt_id
from cobranza.ledger.receipt import Receipt
from cobranza.store import keys
from cobranza.store.journal import Line


def _rows(sources: Sources, day: Day) -> Iterator[Row]:
    came = [line for line in day.lines(sources.journal) if line.event == "receipt"]
    ours = [line for line in came if keys.is_borrower(line.subject)]
    named = ((keys.borrower_of(line.subject), _id_of(line)) for line in ours)
    told = {each.id: each for each in (*sources.receipts.find(named), *sources.receipts.waiting(day.portfolio))}
    ids = sources.ledger.borrower_ids(each.borrower for each in told.values())
    for each in sorted(told.values(), key=lambda receipt: (receipt.received_at, receipt.id)):
        yield _row(each, ids, day)
    yield from (_strangers(line, day) for line in came if not keys.is_borrower(line.subject))


def _id_of(line: Line) -> str:
    return keys.receipt_id(keys.chat_of(line.subject), line.identity)


def _row(receipt: Receipt, ids: Mapping[str, str], day: Day) -> Row:
    return (
        receipt.id,
        ids.get(receipt.borrower, ""),
        "|".join(map(debt_id, receipt.debts)),
        receipt.state,
        receipt.file,
        _local(receipt.received_at, day),
        receipt.until.isoformat() if receipt.until else "",
        _note(receipt, day),
        *("", "", receipt.currency, "", ""),
    )


def _note(receipt: Receipt, day: Day) -> str:
    """What there is to know besides: that it was decided, that a person was asked, that its last day has come."""
    if receipt.decision:
        return receipt.decision.upper()
    if is_last_day(receipt, day):
        return "LAST_DAY"
    return "CASE" if receipt.has_case else ""


def is_last_day(receipt: Receipt, day: Day) -> bool:
    """Whether the day after the one that is closed is the last on which it keeps reminders back."""
    return receipt.waits and receipt.until == day.date + timedelta(days=1)


def _strangers(line: Line, day: Day) -> Row:
    """Nobody has the phone that it came from: there is no debt to book it to."""
    at = keys.moment_of(line.identity)
    facts = line.facts
    return (
        *(_id_of(line), "", "", facts["state"], facts.get("file", "")),
        *(_local(at, day), "", "UNKNOWN_NUMBER", "", "", "", "", ""),
    )


def _local(at: datetime, day: Day) -> str:
    return at.astimezone(day.zone).isoformat(timespec="seconds")


RECEIPTS = Report("receipts", COLUMNS.names, _rows)
