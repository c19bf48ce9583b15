"""outcomes.csv: each debt that was due on the day, with its one outcome; and the revision a day later."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import batched, chain
from operator import itemgetter
from typing import Any

from cobranza.files.exports import Row
from cobranza.files.results import guard
from cobranza.flows.reports.report import CHUNK, BorrowerDay, Day, Report, Sources
from cobranza.flows.reports.statuses import message_of, statuses_of
from cobranza.policy.closed_day import NOT_LOOKED_AT, SUPERSEDED, DebtDay
from cobranza.policy.closing import bounds
from cobranza.policy.outcomes import sentence
from cobranza.store import keys
from cobranza.store.journal import Line
from cobranza.whatsapp.advice import advice

OUTCOME_COLUMNS = (
    *("day", "portfolio", "borrower_id", "debt_id", "instalment", "step", "rule", "strategy", "template"),
    *("outcome", "at", "es", "en", "to_do_es", "to_do_en"),
)
_OUTCOME, _BORROWER = OUTCOME_COLUMNS.index("outcome"), OUTCOME_COLUMNS.index("borrower_id")
# Worst known first: of two that are told of one message the later one here is true.
_OF_MESSAGES = ("UNKNOWN", "SENT", "FAILED", "DELIVERED", "READ")
_STATUSES = {"message.delivered": "DELIVERED", "message.read": "READ", "message.sent": "SENT"}


def _rows(sources: Sources, day: Day, borrowers: Iterator[BorrowerDay]) -> Iterator[Sequence[Row]]:
    for borrower in borrowers:
        yield [_row(borrower, entry, day) for entry in borrower.outcomes_of(day.portfolio)]


def _row(borrower: BorrowerDay, entry: DebtDay, day: Day) -> Row:
    _, debt_id, instalment = entry.debt.split("#")
    return (
        day.date.isoformat(),
        day.portfolio,
        borrower.loaded.borrower_id,
        debt_id,
        instalment,
        "" if entry.step is None else str(entry.step),
        entry.rule,
        entry.strategy,
        entry.template,
        entry.outcome,
        entry.at.astimezone(day.zone).isoformat() if entry.at else "",
        *_words(entry.outcome),
    )


def _words(outcome: str) -> tuple[str, ...]:
    return (*sentence(outcome), *(advice(outcome) or ("", "")))


def _summary(day: Day, counts: Counter[str], revised: bool) -> dict[str, Any]:
    """`due` is every due debt, which is the sum of `outcomes` and of `missing`: debts that nobody looked at.
    `superseded` counts steps, which are no debts of the day."""
    outcomes = {code: counts[code] for code in sorted(counts) if code not in (NOT_LOOKED_AT, SUPERSEDED)}
    missing = counts[NOT_LOOKED_AT]
    return {
        "v": 1,
        "portfolio": day.portfolio,
        "day": day.date.isoformat(),
        "due": counts.total() - counts[SUPERSEDED],
        "outcomes": outcomes,
        "missing": missing,
        "superseded": counts[SUPERSEDED],
        "revised": revised,
    }


OUTCOMES = Report("outcomes", OUTCOME_COLUMNS, _rows, counted=itemgetter(_OUTCOME), summary=_summary)


# The revision: what statuses told in the 24 hours after the day.


def late_news(sources: Sources, day: Day) -> dict[str, str]:
    """What the next day's statuses told of this day's messages, by the creditor's number of the borrower, as the
    file has it."""
    told: dict[str, str] = {}
    for line in _told_next_day(sources, day):
        if outcome := _status(line):
            told[line.subject] = _further(told.get(line.subject, ""), outcome)
    news: dict[str, str] = {}
    for some in batched(told, CHUNK, strict=False):
        ids = sources.ledger.borrower_ids(map(keys.borrower_of, some))
        news |= {guard(ids[ref]): told[s] for s in some if (ref := keys.borrower_of(s)) in ids}
    return news


def _told_next_day(sources: Sources, day: Day) -> Iterator[Line]:
    """In the journal, and in the claims of the day's messages alone."""
    name = day.date.isoformat()
    start, midnight = bounds(day.zone, day.date)
    end = bounds(day.zone, day.date + timedelta(days=1))[1]
    for line in sources.journal.between(midnight, end):
        if line.identity == name:
            yield line
    sent = chain(sources.journal.between(start, midnight), sources.journal.between(midnight, end))
    ours = (line for line in sent if line.identity == name and _names(day.portfolio, line))
    yield from statuses_of(sources, filter(None, map(message_of, ours)), midnight, end)


def _names(portfolio: str, line: Line) -> bool:
    return any(key.startswith(f"{portfolio}#") for key in line.facts.get("debts", ()))


def revised(rows: Iterable[Row], news: Mapping[str, str]) -> Iterator[Row]:
    """The file's rows with what became of their messages; all that is no message stays as it was."""
    for row in rows:
        outcome = row[_OUTCOME]
        known = news.get(row[_BORROWER], "")
        if _rank(outcome) < 0 or _further(outcome, known) == outcome:
            yield row
        else:
            yield (*row[:_OUTCOME], known, row[_OUTCOME + 1], *_words(known))


def _status(line: Line) -> str:
    if line.event == "message.failed":
        return line.facts["code"]
    return _STATUSES.get(line.event, "")


def _further(one: str, other: str) -> str:
    return other if _rank(other) > _rank(one) else one


def _rank(outcome: str) -> int:
    kind = outcome.partition("_")[0]
    return _OF_MESSAGES.index(kind) if kind in _OF_MESSAGES else -1
