"""What goes wrong on purpose."""

from dataclasses import dataclass
from typing import Any, cast

from local.simulator.config import is_number
from local.simulator.numbers import canonical

SENDING = ("error", "http500", "timeout_after_acceptance")
ASKING = ("media_http500", "media_timeout")
DOWNLOADING = ("media_404", "media_slow", *ASKING)
KINDS = (*SENDING, *DOWNLOADING)


@dataclass(slots=True)
class Fault:
    """`rate` of the calls to this number (to all, if empty) fail; `left` more times, or always if None.

    Those that begin with media hit the files that this number sent: asking for an address and downloading
    alike, but media_404 and media_slow only the download.
    """

    kind: str
    code: int = 0
    rate: float = 1.0
    left: int | None = None
    to: str = ""


def parse_fault(order: object) -> Fault:
    """Read `{"kind", "code"?, "rate"?, "count"?, "to"?}`; raises ValueError."""
    if not isinstance(order, dict):
        raise ValueError("a fault is a JSON object")
    wanted = cast("dict[str, Any]", order)
    if unknown := wanted.keys() - {"kind", "code", "rate", "count", "to"}:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    kind, code, count, to = (
        wanted.get("kind"),
        wanted.get("code", 0),
        wanted.get("count"),
        wanted.get("to", ""),
    )
    rate = wanted.get("rate", 1)
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    if not isinstance(code, int) or (kind == "error" and "code" not in wanted):
        raise ValueError("code is a number, and an error needs one")
    if not is_number(rate, 0, 1):
        raise ValueError("rate lies between 0 and 1")
    if count is not None and (not isinstance(count, int) or count < 1):
        raise ValueError("count is at least 1")
    if not isinstance(to, str):
        raise ValueError("to is a phone number")
    return Fault(kind, code, rate, count, canonical(to) if to else "")
