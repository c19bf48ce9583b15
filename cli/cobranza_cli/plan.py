"""`cobranza plan` and `cobranza approve`: who would be written to, and a person's yes to it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cobranza.errors import InvalidInput
from cobranza.files.day_plan import PLAN_COLUMNS, PlanRow
from cobranza.files.exports import Row
from cobranza.files.listings import write_listing
from cobranza.flows.drops import APPROVE, PLAN, Drop, plan_approved
from cobranza.flows.plan_day import Planner
from cobranza.policy.closing import home_zone
from cobranza.policy.outcomes import SEND, sentence
from cobranza.policy.pace import ramp_left
from cobranza.policy.portfolio import Portfolio
from cobranza.store.book import Book
from cobranza.store.ledger import Ledger
from cobranza.store.limits import Ramps
from cobranza_cli.answer import answer_to
from cobranza_cli.place import Place

SHOWN = 10


@dataclass
class Seen:
    """What a plan has, and its first messages; `at_most` is what the ramp of a new number lets through."""

    portfolio: str
    day: date
    at_most: int | None = None
    outcomes: Counter[str] = field(default_factory=Counter[str])
    first: list[PlanRow] = field(default_factory=list[PlanRow])

    def of(self, rows: Iterator[PlanRow]) -> Iterator[Row]:
        for row in rows:
            self.outcomes[row.outcome] += 1
            if row.outcome == SEND and len(self.first) < SHOWN:
                self.first.append(row)
            yield row.cells()

    def told(self) -> dict[str, Any]:
        told = {"portfolio": self.portfolio, "day": self.day, "outcomes": dict(self.outcomes)}
        return told | {"at_most": self.at_most}


def plan(place: Place, portfolio_id: str, day: date | None, out: Path | None) -> Seen:
    """Plans a day of a portfolio, its next one unless told, by what the tables hold now; writes it to `out`, if
    told. Nobody's data changes. Raises InvalidInput for a portfolio that is not declared and for a day that is
    over."""
    ledger, now = Ledger(place.ledger), place.now()
    portfolio = ledger.portfolio(portfolio_id)
    if portfolio is None:
        raise InvalidInput("NO_PORTFOLIO", f"no portfolio {portfolio_id!r} has a valid portfolio.yaml")
    day = _day(portfolio, day, now)
    people = Ramps(place.ledger).people(portfolio.phone_number_id)
    seen = Seen(portfolio_id, day, ramp_left(ledger.strategy(portfolio_id).ramp, people, day))
    planner = Planner(ledger, Book(place.ledger), place.portfolio, place.only_to, faults=place.faults)
    rows = seen.of(planner.rows(portfolio_id, day, now))
    if out is None:
        for _ in rows:
            pass
    else:
        with out.open("wb") as file:
            write_listing(file, PLAN_COLUMNS, rows)
    return seen


def approve(place: Place, portfolio_id: str, day: date) -> dict[str, Any] | None:
    """Says yes to the plan that lies in results/; what became of it, None when no answer has come. Raises
    InvalidInput for what can be no portfolio."""
    drop = Drop.of_plan(portfolio_id, day)
    key = f"{drop.results}/{PLAN}{APPROVE}"
    plan_approved(key)
    return answer_to(place, drop, lambda: place.inbox.put(key, b"", "text/plain"))


def show(console: Console, seen: Seen) -> None:
    table = Table("outcome", "rows", "why", title=f"{seen.portfolio}: {seen.day}")
    for outcome, count in seen.outcomes.most_common():
        table.add_row(outcome, f"{count:,}", str(sentence(outcome)))
    console.print(table)
    if seen.at_most is not None and seen.outcomes[SEND] > seen.at_most:
        console.print(f"the number is new: at most {seen.at_most:,} of them leave on that day")
    if seen.first:
        table = Table("borrower", "at", "step", "rule", "template", "amount", title="the first messages")
        for row in seen.first:
            amount = ", ".join(f"{money.amount:,} {money.currency}" for money in row.amounts)
            table.add_row(row.borrower_id, f"{row.at:%H:%M}", str(row.step), row.rule, row.template, amount)
        console.print(table)


def show_approval(console: Console, told: dict[str, Any]) -> None:
    if told["error"]:
        console.print(f"[red]{told['error']['code']}[/red] {told['error']['reason']}")
    else:
        messages = told["approval"]["outcomes"].get(SEND, 0)
        console.print(f"approved: {told['portfolio']} {told['approval']['day']}, {messages:,} messages planned")


def _day(portfolio: Portfolio, day: date | None, now: datetime) -> date:
    today = now.astimezone(home_zone(portfolio)).date()
    if day and day < today:
        raise InvalidInput("BAD_DAY", f"{day} is over: today is {today} there")
    return day or today + timedelta(days=1)
