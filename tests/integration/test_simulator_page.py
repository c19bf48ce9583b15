"""The simulator's page without a browser: its files, what it is told, and the files that people send."""

import re
from typing import Any

import pytest
import requests

from local.simulator.phone.routes import FOLDER
from tests.integration.receiver import TOKEN, Simulator

ANA, BRUNO = "+525555550101", "+573005550102"
JPEG = b"\xff\xd8\xff\xe0 a receipt"


class Page:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def get(self, path: str, **query: Any) -> requests.Response:
        return requests.get(self._simulator.url + path, params=query, timeout=10)

    def view(self, name: str, **query: Any) -> dict[str, Any]:
        return self.get(f"/_page/{name}", **query).json()

    def order(self, path: str, order: Any) -> None:
        self._simulator.post(f"/_sim/{path}", order).raise_for_status()

    def say(self, phone: str, **words: Any) -> None:
        self._simulator.say(words, phone)
        self._simulator.settle()

    def remind(self, to: str, token: str = TOKEN) -> int:
        answer = self._simulator.send(to=to, token=token)
        self._simulator.settle()
        return answer.status_code

    def attach(self, phone: str, raw: bytes, content_type: str, caption: str = "") -> requests.Response:
        url = f"{self._simulator.url}/_sim/borrowers/{phone}/file"
        headers, query = {"Content-Type": content_type}, {"caption": caption}
        return requests.post(url, data=raw, params=query, headers=headers, timeout=10)


@pytest.fixture
def page(simulator: Simulator) -> Page:
    page = Page(simulator)
    page.order("config", {"behaviour": "silent", "delay": 0})
    return page


def test_the_page_asks_nobody_else(page: Page) -> None:
    answer = page.get("/")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    asked = re.findall(r'(?:src|href)="(/[^"]*)"', answer.text)
    assert len(asked) == 2
    for path in asked:
        assert page.get(path).status_code == 200
    for file in FOLDER.iterdir():
        outside = set(re.findall(r"https?://[\w.]+", file.read_text()))
        assert outside <= {"http://www.w3.org"}, file.name  # the name of SVG, which nobody fetches


@pytest.mark.parametrize("name", ["views.py", "..%2Fviews.py", "..%2F..%2Fapp.py", "nothing.js", "."])
def test_only_the_pages_own_files_are_served(page: Page, name: str) -> None:
    assert page.get(f"/_page/static/{name}").status_code == 404


def test_only_what_changed_is_told_and_only_of_the_open_chat(page: Page) -> None:
    assert page.remind(ANA) == page.remind(BRUNO) == 200
    first = page.view("news")
    assert {chat["phone"]: chat["unread"] for chat in first["chats"]} == {ANA: 1, BRUNO: 1}
    assert first["messages"] == []
    known = {"epoch": first["epoch"], "since": first["revision"], "since_in_chat": first["revision"]}
    opened = page.view("news", **known | {"chat": ANA, "since_in_chat": 0})
    assert [message["status"] for message in opened["messages"]] == ["delivered"]
    assert opened["chats"] == []

    page.say(BRUNO, text="hola")
    page.say(ANA, read=True)
    then = page.view("news", **known, chat=ANA)
    assert {chat["phone"]: chat["unread"] for chat in then["chats"]} == {ANA: 0, BRUNO: 1}
    assert [message["status"] for message in then["messages"]] == ["read"]
    assert page.view("news", epoch=then["epoch"], since=then["revision"])["chats"] == []

    page.order("reset", {})
    page.say(ANA, text="otra vez")
    anew = page.view("news", epoch=then["epoch"], since=then["revision"], chat=ANA, since_in_chat=9)
    assert anew["epoch"] != then["epoch"]
    assert [message["content"]["body"] for message in anew["messages"]] == ["otra vez"]


