"""What Meta posts to the business: payloads, their signature, and a patient delivery."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from local.simulator.borrowers import name
from local.simulator.config import Config
from local.simulator.media import File
from local.simulator.numbers import wa_id
from local.simulator.state import Counters, Message

AT_ONCE = 8
RETRIES = 5
FIRST_WAIT = 0.2
TIMEOUT = 20

_BESIDE_FILE: Mapping[str, dict[str, Any]] = {
    "image": {},
    "document": {"filename": "comprobante.pdf"},
    "audio": {"voice": True},
}


def sign(raw: bytes, app_secret: str) -> str:
    """The value of X-Hub-Signature-256, made over the bytes on the wire."""
    return "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()


def encode(payload: Mapping[str, Any]) -> bytes:
    """JSON as Meta writes it, unicode and slashes escaped: who parses and dumps again gets other bytes."""
    return json.dumps(payload, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def status_payload(config: Config, message: Message, at: float) -> dict[str, Any]:
    """The news that a message has the status it has. Only `sent` tells the price."""
    status: dict[str, Any] = {
        "id": message.id,
        "status": message.status,
        "timestamp": str(int(at)),
        "recipient_id": wa_id(message.phone),
    }
    if message.opaque_id:
        status["biz_opaque_callback_data"] = message.opaque_id
    if message.status == "sent":
        category = "utility" if message.type == "template" else "service"
        status["pricing"] = {
            "billable": True,
            "pricing_model": "PMP",
            "type": "regular",
            "category": category,
        }
    return _envelope(config, message, {"statuses": [status]})


def inbound_payload(config: Config, message: Message, file: File | None = None, url: str = "") -> dict[str, Any]:
    """A message from a borrower, with its file and the address of that."""
    sender = wa_id(message.phone)
    said: dict[str, Any] = {
        "from": sender,
        "id": message.id,
        "timestamp": str(int(message.at)),
        "type": message.type,
    }
    match message.type:
        case "text":
            said["text"] = {"body": message.text}
        case "button":
            said["button"] = {"payload": message.payload, "text": message.text}
            business = config.phone_numbers.get(message.phone_number_id, "")
            said["context"] = {"from": re.sub(r"\D", "", business), "id": message.context}
        case kind:
            caption = {"caption": message.text} if message.text else {}
            said[kind] = (file.announced(url) if file else {}) | _BESIDE_FILE[kind] | caption
    contact = {"profile": {"name": name(message.phone)}, "wa_id": sender}
    return _envelope(config, message, {"contacts": [contact], "messages": [said]})


class Courier:
    """Posts payloads, a few at once, and again after anything but a 200."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("http://", HTTPAdapter(pool_maxsize=AT_ONCE))

    async def deliver(self, config: Config, payload: Mapping[str, Any], counters: Counters) -> bool:
        if not config.webhook_url:
            return False
        raw = encode(payload)
        for attempt in range(RETRIES + 1):
            counters.webhooks_sent += 1
            loop = asyncio.get_running_loop()
            if await loop.run_in_executor(self._threads, self._post, config, raw):
                counters.webhooks_acknowledged += 1
                return True
            counters.webhooks_failed += 1
            if attempt < RETRIES:
                await asyncio.sleep(FIRST_WAIT * 2**attempt)
        counters.webhooks_abandoned += 1
        return False

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def _post(self, config: Config, raw: bytes) -> bool:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": sign(raw, config.app_secret),
        }
        try:
            answer = self._session.post(
                config.webhook_url, data=raw, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException:
            return False
        return answer.status_code == 200


def _envelope(config: Config, message: Message, news: Mapping[str, Any]) -> dict[str, Any]:
    number = config.phone_numbers.get(message.phone_number_id, "")
    metadata = {"display_phone_number": number, "phone_number_id": message.phone_number_id}
    value = {"messaging_product": "whatsapp", "metadata": metadata} | dict(news)
    changes = [{"field": "messages", "value": value}]
    return {"object": "whatsapp_business_account", "entry": [{"id": config.waba_id, "changes": changes}]}
