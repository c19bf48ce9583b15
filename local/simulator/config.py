"""What the simulator can be told by POST /_sim/config."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, cast

from local.simulator.borrowers import Behaviour
from local.simulator.numbers import canonical

_TEN_YEARS = 10 * 366 * 86_400
MOST_CONNECTIONS = 16
# Each may have to start a worker of the webhook: more than there are processors only wait for each other.
_CONNECTIONS = min(8, max(2, os.cpu_count() or 2))


def is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and low <= value <= high


def _is_texts(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    pairs = cast("dict[Any, Any]", value).items()
    return all(isinstance(part, str) for pair in pairs for part in pair)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in cast("list[Any]", value))


def _is_rates(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    rates = cast("dict[Any, Any]", value).values()
    return all(is_number(rate, 0, 100_000) and rate > 0 for rate in rates)


def _is_behaviour(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_behaviour(what) for what in cast("dict[str, Any]", value).values())
    return value is None or (isinstance(value, str) and value in set(Behaviour))


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to `size` updates (Meta's most is 1,000) go into one post, once the first has waited `wait` seconds."""

    size: int = 1
    wait: float = 0.2


def _is_batch(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    wanted = cast("dict[Any, Any]", value)
    size, wait = wanted.get("size"), wanted.get("wait", 0)
    return wanted.keys() <= {"size", "wait"} and type(size) is int and 1 <= size <= 1000 and is_number(wait, 0, 60)


@dataclass(frozen=True, slots=True)
class Config:
    """`delay` is the pause in seconds before each webhook; `clock_offset` is added to real time.

    A refused webhook comes again `retries` times, first after `retry_wait` seconds, then after twice as many, and
    so on up to `longest_retry_wait`. `opaque_on_failed`: whether a failed status carries biz_opaque_callback_data,
    which Meta's pages leave open.

    `hidden` are the numbers of people with a user name: webhooks name them by their user id alone, and the fields
    that would hold the number are missing or empty, as `hidden_as` says.

    `latency` is what an answer of the messages endpoint takes, in seconds after the call was counted.

    Limits, all off unless set: `rates` is messages per second of a business number, in and out (Meta's is 80);
    `pair_rate` one message to the same person in six seconds; `messaging_limit` people in 24 hours, from all
    numbers, out of a service window (Meta begins with 250; -1 is no limit). `throttle_status` is the HTTP status
    of 130429: 400 in Meta's table, 429 in that of a partner.

    `connections` are the posts that are under way at once.

    `scopes` are the permissions of the token; `qualities` those of business numbers that are not GREEN;
    `is_subscribed` whether its app is subscribed to the account. Webhooks are posted either way.
    """

    webhook_url: str = ""
    app_secret: str = ""
    access_token: str = ""
    phone_numbers: Mapping[str, str] = field(default_factory=dict[str, str])
    waba_id: str = "100000000000001"
    seed: int = 1
    behaviour: str | Mapping[str, str] | None = None
    delay: float = 0.05
    latency: float = 0.0
    clock_offset: float = 0.0
    hidden: tuple[str, ...] = ()
    hidden_as: Literal["missing", "empty"] = "missing"
    batch: Batch = Batch()
    connections: int = _CONNECTIONS
    retries: int = 5
    retry_wait: float = 0.2
    longest_retry_wait: float = 3600.0
    opaque_on_failed: bool = True
    rates: Mapping[str, float] = field(default_factory=dict[str, float])
    pair_rate: bool = False
    messaging_limit: int | None = None
    throttle_status: Literal[400, 429] = 400
    scopes: tuple[str, ...] = ("whatsapp_business_management", "whatsapp_business_messaging")
    qualities: Mapping[str, str] = field(default_factory=dict[str, str])
    is_subscribed: bool = True

    def merged(self, changes: object) -> "Config":
        """This configuration with some fields replaced; raises ValueError for what it cannot be."""
        if not isinstance(changes, dict):
            raise ValueError("a configuration is a JSON object")
        wanted = cast("dict[str, Any]", changes)
        if unknown := wanted.keys() - {known.name for known in fields(self)}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        for name, value in wanted.items():
            if not _VALID[name](value):
                raise ValueError(f"{name} has a value it cannot have")
        if isinstance(forced := wanted.get("behaviour"), dict):
            people = cast("dict[str, str]", forced)
            wanted = wanted | {"behaviour": {canonical(phone): what for phone, what in people.items()}}
        if "hidden" in wanted:
            wanted = wanted | {"hidden": tuple(map(canonical, wanted["hidden"]))}
        if "scopes" in wanted:
            wanted = wanted | {"scopes": tuple(wanted["scopes"])}
        if "batch" in wanted:
            wanted = wanted | {"batch": Batch(**wanted["batch"])}
        return replace(self, **wanted)


_VALID: Mapping[str, Callable[[Any], bool]] = {
    "webhook_url": lambda value: isinstance(value, str) and value.startswith(("http://", "https://")),
    "app_secret": lambda value: isinstance(value, str),
    "access_token": lambda value: isinstance(value, str),
    "phone_numbers": _is_texts,
    "waba_id": lambda value: isinstance(value, str),
    "seed": lambda value: isinstance(value, int),
    "behaviour": _is_behaviour,
    "delay": lambda value: is_number(value, 0, 60),
    "latency": lambda value: is_number(value, 0, 60),
    "clock_offset": lambda value: is_number(value, -_TEN_YEARS, _TEN_YEARS),
    "hidden": _are_texts,
    "scopes": _are_texts,
    "qualities": _is_texts,
    "is_subscribed": lambda value: isinstance(value, bool),
    "hidden_as": lambda value: value in ("missing", "empty"),
    "batch": _is_batch,
    "connections": lambda value: type(value) is int and 1 <= value <= MOST_CONNECTIONS,
    "retries": lambda value: type(value) is int and 0 <= value <= 1000,
    "retry_wait": lambda value: is_number(value, 0, 3600),
    "longest_retry_wait": lambda value: is_number(value, 0, 3600),
    "opaque_on_failed": lambda value: isinstance(value, bool),
    "rates": _is_rates,
    "pair_rate": lambda value: isinstance(value, bool),
    "messaging_limit": lambda value: value is None or (type(value) is int and value >= -1),
    "throttle_status": lambda value: value in (400, 429),
}
