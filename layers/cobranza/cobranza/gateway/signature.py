"""The signature of a payment that a gateway tells: proof that it comes from whoever has a secret, and comes now.

X-Cobranza-Timestamp: seconds since 1970. X-Cobranza-Signature: over the timestamp as it is written, a point, and
the body's exact bytes.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cobranza import signature

TIMESTAMP, SIGNATURE = "x-cobranza-timestamp", "x-cobranza-signature"
# Clocks of two companies differ by less, and what was overheard is of no use for longer.
WINDOW = timedelta(minutes=5)

_SECONDS = re.compile("[1-9][0-9]{8,10}")


class Verdict(StrEnum):
    GOOD = "good"
    FORGED = "forged"
    STALE = "stale"


def judge(
    body: bytes, timestamp: str | None, header: str | None, secrets: Sequence[str], now: datetime
) -> Verdict:
    """Several secrets are valid while one replaces another; without any nothing is. Whoever has none learns
    nothing of our clock: what is forged is forged, however old."""
    if timestamp is None or not _SECONDS.fullmatch(timestamp):
        return Verdict.FORGED
    if not signature.verify(_signed(body, timestamp), header, secrets):
        return Verdict.FORGED
    at = datetime.fromtimestamp(int(timestamp), UTC)
    return Verdict.GOOD if abs(now - at) <= WINDOW else Verdict.STALE


def sign(body: bytes, timestamp: str, secret: str) -> str:
    """The header's value."""
    return signature.sign(_signed(body, timestamp), secret)


def _signed(body: bytes, timestamp: str) -> bytes:
    return timestamp.encode() + b"." + body
