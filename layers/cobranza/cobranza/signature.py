"""A signature over exact bytes, as Meta and payment gateways send it: `sha256=` and 64 lower-case hex digits of
HMAC-SHA256."""

import hmac
import re
from collections.abc import Callable, Sequence

_VALUE = re.compile("sha256=[0-9a-f]{64}")


def verify(body: bytes, header: str | None, secrets: Sequence[str]) -> bool:
    """Whether the header's value signs the received bytes with one of the secrets. Several are valid while one
    replaces another; without any nothing is."""
    if header is None or not _VALUE.fullmatch(header):
        return False
    matches = [hmac.compare_digest(sign(body, secret), header) for secret in secrets if secret]
    return any(matches)


def sign(body: bytes, secret: str) -> str:
    """The header's value."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def judged[Verdict](
    judge: Callable[[Sequence[str]], Verdict],
    bad: Verdict,
    known: Sequence[str],
    renewed: Callable[[], Sequence[str]],
) -> Verdict:
    """By the secrets that we know; where it is `bad`, by those of now: one may have been changed."""
    verdict = judge(known)
    if verdict != bad:
        return verdict
    of_now = renewed()
    return verdict if of_now == known else judge(of_now)