def test_who_opens_a_chat_reads_all_of_it(page: Page) -> None:
    page.remind(ANA)
    page.remind(ANA)
    page.say(ANA, read=True)
    assert [message["status"] for message in page.view("news", chat=ANA)["messages"]] == ["read", "read"]


def test_a_reminder_is_told_with_its_parts_and_a_pressed_button_with_what_it_answers(page: Page) -> None:
    page.remind(ANA)
    page.say(ANA, button="Ya pagué")
    reminder, answer = page.view("news", chat=ANA)["messages"]
    assert reminder["content"]["body"].startswith("Hola, Ana Ejemplo")
    assert reminder["content"]["footer"].startswith("Mensaje automático")
    assert [button["type"] for button in reminder["content"]["buttons"]] == ["quick_reply"] * 3
    assert (answer["mine"], answer["content"]["body"]) == (True, "Ya pagué")
    assert answer["quoted"].startswith("Hola, Ana Ejemplo")


def test_a_hidden_number_is_shown_as_the_user_id(page: Page) -> None:
    page.order("config", {"hidden": [ANA]})
    person = page.view("person", number="+52 1 55 5555 0101")
    assert (person["phone"], person["number"][:3], person["hidden"]) == (ANA, "MX.", True)
    assert page.get("/_page/person", number="12").status_code == 400


def test_times_are_those_of_the_borrowers_clock(page: Page) -> None:
    page.say(ANA, text="hola")
    page.say(BRUNO, text="hola")
    (mexico,), (colombia,) = (page.view("news", chat=phone)["messages"] for phone in (ANA, BRUNO))
    assert (int(colombia["time"][:2]) - int(mexico["time"][:2])) % 24 == 1


def test_any_text_arrives_as_it_was_written(page: Page) -> None:
    for text in ("<script>alert(1)</script>", "*negrita* \ud83d", "\u2028\x00"):
        page.say(ANA, text=text)
        assert page.view("news", chat=ANA)["messages"][-1]["content"]["body"] == text


def test_refusals_are_told_newest_first_and_counted(page: Page) -> None:
    for token in (TOKEN, "wrong"):
        page.remind("12", token)
    page.remind("13")
    told = page.view("refused")
    assert [row["code"] for row in told["rows"]] == [131009, 190, 131009]
    assert told["counts"] == [[131009, 2], [190, 1]]
    assert told["rows"][0]["message"].startswith("(#131009)")
    assert told["rows"][0]["details"]


def test_faults_are_told_with_how_often_they_fired(page: Page) -> None:
    page.order("faults", {"kind": "error", "code": 131026, "count": 1, "to": ANA})
    assert page.view("news")["faults"] == 1
    page.remind(ANA)
    told = page.view("faults")
    (fault,) = told["faults"]
    assert (fault["code"], fault["fired"], fault["left"]) == (131026, 1, 0)
    assert {"error", "http500"} <= set(told["kinds"])
    assert page.view("news")["faults"] == 0


def test_a_file_of_ones_own_is_sent_as_it_is(page: Page) -> None:
    for raw, content_type, kind in ((JPEG, "image/jpeg", "image"), (b"%PDF-1.4", "application/pdf", "document")):
        assert page.attach(ANA, raw, content_type, caption="Mi pago").status_code == 200
        sent = page.view("news", chat=ANA)["messages"][-1]
        assert (sent["type"], sent["content"]["body"]) == (kind, "Mi pago")
        shown = page.get(f"/_page/files/{sent['file']['id']}")
        assert (shown.content, shown.headers["Content-Type"]) == (raw, content_type)
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert page.get("/_page/files/1").status_code == 404


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [(b"<html>", "text/html"), (b"", "image/png"), (b"\xff" * 20_000_001, "image/jpeg"), (JPEG, "")],
)
def test_what_no_phone_would_send_is_refused(page: Page, raw: bytes, content_type: str) -> None:
    assert page.attach(ANA, raw, content_type).status_code == 400
    assert page.view("news", chat=ANA)["messages"] == []
