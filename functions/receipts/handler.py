"""SQS media → receipts bucket. What fails comes back after seconds: Meta's addresses do not live long."""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests  # noqa: TID251 - the pooled session is made here, and used in cobranza.whatsapp alone

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.fetch_receipt import ANSWER_WITHIN, ReceiptDesk
from cobranza.flows.say_once import TryLater
from cobranza.one_by_one import take_each
from cobranza.queues import MEDIA_RECEIVED, Queue, ReplyToAnswer
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

    def take(asked: ReplyToAnswer) -> None:
        state = deps.desk.fetch(asked, now)
        telemetry.count(f"Receipts{state.title().replace('_', '')}")
        telemetry.logger.info("receipt", borrower=asked.borrower, state=state, trace=asked.trace)

    return take_each(
        event["Records"],
        take,
        lambda asked: deps.desk.give_up(asked, now),
        deps.queue,
        received=MEDIA_RECEIVED,
        retried="ReceiptsRetried",
        now=now,
        age="RetriedReceiptAge",
        waits=(TryAgain, TryLater),
    )
