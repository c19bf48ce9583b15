"""The simulator as the other parts see it: a process, an address, and signed posts."""

import base64
import hashlib
import hmac
import time
from threading import Barrier

import pytest
import requests

from cobranza.whatsapp.client import Unclear, WhatsApp
from tests.integration.receiver import BORROWER, NUMBER_ID, SECRET, TOKEN, Receiver, Simulator, reminder


def test_an_accepted_message_brings_three_signed_posts_in_order(simulator: Simulator, receiver: Receiver) -> None:
    answer = simulator.send()
    assert answer.status_code == 200
    message_id = answer.json()["messages"][0]["id"]
    assert simulator.get("/_sim/idle") == {"idle": True}

    assert [status["status"] for status in receiver.statuses()] == ["sent", "delivered", "read"]
    assert {status["id"] for status in receiver.statuses()} == {message_id}
    assert {status["biz_opaque_callback_data"] for status in receiver.statuses()} == {"m-1"}
    for post in receiver.posts:
        assert post.signature == "sha256=" + hmac.new(SECRET.encode(), post.raw, hashlib.sha256).hexdigest()

    (message,) = simulator.get(f"/_sim/messages?to={BORROWER}")
    assert (message["id"], message["status"], message["template"]) == (message_id, "read", "saldo_vencido")
    counters = simulator.get("/_sim/counters")
    assert (counters["accepted"], counters["webhooks_sent"], counters["webhooks_acknowledged"]) == (1, 3, 3)


def test_a_wrong_token_is_told_so_and_listed(simulator: Simulator, receiver: Receiver) -> None:
    answer = simulator.send(token="another")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 190
    (refused,) = simulator.get("/_sim/refused")
    assert (refused["to"], refused["code"]) == (BORROWER, 190)
    assert simulator.get("/_sim/counters")["refused"] == {"190": 1}
    assert receiver.posts == []


