"""HTTP API → ledger. A payment gateway tells a payment: checked, booked, then answered."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.applied import Rooms
from cobranza.flows.take_payment import PaymentDesk
from cobranza.gateway.payment import MAX_BYTES, BadPayment, parse
from cobranza.gateway.signature import SIGNATURE, TIMESTAMP, Verdict, judge
from cobranza.refs import References
from cobranza.settings import PaymentsSettings
from cobranza.store.aws import client
from cobranza.store.book import Book
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.payments import Payments
from cobranza.store.portfolios import remembered
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.table import Table


@dataclass(frozen=True, slots=True)
class Deps:
    desk: PaymentDesk
    secret: Callable[[], dict[str, Any]]
    clock: Clock


@cache
def wire() -> Deps:
    settings = PaymentsSettings.from_env()
    table, secrets = Table(client("dynamodb"), settings.ledger_table), client("secretsmanager")
    ledger = Ledger(table)
    rooms = Rooms(
        Book(table),
        ledger,
        Payments(table),
        Conversations(table),
        Journal(Table(client("dynamodb"), settings.journal_table)),
        References(Secret(secrets, settings.identity_secret)()["key"]),
        remembered(ledger.strategy),
    )
    clock = stage_clock(settings, lambda: client("ssm"))
    return Deps(PaymentDesk(rooms), Secret(secrets, settings.gateway_secret), clock)


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    if len(raw) > MAX_BYTES:
        return _refused(413, {"error": "too large"})
    headers = {name.lower(): value for name, value in event["headers"].items()}
    secrets = [each for each in deps.secret().values() if isinstance(each, str)]
    now = deps.clock()
    verdict = judge(raw, headers.get(TIMESTAMP), headers.get(SIGNATURE), secrets, now)
    if verdict is not Verdict.GOOD:
        return _refused(401, {"error": f"{verdict} signature"})
    try:
        taken = deps.desk.take(parse(raw, now), now)
    except BadPayment as bad:
        return _refused(422, {"errors": bad.problems})
    telemetry.count(f"Payments{taken.status.title()}")
    telemetry.logger.info("payment", status=taken.status, reason=taken.reason)
    reason = {"reason": taken.reason} if taken.reason else {}
    return _answer(202 if taken.reason else 200, {"status": taken.status, **reason})


def _refused(status: int, told: dict[str, Any]) -> dict[str, Any]:
    telemetry.count("PaymentsRefused")
    return _answer(status, told)


def _answer(status: int, told: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(told)}
