"""EventBridge Scheduler → S3 results. Every portfolio whose local day has ended gets that day's files, and in the
evening the next day's plan."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.faults import faults_of, with_registered_button
from cobranza.flows.plan_day import Planner
from cobranza.flows.reports.close import ReportDesk
from cobranza.flows.reports.late_receipts import ReceiptWatch
from cobranza.flows.reports.plan import PlanDesk
from cobranza.flows.reports.report import Sources
from cobranza.policy.outcomes import SEND
from cobranza.settings import ReportsSettings
from cobranza.store.aws import client
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.limits import DueLine, Ramps
from cobranza.store.messages import Messages
from cobranza.store.notices import Notices
from cobranza.store.objects import Bucket
from cobranza.store.payments import Payments
from cobranza.store.plans import Plans
from cobranza.store.portfolios import switched_on
from cobranza.store.receipts import Receipts
from cobranza.store.secrets import stage_clock
from cobranza.store.table import Table
from cobranza.store.templates import Templates


@dataclass(frozen=True, slots=True)
class Deps:
    desk: ReportDesk
    plans: PlanDesk
    clock: Clock


@cache
def wire() -> Deps:
    settings = ReportsSettings.from_env()
    dynamodb = client("dynamodb")
    table, journal = Table(dynamodb, settings.ledger_table), Journal(Table(dynamodb, settings.journal_table))
    receipts, cases = Receipts(table), Cases(table)
    sources = Sources(
        journal,
        Ledger(table),
        Messages(table),
        Book(table),
        Payments(table),
        Imports(table),
        DueLine(table),
        receipts,
        cases,
        Conversations(table),
    )
    results, notices = Bucket(client("s3"), settings.inbox_bucket), Notices(client("sns"), settings.notices_topic)
    portfolio = switched_on(sources.ledger.portfolio, settings.countries_on.split(","))
    templates = Templates(table)
    faults = faults_of(templates, is_needed=settings.needs_sync)
    written = with_registered_button(portfolio, templates)
    planner = Planner(
        sources.ledger, sources.book, written, settings.only_to, heals=True, faults=faults, journal=journal
    )
    plans = PlanDesk(planner, Plans(table), Ramps(table), results, notices)
    watch = ReceiptWatch(sources.ledger, cases, receipts, sources.journal, notices)
    return Deps(ReportDesk(sources, results, watch), plans, stage_clock(settings, lambda: client("ssm")))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    try:
        closed = _close_days(deps)
    finally:  # what cannot be closed keeps no plan from being made
        planned = _make_plans(deps)
    return {"closed": closed, "planned": planned}


def _close_days(deps: Deps) -> int:
    closed = 0
    for each in deps.desk.close_days(deps.clock()):
        closed += 1
        telemetry.count("DaysClosed")
        telemetry.count("OutcomesMissing", each.missing)
        telemetry.logger.info(
            "closed",
            portfolio=each.day.portfolio,
            day=str(each.day.date),
            rows=each.rows,
            missing=each.missing,
        )
    return closed


def _make_plans(deps: Deps) -> int:
    planned = 0
    for plan in deps.plans.make_plans(deps.clock()):
        planned += 1
        telemetry.count("PlansMade")
        telemetry.count("RemindersPlanned", plan.outcomes.get(SEND, 0))
        telemetry.logger.info("planned", portfolio=plan.portfolio, day=str(plan.day), outcomes=plan.outcomes)
    return planned
