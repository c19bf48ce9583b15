"""HTTP API → ledger. A payment gateway tells a payment: checked, booked, then answered."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.flows.applied import Rooms
from cobranza.flows.take_payment import PaymentDesk
from cobranza.gateway.payment import MAX_BYTES, BadPayment, parse, payer_in
from cobranza.gateway.signature import SIGNATURE, TIMESTAMP, Verdict, judge
from cobranza.http_api import Request, answer_json, request_of
from cobranza.refs import References
from cobranza.settings import PaymentsSettings
from cobranza.signature import judged
from cobranza.store.aws import client
from cobranza.store.book import Book
from cobranza.store.cases import Cases
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
    renewed_secret: Callable[[], dict[str, Any]]
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
        Cases(table),
        Journal(Table(client("dynamodb"), settings.journal_table)),
        References(Secret(secrets, settings.identity_secret)()["key"]),
        remembered(ledger.strategy),
    )
    clock = stage_clock(settings, lambda: client("ssm"))
    secret = Secret(secrets, settings.gateway_secret)
    return Deps(PaymentDesk(rooms), secret, secret.renewed, clock)


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    request, now = request_of(event), deps.clock()
    if len(request.body) > MAX_BYTES:
        return _refused(413, {"error": "too large"}, "PaymentsTooLarge")
    verdict = _judged(request, deps, now)
    if verdict is not Verdict.GOOD:
        return _refused(401, {"error": f"{verdict} signature"}, f"Payments{verdict.title()}")
    try:
        taken = deps.desk.take(parse(request.body, now), now)
    except BadPayment as bad:
        deps.desk.doubt(payer_in(request.body), now)
        return _refused(422, {"errors": bad.problems}, "PaymentsUnreadable")
    telemetry.count(f"Payments{taken.status.title()}")
    telemetry.logger.info("payment", **asdict(taken))
    reason = {"reason": taken.reason} if taken.reason else {}
    return answer_json(202 if taken.reason else 200, {"status": taken.status, **reason})


def _judged(request: Request, deps: Deps, now: datetime) -> Verdict:
    timestamp, signature = request.headers.get(TIMESTAMP), request.headers.get(SIGNATURE)
    if not signature:
        return Verdict.FORGED
    verdict = partial(judge, request.body, timestamp, signature, now=now)
    return judged(verdict, Verdict.FORGED, _secrets(deps.secret()), lambda: _secrets(deps.renewed_secret()))


def _secrets(secret: dict[str, Any]) -> list[str]:
    return [each for each in secret.values() if isinstance(each, str)]


def _refused(status: int, told: dict[str, Any], reason: str) -> dict[str, Any]:
    telemetry.count(reason)
    return answer_json(status, told)
