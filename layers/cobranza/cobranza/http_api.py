"""What the doors of the HTTP API share: a request as it came, and an answer.

Source: Amazon API Gateway, "Lambda proxy integrations for HTTP APIs", payload format 2.0.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` by their names in small letters; `body` are the bytes that were sent, over which it was signed."""

    headers: Mapping[str, str]
    body: bytes


def request_of(event: Mapping[str, Any]) -> Request:
    return Request({name.lower(): value for name, value in event["headers"].items()}, body_of(event))


def body_of(event: Mapping[str, Any]) -> bytes:
    """As it was sent; nothing where there is none."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def answer(status: int, text: str = "", content_type: str = "text/plain") -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": content_type}, "body": text}


def answer_json(status: int, told: Mapping[str, Any]) -> dict[str, Any]:
    """For the caller alone: nothing on the way keeps it. Days and moments are told as ISO 8601 writes them."""
    body = json.dumps(told, ensure_ascii=False, default=_plain)
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": body}


def _plain(value: object) -> str:
    """Raises TypeError for what JSON has no way to say."""
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
