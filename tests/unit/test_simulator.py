import base64
import hashlib
import hmac
import itertools
import json
from collections import Counter
from typing import Any

import pytest

from local.simulator import graph
from local.simulator.borrowers import Behaviour, Saying, behaviour, chosen, reaction
from local.simulator.config import Config
from local.simulator.faults import parse_fault
from local.simulator.numbers import local_day
from local.simulator.state import Message, State, wamid
from local.simulator.webhooks import encode, message_update, sign, status_update

MEXICAN = "+525555550101"
NUMBER_ID = "100000000000100"
NOON = 1_795_370_400.0  # 2026-11-22T18:00:00Z, noon in Mexico City
PARAMETERS = ["Ana Ejemplo", "Muebles Aurora", "$1,234.50", "15/11/2026", "responda a este mensaje"]


@pytest.fixture
def state() -> State:
    config = Config(access_token="a-token", app_secret="a-secret", phone_numbers={NUMBER_ID: "+52 55 5555 0100"})
    return State(config, clock=lambda: NOON)


def template(*values: str, name: str = "saldo_vencido", language: str = "es", **changes: Any) -> dict[str, Any]:
    parameters = [{"type": "text", "text": value} for value in values or PARAMETERS]
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": MEXICAN,
        "type": "template",
        "biz_opaque_callback_data": "m-1",
        "template": {
            "name": name,
            "language": {"code": language},
            "components": [{"type": "body", "parameters": parameters}],
        },
    } | changes


def text(words: str) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": MEXICAN, "type": "text", "text": {"body": words}}


def check(
    state: State, body: object, *, number: str = NUMBER_ID, token: str = "a-token"
) -> Message | graph.Refusal:
    checked = graph.check(graph.Call(number, f"Bearer {token}", body), state)
    assert not isinstance(checked, graph.Reading)
    return checked


def code(answer: Message | graph.Refusal) -> int:
    return answer.code if isinstance(answer, graph.Refusal) else 200


def accept(state: State, body: dict[str, Any] | None = None) -> Message:
    draft = check(state, body or template())
    assert isinstance(draft, Message)
    return state.accept(draft)


def test_a_correct_template_is_accepted_and_rendered(state: State) -> None:
    message = accept(state)
    assert message.text.startswith("Hola, Ana Ejemplo: le escribe Muebles Aurora.")
    assert (message.template, message.language, message.opaque_id) == ("saldo_vencido", "es", "m-1")
    answer = graph.accepted(message, MEXICAN)
    assert answer["contacts"] == [{"input": MEXICAN, "wa_id": "5215555550101"}]
    assert answer["messages"] == [{"id": message.id, "message_status": "accepted"}]


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer another", "a-token"])
def test_a_wrong_or_missing_token_is_refused(state: State, authorization: str) -> None:
    refusal = graph.check(graph.Call(NUMBER_ID, authorization, template()), state)
    assert isinstance(refusal, graph.Refusal)
    assert (refusal.code, refusal.error.status) == (190, 401)


def test_no_token_is_right_before_one_is_configured(state: State) -> None:
    state.config = state.config.merged({"access_token": ""})
    assert code(check(state, template(), token="")) == 190


def test_an_unknown_business_number_is_refused(state: State) -> None:
    refusal = check(state, template(), number="999")
    assert isinstance(refusal, graph.Refusal)
    assert refusal.body()["error"]["code"] == 100
    assert refusal.body()["error"]["error_subcode"] == 33


@pytest.mark.parametrize("to", ["525555550101", "+52", "+52 55 5555 0101 0101 0101", "hola", "+٥٢٥٥٥٥٥٥٠١٠١", 5])
def test_a_recipient_without_plus_sign_or_of_impossible_length_is_refused(state: State, to: Any) -> None:
    assert code(check(state, template(to=to))) == 131009


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], 100),
        ({}, 100),
        (template(messaging_product="sms"), 100),
        (template(recipient_type="group"), 100),
        (template(biz_opaque_callback_data="x" * 513), 100),
        (template(to=""), 131008),
        (template(type="poll"), 131051),
        (template(template=None), 131008),
        (template(template={"name": "vence_hoy", "language": "es"}), 100),
        (template(name="unknown"), 132001),
        (template(language="es_MX"), 132001),
        (template("Ana", "Aurora"), 132000),
        (template(*PARAMETERS, "six"), 132000),
        (template(*PARAMETERS[:4], "a\nb"), 132012),
        (template(*PARAMETERS[:4], "a\tb"), 132012),
        (template(*PARAMETERS[:4], "a     b"), 132012),
        (template(*PARAMETERS[:4], ""), 131008),
        (template(*PARAMETERS[:4], "x" * 1000), 132005),
    ],
)
def test_what_meta_refuses_is_refused_with_its_code(state: State, body: object, expected: int) -> None:
    assert code(check(state, body)) == expected


