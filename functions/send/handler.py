"""SQS reminders → WhatsApp. Each message is settled, or comes back; those of a batch are worked on at once."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.faults import faults_of, with_registered_button
from cobranza.flows.pacer import Pacer
from cobranza.flows.room import Room
from cobranza.flows.send_reminder import Outcome, Sender
from cobranza.flows.stops import Stops
from cobranza.flows.upload_document import DocumentDesk
from cobranza.meta_faults import tell_fault
from cobranza.queues import Queue, Reminder, failures, waited, whose
from cobranza.settings import SendSettings
from cobranza.store.aws import client
from cobranza.store.documents import Documents
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.limits import Limits, Ramps
from cobranza.store.messages import Messages
from cobranza.store.portfolios import PAUSE_LIFETIME, once, remembered, switched_on
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.slots import Slots
from cobranza.store.table import Table
from cobranza.store.templates import Templates
from cobranza.store.texts import Texts
from cobranza.whatsapp.client import LONGEST_CALL, WhatsApp, pooled_session
from cobranza.whatsapp.documents import LONGEST_DOCUMENT, DocumentCourier
from cobranza.whatsapp.errors import rule_for

# Seconds of a look besides the call: reads, the wait for a turn, writes.
LONGEST_LOOK = 8


@dataclass(frozen=True, slots=True)
class Deps:
    sender: Sender
    queue: Queue[Reminder]
    clock: Clock
    workers: int = 1


@cache
def wire() -> Deps:
    settings = SendSettings.from_env()
    table = Table(client("dynamodb"), settings.ledger_table)
    ledger = Ledger(table)
    secret = Secret(client("secretsmanager"), settings.provider_secret)
    url, version, workers = settings.graph_api_url, settings.graph_api_version, int(settings.send_workers)
    limits = Limits(table, int(settings.people_per_day))
    templates, portfolio = Templates(table), switched_on(ledger.portfolio, settings.countries_on.split(","))
    sender = Sender(
        ledger=ledger,
        messages=Messages(table),
        journal=Journal(Table(client("dynamodb"), settings.journal_table)),
        whatsapp=WhatsApp(url, version, secret, pooled_session(workers), reread=secret.again),
        strategy_of=remembered(ledger.strategy),
        portfolio=remembered(with_registered_button(portfolio, templates)),
        feed=ledger.feed,
        room=Room(limits, Ramps(table)),
        stops=Stops(ledger),
        texts=Texts(table),
        only_to=settings.only_to,
        documents=DocumentDesk(
            Documents(table),
            DocumentCourier(url, version, secret, pooled_session(workers), time.monotonic, secret.again),
        ),
        pacer=Pacer(Slots(table), remembered(limits.allowed)),
        faults=faults_of(templates, is_needed=settings.needs_sync),
    )
    queue = Queue(client("sqs"), settings.reminders_queue_url)
    return Deps(sender, queue, stage_clock(settings, lambda: client("ssm")), workers)


@dataclass(frozen=True, slots=True)
class Looked:
    """A record, the reminder in it and what became of it; None where it failed or there was no time for it."""

    record: dict[str, Any]
    reminder: Reminder | None = None
    outcome: Outcome | None = None

    @property
    def is_settled(self) -> bool:
        return self.outcome is not None and self.outcome.retry_after is None


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    now = deps.clock()
    deps.sender.whatsapp.hang_up()
    # Read once a batch: a pause stops the next one, and so do a breaker, a limit and what became of a template.
    room = Room(deps.sender.room.limits, deps.sender.room.ramps)
    stops = Stops(deps.sender.stops.ledger, PAUSE_LIFETIME)
    feed, faults = remembered(deps.sender.feed, PAUSE_LIFETIME), once(deps.sender.faults, PAUSE_LIFETIME)
    sender = replace(deps.sender, feed=feed, room=room, stops=stops, faults=faults)
    deps = replace(deps, sender=sender)
    with ThreadPoolExecutor(deps.workers) as threads:
        looked = list(threads.map(lambda record: _look(deps, record, context, now), event["Records"]))
    closed = _close(sender, looked, now)
    for one in closed:
        _tell(one, now)
    outcomes = [one.outcome for one in closed if one.outcome]
    _tell_what_to_mend({outcome.mend for outcome in outcomes if outcome.mend})
    _tell_of_old_data(sum(outcome.code.endswith("_STALE_DATA") for outcome in outcomes))
    try:
        room.tell(now)
    except Exception:  # what was sent is sent: the limits miss at most this batch
        telemetry.logger.exception("limits not told")
    return failures([one.record["messageId"] for one in closed if not one.is_settled])


def _look(deps: Deps, record: dict[str, Any], context: Any, now: datetime) -> Looked:
    """In a thread of its own: what goes wrong with one record is not the others'."""
    if context.get_remaining_time_in_millis() < (LONGEST_LOOK + LONGEST_DOCUMENT + LONGEST_CALL) * 1000:
        return Looked(record)  # no time left to see a call through
    try:
        reminder = Reminder.parse(record["body"])
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        outcome = deps.sender.look(reminder, now, receives)
        if outcome.retry_after:
            deps.queue.delay(record["receiptHandle"], outcome.retry_after)
    except Exception:
        telemetry.logger.exception("reminder failed", extra=whose(record["body"]))
        return Looked(record)
    return Looked(record, reminder, outcome)


