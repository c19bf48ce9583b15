"""HTTP API → ledger and WhatsApp. The creditor's own people list cases, answer, take and close them, and decide
about receipts.

API Gateway has checked the token; its claims say who asks (`sub`), and which portfolios they may see.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Annotated, Any, Literal

import requests  # noqa: TID251 - the pooled session is made here, and used in cobranza.whatsapp alone
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.errors import InvalidInput
from cobranza.files.codes import CODES
from cobranza.flows.answer_case import CaseAnswers
from cobranza.flows.applied import Rooms
from cobranza.flows.case_desk import Caller, CaseDesk, CaseRefused, Shown, Wanted
from cobranza.flows.decide_receipt import DecisionDesk, ReceiptShown
from cobranza.flows.faults import faults_of
from cobranza.ledger.case import CaseQueue, CaseState, Closing, Result
from cobranza.refs import References
from cobranza.settings import CasesSettings
from cobranza.store.aws import client
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.payments import Payments
from cobranza.store.portfolios import remembered
from cobranza.store.receipts import Receipts
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.table import Table
from cobranza.store.templates import Templates
from cobranza.whatsapp.client import WhatsApp

MAX_BYTES = 16 * 1024
MAX_NAME = 200
_CASE = re.compile(r"[0-9A-V]{26}")
_RECEIPT = re.compile(r"[A-Z2-7]{26}")

# The status and the sentence of each code.
REFUSALS: Mapping[str, tuple[int, str]] = {
    "UNAUTHORIZED": (401, "The token says nobody's name."),
    "NOT_FOUND": (404, "There is nothing here that you may see."),
    "BAD_REQUEST": (422, "What was sent cannot be read."),
    "BAD_UNTIL": (422, "The moment must lie ahead, at most 14 days."),
    "BAD_HOLD": (422, "The last day of the hold is over."),
    "TOO_LARGE": (413, "What was sent is too large."),
    "ALREADY_CLOSED": (409, "The case is closed."),
    "TAKEN": (409, "Somebody else is in charge of the case."),
    "CHANGED": (409, "The case changed meanwhile: read it again."),
    "OUTSIDE_WINDOW": (409, "Nothing came in the last 24 hours: WhatsApp takes these templates alone."),
    "OPTED_OUT": (409, "The person asked us to stop and has not written since."),
    "TEST_STAGE": (409, "This stack is for tests and writes to the phones on its list alone."),
    "MAY_HAVE_LEFT": (409, "These words may have left: they are not sent again."),
    "TRY_LATER": (503, "WhatsApp did not take it now: try again in some seconds."),
    "NOT_TAKEN": (502, "WhatsApp refused it."),
}


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Answer(_Body):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class _Take(_Body):
    until: AwareDatetime


class _Close(_Body):
    result: Literal[Result.RESOLVED, Result.STANDS]
    hold_until: date | None = None


class _Decide(_Body):
    """The other cells of a receipts file's row, as texts: what is in them is judged as there."""

    borrower_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    decision: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    amount: Annotated[str, StringConstraints(max_length=60)] = ""
    currency: Annotated[str, StringConstraints(max_length=10)] = ""
    reason: Annotated[str, StringConstraints(max_length=1000)] = ""


type _Portfolio = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class _Waiting(_Body):
    portfolio: _Portfolio
    cursor: Annotated[str, StringConstraints(pattern=r"^([A-Z2-7]{26})?$")] = ""


class _List(_Body):
    portfolio: _Portfolio
    state: Literal[CaseState.OPEN, CaseState.TAKEN] | None = None
    queue: CaseQueue | None = None
    cursor: Annotated[str, StringConstraints(pattern=r"^([0-9A-V]{26})?$")] = ""


@dataclass(frozen=True, slots=True)
class Deps:
    answers: CaseAnswers
    decisions: DecisionDesk
    clock: Clock

    @property
    def desk(self) -> CaseDesk:
        return self.answers.desk


