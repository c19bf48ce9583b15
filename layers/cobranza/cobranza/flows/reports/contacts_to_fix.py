"""contacts_to_fix.csv: whose phone turned out on the day to be none to write to. With a new one in `phone` it is a
contacts file."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cobranza.files.exports import Row
from cobranza.flows.reports.report import BorrowerDay, Day, Report, Sources, debt_id
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


class _Person(NamedTuple):
    """Whose phone it is; all empty of who was erased."""

    borrower_id: str
    channel: str
    debts: list[str]


def _rows(sources: Sources, day: Day, borrowers: Iterator[BorrowerDay]) -> Iterator[Sequence[Row]]:
    """One for each borrower: the last that was found out."""
    found = {line.subject: (code, line) for line in day.lines(sources.journal) if (code := _code(line))}
    known: dict[str, _Person] = {}
    for borrower in borrowers:
        if (subject := keys.borrower_pk(borrower.ref)) in found:
            known[subject] = _person(borrower, day)
        yield ()
    for subject, (code, line) in found.items():
        yield [_row(known.get(subject) or _read(sources, subject, day), code, line, day)]


def _person(borrower: BorrowerDay, day: Day) -> _Person:
    debts = sorted(debt_id(debt.terms.key) for debt in borrower.listed(day.portfolio))
    return _Person(borrower.loaded.borrower_id, borrower.loaded.book.borrower.channel, debts)


def _read(sources: Sources, subject: str, day: Day) -> _Person:
    """Who owes nothing any more is not of the day's borrowers."""
    loaded = sources.ledger.load(keys.borrower_of(subject), consistent=False)
    return _person(BorrowerDay(loaded, ()), day) if loaded else _Person("", "", [])


def _code(line: Line) -> str:
    """What is wrong with the phone; empty where nothing is."""
    if line.event == Action.WRONG_NUMBER:
        return WRONG_NUMBER
    code = line.facts.get("code", "") if line.event in _FAILURES else ""
    return code if is_of_phone(code) else ""


def _row(who: _Person, code: str, line: Line, day: Day) -> Row:
    """A phone that is told at the end of the day is told later than all that was found out on it."""
    _, end = bounds(day.zone, day.date)
    return (
        who.borrower_id,
        Action.PHONE.value,
        "",
        end.astimezone(day.zone).isoformat(),
        _SOURCE,
        code,
        *_why(code),
        "|".join(who.debts),
        line.at.astimezone(day.zone).isoformat(),
        who.channel,
    )


def _why(code: str) -> Sentence:
    return advice(code) or sentence(f"SKIPPED_{code}")


CONTACTS_TO_FIX = Report("contacts_to_fix", CONTACTS_TO_FIX_COLUMNS, _rows)
