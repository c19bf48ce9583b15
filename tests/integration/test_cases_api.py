"""The API of cases, called as API Gateway calls it once it has checked a token."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cobranza.flows.answer_case import CaseAnswers
from cobranza.flows.case_desk import CaseDesk
from cobranza.flows.case_template import CaseTemplates
from cobranza.flows.decide_receipt import DecisionDesk
from cobranza.flows.faults import faults_of
from cobranza.policy.portfolio import parse_portfolio
from cobranza.store import keys
from cobranza.whatsapp.client import Refused, Unclear
from cobranza.whatsapp.errors import Action, ProviderError
from tests.integration.fakes import FakeContext
from tests.integration.replies import PHONE, Drop, say, texts
from tests.integration.rows import book, codes, rooms_of
from tests.integration.test_events_walk import heard
from tests.integration.world import PORTFOLIO_YAML, World, debts, function

pytestmark = pytest.mark.in_memory

STRANGER = "525555550199"
ANA = {"sub": "ana|1", "portfolios": "[tienda otra]"}


@pytest.fixture(autouse=True)
def borrowers(world: World, drop: Drop, portfolio: None) -> None:
    """C1 owes F-1 since today."""
    world.begin("a borrower with cases", lambda: drop("debts/tienda/a.csv", debts({})))


def deps(world: World, **changes: Any) -> Any:
    rooms = rooms_of(world)
    desk = CaseDesk(
        closer=rooms.closer,
        conversations=world.conversations,
        portfolio=world.ledger.portfolio,
    )
    whatsapp: Any = world.whatsapp
    answers = CaseAnswers(
        desk=desk, whatsapp=whatsapp, faults=faults_of(world.templates), **{"only_to": None, **changes}
    )
    decisions = DecisionDesk(rooms=rooms, receipts=world.receipts, portfolio=world.ledger.portfolio)
    sender = replace(world.sender, **changes)
    templates = CaseTemplates(desk=desk, sender=sender)
    return function("cases").Deps(answers, templates, decisions, world.clock)


def call(
    world: World,
    route: str,
    case: str = "",
    body: dict[str, Any] | str | None = None,
    *,
    claims: dict[str, Any] | None = ANA,
    query: dict[str, str] | None = None,
    **changes: Any,
) -> tuple[int, Any]:
    """The status and what was told."""
    event = {
        "routeKey": route,
        "pathParameters": {"id": case},
        "queryStringParameters": query,
        "body": json.dumps(body) if isinstance(body, dict) else body,
        "requestContext": {"authorizer": {"jwt": {"claims": claims}}} if claims is not None else {},
    }
    answer = function("cases").handler(event, FakeContext(), deps=deps(world, **changes))
    assert answer["headers"]["content-type"] == "application/json"
    return answer["statusCode"], json.loads(answer["body"])


def order(world: World, what: str, case: str, body: dict[str, Any] | None = None, **told: Any) -> tuple[int, Any]:
    return call(world, f"POST /cases/{{id}}/{what}", case, body, **told)


def page(world: World, claims: dict[str, Any] = ANA, **query: str) -> Any:
    status, told = call(world, "GET /cases", claims=claims, query={"portfolio": "tienda"} | query)
    assert status == 200
    return told


def opened(world: World, text: str = "no reconozco esa deuda", **told: str) -> str:
    """Somebody writes; the id of the case."""
    say(world, text, **told)
    world.later(minutes=5)
    return [*world.cases.waiting("tienda")][-1].id


def noted(world: World, event: str) -> list[dict[str, Any]]:
    return [item for item in world.items("journal") if item["event"] == event]


# The way.


def test_a_dispute_is_listed_read_closed_and_then_reminded(world: World) -> None:
    case = opened(world)
    assert codes(world) == ["SKIPPED_DISPUTED"]
    (listed,) = page(world)["cases"]
    assert (listed["id"], listed["topic"], listed["queue"]) == (case, "DISPUTE", "general")
    assert (listed["borrower_ids"], listed["debts"], listed["state"]) == (["C1"], ["F-1"], "OPEN")
    status, told = order(world, "close", case, {"result": "resolved"})
    assert (status, told["state"], told["result"]) == (200, "CLOSED", "resolved")
    assert page(world)["cases"] == []
    world.later(minutes=30)
    assert codes(world) == ["SENT"]
    (line,) = noted(world, "case.closed")
    assert (line["by"], line["case"], line["type"]) == ("ana|1", case, "resolved")


def test_a_case_is_shown_with_the_last_words_of_both_sides(world: World) -> None:
    say(world, "hola")
    world.later(minutes=1)
    case = opened(world)
    order(world, "answer", case, {"text": "Buenos días, lo revisamos."})
    _, told = call(world, "GET /cases/{id}", case)
    assert [(each["direction"], each["from"]) for each in told["messages"]] == [
        ("in", "borrower"),
        ("out", "machine"),
        ("in", "borrower"),
        ("out", "machine"),
        ("out", "person"),
    ]
    assert [each["text"] for each in told["messages"]][2::2] == [
        "no reconozco esa deuda",
        "Buenos días, lo revisamos.",
    ]
    for _ in range(12):
        opened(world, f"asdf {world.now.isoformat()}")
    _, told = call(world, "GET /cases/{id}", case)
    assert len(told["messages"]) == 10


def test_what_was_reminded_stands_in_the_conversation_too(world: World) -> None:
    assert codes(world) == ["SENT"]
    world.later(minutes=5)
    case = opened(world)
    _, told = call(world, "GET /cases/{id}", case)
    assert [each["from"] for each in told["messages"]] == ["reminder", "borrower", "machine"]
    assert "Muebles Aurora" in told["messages"][0]["text"]


# Answers.


def test_a_person_answers_inside_the_window_once(world: World) -> None:
    case = opened(world)
    world.later(hours=23)
    assert order(world, "answer", case, {"text": "  Lo revisamos hoy.  "})[0] == 200
    status, told = order(world, "answer", case, {"text": "Lo revisamos hoy."})
    assert status == 200
    assert texts(world)[-1] == "Lo revisamos hoy."
    assert len(texts(world)) == 2
    assert world.whatsapp.sent[-1]["to"] == f"+{PHONE}"
    assert told["first_answer_at"] == "2026-11-25T16:05:00+00:00"
    (line,) = noted(world, "case.answered")
    assert (line["by"], line["type"], line["case"]) == ("ana|1", "SENT", case)
    assert len(line["text_digest"]) == 40
    assert "revisamos" not in json.dumps(line, default=str)


def test_outside_the_window_the_templates_are_told_that_may_be_used(world: World) -> None:
    case = opened(world)
    world.templates.tell("pago_recibido", "es", {"status": "REJECTED"}, world.now)
    world.later(hours=24)
    status, told = order(world, "answer", case, {"text": "Lo revisamos hoy."})
    assert (status, told["code"]) == (409, "OUTSIDE_WINDOW")
    assert told["templates"] == ["consulta_respondida"]
    world.templates.tell("consulta_respondida", "es", {"status": "REJECTED"}, world.now)
    assert order(world, "answer", case, {"text": "Lo revisamos hoy."})[1]["templates"] == []
    assert len(texts(world)) == 1


def test_an_unknown_number_is_answered_too(world: World) -> None:
    case = opened(world, "hola, quién es?", sender=STRANGER)
    assert page(world, queue="unknown")["cases"][0]["borrower_ids"] == []
    assert order(world, "answer", case, {"text": "Somos Muebles Aurora."})[0] == 200
    assert world.whatsapp.sent[-1]["to"] == f"+{STRANGER}"
    assert order(world, "close", case, {"result": "stands"})[0] == 200


def test_who_stopped_and_has_not_written_since_is_not_answered(world: World) -> None:
    case = opened(world)
    say(world, "BAJA")
    status, told = order(world, "answer", case, {"text": "Lo revisamos."})
    assert (status, told["code"]) == (409, "OPTED_OUT")
    world.later(minutes=1)
    say(world, "pero respondan lo otro")
    assert order(world, "answer", case, {"text": "Lo revisamos."})[0] == 200


def test_a_stack_for_tests_writes_to_nobody_who_is_not_on_its_list(world: World) -> None:
    case = opened(world)
    status, told = order(world, "answer", case, {"text": "Hola"}, only_to=frozenset({"+525555550100"}))
    assert (status, told["code"]) == (409, "TEST_STAGE")


def test_words_that_may_have_left_are_not_sent_again_and_refused_ones_may_be(world: World) -> None:
    case, error = opened(world), ProviderError(131000, "Something went wrong", "")
    world.whatsapp.answers = [Refused(Action.RETRY, error, 6), Refused(Action.GIVE_UP, error), Unclear(error)]
    told = [order(world, "answer", case, {"text": "Hola"}) for _ in range(4)]
    assert [(status, each["code"]) for status, each in told] == [
        (503, "TRY_LATER"),
        (502, "NOT_TAKEN"),
        (409, "MAY_HAVE_LEFT"),
        (409, "MAY_HAVE_LEFT"),
    ]
    assert order(world, "answer", case, {"text": "Otra cosa"})[0] == 200


# Who is in charge.


def test_while_a_person_is_in_charge_the_machine_is_silent_and_nobody_is_reminded(world: World) -> None:
    case = opened(world, "no tengo trabajo")
    until = world.now + timedelta(days=5)
    status, told = order(world, "take", case, {"until": until.isoformat()})
    assert (status, told["state"], told["taken_by"]) == (200, "TAKEN", "ana|1")
    world.later(hours=72)
    assert say(world, "SALDO") == "KEPT"
    assert "SENT" not in codes(world)
    status, told = order(world, "hand-back", case)
    assert (status, told["state"]) == (200, "OPEN")
    world.later(minutes=5)
    assert say(world, "saldo por favor") == "OWED"
    assert [line["event"] for line in (*noted(world, "case.taken"), *noted(world, "case.handed_back"))] == [
        "case.taken",
        "case.handed_back",
    ]


def test_others_hear_a_cases_whole_way_with_its_queue_and_not_who_walked_it(world: World) -> None:
    case = opened(world)
    until = {"until": (world.now + timedelta(hours=2)).isoformat()}
    ways = (("take", until), ("answer", {"text": "Hola"}), ("hand-back", None), ("close", {"result": "resolved"}))
    for what, told in ways:
        assert order(world, what, case, told)[0] == 200
        world.later(minutes=5)
    way = [(name, detail) for name, detail in heard(world) if name.startswith("case.")]
    assert [name for name, _ in way] == [
        "case.opened",
        "case.taken",
        "case.answered",
        "case.handed_back",
        "case.closed",
    ]
    assert [detail["data"]["result"] for _, detail in way] == [None, None, None, None, "resolved"]
    found = world.cases.find(case)
    assert found
    about = ("DISPUTE", "general", keys.message_of(found.event))
    assert {tuple(detail["data"][each] for each in ("code", "queue", "message")) for _, detail in way} == {about}
    assert {(detail["borrower"], *detail["debts"]) for _, detail in way} == {(world.ref(), "tienda#F-1#")}
    assert "ana" not in json.dumps(way)


def test_what_somebody_else_has_taken_is_theirs_until_its_time_is_up(world: World) -> None:
    case = opened(world)
    until = {"until": (world.now + timedelta(hours=2)).isoformat()}
    other = ANA | {"sub": "beto|2"}
    assert order(world, "take", case, until)[0] == 200
    assert order(world, "take", case, until)[0] == 200
    assert order(world, "take", case, until, claims=other)[1]["code"] == "TAKEN"
    assert [each["id"] for each in page(world, state="TAKEN")["cases"]] == [case]
    assert page(world, state="OPEN")["cases"] == []
    world.later(hours=3)
    until = {"until": (world.now + timedelta(hours=2)).isoformat()}
    assert order(world, "take", case, until, claims=other)[1]["taken_by"] == "beto|2"


def test_closing_ends_the_charge_too(world: World) -> None:
    case = opened(world, "quiero un asesor")
    order(world, "take", case, {"until": (world.now + timedelta(days=3)).isoformat()})
    order(world, "close", case, {"result": "resolved"})
    assert (book(world).borrower.human_until, book(world).borrower.case_until) == (None, None)
    world.later(minutes=30)
    assert codes(world) == ["SENT"]


# The end.


def test_a_case_is_closed_once(world: World) -> None:
    case = opened(world)
    closing = {"result": "resolved", "hold_until": "2026-11-30"}
    assert [order(world, "close", case, closing)[0] for _ in range(2)] == [200, 200]
    assert order(world, "close", case, {"result": "stands"})[1]["code"] == "ALREADY_CLOSED"
    for what, body in (
        ("take", {"until": "2026-11-25T17:00:00Z"}),
        ("answer", {"text": "Hola"}),
        ("hand-back", None),
    ):
        assert order(world, what, case, body)[1]["code"] == "ALREADY_CLOSED"
    assert codes(world) == ["SKIPPED_HELD"]


# Who may see what.


def test_without_claims_nobody_gets_anything(world: World) -> None:
    case = opened(world)
    for claims in (None, {}, {"portfolios": "*"}, {"sub": "", "portfolios": "*"}):
        assert call(world, "GET /cases/{id}", case, claims=claims)[0] == 401
        assert order(world, "close", case, {"result": "resolved"}, claims=claims)[0] == 401


@pytest.mark.parametrize("claim", ["otra", "[otra]", ["otra"], "[]", "", None])
def test_another_portfolios_reader_is_told_that_there_is_nothing(world: World, claim: Any) -> None:
    case = opened(world)
    claims = {"sub": "eva|3", "portfolios": claim}
    assert call(world, "GET /cases", claims=claims, query={"portfolio": "tienda"})[0] == 404
    assert call(world, "GET /cases/{id}", case, claims=claims)[0] == 404
    for what, body in (
        ("close", {"result": "resolved"}),
        ("answer", {"text": "Hola"}),
        ("take", {"until": (world.now + timedelta(hours=1)).isoformat()}),
        ("hand-back", None),
    ):
        assert order(world, what, case, body, claims=claims) == (
            404,
            {"code": "NOT_FOUND", "sentence": "There is nothing here that you may see."},
        )
    assert book(world).debts[0].disputed


@pytest.mark.parametrize(
    "claim", ["*", "[*]", "tienda", "[tienda]", '["tienda","otra"]', "[otra, tienda]", ["tienda"]]
)
def test_a_claim_names_portfolios_or_all(world: World, claim: Any) -> None:
    opened(world)
    assert len(page(world, claims={"sub": "eva|3", "portfolios": claim})["cases"]) == 1


# What is asked.


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("answer", {"text": "   "}),
        ("answer", {"text": "x" * 1001}),
        ("answer", {}),
        ("answer", {"text": "Hola", "to": "+525555550100"}),
        ("take", {"until": "2026-11-25T17:00:00"}),
        ("take", {"until": "mañana"}),
        ("close", {"result": "done"}),
        ("close", {"result": "receipt_accepted"}),
        ("close", {"result": "resolved", "hold_until": "soon"}),
    ],
)
def test_a_body_that_is_not_right_is_refused_with_the_field_and_without_its_words(
    world: World, what: str, body: dict[str, Any]
) -> None:
    case = opened(world)
    status, told = order(world, what, case, body)
    assert (status, told["code"]) == (422, "BAD_REQUEST")
    assert told["fields"]
    assert world.cases.find(case) == next(world.cases.waiting("tienda"))


@pytest.mark.parametrize(("body", "status"), [("", 422), ("[", 422), ("x" * 17000, 413)])
def test_what_is_no_json_or_too_much_of_it_is_refused(world: World, body: str, status: int) -> None:
    assert call(world, "POST /cases/{id}/close", opened(world), body)[0] == status


@pytest.mark.parametrize(
    ("what", "body", "code"),
    [
        ("take", {"until": "2026-11-24T16:00:00Z"}, "BAD_UNTIL"),
        ("take", {"until": "2027-01-24T16:00:00Z"}, "BAD_UNTIL"),
        ("close", {"result": "stands", "hold_until": "2026-11-23"}, "BAD_HOLD"),
    ],
)
def test_a_moment_that_cannot_be_meant_is_refused(
    world: World, what: str, body: dict[str, Any], code: str
) -> None:
    assert order(world, what, opened(world), body)[1]["code"] == code


@pytest.mark.parametrize(
    "query", [{"state": "CLOSED"}, {"queue": "vip"}, {"cursor": "../.."}, {"portfolio": "A B"}]
)
def test_a_question_that_cannot_be_answered_is_refused(world: World, query: dict[str, str]) -> None:
    assert call(world, "GET /cases", query={"portfolio": "tienda"} | query)[0] == 422


@pytest.mark.parametrize("case", ["", "0" * 26, "nobody", "0" * 3000])
def test_a_case_that_nobody_has_is_not_found(world: World, case: str) -> None:
    assert call(world, "GET /cases/{id}", case)[0] == 404


def test_pages_are_bounded_and_show_each_case_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cobranza.flows.case_desk.PAGE", 2)
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "otra"), world.now)
    wanted = [opened(world, f"asdf {number}") for number in range(5)]
    found: list[str] = []
    cursor = ""
    for _ in range(3):
        told = page(world, cursor=cursor)
        assert len(told["cases"]) <= 2
        found += [each["id"] for each in told["cases"]]
        cursor = told["next"] or ""
    assert (found, cursor) == (wanted, "")
