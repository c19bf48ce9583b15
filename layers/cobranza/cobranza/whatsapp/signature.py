"""The signature of a webhook: proof that the body comes from Meta, made over its exact bytes."""

import hmac
import re
from collections.abc import Sequence

HEADER = "x-hub-signature-256"
_VALUE = re.compile("sha256=[0-9a-f]{64}")


def verify(body: bytes, header: str | None, secrets: Sequence[str]) -> bool:
    """Whether `header` (X-Hub-Signature-256) signs the received bytes with one of the app's secrets.

    Several secrets are valid while one replaces another. Without any secret nothing is valid. Never parse and
    dump the body first: Meta signs its own escaping.
    Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
    """
    if header is None or not _VALUE.fullmatch(header):
        return False
    matches = [hmac.compare_digest(sign(body, secret), header) for secret in secrets if secret]
    return any(matches)


def sign(body: bytes, secret: str) -> str:
    """The header's value: `sha256=` and 64 lower-case hex digits."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
