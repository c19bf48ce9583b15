"""SQS reminders → WhatsApp. Each message is settled, or comes back."""

import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import requests  # noqa: TID251 - the pooled session is made here, and used in cobranza.whatsapp alone

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.room import Room
from cobranza.flows.send_reminder import Outcome, Sender
from cobranza.flows.stops import Stops
from cobranza.flows.upload_document import DocumentDesk
from cobranza.queues import Queue, Reminder, failures
from cobranza.settings import SendSettings
from cobranza.store.aws import client
from cobranza.store.documents import Documents
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.limits import Limits, Ramps
from cobranza.store.messages import Messages
from cobranza.store.portfolios import PAUSE_LIFETIME, remembered, switched_on
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.table import Table
from cobranza.whatsapp.client import LONGEST_CALL, WhatsApp
from cobranza.whatsapp.documents import LONGEST_DOCUMENT, DocumentCourier
from cobranza.whatsapp.errors import Action, is_known, rule_for


@dataclass(frozen=True, slots=True)
class Deps:
    sender: Sender
    queue: Queue[Reminder]
    clock: Clock


@cache
def wire() -> Deps:
    settings = SendSettings.from_env()
    table = Table(client("dynamodb"), settings.ledger_table)
    ledger = Ledger(table)
    secret = Secret(client("secretsmanager"), settings.provider_secret)
    url, version = settings.graph_api_url, settings.graph_api_version
    sender = Sender(
        ledger=ledger,
        messages=Messages(table),
        journal=Journal(Table(client("dynamodb"), settings.journal_table)),
        whatsapp=WhatsApp(url, version, secret, requests.Session(), reread=secret.again),
        strategy_of=remembered(ledger.strategy),
        portfolio=remembered(switched_on(ledger.portfolio, settings.countries_on.split(","))),
        feed=ledger.feed,
        room=Room(Limits(table, int(settings.people_per_day)), Ramps(table)),
        stops=Stops(ledger),
        only_to=settings.only_to,
        documents=DocumentDesk(
            Documents(table), DocumentCourier(url, version, secret, requests.Session(), time.monotonic)
        ),
    )
    queue = Queue(client("sqs"), settings.reminders_queue_url)
    return Deps(sender, queue, stage_clock(settings, lambda: client("ssm")))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    now = deps.clock()
    deps.sender.whatsapp.hang_up()
    # Read once a batch: a pause stops the next one, and so do a breaker and a limit.
    room = Room(deps.sender.room.limits, deps.sender.room.ramps)
    stops = Stops(deps.sender.stops.ledger, PAUSE_LIFETIME)
    sender = replace(deps.sender, feed=remembered(deps.sender.feed, PAUSE_LIFETIME), room=room, stops=stops)
    deps = replace(deps, sender=sender)
    failed: list[str] = []
    for record in event["Records"]:
        if context.get_remaining_time_in_millis() < (LONGEST_DOCUMENT + LONGEST_CALL + 5) * 1000:
            failed.append(record["messageId"])  # no time left to see a call through
            continue
        try:
            settled = _remind(deps, record, now)
        except Exception:
            telemetry.logger.exception("reminder failed")
            telemetry.count("RemindersFailed")
            settled = False
        if not settled:
            failed.append(record["messageId"])
    try:
        room.tell(now)
    except Exception:  # what was sent is sent: the limits miss at most this batch
        telemetry.logger.exception("limits not told")
    return failures(failed)


def _remind(deps: Deps, record: dict[str, Any], now: datetime) -> bool:
    reminder = Reminder.parse(record["body"])
    outcome = deps.sender.remind(reminder, now)
    telemetry.logger.info("reminder", borrower=reminder.borrower, outcome=outcome.code, trace=reminder.trace)
    _raise_alarm(reminder, outcome)
    if outcome.retry_after is None:
        telemetry.count(f"Outcome{outcome.code.split('_')[0].title() or 'None'}")
        return True
    if outcome.retry_after:
        deps.queue.delay(record["receiptHandle"], outcome.retry_after)
    return False


def _raise_alarm(reminder: Reminder, outcome: Outcome) -> None:
    """What a person has to look at is an error in the log; Meta's own words may name people, so they stay in the
    ledger."""
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
        if is_known(code) and rule_for(code).action is not Action.OUR_BUG:
            return
        telemetry.count("RequestsAtFault" if is_known(code) else "UnknownErrorCodes")
        telemetry.logger.error("meta refused", code=code, remedy=rule_for(code).remedy.en, trace=reminder.trace)
