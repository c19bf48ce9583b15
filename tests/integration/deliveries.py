"""What Meta posts to the webhook, and how it gets there."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from cobranza.signature import sign
from cobranza.store.keys import MessageKey
from tests.integration.fakes import FakeContext
from tests.integration.world import TUESDAY, World, debts, function

SECRETS = {"app_secrets": ["new-secret", "old-secret"], "verify_token": "a-token"}
PHONE = "525555550101"
AT = 1795539600  # 2026-11-24 17:00 UTC

type Drop = Callable[..., dict[str, Any]]
type Element = dict[str, Any]


def call(
    world: World,
    event: dict[str, Any],
    secrets: dict[str, Any] = SECRETS,
    renewed: Callable[[], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    webhook = function("webhook")
    deps = webhook.Deps(world.recorder, lambda: secrets, renewed or (lambda: secrets), world.clock)
    return webhook.handler(event, FakeContext(), deps=deps)


def post(body: bytes, signature: str | None, *, encoded: bool = False) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    headers |= {} if signature is None else {"X-Hub-Signature-256": signature}
    text = base64.b64encode(body).decode() if encoded else body.decode()
    return {
        "requestContext": {"http": {"method": "POST"}},
        "headers": headers,
        "body": text,
        "isBase64Encoded": encoded,
    }


def delivery(*, messages: Sequence[Element] = (), statuses: Sequence[Element] = ()) -> bytes:
    value: Element = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "100000000000001"}}
    value |= {"messages": list(messages)} if messages else {}
    value |= {"statuses": list(statuses)} if statuses else {}
    return json.dumps({"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}).encode()


def tell(world: World, **elements: Sequence[Element]) -> int:
    body = delivery(**elements)
    return call(world, post(body, sign(body, "new-secret")))["statusCode"]


def message(kind: str, content: Any, *, wamid: str = "wamid.IN1", sender: str = PHONE, at: int = AT) -> Element:
    return {"id": wamid, "from": sender, "timestamp": str(at), "type": kind, kind: content}


def text(words: str, **parts: Any) -> Element:
    return message("text", {"body": words}, **parts)


def left(world: World, drop: Drop) -> Element:
    """A message that left: what a status of it says."""

    def send() -> None:
        drop("debts/tienda/a.csv", debts({}))
        (reminder,) = world.tick()
        assert world.sender.remind(reminder, world.now).code == "SENT"

    world.begin("sent", send)
    opaque = MessageKey(world.ref(), TUESDAY.date()).opaque
    return {"id": "wamid.0", "recipient_id": PHONE, "biz_opaque_callback_data": opaque}


def status(sent: Element, state: str, **told: Any) -> Element:
    after = {"sent": 1, "delivered": 2, "read": 3, "failed": 4}.get(state, 5)
    return {**sent, "status": state, "timestamp": str(AT + after), **told}


def failed(sent: Element) -> Element:
    error = {"code": 131026, "title": "Undeliverable", "error_data": {"details": "no WhatsApp there"}}
    return status(sent, "failed", errors=[error])
