"""plan.csv: what the coming day will bring each portfolio's borrowers, made in the evening before it.

A portfolio that waits for a person's yes has today's plan too, as soon as there is a book to make it of.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cobranza.files.day_plan import PLAN_COLUMNS
from cobranza.files.exports import Row
from cobranza.files.listings import write_listing
from cobranza.flows.drops import PLAN, Drop
from cobranza.flows.plan_day import Planner
from cobranza.flows.results import CSV
from cobranza.policy.closing import home_zone
from cobranza.policy.pace import ramp_left
from cobranza.policy.portfolio import Portfolio
from cobranza.store.limits import Ramps
from cobranza.store.notices import Notices
from cobranza.store.objects import Bucket
from cobranza.store.plans import Plan, Plans

# The local hour from which the next day's plan is made.
EVENING = 18


@dataclass(frozen=True, slots=True)
class PlanDesk:
    planner: Planner
    plans: Plans
    ramps: Ramps
    results: Bucket
    notices: Notices

    def make_plans(self, now: datetime) -> Iterator[Plan]:
        """Makes the plans that are wanted and not there yet. A portfolio that fails keeps no other from its own;
        the first failure is raised at the end."""
        failure: Exception | None = None
        for portfolio_id in [listed.id for listed in self.planner.ledger.portfolios()]:
            try:
                if portfolio := self.planner.ledger.portfolio(portfolio_id):
                    for day in self._wanted(portfolio, now):
                        yield self.make(portfolio, day, now)
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure

    def make(self, portfolio: Portfolio, day: date, now: datetime) -> Plan:
        """Writes the plan and tells of it. Who dies before it is saved leaves it to be made again."""
        portfolio_id = portfolio.portfolio_id
        outcomes: Counter[str] = Counter()

        def cells() -> Iterator[Row]:
            for row in self.planner.rows(portfolio_id, day, now):
                outcomes[row.outcome] += 1
                yield row.cells()

        drop = Drop.of_plan(portfolio_id, day)
        with tempfile.TemporaryFile() as file:
            write_listing(file, PLAN_COLUMNS, cells())
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            self.results.put_file(f"{drop.results}/{PLAN}", file, CSV)
        ramp = self.planner.ledger.strategy(portfolio_id).ramp
        at_most = ramp_left(ramp, self.ramps.people(portfolio.phone_number_id), day)
        plan = Plan(portfolio_id, day, digest, now, outcomes)
        waits = self._waits(portfolio_id, day)
        self.notices.plan_is_ready(plan, drop.results, needs_approval=waits, at_most=at_most)
        self.plans.save(plan)
        return plan

    def _wanted(self, portfolio: Portfolio, now: datetime) -> Iterator[date]:
        portfolio_id = portfolio.portfolio_id
        if self.planner.ledger.feed(portfolio_id).as_of is None:
            return
        local = now.astimezone(home_zone(portfolio))
        today, tomorrow = local.date(), local.date() + timedelta(days=1)
        if self._waits(portfolio_id, today) and not self.plans.find(portfolio_id, today):
            yield today
        if local.hour >= EVENING and not self.plans.find(portfolio_id, tomorrow):
            yield tomorrow

    def _waits(self, portfolio_id: str, day: date) -> bool:
        ledger = self.planner.ledger
        return not ledger.feed(portfolio_id).is_approved(ledger.strategy(portfolio_id), day)
