"""HTTP API → ledger. Meta's handshake, and everything it tells us: checked, stored, then answered."""

import hmac
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from typing import Any, cast

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.record_events import UNREADABLE, Recorded, Recorder
from cobranza.flows.record_news import DROPPED, OPTED_OUT, RED, STOPPED, NewsDesk
from cobranza.flows.record_statuses import STATES
from cobranza.http_api import answer, request_of
from cobranza.meta_faults import tell_fault
from cobranza.queues import Queue
from cobranza.refs import References
from cobranza.settings import WebhookSettings
from cobranza.signature import judged, verify
from cobranza.store.aws import client
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.store.numbers import Numbers
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.table import Table
from cobranza.store.templates import Templates
from cobranza.whatsapp.account_news import Alert, account_news
from cobranza.whatsapp.events import SIGNATURE, Event, OtherEvent, StatusEvent, parse

MAX_BYTES = 3 * 1024 * 1024  # Meta's largest body
# Who wrote is two queries each, and a body may have a thousand messages.
WORKERS = 16


@dataclass(frozen=True, slots=True)
class Deps:
    recorder: Recorder
    secret: Callable[[], dict[str, Any]]
    renewed_secret: Callable[[], dict[str, Any]]
    clock: Clock


@cache
def wire() -> Deps:
    settings = WebhookSettings.from_env()
    table = Table(client("dynamodb"), settings.ledger_table)
    secrets = client("secretsmanager")
    ledger, conversations = Ledger(table), Conversations(table)
    journal = Journal(Table(client("dynamodb"), settings.journal_table))
    recorder = Recorder(
        ledger=ledger,
        conversations=conversations,
        messages=Messages(table),
        journal=journal,
        references=References(Secret(secrets, settings.identity_secret)()["key"]),
        media=Queue(client("sqs"), settings.media_queue_url),
        news=NewsDesk(ledger, conversations, journal, Templates(table), Numbers(table), Cases(table)),
        replies=Queue(client("sqs"), settings.replies_queue_url),
        workers=WORKERS,
    )
    clock = stage_clock(settings, lambda: client("ssm"))
    secret = Secret(secrets, settings.webhook_secret)
    return Deps(recorder, secret, secret.renewed, clock)


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    if event["requestContext"]["http"]["method"] == "GET":
        return _handshake(event.get("queryStringParameters") or {}, deps)
    return _delivery(event, deps, trace=context.aws_request_id)


def _handshake(query: dict[str, str], deps: Deps) -> dict[str, Any]:
    expected = deps.secret().get("verify_token") or ""
    given = query.get("hub.verify_token", "")
    if (
        query.get("hub.mode") == "subscribe"
        and expected
        and hmac.compare_digest(given.encode(), expected.encode())
    ):
        telemetry.count("HandshakesAccepted")
        return answer(200, query.get("hub.challenge", ""))
    telemetry.count("HandshakesRefused")
    return answer(403)


def _delivery(event: dict[str, Any], deps: Deps, *, trace: str) -> dict[str, Any]:
    request = request_of(event)
    if len(request.body) > MAX_BYTES:
        return _refused(413, "WebhooksTooLarge")
    signature = request.headers.get(SIGNATURE)
    if not signature:
        return _refused(401, "WebhooksUnsigned")
    if not request.body:
        return _refused(400, "WebhooksEmpty")
    if not _is_metas(request.body, signature, deps):
        return _refused(403, "WebhooksForged")
    events = parse(request.body)
    told = deps.recorder.record(events, deps.clock(), trace)
    for each in events:
        _raise_alarm(each, told, trace)
    _tell_what_to_mend(told.counts, trace)
    _tell_counts(told, trace)
    return answer(200)


def _tell_counts(told: Recorded, trace: str) -> None:
    """Where statuses are all there is, their metrics say it in one short line: three come of each message."""
    counts, borrowers = told.counts, [*dict.fromkeys(chain.from_iterable(told.about.values()))]
    for status in STATES.keys() & counts.keys():
        telemetry.count(f"Messages{status.title()}", counts[status])
    if stopped := counts[OPTED_OUT]:
        telemetry.count("OptOuts", stopped)
    if counts and counts.keys() <= STATES.keys():
        telemetry.trace(trace, borrowers)
    else:
        telemetry.logger.info("recorded", counts=dict(counts), **telemetry.about(borrowers))


def _refused(status: int, reason: str) -> dict[str, Any]:
    telemetry.count(reason)
    return answer(status)


def _is_metas(body: bytes, signature: str, deps: Deps) -> bool:
    verdict = partial(verify, body, signature)
    return judged(verdict, False, _app_secrets(deps.secret()), lambda: _app_secrets(deps.renewed_secret()))


def _app_secrets(secret: dict[str, Any]) -> list[str]:
    """A text where the list should be would make each of its letters a secret."""
    told = secret.get("app_secrets")
    return [each for each in cast(list[Any], told) if isinstance(each, str)] if isinstance(told, list) else []


def _tell_what_to_mend(counts: Counter[str], trace: str) -> None:
    if dropped := counts[DROPPED] + counts[RED]:
        telemetry.count("QualityDropped", dropped)
    if stopped := counts[STOPPED] + counts[RED]:
        telemetry.count("BreakersOpened", stopped)
        telemetry.logger.error("whatsapp has stopped", then="cobranza status", trace=trace)
    if unreadable := counts[UNREADABLE]:
        telemetry.count("WebhooksUnreadable", unreadable)
        telemetry.logger.error("meta told what cannot be read", pieces=unreadable, trace=trace)


def _raise_alarm(event: Event, told: Recorded, trace: str) -> None:
    """Meta's own words may name people: they are in no log."""
    match event:
        case StatusEvent():
            _tell_failure(event, told.about[event.wamid], trace)
        case OtherEvent():
            _tell_alerts(event, trace)
        case _:
            return


def _tell_alerts(event: OtherEvent, trace: str) -> None:
    for news in account_news(event):
        if isinstance(news, Alert):
            telemetry.count("AccountAlerts")
            telemetry.logger.error("meta has an alert", kind=news.kind or "unknown", trace=trace)


def _tell_failure(event: StatusEvent, borrowers: Sequence[str], trace: str) -> None:
    """A line for each message that failed late; what a person has to mend is as loud as what Meta answers to the
    sender."""
    for error in event.errors[:1]:
        whom = " ".join(borrowers)
        if not tell_fault("meta failed a message", error.code, borrower=whom, trace=trace):
            telemetry.logger.info("meta failed a message", code=error.code, borrower=whom, trace=trace)
