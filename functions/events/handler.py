"""The journal's stream → EventBridge: what was noted is told to whoever subscribes."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.bus import Bus
from cobranza.flows.announce import Announcer, Noted
from cobranza.queues import failures
from cobranza.settings import EventsSettings
from cobranza.store.aws import client
from cobranza.store.journal import lines_of_image


@dataclass(frozen=True, slots=True)
class Deps:
    announcer: Announcer


@cache
def wire() -> Deps:
    return Deps(Announcer(Bus(client("events"), EventsSettings.from_env().event_bus)))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    new = (record["dynamodb"] for record in event["Records"] if record["eventName"] == "INSERT")
    told = deps.announcer.announce(
        Noted(line, change["SequenceNumber"]) for change in new for line in lines_of_image(change["NewImage"])
    )
    telemetry.count("EventsAnnounced", told.events)
    telemetry.count("LinesUnreadable", len(told.unreadable))
    for line in told.unreadable:
        telemetry.logger.error("a line of the journal cannot be told", line=line)
    if told.stopped_at:
        telemetry.logger.warning("the bus refused an event", error=told.error, sequence=told.stopped_at)
    return failures([told.stopped_at] if told.stopped_at else [])
