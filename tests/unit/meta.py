"""Meta as the client of messages meets it: its address, its answers, and a call to it."""

from collections.abc import Callable
from typing import Any

import requests

from cobranza.whatsapp.client import Answer, WhatsApp

TOKEN = "EAAG-invented-token"
SENDER = "100000000000001"
URL = f"https://graph.facebook.com/v25.0/{SENDER}/messages"
MESSAGE = {"messaging_product": "whatsapp", "to": "+525555550100", "type": "template"}
TAKEN = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+525555550100", "wa_id": "5215555550100"}],
    "messages": [{"id": "wamid.HBgTEST", "message_status": "accepted"}],
}


def error_body(code: Any, **changes: Any) -> dict[str, Any]:
    error: dict[str, Any] = {
        "message": f"(#{code}) Something went wrong",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "What Meta says about it"},
        "fbtrace_id": "Aabc123",
    }
    return {"error": error | changes}


def whatsapp(secret: Callable[[], dict[str, Any]] = lambda: {"access_token": TOKEN}) -> WhatsApp:
    return WhatsApp("https://graph.facebook.com", "v25.0", secret, requests.Session())


def send() -> Answer:
    return whatsapp().send(SENDER, MESSAGE)
