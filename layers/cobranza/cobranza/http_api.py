"""What the doors of the HTTP API share: a request as it came, and an answer.

Source: Amazon API Gateway, "Lambda proxy integrations for HTTP APIs", payload format 2.0.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` by their names in small letters; `body` are the bytes that were sent, over which it was signed."""

    headers: Mapping[str, str]
    body: bytes


def request_of(event: Mapping[str, Any]) -> Request:
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    return Request({name.lower(): value for name, value in event["headers"].items()}, raw)


def answer(status: int, text: str = "", content_type: str = "text/plain") -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": content_type}, "body": text}
