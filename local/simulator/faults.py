"""What goes wrong on purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from local.simulator.config import is_number
from local.simulator.numbers import canonical

SENDING = ("error", "http500", "timeout_after_acceptance", "cut_after_acceptance")
ASKING = ("media_http500", "media_timeout")
DOWNLOADING = ("media_404", "media_slow", *ASKING)
TRAVELLING = ("undeliverable", "fails_after_sent", "never_delivered")
CARRYING = ("webhook_lost", "webhook_doubled", "webhook_delayed", "webhook_reordered")
TAMPERING = ("webhook_changed", "webhook_unsigned")
KINDS = (*SENDING, *DOWNLOADING, *TRAVELLING, *CARRYING, *TAMPERING)

_CODED = ("error", "undeliverable", "fails_after_sent")
# How long each puts off an update, unless told: the second post, the late one, and at most the overtaken one.
_SECONDS: Mapping[str, float] = {"webhook_doubled": 1.0, "webhook_delayed": 5.0, "webhook_reordered": 5.0}


@dataclass(slots=True)
class Fault:
    """`rate` of what concerns this number (all, if empty) goes wrong; `left` more times, or always if None.

    What it hits: SENDING a call that would have been accepted; TRAVELLING an accepted message; CARRYING a single
    update, before it is posted; TAMPERING each attempt at a post with an update of that number. Those that begin
    with media hit the files that this number sent: asking for an address and downloading alike, but media_404 and
    media_slow only the download.
    """

    kind: str
    code: int = 0
    rate: float = 1.0
    left: int | None = None
    to: str = ""
    seconds: float = 0.0
    fired: int = 0


def parse_fault(order: object) -> Fault:
    """Read `{"kind", "code"?, "rate"?, "count"?, "to"?, "seconds"?}`; raises ValueError.

    `code` is Meta's: an error must have one, and without it a message fails with 131026. `seconds` is how long an
    update is put off: webhook_delayed 5 unless told, webhook_doubled (its second post) 1; webhook_reordered waits
    for a later update of the same person, and at most 5.
    """
    if not isinstance(order, dict):
        raise ValueError("a fault is a JSON object")
    wanted = cast("dict[str, Any]", order)
    if unknown := wanted.keys() - {"kind", "code", "rate", "count", "to", "seconds"}:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    kind, count, to = wanted.get("kind"), wanted.get("count"), wanted.get("to", "")
    rate = wanted.get("rate", 1)
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    if not is_number(rate, 0, 1):
        raise ValueError("rate lies between 0 and 1")
    if count is not None and (type(count) is not int or count < 1):
        raise ValueError("count is at least 1")
    if not isinstance(to, str):
        raise ValueError("to is a phone number")
    code, seconds = _code(kind, wanted), _seconds(kind, wanted)
    return Fault(kind, code, rate, count, canonical(to) if to else "", seconds)


def _code(kind: str, wanted: Mapping[str, Any]) -> int:
    code = wanted.get("code", 0 if kind == "error" or kind not in _CODED else 131026)
    if type(code) is not int or (kind == "error" and "code" not in wanted):
        raise ValueError("code is a number, and an error needs one")
    if "code" in wanted and kind not in _CODED:
        raise ValueError(f"code is a number for one of {', '.join(_CODED)}")
    return code


def _seconds(kind: str, wanted: Mapping[str, Any]) -> float:
    if "seconds" in wanted and kind not in _SECONDS:
        raise ValueError(f"seconds is a number for one of {', '.join(_SECONDS)}")
    seconds = wanted.get("seconds", _SECONDS.get(kind, 0.0))
    if not is_number(seconds, 0, 600):
        raise ValueError("seconds lies between 0 and 600")
    return seconds
