"""results/<portfolio>/plans/dt=<day>/plan.csv.approve: a person said yes to the plan that lies beside it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.results import Summary
from cobranza.flows.drops import Drop, plan_approved
from cobranza.flows.results import ResultDesk
from cobranza.policy.closing import home_zone
from cobranza.store.ledger import Ledger
from cobranza.store.objects import Bucket
from cobranza.store.plans import Plan, Plans
from cobranza.store.table import utc


@dataclass(frozen=True, slots=True)
class ApprovalDesk:
    ledger: Ledger
    plans: Plans
    results: ResultDesk

    def take(self, inbox: Bucket, key: str, now: datetime) -> Summary:
        """Approves the plan; a second yes to it is none. What became of it lies in summary.json beside it."""
        drop = Drop.misplaced(key)
        try:
            portfolio_id, day = plan_approved(key)
            drop = Drop.of_plan(portfolio_id, day)
            plan = self._plan(portfolio_id, day, now)
        except InvalidInput as error:
            return self.results.refuse(inbox, drop, error, now)
        self.ledger.approve(portfolio_id, day)
        approval = {"day": day.isoformat(), "approved_at": utc(now), "outcomes": dict(plan.outcomes)}
        summary = Summary(
            kind=drop.kind,
            portfolio=drop.portfolio,
            file=drop.file,
            digest=plan.digest,
            as_of=plan.made_at,
            approval=approval,
        )
        return self.results.write_approval(inbox, drop, summary, plan, now)

    def _plan(self, portfolio_id: str, day: date, now: datetime) -> Plan:
        today = now.astimezone(home_zone(self.ledger.portfolio(portfolio_id))).date()
        if day not in (today, today + timedelta(days=1)):
            raise refuse(
                "BAD_APPROVAL",
                f"{day} is not {today} or the next day",
                es=f"{day} no es {today} ni el día siguiente",
            )
        if plan := self.plans.find(portfolio_id, day):
            return plan
        raise refuse(
            "BAD_APPROVAL",
            f"there is no plan of {portfolio_id} for {day}",
            es=f"no hay plan de {portfolio_id} para {day}",
        )
