"""What a user would write: a loop with pywa, and a worker on a queue that sends as fast as it can."""

import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import httpx
import requests
from pywa.client import WhatsApp
from pywa.types.templates import BodyText, TemplateLanguage

from local.replay.world import NUMBER
from tests.bench.lambdas import BATCH, SENDERS
from tests.bench.table_server import TOKEN
from tests.integration.receiver import PARAMETERS
from tests.integration.test_pywa import ToTheSimulator


def pywa_loop(url: str, seconds: float) -> float:
    """One message after the other; the seconds that it took."""
    return loop(httpx.Client(transport=ToTheSimulator(url)), seconds)[1]


def loop(session: httpx.Client, seconds: float) -> tuple[int, float]:
    """How many were sent, and the seconds that they took."""
    client = WhatsApp(phone_id=NUMBER, token=TOKEN, session=session, api_version=25.0)
    parameters: list[Any] = [*PARAMETERS]  # pywa declares them as something else
    begun, sent = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        client.send_template(
            f"+5255{60_000_000 + sent:08}",
            "saldo_vencido",
            TemplateLanguage.SPANISH,
            [BodyText.params(*parameters)],
            tracker=f"m-{sent}",
        )
        sent += 1
    return sent, time.monotonic() - begun


def unpaced(url: str, seconds: float) -> float:
    """As many processes and threads as ours, each call after the last; the seconds that they took."""
    context = get_context("spawn")
    begun = time.monotonic()
    workers = [context.Process(target=_post, args=(url, seconds, place)) for place in range(SENDERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.monotonic() - begun


def _post(url: str, seconds: float, place: int) -> None:
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(BATCH) as threads:
        for thread in range(BATCH):
            threads.submit(_post_until, url, until, place * BATCH + thread)


def _post_until(url: str, until: float, place: int) -> None:
    session, sent = requests.Session(), 0
    while time.monotonic() < until:
        body = message(f"+5255{70_000_000 + place * 100_000 + sent:08}")
        session.post(
            f"{url}/v25.0/{NUMBER}/messages", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
        )
        sent += 1


def message(phone: str) -> dict[str, Any]:
    parameters = [{"type": "text", "text": text} for text in PARAMETERS]
    return {
        "messaging_product": "whatsapp",
        "to": phone,
        "type": "template",
        "template": {
            "name": "saldo_vencido",
            "language": {"code": "es"},
            "components": [{"type": "body", "parameters": parameters}],
        },
    }
