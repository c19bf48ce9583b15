"""book.csv: every open debt, what stands in its way, and what became of it on the day."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo

from cobranza.files.exports import Row
from cobranza.files.results import exact
from cobranza.flows.reports.report import BorrowerDay, Day, Report, Sources
from cobranza.ledger.debt import Debt
from cobranza.policy.closed_day import SUPERSEDED
from cobranza.policy.decision import Book
from cobranza.policy.outcomes import Sentence, sentence
from cobranza.policy.promised import promised_for
from cobranza.policy.strategy import Strategy

NOTHING_DUE = "NOTHING_DUE"
SHARED_PHONE = "SKIPPED_SHARED_PHONE"
_NOTHING_DUE = Sentence("Ese día no le tocaba ningún paso", "No step of it was on that day")

BOOK_COLUMNS = (
    *("day", "portfolio", "borrower_id", "name", "debt_id", "instalment", "balance", "currency", "due_date"),
    *("days_past_due", "as_of", "consent", "stopped", "channel", "held_until", "disputed", "recalled"),
    *("receipt_until", "case_until", "tags", "promised_for", "last_contact", "last_template", "last_state"),
    *("next_look", "outcome", "es", "en"),
)


def _rows(sources: Sources, day: Day, borrowers: Iterator[BorrowerDay]) -> Iterator[Sequence[Row]]:
    strategy, known_at = sources.ledger.strategy(day.portfolio), sources.ledger.feed(day.portfolio).as_of
    for borrower in borrowers:
        yield [*_rows_of(borrower, day, strategy, known_at)]


def _rows_of(borrower: BorrowerDay, day: Day, strategy: Strategy, known_at: datetime | None) -> Iterator[Row]:
    outcomes = {
        entry.debt: entry.outcome for entry in borrower.outcomes_of(day.portfolio) if entry.outcome != SUPERSEDED
    }
    for debt in sorted(borrower.debts(day.portfolio), key=lambda debt: debt.terms.key):
        outcome = outcomes.get(debt.terms.key, NOTHING_DUE)
        yield (
            *(day.date.isoformat(), day.portfolio),
            *_owed(borrower, debt, day),
            *_in_the_way(borrower, debt, day.zone),
            _day(_promised(borrower.loaded.book, debt, strategy, known_at)),
            *_contacts(borrower, day.zone),
            outcome,
            *(_NOTHING_DUE if outcome == NOTHING_DUE else sentence(outcome)),
        )


def _owed(borrower: BorrowerDay, debt: Debt, day: Day) -> Row:
    terms = debt.terms
    return (
        borrower.loaded.borrower_id,
        borrower.loaded.book.borrower.name,
        terms.debt_id,
        terms.instalment,
        exact(debt.owed),
        terms.currency,
        terms.due_date.isoformat(),
        str((day.date - terms.due_date).days),
        _moment(terms.as_of, day.zone),
    )


def _in_the_way(borrower: BorrowerDay, debt: Debt, zone: tzinfo) -> Row:
    """What keeps reminders from the debt or its borrower, and until when."""
    book = borrower.loaded.book
    person = book.borrower
    held = max(filter(None, (person.held_until, debt.held_until)), default=None)
    return (
        person.consent.source if person.consent else "no",
        _stopped(borrower, zone),
        person.channel,
        _day(held),
        "yes" if debt.disputed else "",
        "yes" if debt.recalled else "",
        _day(person.receipt_until),
        _moment(person.case_until, zone),
        ";".join(sorted({*debt.terms.tags, *person.tags})),
    )


def _stopped(borrower: BorrowerDay, zone: tzinfo) -> str:
    """That a phone is shared is what the day's look found: it takes a look at other people."""
    person = borrower.loaded.book.borrower
    if person.opted_out_at:
        return _moment(person.opted_out_at, zone)
    if person.wrong_number:
        return "wrong_number"
    if person.unreachable:
        return "unreachable"
    return "shared_phone" if any(each.outcome == SHARED_PHONE for each in borrower.outcomes) else ""


def _promised(book: Book, debt: Debt, strategy: Strategy, known_at: datetime | None) -> date | None:
    return promised_for(book.borrower, debt, book.promises.get(debt.terms.key, ()), strategy, known_at)


def _contacts(borrower: BorrowerDay, zone: tzinfo) -> Row:
    """The last message of 14 days, and the next look."""
    last = max(borrower.loaded.book.messages, key=lambda message: message.day, default=None)
    due_at = borrower.loaded.due_at
    return (
        *((_moment(last.claimed_at, zone), last.template, last.state.value) if last else ("", "", "")),
        _moment(datetime.fromisoformat(due_at), zone) if due_at else "",
    )


def _moment(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds") if at else ""


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


BOOK = Report("book", BOOK_COLUMNS, _rows)