@cache
def wire() -> Deps:
    settings = CasesSettings.from_env()
    dynamodb = client("dynamodb")
    table, journal = Table(dynamodb, settings.ledger_table), Journal(Table(dynamodb, settings.journal_table))
    ledger = Ledger(table)
    secrets, portfolio = client("secretsmanager"), remembered(ledger.portfolio)
    rooms = Rooms(
        Book(table),
        ledger,
        Payments(table),
        Cases(table),
        journal,
        References(Secret(secrets, settings.identity_secret)()["key"]),
        remembered(ledger.strategy),
    )
    secret = Secret(secrets, settings.provider_secret)
    answers = CaseAnswers(
        desk=CaseDesk(
            closer=rooms.closer,
            conversations=Conversations(table),
            portfolio=portfolio,
        ),
        whatsapp=WhatsApp(
            settings.graph_api_url, settings.graph_api_version, secret, requests.Session(), reread=secret.again
        ),
        faults=faults_of(Templates(table), is_needed=settings.needs_sync),
        only_to=settings.only_to,
    )
    decisions = DecisionDesk(rooms=rooms, receipts=Receipts(table), portfolio=portfolio)
    return Deps(answers, decisions, stage_clock(settings, lambda: client("ssm")))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    try:
        caller = _caller(event)
        deps = deps or wire()
        deps.answers.whatsapp.hang_up()
        told = _do(event, deps, caller, deps.clock())
    except ValidationError as error:
        fields = sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]})
        return _refused(event, CaseRefused("BAD_REQUEST", {"fields": fields}))
    except InvalidInput as error:
        return _refused_row(event, error)
    except CaseRefused as refused:
        return _refused(event, refused)
    telemetry.count("CasesAsked")
    telemetry.logger.info("cases", route=event["routeKey"])
    return _answer(200, told)


def _do(event: dict[str, Any], deps: Deps, caller: Caller, now: datetime) -> dict[str, Any]:
    route = event["routeKey"]
    if route == "GET /cases":
        return _page(event, deps, caller, now)
    if route == "GET /receipts":
        return _waiting(event, deps, caller)
    if route == "POST /receipts/{id}":
        return _decide(event, deps, caller, now)
    case_id = event["pathParameters"]["id"]
    if not _CASE.fullmatch(case_id):
        raise CaseRefused("NOT_FOUND")
    if route != "GET /cases/{id}":
        _order(event, deps, caller, now)(case_id)
    return _told(deps.desk.show(caller, case_id, now))


def _order(event: dict[str, Any], deps: Deps, caller: Caller, now: datetime) -> Callable[[str], None]:
    """What is to be done with a case, by its id."""
    match event["routeKey"].removeprefix("POST /cases/{id}/"):
        case "answer":
            text = _Answer.model_validate_json(_raw(event)).text
            return partial(deps.answers.answer, caller, text=text, now=now)
        case "take":
            until = _Take.model_validate_json(_raw(event)).until
            return partial(deps.desk.take, caller, until=until, now=now)
        case "hand-back":
            return partial(deps.desk.hand_back, caller, now=now)
        case "close":
            body = _Close.model_validate_json(_raw(event))
            return partial(deps.desk.close, caller, closing=Closing(body.result, body.hold_until), now=now)
        case _:
            raise CaseRefused("NOT_FOUND")


def _page(event: dict[str, Any], deps: Deps, caller: Caller, now: datetime) -> dict[str, Any]:
    asked = _List.model_validate(event.get("queryStringParameters") or {})
    wanted = Wanted(portfolio=asked.portfolio, state=asked.state, queue=asked.queue, after=asked.cursor)
    found, following = deps.desk.page(caller, wanted, now)
    return {"cases": [_told(each) for each in found], "next": following or None}


def _waiting(event: dict[str, Any], deps: Deps, caller: Caller) -> dict[str, Any]:
    asked = _Waiting.model_validate(event.get("queryStringParameters") or {})
    found, following = deps.decisions.page(caller, asked.portfolio, asked.cursor)
    return {"receipts": [_told_of_receipt(each) for each in found], "next": following or None}


