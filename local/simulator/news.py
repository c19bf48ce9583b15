"""What Meta tells besides messages: of templates, numbers, the account and what people prefer.

Source: Meta, WhatsApp Business Platform, "Webhooks reference", a page for each field. `user_id_update` left it in
August 2026 in favour of the system message `user_changed_user_id`, and is kept for who still expects it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from local.simulator.account import Account
from local.simulator.borrowers import name
from local.simulator.config import Config
from local.simulator.numbers import canonical, user_id, wa_id
from local.simulator.state import Message, wamid
from local.simulator.templates import CATEGORIES, QUALITIES, STATUSES, Template
from local.simulator.webhooks import Json, Update, contact, message_update, metadata

DAY = 86_400
EVENTS = (*STATUSES, "FLAGGED", "LOCKED", "REINSTATED")
# The code that stops the account → what is told of it. All other codes are told as a violation.
_STOPS: Mapping[int, Json] = {
    368: {"event": "ACCOUNT_RESTRICTION", "restriction": "RESTRICTED_BIZ_INITIATED_MESSAGING"},
    131031: {"event": "DISABLED_UPDATE", "ban": "DISABLE"},
}

_BESIDE_EVENT: Mapping[str, Json] = {
    "PAUSED": {"title": "FIRST_PAUSE", "description": "The template was paused for its low quality"},
    "REJECTED": {"reason": "TAG_CONTENT_MISMATCH", "recommendation": "Choose the category that fits the content"},
}


@dataclass(slots=True)
class _Order:
    """What was ordered, taken out bit by bit; each method raises ValueError for what it cannot be."""

    left: dict[str, Any]
    config: Config
    now: float

    def text(self, key: str, default: str | None = None, among: Collection[str] = ()) -> str:
        """A required text, unless it has a default."""
        value = self.left.pop(key, default)
        if not isinstance(value, str) or (among and value not in among):
            raise ValueError(f"{key} is one of {', '.join(among)}" if among else f"{key} is a text")
        return value

    def number(self, key: str, default: int) -> int:
        value = self.left.pop(key, default)
        if type(value) is not int:
            raise ValueError(f"{key} is a number")
        return value

    def business_number(self) -> str:
        """The id in `phone_number_id`, or the first configured one."""
        number = self.text("phone_number_id", next(iter(self.config.phone_numbers), ""))
        if number not in self.config.phone_numbers:
            raise ValueError(f"phone_number_id is one of {', '.join(self.config.phone_numbers)}")
        return number


def parse_news(order: object, config: Config, now: float) -> Update:
    """Read `{"field": ..., and a few values}` or `{"field": ..., "value": {...}}`; raises ValueError.

    A value is posted as it is, whatever the field. Without one the field's shape is filled:

    - message_template_status_update: event, name, language?, reason?, category?, title? and description?
      (other_info), recommendation? (rejection_info)
    - message_template_quality_update: name, language?, previous?, new
    - template_category_update: name, language?, and previous, new (done) or new, correct (a notice, in a day)
    - phone_number_quality_update: event?, limit? (TIER_2K), phone_number_id?
    - account_update: event, and restriction? and days?, violation?, ban?
    - account_alerts: type?, severity?, status?, description?; account_review_update: decision?
    - business_capability_update: limit? (-1 is none); security: event?, phone_number_id?
    - user_preferences: to, preference (stop, resume), phone_number_id?
    - user_id_update: to, previous?, phone_number_id?
    - messages, where a person got another number: system (user_changed_number, user_changed_user_id), to, new,
      phone_number_id?
    """
    if not isinstance(order, dict):
        raise ValueError("news is a JSON object")
    taken = _Order(dict(cast("dict[str, Any]", order)), config, now)
    field = taken.text("field")
    phone = ""
    if "value" in taken.left:
        value = taken.left.pop("value")
        if not isinstance(value, dict):
            raise ValueError("value is a JSON object")
    elif build := _BUILDERS.get(field):
        phone = canonical(str(taken.left["to"])) if "to" in taken.left else ""
        value = build(taken)
    else:
        raise ValueError(f"without a value, field is one of {', '.join(_BUILDERS)}")
    if taken.left:
        raise ValueError(f"unknown: {', '.join(sorted(map(str, taken.left)))}")
    return Update(config.waba_id, cast("Json", value), phone, field, None if field == "messages" else int(now))


def of_template(config: Config, now: float, before: Template, after: Template) -> list[Update]:
    """What changed between two states of a template: its status, its category, its quality."""
    named = {"name": after.name, "language": after.language}
    orders: list[Json] = []
    if after.status != before.status:
        order = {"field": "message_template_status_update", "event": after.status, "category": after.category}
        orders.append(order | named | _BESIDE_EVENT.get(after.status, {}))
    if after.category != before.category:
        change = {"previous": before.category, "new": after.category}
        orders.append({"field": "template_category_update"} | named | change)
    if after.quality != before.quality:
        change = {"previous": before.quality, "new": after.quality}
        orders.append({"field": "message_template_quality_update"} | named | change)
    return [parse_news(order, config, now) for order in orders]


def of_account(config: Config, now: float, before: Account, after: Account) -> list[Update]:
    """What changed between two states of the account: its restriction, and each number that stopped or goes on."""
    orders: list[Json] = []
    if after.restricted != before.restricted:
        stop = _STOPS.get(after.restricted or 0, {"event": "ACCOUNT_VIOLATION", "violation": "SPAM"})
        lifted = {"event": "DISABLED_UPDATE", "ban": "REINSTATE"}
        orders.append({"field": "account_update"} | (lifted if after.restricted is None else stop))
    for number in sorted(before.numbers.keys() ^ after.numbers.keys()):
        event = "FLAGGED" if number in after.numbers else "UNFLAGGED"
        orders.append({"field": "phone_number_quality_update", "event": event, "phone_number_id": number})
    return [parse_news(order, config, now) for order in orders]


def _template(order: _Order) -> Json:
    name, language = order.text("name"), order.text("language", "es")
    return {
        "message_template_id": int(Template(name, language, "", ()).id),
        "message_template_name": name,
        "message_template_language": language,
    }


def _template_status(order: _Order) -> Json:
    event = order.text("event", among=EVENTS)
    value = {"event": event} | _template(order)
    value["reason"] = order.text("reason", "NONE")
    value["message_template_category"] = order.text("category", "UTILITY", CATEGORIES)
    if event == "DISABLED":
        value["disable_info"] = {"disable_date": str(int(order.now))}
    if "title" in order.left:
        value["other_info"] = {"title": order.text("title"), "description": order.text("description", "")}
    if "recommendation" in order.left:
        value["rejection_info"] = {"reason": value["reason"], "recommendation": order.text("recommendation")}
    return value


def _template_quality(order: _Order) -> Json:
    return {
        "previous_quality_score": order.text("previous", "GREEN", QUALITIES),
        "new_quality_score": order.text("new", among=QUALITIES),
    } | _template(order)


def _template_category(order: _Order) -> Json:
    value = _template(order) | {"new_category": order.text("new", among=CATEGORIES)}
    if "correct" not in order.left:
        return value | {"previous_category": order.text("previous", among=CATEGORIES)}
    correct = order.text("correct", among=CATEGORIES)
    return value | {"correct_category": correct, "category_update_timestamp": int(order.now) + DAY}


def _number_quality(order: _Order) -> Json:
    number = metadata(order.config, order.business_number())["display_phone_number"]
    return {
        "display_phone_number": number,
        "event": order.text("event", "ONBOARDING"),
        "max_daily_conversations_per_business": order.text("limit", "TIER_2K"),
    }


def _account(order: _Order) -> Json:
    value: Json = {"event": order.text("event")}
    if "violation" in order.left:
        value["violation_info"] = {"violation_type": order.text("violation")}
    if "restriction" in order.left:
        expiration = int(order.now) + order.number("days", 3) * DAY
        value["restriction_info"] = [{"restriction_type": order.text("restriction"), "expiration": expiration}]
    if "ban" in order.left:
        state = order.text("ban", among=("DISABLE", "REINSTATE", "SCHEDULE_FOR_DISABLE"))
        date = datetime.fromtimestamp(order.now, UTC)
        value["ban_info"] = {"waba_ban_state": state, "waba_ban_date": f"{date:%B} {date.day}, {date.year}"}
    return value


def _alert(order: _Order) -> Json:
    return {
        "entity_type": "BUSINESS",
        "entity_id": order.config.waba_id,
        "alert_info": {
            "alert_severity": order.text("severity", "INFORMATIONAL", ("CRITICAL", "WARNING", "INFORMATIONAL")),
            "alert_status": order.text("status", "ACTIVE", ("ACTIVE", "NONE")),
            "alert_type": order.text("type", "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED"),
            "alert_description": order.text("description", "The decision on your messaging limit is deferred."),
        },
    }


def _review(order: _Order) -> Json:
    return {"decision": order.text("decision", "APPROVED", ("APPROVED", "REJECTED", "PENDING", "DEFERRED"))}


def _capability(order: _Order) -> Json:
    return {
        "max_daily_conversations_per_business": order.number("limit", 2000),
        "max_phone_numbers_per_business": 20,
        "max_phone_numbers_per_waba": 20,
    }


def _security(order: _Order) -> Json:
    number = metadata(order.config, order.business_number())["display_phone_number"]
    event = order.text("event", "PIN_CHANGED", ("PIN_CHANGED", "PIN_RESET_REQUEST", "PIN_RESET_SUCCESS"))
    return {"display_phone_number": number, "event": event, "requester": "100000000000009"}


def _preferences(order: _Order) -> Json:
    to = canonical(order.text("to"))
    preference = order.text("preference", among=("stop", "resume"))
    number = {key: value for key, value in contact(order.config, to).items() if key != "profile"}
    told = number | {
        "detail": f"User requested to {preference} marketing messages",
        "category": "marketing_messages",
        "value": preference,
        "timestamp": int(order.now),
    }
    return _about(order, to) | {"user_preferences": [told]}


def _user_id(order: _Order) -> Json:
    to = canonical(order.text("to"))
    current = user_id(to)
    number = {key: value for key, value in contact(order.config, to).items() if key == "wa_id"}
    told = number | {
        "detail": f"User id for {name(to)} has been updated.",
        "user_id": {"previous": order.text("previous", f"{current[:3]}{current[:2:-1]}"), "current": current},
        "timestamp": str(int(order.now)),
    }
    return _about(order, to) | {"user_id_update": [told]}


def _system(order: _Order) -> Mapping[str, Any]:
    """A person has another number, and so another user id; who hides the number shows only that."""
    kind = order.text("system", among=("user_changed_number", "user_changed_user_id"))
    old, new = canonical(order.text("to")), canonical(order.text("new"))
    told = {"type": kind, "user_id": user_id(new), "previous_user_id": user_id(old)}
    if kind == "user_changed_number":
        told["wa_id"] = wa_id(new)
    before, after = (wa_id(old), wa_id(new)) if "wa_id" in told else (user_id(old), user_id(new))
    told["body"] = f"User {name(old)} changed from {before} to {after}"
    message = Message(
        old,
        "system",
        "",
        "in",
        order.business_number(),
        id=wamid(old, inbound=True),
        at=order.now,
        reply=told,
    )
    return message_update(order.config, message).value


def _about(order: _Order, phone: str) -> Json:
    number = metadata(order.config, order.business_number())
    return {
        "messaging_product": "whatsapp",
        "metadata": number,
        "contacts": [contact(order.config, phone)],
    }


_BUILDERS: Mapping[str, Callable[[_Order], Mapping[str, Any]]] = {
    "messages": _system,
    "message_template_status_update": _template_status,
    "message_template_quality_update": _template_quality,
    "template_category_update": _template_category,
    "phone_number_quality_update": _number_quality,
    "account_update": _account,
    "account_alerts": _alert,
    "account_review_update": _review,
    "business_capability_update": _capability,
    "security": _security,
    "user_preferences": _preferences,
    "user_id_update": _user_id,
}
