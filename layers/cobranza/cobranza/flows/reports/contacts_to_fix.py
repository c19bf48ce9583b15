"""contacts_to_fix.csv: whose phone turned out on the day to be none to write to. With a new one in `phone` it is a
contacts file."""

from collections.abc import Iterator
from itertools import batched

from cobranza.files.exports import Row
from cobranza.flows.reports.report import CHUNK, Day, Report, Sources
from cobranza.ledger.standing import Action
from cobranza.policy.closing import bounds
from cobranza.policy.outcomes import Sentence, sentence
from cobranza.store import keys
from cobranza.store.journal import Line
from cobranza.whatsapp.advice import advice, is_of_phone

WRONG_NUMBER = "WRONG_NUMBER"
CONTACTS_TO_FIX_COLUMNS = (
    *("borrower_id", "action", "phone", "at", "source"),
    *("code", "reason_es", "reason_en", "debts", "found_at", "channel"),
)
_FAILURES = frozenset({"outcome", "confirmation", "message.failed"})
# Whoever fills in a phone puts here where they have it from.
_SOURCE = "contacts_to_fix"


def _rows(sources: Sources, day: Day) -> Iterator[Row]:
    """One for each borrower: the last that was found out."""
    found = {line.subject: (code, line) for line in day.lines(sources.journal) if (code := _code(line))}
    for some in batched(found.items(), CHUNK, strict=False):
        refs = [keys.borrower_of(subject) for subject, _ in some]
        ids, people = sources.ledger.borrower_ids(refs), sources.book.people(refs)
        for borrower, (_, (code, line)) in zip(refs, some, strict=True):
            channel = people[borrower].channel if borrower in people else ""
            yield _row(ids.get(borrower, ""), code, line, _debts(sources, borrower, day), channel, day)


def _code(line: Line) -> str:
    """What is wrong with the phone; empty where nothing is."""
    if line.event == Action.WRONG_NUMBER:
        return WRONG_NUMBER
    code = line.facts.get("code", "") if line.event in _FAILURES else ""
    return code if is_of_phone(code) else ""


def _row(borrower_id: str, code: str, line: Line, debts: list[str], channel: str, day: Day) -> Row:
    """A phone that is told at the end of the day is told later than all that was found out on it."""
    _, end = bounds(day.zone, day.date)
    return (
        borrower_id,
        Action.PHONE.value,
        "",
        end.astimezone(day.zone).isoformat(),
        _SOURCE,
        code,
        *_why(code),
        "|".join(debts),
        line.at.astimezone(day.zone).isoformat(),
        channel,
    )


def _why(code: str) -> Sentence:
    return advice(code) or sentence(f"SKIPPED_{code}")


def _debts(sources: Sources, borrower: str, day: Day) -> list[str]:
    """Those that are open, with the instalment where there is one: `F-1`, `L-7#3`."""
    there = sources.book.open_debts_of(borrower, day.portfolio)
    return sorted(entry.debt.partition("#")[2].removesuffix("#") for entry in there)


CONTACTS_TO_FIX = Report("contacts_to_fix", CONTACTS_TO_FIX_COLUMNS, _rows)
