"""What Meta tells of the account, its numbers and people's wishes, besides messages and templates.

Source: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/reference (account_update, account_alerts,
account_review_update, phone_number_quality_update, business_capability_update, user_preferences)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cobranza.whatsapp.events import OtherEvent, digits, moment_told
from cobranza.whatsapp.shapes import as_object, object_at, objects_at, text_at

UNLIMITED = 100_000_000
UPGRADED = 1000  # messages a second (Meta, "Throughput")
# As the sender would meet them; `rule_for` has what a person does.
LOCKED, RESTRICTED, SPAM = 131031, 368, 131048
_STOPS = {
    "ACCOUNT_RESTRICTION": RESTRICTED,
    "ACCOUNT_VIOLATION": RESTRICTED,
    "DISABLED_UPDATE": LOCKED,
    "ACCOUNT_DELETED": LOCKED,
}
_REINSTATED = "REINSTATE"
_LIMITS = ("max_daily_conversations_per_business", "max_daily_conversation_per_phone")
_QUALITIES = ("new_quality_score", "current_quality_score", "event")
# What Meta calls an alert's kind; none of them takes from the limit that a number has.
_ALERTS = {
    "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED",
    "INCREASED_CAPABILITIES_ELIGIBILITY_FAILED",
    "INCREASED_CAPABILITIES_ELIGIBILITY_NEED_MORE_INFO",
    "OBA_APPROVED",
    "OBA_REJECTED",
    "PROFILE_PICTURE_LOST",
}
_THOUSANDS = {"K": 1000, "M": 1_000_000}


@dataclass(frozen=True, slots=True)
class Limit:
    """How many people a number may write to in any 24 hours. Meta gives one limit to all numbers of a business."""

    people: int


@dataclass(frozen=True, slots=True)
class Faster:
    """The number that is shown so may send as fast as WhatsApp goes."""

    shown: str


@dataclass(frozen=True, slots=True)
class QualityDropped:
    """People block or report the number that is shown so; `is_red`: so many that Meta may stop it."""

    shown: str
    is_red: bool


@dataclass(frozen=True, slots=True)
class AccountStopped:
    """For the error `code` that the next message would meet; `words` are Meta's."""

    code: int
    words: str


@dataclass(frozen=True, slots=True)
class Alert:
    """A person has to look at the account, which sends on. `kind` is Meta's word, empty where nobody knows it."""

    kind: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Nothing has to be done about it."""


@dataclass(frozen=True, slots=True)
class WantsNoMore:
    """Somebody switched off our messages in WhatsApp. `wa_id` is empty where Meta hides it, `at` None where it
    tells no moment that can be read."""

    wa_id: str
    user_id: str
    at: datetime | None


type News = Limit | Faster | QualityDropped | AccountStopped | Alert | Noted | WantsNoMore


def account_news(event: OtherEvent) -> list[News]:
    """What of it changes what may be sent, or a person has to see; nothing where it is no such news, or cannot be
    read. Of alerts and reviews each is told: one that nobody can read may be the one that counts."""
    value = as_object(event.value)
    match event.field:
        case "account_alerts":
            return [_alert(object_at(value, "alert_info"))]
        case "account_review_update":
            return [_review(text_at(value, "decision"))]
        case "account_update":
            return list(_stops(value))
        case "business_capability_update":
            return list(_limits(value))
        case "phone_number_quality_update":
            return [*_of_number(value), *_limits(value)]
        case "user_preferences":
            return list(_wishes(value))
        case _:
            return []


def _stops(value: Mapping[str, Any]) -> Iterator[News]:
    """A ban that is lifted stops nothing, and opens nothing: a person looks first."""
    event = text_at(value, "event")
    ban = text_at(object_at(value, "ban_info"), "waba_ban_state")
    if event not in _STOPS or ban == _REINSTATED:
        return
    kinds = [text_at(each, "restriction_type") for each in objects_at(value, "restriction_info")]
    words = [event, ban, text_at(object_at(value, "violation_info"), "violation_type"), *kinds]
    yield AccountStopped(_STOPS[event], " ".join(filter(None, words))[:200])


def _alert(told: Mapping[str, Any]) -> Alert | Noted:
    kind, severity = text_at(told, "alert_type"), text_at(told, "alert_severity")
    if kind not in _ALERTS:
        return Alert("")
    is_over = text_at(told, "alert_status") == "NONE"
    return Noted() if is_over or severity == "INFORMATIONAL" else Alert(kind)


def _review(decision: str) -> AccountStopped | Alert | Noted:
    """While a review waits, Meta lets the account send or refuses it by a code; rejected, it sends no more."""
    match decision:
        case "APPROVED":
            return Noted()
        case "REJECTED":
            return AccountStopped(LOCKED, "account_review_update REJECTED")
        case "PENDING" | "DEFERRED":
            return Alert(f"REVIEW_{decision}")
        case _:
            return Alert("")


def _limits(value: Mapping[str, Any]) -> Iterator[News]:
    for name in _LIMITS:
        if (people := _people(value.get(name))) is not None:
            yield Limit(people)
            return


def _people(told: Any) -> int | None:
    """TIER_250, TIER_2K, TIER_UNLIMITED, or a figure, of which -1 is no limit."""
    word = str(told).removeprefix("TIER_") if isinstance(told, str | int) else ""
    if word in ("UNLIMITED", "-1"):
        return UNLIMITED
    times = _THOUSANDS.get(word[-1:], 1)
    figure = word.rstrip("KM") if times > 1 else word
    return min(int(figure) * times, UNLIMITED) if digits(figure) and len(figure) < 10 else None


def _of_number(value: Mapping[str, Any]) -> Iterator[News]:
    shown = "".join(filter(str.isdigit, text_at(value, "display_phone_number")))
    told = {text_at(value, name) for name in _QUALITIES}
    if "THROUGHPUT_UPGRADE" in told:
        yield Faster(shown)
    if told & {"FLAGGED", "RED"}:
        yield QualityDropped(shown, "RED" in told)


def _wishes(value: Mapping[str, Any]) -> Iterator[News]:
    """Who wants messages again has given no consent by that: only their own word lifts a stop."""
    for wish in objects_at(value, "user_preferences"):
        told = text_at(wish, "wa_id")
        wa_id = digits(told)
        user_id = text_at(wish, "user_id") or ("" if wa_id else told)
        if (wa_id or user_id) and text_at(wish, "value") == "stop":
            yield WantsNoMore(wa_id, user_id, moment_told(wish))
