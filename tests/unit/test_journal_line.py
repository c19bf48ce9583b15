"""Whose a line of the journal is, and which debts it is about: for events, reports and the command alike."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest

from cobranza.flows.reports.report import Day
from cobranza.store.journal import Journal, Line

AT = datetime(2026, 11, 24, 17, tzinfo=UTC)
PERSON, SHOP = "B#" + "A" * 26, "PORTFOLIO#tienda"
ONE, OTHER = "tienda#F-1#", "otra#F-2#"


def line(event: str = "reply", subject: str = PERSON, **facts: Any) -> Line:
    return Line(subject=subject, event=event, identity="1", at=AT, facts=facts)


@pytest.mark.parametrize(
    ("told", "portfolio", "debts"),
    [
        (line(), "", []),
        (line(portfolio="tienda", debts=[OTHER]), "tienda", [OTHER]),
        (line(debts=[ONE, OTHER]), "otra", [OTHER, ONE]),
        (line("outcome", code="SENT"), "", []),
        (line("payment.unmatched", SHOP), "tienda", []),
        (line("payment.applied", allocations={ONE: 5}), "tienda", [ONE]),
        (
            line("outcome", code="SKIPPED_HELD", debts={OTHER: "SKIPPED_PAID", ONE: "SKIPPED_HELD"}),
            "tienda",
            [ONE],
        ),
    ],
)
def test_a_line_is_of_one_portfolio_and_about_some_debts(told: Line, portfolio: str, debts: list[str]) -> None:
    assert (told.portfolio, told.debts) == (portfolio, debts)


@pytest.mark.parametrize(
    ("told", "portfolio"),
    [
        (line("payment.unmatched", SHOP), "tienda"),
        (line("payment.applied", allocations={ONE: 5}), "tienda"),
        (line(number="1"), "tienda"),
        (line(number="2"), "otra"),
        (line(debts=[OTHER], number="1"), "otra"),
    ],
)
def test_a_report_has_the_lines_of_its_portfolio_alone(told: Line, portfolio: str) -> None:
    class OneLine:
        def between(self, start: datetime, end: datetime) -> Iterator[Line]:
            yield told

    journal = cast(Journal, OneLine())
    days = [Day(name, date(2026, 11, 24), UTC, {"1": "tienda"}, others="otra") for name in ("tienda", "otra")]
    assert [day.portfolio for day in days if [*day.lines(journal)]] == [portfolio]
