"""2,000 bodies over 16 connections through the HTTP API of an emulator of its own.

Strangers write, one text a body. What is answered 5xx, or not at all, is posted again, as Meta does: in the end
each must be answered 200 and kept once.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from threading import local as of_thread

import requests

from cobranza.signature import sign
from local import drive, stack
from local.stack import Stack
from tests.bench.report import Row
from tests.bench.webhook_bodies import message_body, text_from

BODIES, CONNECTIONS = 2_000, 16
TRIES = 10
PATIENCE = 30.0  # seconds for an answer


def run() -> list[Row]:
    with stack.running(stack.FOLDER / "bench-flood") as local, ThreadPoolExecutor(CONNECTIONS) as threads:
        began = time.monotonic()
        bodies = list(threads.map(lambda number: list(_posted(local.webhook_url, number)), range(BODIES)))
        seconds = time.monotonic() - began
        kept = list(_kept(local))
    taken = sum(tries[-1][0] == 200 for tries in bodies)
    doubled, lost = len(kept) - len(set(kept)), BODIES - len(set(kept))
    repeated = sum(len(tries) - 1 for tries in bodies)
    p50, p99 = (quantiles([took for tries in bodies for _, took in tries], n=100)[place] for place in (49, 98))
    note = (
        f"{BODIES / seconds:.0f} a second over {CONNECTIONS} connections, p50 {p50 * 1000:.0f} ms, "
        f"p99 {p99 * 1000:.0f} ms; {taken} answered 200, {repeated} posted again, {doubled} kept twice"
    )
    name = "webhook: bodies through the emulator's API"
    ok = taken == BODIES and not lost and not doubled
    return [Row(name, f"lost of {BODIES}", lost, "0", ok, note=note)]


_THREAD = of_thread()


def _posted(url: str, number: int) -> Iterator[tuple[int, float]]:
    """Each try's status (0: no answer) and seconds, until one is no failure of ours."""
    if not hasattr(_THREAD, "session"):
        _THREAD.session = requests.Session()
    body = json.dumps(message_body([text_from(number)])).encode()
    for _ in range(TRIES):
        began = time.monotonic()
        status = _status(_THREAD.session, url, body)
        yield status, time.monotonic() - began
        if 0 < status < 500:
            return


def _status(session: requests.Session, url: str, body: bytes) -> int:
    headers = {"x-hub-signature-256": sign(body, stack.APP_SECRET), "content-type": "application/json"}
    try:
        return session.post(url, data=body, headers=headers, timeout=PATIENCE).status_code
    except requests.RequestException:
        return 0


def _kept(local: Stack) -> Iterator[str]:
    """Meta's id of each message that is kept from somebody."""
    kept = (item for item in drive.items(local, "ledger") if item["pk"].startswith("CHAT#"))
    return (item["wamid"] for item in kept if item["direction"] == "in")
