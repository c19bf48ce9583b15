"""Calls of Meta's API over HTTP: templates, uploads, interactive messages, limits and stops."""

from typing import Any

import pytest
import requests

from local.simulator.errors import ERRORS
from tests.integration.receiver import BORROWER, NUMBER_ID, TOKEN, Receiver, Simulator

WABA_ID = "100000000000001"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
PDF = b"%PDF-1.4\nbytes \xff\x00"


def call(simulator: Simulator, path: str, body: Any) -> requests.Response:
    return requests.post(f"{simulator.url}/v25.0/{path}", json=body, headers=HEADERS, timeout=10)


def send(simulator: Simulator, kind: str, part: Any, **changes: Any) -> requests.Response:
    body = {"messaging_product": "whatsapp", "to": BORROWER, "type": kind, kind: part} | changes
    return call(simulator, f"{NUMBER_ID}/messages", body)


def code(answer: requests.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]


def upload(simulator: Simulator) -> str:
    answer = requests.post(
        f"{simulator.url}/v25.0/{NUMBER_ID}/media",
        data={"messaging_product": "whatsapp", "type": "application/pdf"},
        files={"file": ("estado.pdf", PDF, "application/pdf")},
        headers=HEADERS,
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"id"}
    return answer.json()["id"]


def test_a_template_is_registered_approved_listed_and_sent_with_an_uploaded_document(
    simulator: Simulator, receiver: Receiver
) -> None:
    definition = {
        "name": "estado_mensual",
        "language": "es_MX",
        "category": "UTILITY",
        "components": [
            {"type": "HEADER", "format": "DOCUMENT"},
            {"type": "BODY", "text": "Hola {{1}}, su estado."},
        ],
    }
    created = call(simulator, f"{WABA_ID}/message_templates", definition).json()
    assert (set(created), created["status"]) == ({"id", "status", "category"}, "PENDING")
    document = {"id": upload(simulator), "filename": "estado.pdf"}
    sent = {
        "name": "estado_mensual",
        "language": {"code": "es_MX"},
        "components": [
            {"type": "header", "parameters": [{"type": "document", "document": document}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},
        ],
    }
    assert code(send(simulator, "template", sent)) == (404, 132001)
    order = {"name": "estado_mensual", "language": "es_MX", "status": "APPROVED", "quality": "GREEN"}
    assert simulator.post("/_sim/templates", order).status_code == 200

    url = f"{simulator.url}/v25.0/{WABA_ID}/message_templates"
    (row,) = requests.get(f"{url}?name=estado_mensual", headers=HEADERS, timeout=10).json()["data"]
    assert (row["id"], row["status"], row["quality_score"]) == (created["id"], "APPROVED", {"score": "GREEN"})
    assert row["components"] == definition["components"]
    assert len(requests.get(url, headers=HEADERS, timeout=10).json()["data"]) > 10
    assert code(requests.get(url, timeout=10)) == (401, 190)
    assert code(call(simulator, "999/message_templates", definition)) == (400, 100)

    assert send(simulator, "template", sent).status_code == 200
    simulator.settle()
    (message,) = simulator.get("/_sim/messages")
    assert (message["phone_number_id"], message["status"]) == (NUMBER_ID, "read")
    assert message["content"] == {
        "header": {"type": "document", "filename": "estado.pdf", "media_id": document["id"]},
        "body": "Hola Ana, su estado.",
    }
    fields = [change["field"] for post in receiver.posts for change in post.changes()]
    assert {"message_template_status_update", "message_template_quality_update"} <= set(fields)


def test_an_uploaded_file_is_described_downloaded_and_deleted(simulator: Simulator) -> None:
    media_id = upload(simulator)
    url = f"{simulator.url}/v25.0/{media_id}"
    described = requests.get(url, headers=HEADERS, timeout=10).json()
    assert requests.get(described["url"], headers=HEADERS, timeout=10).content == PDF
    assert requests.delete(url, headers=HEADERS, timeout=10).json() == {"success": True}
    assert code(requests.get(url, headers=HEADERS, timeout=10)) == (400, 100)
    assert simulator.get("/_sim/counters")["uploads"] == 1


def test_a_paced_template_fails_in_the_end(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/templates", {"name": "saldo_vencido", "language": "es", "pacing": "dropped"})
    (message,) = simulator.send().json()["messages"]
    assert message["message_status"] == "held_for_quality_assessment"
    simulator.settle()
    (status,) = receiver.statuses()
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 132015)


def test_a_conversation_with_buttons(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/config", {"behaviour": "silent"})
    buttons = [{"type": "reply", "reply": {"id": "yes", "title": "Sí"}}]
    asked = {"type": "button", "body": {"text": "¿Ya pagó?"}, "action": {"buttons": buttons}}
    assert code(send(simulator, "interactive", asked)) == (400, 131047)
    said = simulator.say({"text": "hola"})
    wamid = send(simulator, "interactive", asked, context={"message_id": said}).json()["messages"][0]["id"]
    answer = simulator.say({"choose": "Sí"})
    simulator.settle()
    (told,) = [message for message in receiver.messages() if message["id"] == answer]
    assert told["interactive"] == {"type": "button_reply", "button_reply": {"id": "yes", "title": "Sí"}}
    assert told["context"]["id"] == wamid
    reading = {"messaging_product": "whatsapp", "status": "read", "message_id": answer}
    assert call(simulator, f"{NUMBER_ID}/messages", reading).json() == {"success": True}
    shown = {message["id"]: message for message in simulator.get("/_sim/messages")}
    assert (shown[answer]["status"], shown[said]["status"]) == ("read", "")
    assert shown[wamid]["content"]["quoted"] == said


@pytest.mark.parametrize(
    ("saying", "kind"),
    [
        ({"reaction": "👍"}, "reaction"),
        ({"location": {"latitude": 19.4, "longitude": -99.1}}, "location"),
        ({"contacts": True}, "contacts"),
        ({"unsupported": True}, "unsupported"),
        ({"video": True}, "video"),
        ({"sticker": True}, "sticker"),
    ],
)
def test_whatever_a_person_sends_is_told(
    simulator: Simulator, receiver: Receiver, saying: dict[str, Any], kind: str
) -> None:
    simulator.send()
    simulator.say(saying)
    simulator.settle()
    (message,) = receiver.messages()
    assert message["type"] == kind
    assert kind in message


def test_a_number_can_be_too_fast(simulator: Simulator) -> None:
    simulator.post("/_sim/config", {"rates": {NUMBER_ID: 1}, "throttle_status": 429})
    assert simulator.send().status_code == 200
    assert code(simulator.send()) == (429, 130429)
    simulator.post("/_sim/config", {"rates": {}, "messaging_limit": 1})
    assert simulator.send().status_code == 200
    assert code(simulator.send(to="+525555550102")) == (400, 131048)
    assert simulator.settle()["refused"] == {"130429": 1, "131048": 1}


def test_a_stop_is_answered_told_and_lifted(simulator: Simulator, receiver: Receiver) -> None:
    assert simulator.post("/_sim/account", {"restricted": 131031}).json() == {"restricted": 131031, "numbers": {}}
    assert code(simulator.send()) == (403, 131031)
    simulator.post("/_sim/account", {"restricted": None, "numbers": {NUMBER_ID: 131042}})
    assert code(simulator.send()) == (400, 131042)
    simulator.post("/_sim/account", {"numbers": {NUMBER_ID: None}})
    assert simulator.send().status_code == 200
    assert simulator.post("/_sim/account", {"numbers": {"999": 1}}).status_code == 400
    simulator.settle()
    assert "account_update" in {change["field"] for post in receiver.posts for change in post.changes()}


def test_a_message_to_a_user_id_in_the_wrong_field_is_never_heard_of_again(
    simulator: Simulator, receiver: Receiver
) -> None:
    answer = simulator.send(to="MX.13491208655302741918")
    assert answer.status_code == 200
    assert answer.json()["contacts"][0]["wa_id"] == "13491208655302741918"
    simulator.settle()
    assert receiver.posts == []
    assert simulator.get("/_sim/messages")[0]["status"] == "accepted"


def test_every_error_is_answered_with_metas_body(simulator: Simulator) -> None:
    for known, error in ERRORS.items():
        simulator.post("/_sim/faults", {"kind": "error", "code": known, "count": 1})
        answer = simulator.send()
        assert code(answer) == (error.status, known)
        assert set(answer.json()["error"]) == {"message", "type", "code", "error_data", "fbtrace_id"}