def _decide(event: dict[str, Any], deps: Deps, caller: Caller, now: datetime) -> dict[str, Any]:
    receipt_id = event["pathParameters"]["id"]
    if not _RECEIPT.fullmatch(receipt_id):
        raise CaseRefused("NOT_FOUND")
    told = _Decide.model_validate_json(_raw(event)).model_dump()
    return _told_of_receipt(deps.decisions.decide(caller, receipt_id, told, now))


def _caller(event: dict[str, Any]) -> Caller:
    """Raises CaseRefused (UNAUTHORIZED) where API Gateway has put nobody's name."""
    context = event.get("requestContext") or {}
    claims = ((context.get("authorizer") or {}).get("jwt") or {}).get("claims") or {}
    name = str(claims.get("sub") or "")
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise CaseRefused("UNAUTHORIZED")
    return Caller(name, _portfolios(claims.get("portfolios")))


def _portfolios(claim: object) -> frozenset[str] | None:
    """API Gateway writes a list as one text: [norte sur]."""
    listed: list[object] = claim if isinstance(claim, list) else [claim or ""]  # pyright: ignore[reportUnknownVariableType]
    names = frozenset(re.findall(r"[^\s,\"\[\]]+", " ".join(map(str, listed))))
    return None if "*" in names else names


def _raw(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    if len(raw) > MAX_BYTES:
        raise CaseRefused("TOO_LARGE")
    return raw


def _told(shown: Shown) -> dict[str, Any]:
    case, closing = shown.case, shown.case.closing
    told: dict[str, Any] = {
        "id": case.id,
        "portfolio": case.portfolio,
        "queue": case.queue,
        "topic": case.topic,
        "state": case.state,
        "borrower_ids": shown.borrower_ids,
        "debts": _debt_ids(case.debts),
        "opened_at": case.opened_at,
        "age_hours": int(shown.age.total_seconds() // 3600),
        "taken_by": case.taken_by or None,
        "taken_until": case.taken_until,
        "first_answer_at": case.first_answer_at,
        "result": closing and closing.result,
        "hold_until": closing and closing.hold_until,
        "closed_at": case.closed_at,
    }
    return told | ({"messages": shown.messages} if shown.messages else {})


def _told_of_receipt(shown: ReceiptShown) -> dict[str, Any]:
    receipt = shown.receipt
    return {
        "id": receipt.id,
        "portfolio": receipt.portfolio,
        "borrower_id": shown.borrower_id,
        "debts": _debt_ids(receipt.debts),
        "state": receipt.state,
        "file": receipt.file or None,
        "received_at": receipt.received_at,
        "paused_until": receipt.until,
        "currency": receipt.currency or None,
        "decision": receipt.decision,
    }


def _debt_ids(debts: Sequence[str]) -> list[str]:
    return [key.partition("#")[2].removesuffix("#") for key in debts]


def _refused_row(event: dict[str, Any], error: InvalidInput) -> dict[str, Any]:
    """As a file's row is refused, by its code; without its reason, which has what was sent."""
    status = 409 if error.code == "ALREADY_DECIDED" else 422
    fields = {"fields": [error.column]} if error.column else {}
    return _not_done(event, status, {"code": error.code, "sentence": f"{CODES[error.code].en}.", **fields})


def _refused(event: dict[str, Any], refused: CaseRefused) -> dict[str, Any]:
    status, sentence = REFUSALS[refused.code]
    return _not_done(event, status, {"code": refused.code, "sentence": sentence, **refused.told})


def _not_done(event: dict[str, Any], status: int, told: dict[str, Any]) -> dict[str, Any]:
    telemetry.count("CasesRefused")
    telemetry.logger.info("cases refused", route=event.get("routeKey", ""), code=told["code"])
    return _answer(status, told)


def _answer(status: int, told: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(told, ensure_ascii=False, default=_plain)
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": body}


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