def test_a_component_that_the_template_does_not_have_is_refused(state: State) -> None:
    body = template()
    body["template"]["components"].append({"type": "header", "parameters": []})
    assert code(check(state, body)) == 132018


def test_a_missing_template_is_not_found(state: State) -> None:
    refusal = check(state, template(name="unknown"))
    assert isinstance(refusal, graph.Refusal)
    assert refusal.error.status == 404
    error = refusal.body()["error"]
    assert error["error_data"]["details"] == "template name (unknown) does not exist in es"
    assert set(error) == {"message", "type", "code", "error_data", "fbtrace_id"}


def test_a_message_id_holds_the_number_like_metas(state: State) -> None:
    ids = {wamid(MEXICAN, inbound=False) for _ in range(100)}
    assert len(ids) == 100
    raw = base64.b64decode(ids.pop().removeprefix("wamid."))
    assert raw.startswith(b"\x1c\x18\x0d5215555550101\x15\x02\x00\x11")


def test_a_status_carries_our_reference_and_a_price_where_asked(state: State) -> None:
    message = accept(state)
    state.advance(message.id, "sent")
    sent = status_update(state.config, state.messages[message.id], NOON, priced=True)
    assert sent.value["metadata"] == {"display_phone_number": "525555550100", "phone_number_id": NUMBER_ID}
    (status,) = sent.value["statuses"]
    assert status["pricing"]["category"] == "utility"
    assert status["biz_opaque_callback_data"] == "m-1"
    assert status["recipient_id"] == "5215555550101"
    assert status["timestamp"] == "1795370400"
    state.advance(message.id, "delivered")
    unpriced = status_update(state.config, state.messages[message.id], NOON)
    assert "pricing" not in unpriced.value["statuses"][0]


def test_statuses_only_move_forward(state: State) -> None:
    message = accept(state)
    assert state.advance(message.id, "read")
    assert state.advance(message.id, "delivered") is None
    assert state.advance(message.id, "read") is None
    assert state.counters.statuses == {"sent": 0, "delivered": 0, "read": 1}


def said(state: State, saying: Saying) -> dict[str, Any]:
    (message,) = message_update(state.config, state.hear(MEXICAN, saying)).value["messages"]
    return message


def test_a_button_press_names_the_message_it_answers_and_brings_its_payload(state: State) -> None:
    body = template()
    payload = {"type": "payload", "payload": "PAID|m-1"}
    body["template"]["components"].append(
        {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [payload]}
    )
    message = accept(state, body)
    pressed = said(state, Saying("button", "Ya pagué"))
    assert pressed["button"] == {"payload": "PAID|m-1", "text": "Ya pagué"}
    assert pressed["context"] == {"from": "525555550100", "id": message.id}
    assert said(state, Saying("button", "Tengo un problema"))["button"]["payload"] == "Tengo un problema"
    with pytest.raises(ValueError, match="has a button"):
        state.hear(MEXICAN, Saying("button", "Pagar en cuotas"))


def test_the_signature_is_made_over_the_bytes_on_the_wire() -> None:
    raw = encode({"text": "Ya pagué <100%> / a@b.c \\"})
    assert raw == rb'{"text":"Ya pagu\u00e9 \u003c100\u0025> \/ a\u0040b.c \\"}'
    assert json.loads(raw) == {"text": "Ya pagué <100%> / a@b.c \\"}
    assert sign(raw, "a-secret") == "sha256=" + hmac.new(b"a-secret", raw, hashlib.sha256).hexdigest()


def test_the_same_person_with_the_same_seed_always_does_the_same() -> None:
    people = [f"+52555555{n:04}" for n in range(200)]
    assert [behaviour(p, 7) for p in people] == [behaviour(p, 7) for p in people]
    assert [behaviour(p, 7) for p in people] != [behaviour(p, 8) for p in people]


def test_a_crowd_behaves_about_as_planned() -> None:
    crowd = Counter(behaviour(f"+52555555{n:04}", 1) for n in range(10_000))
    planned = {"silent": 20, "read": 50, "reply": 12, "stop": 8, "picture": 10}
    assert {what.value: count / 100 for what, count in crowd.items()} == pytest.approx(planned, abs=2)