def _close(sender: Sender, looked: Sequence[Looked], now: datetime) -> list[Looked]:
    """Writes the ends of all looks together; where that fails, one by one, so that nobody waits for another."""
    closings = [one.outcome.closing for one in looked if one.outcome and one.outcome.closing]
    try:
        sender.close(closings, now)
    except Exception:
        telemetry.logger.exception("looks not ended together")
        return [_close_alone(sender, one, now) for one in looked]
    return list(looked)


def _close_alone(sender: Sender, looked: Looked, now: datetime) -> Looked:
    try:
        if looked.outcome and looked.outcome.closing:
            sender.close([looked.outcome.closing], now)
    except Exception:
        telemetry.logger.exception("reminder failed", extra=whose(looked.record["body"]))
        return Looked(looked.record)
    return looked


def _tell(looked: Looked, now: datetime) -> None:
    """Lines and metrics of one record."""
    reminder, outcome = looked.reminder, looked.outcome
    if not looked.is_settled:
        telemetry.measure("RetriedReminderAge", waited(looked.record, now))
    if reminder is None or outcome is None:
        telemetry.count("RemindersFailed")
        return
    telemetry.logger.info("reminder", borrower=reminder.borrower, outcome=outcome.code, trace=reminder.trace)
    _raise_alarm(reminder, outcome)
    if looked.is_settled:
        telemetry.count(f"Outcome{outcome.code.split('_')[0].title() or 'None'}")


def _tell_what_to_mend(templates: set[str]) -> None:
    """Once a batch, however many reminders wait for them."""
    if templates:
        telemetry.count("TemplatesHeld", len(templates))
        telemetry.logger.error("templates cannot be sent", templates=sorted(templates), then="cobranza status")


def _tell_of_old_data(reminders: int) -> None:
    if reminders:
        telemetry.count("RemindersStale", reminders)
        telemetry.logger.error("a portfolio's data is old", reminders=reminders, then="cobranza status")


def _raise_alarm(reminder: Reminder, outcome: Outcome) -> None:
    """What a person has to look at is an error in the log."""
    if stopped := outcome.stopped:
        telemetry.count("BreakersOpened")
        telemetry.logger.error(
            "whatsapp has stopped",
            scope=stopped.scope,
            code=stopped.code,
            since=stopped.since,
            remedy=rule_for(stopped.code).remedy.en,
            then=f"cobranza resume {stopped.scope}",
            trace=reminder.trace,
        )
    elif outcome.code.startswith("FAILED_"):
        code = int(outcome.code.removeprefix("FAILED_"))
        tell_fault("meta refused", code, borrower=reminder.borrower, trace=reminder.trace)
