"""SQS media → receipts bucket. What fails comes back after seconds: Meta's addresses do not live long."""

import random
import time
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import requests  # noqa: TID251 - the pooled session is made here, and used in cobranza.whatsapp alone

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.fetch_receipt import ANSWER_WITHIN, ReceiptDesk
from cobranza.flows.say_once import TryLater
from cobranza.queues import MEDIA_RECEIVED, Queue, ReplyToAnswer, failures, whose
from cobranza.settings import ReceiptsSettings
from cobranza.store.aws import client
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.objects import Bucket
from cobranza.store.portfolios import remembered
from cobranza.store.receipts import Receipts
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.table import Table
from cobranza.whatsapp.client import WhatsApp
from cobranza.whatsapp.guarded import TryAgain
from cobranza.whatsapp.media import MediaStore


@dataclass(frozen=True, slots=True)
class Deps:
    desk: ReceiptDesk
    queue: Queue[ReplyToAnswer]
    clock: Clock


@cache
def wire() -> Deps:
    settings = ReceiptsSettings.from_env()
    table = Table(client("dynamodb"), settings.ledger_table)
    ledger = Ledger(table)
    secret = Secret(client("secretsmanager"), settings.provider_secret)
    session = requests.Session()
    url, version = settings.graph_api_url, settings.graph_api_version
    desk = ReceiptDesk(
        ledger=ledger,
        conversations=Conversations(table),
        journal=Journal(Table(client("dynamodb"), settings.journal_table)),
        media=MediaStore(url, version, secret, session, time.monotonic, secret.again),
        receipts=Bucket(client("s3"), settings.receipts_bucket),
        whatsapp=WhatsApp(url, version, secret, session, read_timeout=ANSWER_WITHIN, reread=secret.again),
        portfolio=remembered(ledger.portfolio),
        waiting=Receipts(table),
        cases=Cases(table),
        only_to=settings.only_to,
    )
    queue = Queue[ReplyToAnswer](client("sqs"), settings.media_queue_url)
    return Deps(desk, queue, stage_clock(settings, lambda: client("ssm")))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    now = deps.clock()
    deps.desk.whatsapp.hang_up()
    failed: list[str] = []
    for record in event["Records"]:
        try:
            asked = ReplyToAnswer.parse(record["body"])
            state = deps.desk.fetch(asked, now)
        except Exception as error:
            if isinstance(error, TryAgain | TryLater):
                reason = str(error)
                telemetry.logger.warning(
                    "receipt not fetched or answered yet", reason=reason, extra=whose(record["body"])
                )
            else:
                telemetry.logger.exception("receipt failed", extra=whose(record["body"]))
            telemetry.count("ReceiptsRetried")
            _give_up_in_the_end(record, deps, now)
            failed.append(record["messageId"])
            deps.queue.delay(record["receiptHandle"], random.randint(5, 15))
        else:
            telemetry.count(f"Receipts{state.title().replace('_', '')}")
            telemetry.logger.info("receipt", borrower=asked.borrower, state=state, trace=asked.trace)
    return failures(failed)


def _give_up_in_the_end(record: dict[str, Any], deps: Deps, now: datetime) -> None:
    """Before a receipt becomes a dead letter a person is told that it came."""
    if int(record["attributes"]["ApproximateReceiveCount"]) < MEDIA_RECEIVED:
        return
    try:
        deps.desk.give_up(ReplyToAnswer.parse(record["body"]), now)
    except Exception:
        telemetry.logger.exception("nobody is told of a receipt")