def test_a_configured_behaviour_wins_over_the_script() -> None:
    config = Config().merged({"behaviour": {"+52 1 55 5555 0101": "stop"}})
    assert chosen(MEXICAN, 1, config.behaviour) is Behaviour.STOP
    assert chosen("+573005550100", 1, config.behaviour) is behaviour("+573005550100", 1)
    assert chosen(MEXICAN, 1, "silent") is Behaviour.SILENT


@pytest.mark.parametrize(("language", "word"), [("es", "BAJA"), ("pt_BR", "SAIR"), ("en", "STOP")])
def test_people_stop_in_the_language_they_were_addressed_in(language: str, word: str) -> None:
    assert reaction(Behaviour.STOP, MEXICAN, 1, language) == Saying("text", word)


def test_a_fault_fires_as_often_as_asked_and_only_for_its_number(state: State) -> None:
    state.faults.append(parse_fault({"kind": "error", "code": 131026, "count": 2, "to": MEXICAN}))
    assert state.fire("+525555550199") is None
    assert [bool(state.fire(MEXICAN)) for _ in range(4)] == [True, True, False, False]
    assert state.counters.faults_fired == {"error": 2}


def test_a_fault_fires_at_its_rate(state: State) -> None:
    state.faults.append(parse_fault({"kind": "http500", "rate": 0.25}))
    assert sum(bool(state.fire(MEXICAN)) for _ in range(2000)) == pytest.approx(500, abs=80)


@pytest.mark.parametrize(
    "order",
    [
        [],
        {"kind": "flood"},
        {"kind": "error"},
        {"kind": "http500", "rate": 2},
        {"kind": "http500", "rate": float("nan")},
        {"kind": "http500", "count": 0},
        {"kind": "http500", "when": "now"},
    ],
)
def test_an_impossible_fault_is_refused(order: object) -> None:
    with pytest.raises(ValueError, match=r"is one of|is a|is at|lies|unknown"):
        parse_fault(order)


@pytest.mark.parametrize(
    "change",
    [
        [],
        {"unknown": 1},
        {"webhook_url": "ftp://x"},
        {"behaviour": "dance"},
        {"behaviour": ["read"]},
        {"behaviour": {MEXICAN: "dance"}},
        {"phone_numbers": {"1": 2}},
        {"clock_offset": float("inf")},
        {"delay": -1},
        {"latency": -1},
    ],
)
def test_an_impossible_configuration_changes_nothing(change: object) -> None:
    with pytest.raises(ValueError, match=r"cannot have|unknown|JSON object"):
        Config().merged(change)


def test_configurations_are_merged() -> None:
    config = Config().merged({"seed": 3}).merged({"delay": 0, "behaviour": None})
    assert (config.seed, config.delay) == (3, 0)


def test_a_day_is_the_borrowers_own() -> None:
    late = NOON + 11 * 3600  # five in the morning in London, eleven at night in Mexico City
    assert local_day(MEXICAN, late) == "2026-11-22"
    assert local_day("+5511955550100", late) == "2026-11-23"


def test_accepted_messages_are_counted_by_person_and_day(state: State) -> None:
    accept(state)
    accept(state)
    state.config = state.config.merged({"clock_offset": 86_400})
    accept(state)
    counted = state.counters.accepted_by_borrower_and_day
    assert counted == {f"{MEXICAN}|2026-11-22": 2, f"{MEXICAN}|2026-11-23": 1}


def test_a_message_is_listed_with_all_that_was_sent(state: State) -> None:
    shown = accept(state).as_json()
    assert shown["to"] == MEXICAN
    assert shown["parameters"] == PARAMETERS
    assert (shown["status"], shown["opaque_id"], shown["at"]) == (
        "accepted",
        "m-1",
        "2026-11-22T18:00:00.000Z",
    )
    heard = state.hear(MEXICAN, Saying("text", "hola")).as_json()
    assert (heard["direction"], heard["from"], heard["text"]) == ("in", MEXICAN, "hola")
    assert heard["media_id"] == ""


def test_forward_only_holds_for_every_order_of_news(state: State) -> None:
    for order in itertools.permutations(["sent", "delivered", "read"]):
        message = accept(state)
        for status in order:
            state.advance(message.id, status)
        assert state.messages[message.id].status == "read"
