"""EventBridge Scheduler → SQS reminders. Whoever is due is leased and queued."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.queue_due import Scheduler
from cobranza.policy.breaker import Breaker
from cobranza.policy.pace import Pace
from cobranza.queues import Queue
from cobranza.settings import SchedulerSettings
from cobranza.store.aws import client
from cobranza.store.ledger import Ledger
from cobranza.store.limits import DueLine, Limits
from cobranza.store.secrets import stage_clock
from cobranza.store.table import Table
from cobranza.whatsapp.errors import rule_for


@dataclass(frozen=True, slots=True)
class Deps:
    scheduler: Scheduler
    clock: Clock


@cache
def wire() -> Deps:
    settings = SchedulerSettings.from_env()
    table = Table(client("dynamodb"), settings.ledger_table)
    scheduler = Scheduler(
        ledger=Ledger(table),
        limits=Limits(table, int(settings.people_per_day)),
        line=DueLine(table),
        queue=Queue(client("sqs"), settings.reminders_queue_url),
        pace=Pace(int(settings.sends_per_second), settings.tick),
    )
    return Deps(scheduler, stage_clock(settings, lambda: client("ssm")))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    _tell(deps.scheduler.ledger.breakers().values())
    tick = deps.scheduler.tick(deps.clock(), trace=context.aws_request_id)
    telemetry.count("BorrowersQueued", tick.queued)
    telemetry.logger.info("tick", queued=tick.queued)
    return asdict(tick)


def _tell(breakers: Collection[Breaker]) -> None:
    """Until somebody has resumed, every tick says what WhatsApp has stopped."""
    stopped = [breaker for breaker in breakers if not breaker.is_by_hand]
    telemetry.count("BreakersOpen", len(stopped))
    for each in stopped:
        telemetry.logger.error(
            "whatsapp has stopped",
            scope=each.scope,
            code=each.code,
            since=each.since,
            remedy=rule_for(each.code).remedy.en,
            then=f"cobranza resume {each.scope}",
        )
