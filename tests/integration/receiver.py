"""Both ends of the simulator, for tests: the process itself, and whoever its webhooks are posted to."""

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier
from typing import Any

import requests

ROOT = Path(__file__).parents[2]
NUMBER_ID = "100000000000100"
BORROWER = "+525555550101"
SECRET = "an-app-secret"
TOKEN = "a-token"
PARAMETERS = ["Ana Ejemplo", "Muebles Aurora", "$1,234.50", "15/11/2026", "responda a este mensaje"]


@dataclass(frozen=True)
class Post:
    """`signature` is empty where there was none; `at` is seconds on a clock of no date."""

    raw: bytes
    signature: str
    status: int
    at: float

    @property
    def is_signed(self) -> bool:
        return self.signature == "sha256=" + hmac.new(SECRET.encode(), self.raw, hashlib.sha256).hexdigest()

    def changes(self) -> list[dict[str, Any]]:
        return [change for entry in json.loads(self.raw)["entry"] for change in entry["changes"]]

    def statuses(self) -> list[dict[str, Any]]:
        return [status for change in self.changes() for status in change["value"].get("statuses", [])]

    def messages(self) -> list[dict[str, Any]]:
        return [message for change in self.changes() for message in change["value"].get("messages", [])]


class Receiver(ThreadingHTTPServer):
    """Keeps every post and refuses the first `failures` of them, and if it is `strict` those wrongly signed. None
    is answered before as many are under way as `together` asks for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.posts: list[Post] = []
        self.failures = 0
        self.strict = False
        self.together: Barrier | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/webhook"

    def statuses(self) -> list[dict[str, Any]]:
        return [status for post in self.posts for status in post.statuses()]

    def messages(self) -> list[dict[str, Any]]:
        return [message for post in self.posts for message in post.messages()]

    def take(self, raw: bytes, signature: str) -> int:
        if self.together:
            self.together.wait(timeout=10)
        post = Post(raw, signature, 200, time.monotonic())
        self.failures -= 1
        if self.failures >= 0:
            post = Post(raw, signature, 500, post.at)
        elif self.strict and not post.is_signed:
            post = Post(raw, signature, 403, post.at)
        self.posts.append(post)
        return post.status


class Door(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(server.take(raw, self.headers.get("X-Hub-Signature-256", "")))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Simulator:
    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(self.url + path, json=body, timeout=10)

    def get(self, path: str) -> Any:
        return requests.get(self.url + path, timeout=70).json()

    def settle(self) -> dict[str, Any]:
        """Waits until nothing is under way, and tells the counters."""
        assert self.get("/_sim/idle") == {"idle": True}
        return self.get("/_sim/counters")

    def say(self, saying: Any, phone: str = BORROWER) -> str:
        answer = self.post(f"/_sim/borrowers/{phone}/say", saying)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def send(self, *, to: str = BORROWER, token: str = TOKEN, timeout: float = 10) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.url}/v25.0/{NUMBER_ID}/messages"
        return requests.post(url, json=reminder(to), headers=headers, timeout=timeout)


def reminder(to: str = BORROWER) -> dict[str, Any]:
    parameters = [{"type": "text", "text": text} for text in PARAMETERS]
    return {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "template",
        "biz_opaque_callback_data": "m-1",
        "template": {
            "name": "saldo_vencido",
            "language": {"code": "es"},
            "components": [{"type": "body", "parameters": parameters}],
        },
    }


@contextmanager
def running(folder: Path) -> Generator[Simulator]:
    """The simulator as a process of its own."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "local.simulator", "--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            for _ in range(300):
                if ready.exists() or process.poll() is not None:
                    break
                time.sleep(0.05)
            told = json.loads(ready.read_text())
            assert told["pid"] == process.pid
            yield Simulator(told["url"])
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def receiving() -> Generator[Receiver]:
    with Receiver() as server:
        # How often it looks whether it shall stop, in seconds: whoever ends it waits that long.
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def configuration(receiver: Receiver) -> dict[str, Any]:
    """What each test begins with, whatever the one before it has configured."""
    return {
        "webhook_url": receiver.url,
        "app_secret": SECRET,
        "access_token": TOKEN,
        "phone_numbers": {NUMBER_ID: "+52 55 5555 0100"},
        "behaviour": "read",
        "delay": 0.01,
        "latency": 0,
        "clock_offset": 0,
        "hidden": [],
        "batch": {"size": 1},
        "retries": 5,
        "retry_wait": 0.2,
        "opaque_on_failed": True,
        "rates": {},
        "pair_rate": False,
        "messaging_limit": None,
        "throttle_status": 400,
        "scopes": ["whatsapp_business_management", "whatsapp_business_messaging"],
        "qualities": {},
    }
