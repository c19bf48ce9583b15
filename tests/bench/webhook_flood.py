"""2,000 bodies over 16 connections through the HTTP API of an emulator that is up; without one nothing.

Strangers write, one text a body: each must be answered 200 and kept once.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from threading import local as of_thread

import requests

from cobranza.whatsapp.signature import sign
from local import drive, stack
from tests.bench.report import Row
from tests.bench.webhook_bodies import message_body, text_from

BODIES, CONNECTIONS = 2_000, 16


def through_the_emulator() -> list[Row]:
    if not (stack.FOLDER / "stack.json").exists():
        return []
    running = stack.read()
    before, began = _kept(running), time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        # Nobody has these numbers, and no run before wrote from them.
        first = int(began % 100_000) * 10_000
        answers = list(threads.map(lambda number: _post(running.webhook_url, first + number), range(BODIES)))
    seconds = time.monotonic() - began
    taken = sum(status == 200 for status, _ in answers)
    kept = _kept(running) - before
    p50, p99 = (quantiles([each for _, each in answers], n=100)[place] * 1000 for place in (49, 98))
    note = f"{CONNECTIONS} connections, p50 {p50:.0f} ms, p99 {p99:.0f} ms, {BODIES / seconds:.0f} a second"
    name = "webhook: bodies through the emulator's API"
    return [Row(name, f"kept of {BODIES}", kept, f"{taken} answered 200", kept == taken == BODIES, note=note)]


_THREAD = of_thread()


def _post(url: str, number: int) -> tuple[int, float]:
    """The answer's status, and its seconds."""
    if not hasattr(_THREAD, "session"):
        _THREAD.session = requests.Session()
    body = json.dumps(message_body([text_from(number)])).encode()
    headers = {"x-hub-signature-256": sign(body, stack.APP_SECRET), "content-type": "application/json"}
    began = time.monotonic()
    status = _THREAD.session.post(url, data=body, headers=headers, timeout=30).status_code
    return status, time.monotonic() - began


def _kept(running: stack.Stack) -> int:
    return sum(item["pk"].startswith("CHAT#") for item in drive.items(running, "ledger"))
