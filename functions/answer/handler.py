"""SQS replies → WhatsApp: what a borrower wrote is kept as what it means, and answered once."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import requests  # noqa: TID251 - the pooled session is made here, and used in cobranza.whatsapp alone

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.answer_reply import AnswerDesk
from cobranza.flows.close_case import CaseCloser
from cobranza.flows.say_once import TryLater
from cobranza.one_by_one import take_each
from cobranza.queues import REPLIES_RECEIVED, Queue, ReplyToAnswer
from cobranza.settings import AnswerSettings
from cobranza.store.aws import client
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.portfolios import remembered
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.table import Table
from cobranza.whatsapp.client import WhatsApp


@dataclass(frozen=True, slots=True)
class Deps:
    desk: AnswerDesk
    queue: Queue[ReplyToAnswer]
    clock: Clock


@cache
def wire() -> Deps:
    settings = AnswerSettings.from_env()
    table = Table(client("dynamodb"), settings.ledger_table)
    ledger, cases = Ledger(table), Cases(table)
    journal, strategy_of = Journal(Table(client("dynamodb"), settings.journal_table)), remembered(ledger.strategy)
    secret = Secret(client("secretsmanager"), settings.provider_secret)
    desk = AnswerDesk(
        ledger=ledger,
        conversations=Conversations(table),
        cases=cases,
        closer=CaseCloser(book=Book(table), ledger=ledger, cases=cases, journal=journal, strategy_of=strategy_of),
        journal=journal,
        whatsapp=WhatsApp(
            settings.graph_api_url, settings.graph_api_version, secret, requests.Session(), reread=secret.again
        ),
        portfolio=remembered(ledger.portfolio),
        only_to=settings.only_to,
    )
    queue = Queue[ReplyToAnswer](client("sqs"), settings.replies_queue_url)
    return Deps(desk, queue, stage_clock(settings, lambda: client("ssm")))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    now = deps.clock()
    deps.desk.whatsapp.hang_up()

    def take(asked: ReplyToAnswer) -> None:
        answer = deps.desk.answer(asked, now)
        telemetry.count("RepliesRead")
        telemetry.logger.info("reply", borrower=asked.borrower, answer=answer, trace=asked.trace)

    return take_each(
        event["Records"],
        take,
        lambda asked: deps.desk.give_up(asked, now),
        deps.queue,
        received=REPLIES_RECEIVED,
        retried="AnswersRetried",
        now=now,
        waits=(TryLater,),
    )