def test_a_person_can_ask_to_be_left_alone(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/config", {"behaviour": {BORROWER: "stop"}})
    simulator.send()
    simulator.get("/_sim/idle")
    (message,) = receiver.messages()
    assert message["text"] == {"body": "BAJA"}
    assert message["from"] == "5215555550101"
    assert [shown["direction"] for shown in simulator.get("/_sim/messages")] == ["out", "in"]


def test_an_answer_can_get_lost_although_the_message_went_out(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/faults", {"kind": "timeout_after_acceptance", "count": 1})
    with pytest.raises(requests.Timeout):
        simulator.send(timeout=0.5)
    simulator.get("/_sim/idle")
    assert [status["status"] for status in receiver.statuses()] == ["sent", "delivered", "read"]
    assert simulator.get("/_sim/counters")["faults_fired"] == {"timeout_after_acceptance": 1}
    assert simulator.send().status_code == 200


def test_an_answer_can_be_cut_although_the_message_went_out(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/faults", {"kind": "cut_after_acceptance", "count": 1})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        simulator.send()
    simulator.get("/_sim/idle")
    assert [status["status"] for status in receiver.statuses()] == ["sent", "delivered", "read"]
    assert simulator.get("/_sim/counters")["faults_fired"] == {"cut_after_acceptance": 1}
    assert simulator.send().status_code == 200


def test_a_cut_answer_is_unclear_to_the_sender(simulator: Simulator) -> None:
    simulator.post("/_sim/faults", {"kind": "cut_after_acceptance", "count": 1})
    whatsapp = WhatsApp(simulator.url, "v25.0", lambda: {"access_token": TOKEN}, requests.Session())
    assert isinstance(whatsapp.send(NUMBER_ID, reminder()), Unclear)


def test_as_many_posts_are_under_way_at_once_as_were_asked_for(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/config", {"connections": 5})
    receiver.together = Barrier(5)
    for number in range(5):
        simulator.say({"text": "hola"}, phone=f"+52555555011{number}")
    counters = simulator.settle()
    assert (counters["webhooks_sent"], counters["webhooks_acknowledged"]) == (5, 5)


def test_faults_answer_with_metas_error_or_with_none(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/faults", {"kind": "error", "code": 131026, "to": BORROWER})
    answer = simulator.send()
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 131026)
    requests.delete(simulator.url + "/_sim/faults", timeout=10)
    simulator.post("/_sim/faults", {"kind": "http500", "count": 1})
    answer = simulator.send()
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert simulator.get("/_sim/counters")["accepted"] == 0
    assert receiver.posts == []


def test_idle_waits_for_what_is_under_way_and_says_when_it_gave_up(simulator: Simulator) -> None:
    simulator.post("/_sim/config", {"delay": 0.3})
    simulator.send()
    late = requests.get(simulator.url + "/_sim/idle?timeout=0.1", timeout=10)
    assert (late.status_code, late.json()) == (504, {"idle": False})
    assert simulator.get("/_sim/idle?timeout=30") == {"idle": True}
    assert simulator.get("/_sim/counters")["statuses"] == {"sent": 1, "delivered": 1, "read": 1}


def test_a_refused_post_comes_again(simulator: Simulator, receiver: Receiver) -> None:
    receiver.failures = 2
    simulator.send()
    simulator.get("/_sim/idle")
    assert [status["status"] for status in receiver.statuses()] == [
        "sent",
        "sent",
        "sent",
        "delivered",
        "read",
    ]
    counters = simulator.get("/_sim/counters")
    assert (counters["webhooks_sent"], counters["webhooks_acknowledged"], counters["webhooks_failed"]) == (
        5,
        3,
        2,
    )


def test_a_person_can_be_made_to_read_press_and_send_things(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post("/_sim/config", {"behaviour": "silent"})
    simulator.send()
    simulator.get("/_sim/idle")
    for saying in ({"read": True}, {"button": "Ya pagué"}, {"pdf": True}):
        assert simulator.post(f"/_sim/borrowers/{BORROWER}/say", saying).status_code == 200
        simulator.get("/_sim/idle")
    assert [status["status"] for status in receiver.statuses()] == ["sent", "delivered", "read"]
    assert [message["type"] for message in receiver.messages()] == ["button", "document"]
    assert simulator.get("/_sim/counters")["inbound"] == {"button": 1, "document": 1}
    assert simulator.post("/_sim/borrowers/hola/say", {"text": "hola"}).status_code == 400


def test_a_picture_is_fetched_with_the_token_at_an_address_of_five_minutes(
    simulator: Simulator, receiver: Receiver
) -> None:
    simulator.post(f"/_sim/borrowers/{BORROWER}/say", {"image": True, "caption": "Mi pago"})
    simulator.get("/_sim/idle")
    (message,) = receiver.messages()
    told = message["image"]
    assert told["caption"] == "Mi pago"
    assert told["url"].startswith(f"{simulator.url}/_media/")
    assert simulator.get("/_sim/messages")[0]["media_id"] == told["id"]

    def fetch(url: str) -> requests.Response:
        return requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)

    endpoint = f"{simulator.url}/v25.0/{told['id']}?phone_number_id={NUMBER_ID}"
    described = fetch(endpoint).json()
    assert (described["sha256"], described["id"]) == (told["sha256"], told["id"])
    for url in (told["url"], described["url"]):
        answer = fetch(url)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert hashlib.sha256(answer.content).digest() == base64.b64decode(told["sha256"])
        assert str(len(answer.content)) == described["file_size"] == answer.headers["Content-Length"]
    for url in (endpoint, described["url"]):
        assert requests.get(url, timeout=10).status_code == 401

    simulator.post("/_sim/config", {"clock_offset": 301})
    assert fetch(described["url"]).status_code == 404
    simulator.post("/_sim/faults", {"kind": "media_404", "count": 1, "to": BORROWER})
    assert fetch(fetch(endpoint).json()["url"]).status_code == 404
    assert fetch(fetch(endpoint).json()["url"]).status_code == 200
    assert simulator.get("/_sim/counters")["media"] == {"asked": 3, "downloaded": 3, "refused": 4}

    simulator.post("/_sim/config", {"clock_offset": 8 * 86_400})
    answer = fetch(endpoint)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_a_download_can_be_huge_slow_broken_or_never_come(simulator: Simulator, receiver: Receiver) -> None:
    simulator.post(f"/_sim/borrowers/{BORROWER}/say", {"pdf": True, "size": 120_000_000})
    simulator.get("/_sim/idle")
    url = receiver.messages()[0]["document"]["url"]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with requests.get(url, headers=headers, timeout=10, stream=True) as answer:
        assert answer.headers["Content-Length"] == "120000000"
        assert answer.raw.read(5) == b"%PDF-"

    simulator.post("/_sim/faults", {"kind": "media_slow", "count": 1})
    began = time.monotonic()
    with requests.get(url, headers=headers, timeout=10, stream=True) as answer:
        assert answer.raw.read(3) == b"%PD"
    assert time.monotonic() - began >= 1

    simulator.post("/_sim/faults", {"kind": "media_http500", "count": 1})
    assert requests.get(url, headers=headers, timeout=10).status_code == 500
    simulator.post("/_sim/faults", {"kind": "media_timeout", "count": 1})
    with pytest.raises(requests.Timeout):
        requests.get(url, headers=headers, timeout=0.5)


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 100_000, b" " * 1_000_001, b""])
def test_a_body_that_is_no_json_or_too_large_is_refused(simulator: Simulator, raw: bytes) -> None:
    for path in (f"/v25.0/{NUMBER_ID}/messages", "/_sim/config", "/_sim/faults"):
        answer = requests.post(simulator.url + path, data=raw, timeout=10)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_an_answer_to_a_message_takes_as_long_as_it_is_told(simulator: Simulator) -> None:
    simulator.post("/_sim/config", {"latency": 0.3})
    begun = time.monotonic()
    assert simulator.send().status_code == 200
    assert time.monotonic() - begun >= 0.3
