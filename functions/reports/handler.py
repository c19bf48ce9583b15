"""EventBridge Scheduler → S3 results. Every portfolio whose local day has ended gets that day's files."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.reports.close import ReportDesk
from cobranza.flows.reports.report import Sources
from cobranza.settings import ReportsSettings
from cobranza.store.aws import client
from cobranza.store.book import Book
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.objects import Bucket
from cobranza.store.payments import Payments
from cobranza.store.secrets import stage_clock
from cobranza.store.table import Table


@dataclass(frozen=True, slots=True)
class Deps:
    desk: ReportDesk
    clock: Clock


@cache
def wire() -> Deps:
    settings = ReportsSettings.from_env()
    dynamodb = client("dynamodb")
    table, journal = Table(dynamodb, settings.ledger_table), Journal(Table(dynamodb, settings.journal_table))
    sources = Sources(journal, Ledger(table), Book(table), Payments(table), Imports(table))
    desk = ReportDesk(sources, Bucket(client("s3"), settings.inbox_bucket))
    return Deps(desk, stage_clock(settings, lambda: client("ssm")))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
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
    return {"closed": closed}
