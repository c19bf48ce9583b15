"""HTTP API → ledger. Meta's handshake, and everything it tells us: checked, stored, then answered."""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.errors import InvalidInput
from cobranza.flows.record_events import Recorder
from cobranza.queues import Queue
from cobranza.refs import References
from cobranza.settings import WebhookSettings
from cobranza.store.aws import client
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.table import Table
from cobranza.store.templates import Templates
from cobranza.whatsapp.errors import Action, is_known, rule_for
from cobranza.whatsapp.events import Event, StatusEvent, parse
from cobranza.whatsapp.signature import verify

MAX_BYTES = 3 * 1024 * 1024  # Meta's largest body


@dataclass(frozen=True, slots=True)
class Deps:
    recorder: Recorder
    secret: Callable[[], dict[str, Any]]
    clock: Clock


@cache
def wire() -> Deps:
    settings = WebhookSettings.from_env()
    table = Table(client("dynamodb"), settings.ledger_table)
    secrets = client("secretsmanager")
    recorder = Recorder(
        ledger=Ledger(table),
        conversations=Conversations(table),
        messages=Messages(table),
        journal=Journal(Table(client("dynamodb"), settings.journal_table)),
        references=References(Secret(secrets, settings.identity_secret)()["key"]),
        media=Queue(client("sqs"), settings.media_queue_url),
        templates=Templates(table),
        replies=Queue(client("sqs"), settings.replies_queue_url),
    )
    clock = stage_clock(settings, lambda: client("ssm"))
    return Deps(recorder, Secret(secrets, settings.webhook_secret), clock)


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
        return _answer(200, query.get("hub.challenge", ""))
    telemetry.count("HandshakesRefused")
    return _answer(403)


def _delivery(event: dict[str, Any], deps: Deps, *, trace: str) -> dict[str, Any]:
    body = _raw_body(event)
    if len(body) > MAX_BYTES:
        telemetry.count("WebhooksRefused")
        return _answer(413)
    signature = {name.lower(): value for name, value in event["headers"].items()}.get("x-hub-signature-256")
    secrets = deps.secret().get("app_secrets")
    # A text where the list should be would make each of its letters a secret.
    if not isinstance(secrets, list) or not verify(body, signature, secrets):
        telemetry.count("WebhooksRefused")
        return _answer(403 if signature else 401)
    try:
        events = parse(body)
    except InvalidInput:
        telemetry.count("WebhooksRefused")
        return _answer(400)
    counts = deps.recorder.record(events, deps.clock(), trace)
    for each in events:
        _raise_alarm(each, trace)
    telemetry.count("EventsRecorded", sum(counts.values()))
    telemetry.logger.info("recorded", counts=dict(counts))
    return _answer(200)


def _raise_alarm(event: Event, trace: str) -> None:
    """What failed late is as loud as what Meta answers to the sender; Meta's own words may name people."""
    if not isinstance(event, StatusEvent):
        return
    for error in event.errors[:1]:
        rule = rule_for(error.code)
        if is_known(error.code) and rule.action is not Action.OUR_BUG:
            return
        telemetry.count("RequestsAtFault" if is_known(error.code) else "UnknownErrorCodes")
        telemetry.logger.error("meta failed a message", code=error.code, remedy=rule.remedy.en, trace=trace)


def _raw_body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def _answer(status: int, text: str = "") -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "text/plain"}, "body": text}
