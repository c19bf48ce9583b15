"""The streams of journal and ledger → EventBridge: what was noted is told to whoever subscribes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.bus import Bus
from cobranza.flows.announce import Announcer, Change
from cobranza.queues import failures
from cobranza.settings import EventsSettings
from cobranza.store.aws import client
from cobranza.store.journal import news_of
from cobranza.store.statuses import noted_since
from cobranza.store.table import unpacked


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
    told = deps.announcer.announce(each for record in event["Records"] for each in _changes(record))
    telemetry.count("EventsAnnounced", told.events)
    telemetry.count("LinesUnreadable", len(told.unreadable))
    for line in told.unreadable:
        telemetry.logger.error("a line of the journal cannot be told", line=line)
    if told.stopped_at:
        telemetry.logger.warning("the bus refused an event", error=told.error, sequence=told.stopped_at)
    return failures([told.stopped_at] if told.stopped_at else [])


def _changes(record: dict[str, Any]) -> Iterator[Change]:
    """New lines of the journal, and what a message's claim knows that it did not know before."""
    told = record["dynamodb"]
    match record["eventName"]:
        case "INSERT":
            noted = news_of(unpacked(told["NewImage"]))
        case "MODIFY":
            noted = iter(noted_since(unpacked(told["OldImage"]), unpacked(told["NewImage"])))
        case _:
            noted = iter(())
    return (Change(each, told["SequenceNumber"]) for each in noted)
