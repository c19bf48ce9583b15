"""HTTP API → ledger and WhatsApp. The creditor's own people list cases, answer, take and close them, and decide
about receipts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

import requests  # noqa: TID251 - the pooled session is made here, and used in cobranza.whatsapp alone
from pydantic import ValidationError

from cobranza import telemetry
from cobranza.cases_api import (
    Decision,
    Ending,
    OpenCases,
    Reply,
    Taking,
    WaitingReceipts,
    asked_of,
    caller_of,
    case_id_of,
    named_in,
    order_of,
    receipt_id_of,
    told_of_case,
    told_of_receipt,
    told_of_refusal,
)
from cobranza.clock import Clock
from cobranza.errors import InvalidInput
from cobranza.flows.answer_case import CaseAnswers
from cobranza.flows.applied import Rooms
from cobranza.flows.case_desk import Caller, CaseDesk, CaseRefused, Wanted
from cobranza.flows.case_template import CaseTemplates
from cobranza.flows.decide_receipt import DecisionDesk
from cobranza.flows.faults import faults_of
from cobranza.flows.room import Room
from cobranza.flows.send_reminder import Sender
from cobranza.flows.stops import Stops
from cobranza.http_api import answer_json
from cobranza.ledger.case import Closing
from cobranza.refs import References
from cobranza.settings import CasesSettings
from cobranza.store.aws import client
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.limits import Limits, Ramps
from cobranza.store.messages import Messages
from cobranza.store.payments import Payments
from cobranza.store.portfolios import remembered, switched_on
from cobranza.store.receipts import Receipts
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.table import Table
from cobranza.store.templates import Templates
from cobranza.store.texts import Texts
from cobranza.whatsapp.client import WhatsApp


@dataclass(frozen=True, slots=True)
class Deps:
    answers: CaseAnswers
    templates: CaseTemplates
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
    sender = Sender(
        ledger=ledger,
        messages=Messages(table),
        journal=journal,
        whatsapp=WhatsApp(
            settings.graph_api_url, settings.graph_api_version, secret, requests.Session(), reread=secret.again
        ),
        strategy_of=rooms.strategy_of,
        portfolio=remembered(switched_on(ledger.portfolio, settings.countries_on.split(","))),
        feed=ledger.feed,
        room=Room(Limits(table, int(settings.people_per_day)), Ramps(table)),
        stops=Stops(ledger),
        texts=Texts(table),
        only_to=settings.only_to,
        faults=faults_of(Templates(table), is_needed=settings.needs_sync),
    )
    desk = CaseDesk(closer=rooms.closer, conversations=Conversations(table), portfolio=portfolio)
    answers = CaseAnswers(desk=desk, whatsapp=sender.whatsapp, faults=sender.faults, only_to=sender.only_to)
    decisions = DecisionDesk(rooms=rooms, receipts=Receipts(table), portfolio=portfolio)
    clock = stage_clock(settings, lambda: client("ssm"))
    return Deps(answers, CaseTemplates(desk=desk, sender=sender), decisions, clock)


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    try:
        caller = caller_of(event)
        deps = deps or wire()
        deps.answers.whatsapp.hang_up()
        told, borrowers = _do(event, deps, caller, deps.clock())
    except (CaseRefused, InvalidInput, ValidationError) as refused:
        return _refused(event, *told_of_refusal(refused))
    telemetry.count("CasesAsked")
    telemetry.logger.info("cases", route=event["routeKey"], **named_in(event), **telemetry.about(borrowers))
    return answer_json(200, told)


def _refused(event: dict[str, Any], status: int, told: dict[str, Any]) -> dict[str, Any]:
    telemetry.count("CasesRefused")
    route = event.get("routeKey", "")
    telemetry.logger.info("cases refused", route=route, code=told["code"], **named_in(event))
    return answer_json(status, told)


# What is told of a call, and the references of those whom it is about.
type Told = tuple[dict[str, Any], Sequence[str]]


def _do(event: dict[str, Any], deps: Deps, caller: Caller, now: datetime) -> Told:
    match event["routeKey"]:
        case "GET /cases":
            return _page(event, deps, caller, now)
        case "GET /receipts":
            return _waiting(event, deps, caller)
        case "POST /receipts/{id}":
            return _decide(event, deps, caller, now)
        case route:
            case_id = case_id_of(event)
            if route != "GET /cases/{id}":
                _order(event, deps, caller, now)(case_id)
            shown = deps.desk.show(caller, case_id, now)
            return told_of_case(shown), shown.case.borrowers


def _order(event: dict[str, Any], deps: Deps, caller: Caller, now: datetime) -> Callable[[str], None]:
    """What is to be done with a case, by its id."""
    match event["routeKey"].removeprefix("POST /cases/{id}/"):
        case "answer":
            text = order_of(event, Reply).text
            if text is None:
                return partial(deps.templates.send, caller, now=now)
            return partial(deps.answers.answer, caller, text=text, now=now)
        case "take":
            return partial(deps.desk.take, caller, until=order_of(event, Taking).until, now=now)
        case "hand-back":
            return partial(deps.desk.hand_back, caller, now=now)
        case "close":
            ending = order_of(event, Ending)
            closing = Closing(ending.result, ending.hold_until)
            return partial(deps.desk.close, caller, closing=closing, now=now)
        case _:
            raise CaseRefused("NOT_FOUND")


def _page(event: dict[str, Any], deps: Deps, caller: Caller, now: datetime) -> Told:
    asked = asked_of(event, OpenCases)
    wanted = Wanted(portfolio=asked.portfolio, state=asked.state, queue=asked.queue, after=asked.cursor)
    found, following = deps.desk.page(caller, wanted, now)
    borrowers = dict.fromkeys(ref for each in found for ref in each.case.borrowers)
    return {"cases": [told_of_case(each) for each in found], "next": following or None}, [*borrowers]


def _waiting(event: dict[str, Any], deps: Deps, caller: Caller) -> Told:
    asked = asked_of(event, WaitingReceipts)
    found, following = deps.decisions.page(caller, asked.portfolio, asked.cursor)
    borrowers = dict.fromkeys(each.receipt.borrower for each in found)
    return {"receipts": [told_of_receipt(each) for each in found], "next": following or None}, [*borrowers]


def _decide(event: dict[str, Any], deps: Deps, caller: Caller, now: datetime) -> Told:
    receipt_id = receipt_id_of(event)
    cells = order_of(event, Decision).model_dump()
    shown = deps.decisions.decide(caller, receipt_id, cells, now)
    telemetry.count("PaymentsApplied", shown.payments)
    return told_of_receipt(shown), [shown.receipt.borrower]
