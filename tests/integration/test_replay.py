"""The replay: nothing is found of the decision as it is, and what is broken is found."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial

import pytest

from cobranza.policy import contact_rules, decide, due
from local.replay.book import Invoice, invented
from local.replay.cadence import plain
from local.replay.checks import Findings
from local.replay.page import page
from local.replay.walk import Record, Walk

# Of this one several borrowers of FEW say BAJA after the first reminders.
SEED = 21
BOOK = invented(SEED)
FEW = BOOK[:100]


def walked(book: Sequence[Invoice] = FEW, days: int = 40) -> Findings:
    return Findings(Walk(book, SEED, days=days).run())


def found(findings: Findings) -> set[str]:
    """What is not zero."""
    return {name for name, lines in findings.zeros.items() if lines}


@pytest.fixture(scope="module")
def record() -> Record:
    """A walk in which nothing is wrong."""
    return walked().record


def test_a_book_that_is_lived_through_shows_nothing_that_must_not_be() -> None:
    findings = walked(BOOK)
    cadence = plain(findings.record)
    assert not found(findings)
    assert len(findings.ours.contacts) > 50
    assert len(cadence.crowded) > len(findings.ours.crowded) == 0
    assert "<svg" in page("Replay", findings, cadence)


def test_the_same_seed_walks_the_same_way() -> None:
    first, second = (walked(days=25).record for _ in range(2))
    assert first.sent
    assert (first.sent, first.outcomes) == (second.sent, second.outcomes)


def test_caps_that_are_off_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "too_often", lambda *_: False)
    monkeypatch.setattr(decide, "_too_soon", lambda *_: None)
    assert found(walked()) >= {"messages above the law's caps", "customer-weeks over 2 contacts"}


def test_hours_that_are_off_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_rules, "closed", lambda *_: None)
    monkeypatch.setattr(due, "opening", lambda _, __, day, ___: datetime.combine(day, time(), UTC))
    assert "messages outside the law's hours" in found(walked(days=25))


def test_promises_that_nobody_heeds_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "_is_promised", lambda *_: False)
    assert "messages to invoices with an open promise" in found(walked(days=60))


def test_stops_and_disputes_that_nobody_heeds_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = (decide._about_the_borrower, decide._contested)  # pyright: ignore[reportPrivateUsage]
    checks = decide._CHECKS  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(decide, "_CHECKS", tuple(check for check in checks if check not in deaf))
    disputed = list(map(partial(replace, disputed=True), FEW))
    assert found(walked(disputed)) >= {
        "messages to invoices known to be disputed",
        "messages to borrowers who had said BAJA",
    }


def test_messages_without_a_line_in_the_journal_are_found(record: Record) -> None:
    assert found(Findings(replace(record, outcomes=[]))) == {
        "messages that the journal does not know",
        "due invoices without an outcome that day",
    }


def test_messages_sent_twice_are_found(record: Record) -> None:
    twice = replace(record, sent=record.sent * 2, outcomes=record.outcomes * 2)
    assert found(Findings(twice)) >= {
        "borrowers with two messages in a day",
        "invoices told twice of the same step",
    }


def test_messages_to_invoices_that_files_had_told_as_paid_are_found(record: Record) -> None:
    paid = [replace(invoice, settled=invoice.issued) for invoice in record.book]
    assert found(Findings(replace(record, book=paid))) == {"messages to invoices known to be paid"}


def test_messages_to_invoices_paid_since_the_newest_file_are_counted_by_its_age(record: Record) -> None:
    days = {told.invoice.number: told.day for told in Findings(record).ours.told}
    paid = [replace(i, settled=days[i.number] - timedelta(days=1)) for i in record.book if i.number in days]
    findings = Findings(replace(record, book=paid))
    assert findings.ours.paid_unknown(record.files)[1] > 0
