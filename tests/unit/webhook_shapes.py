"""The shapes of Meta's webhooks as data, and the check of a payload against them.

A shape is a type; a tuple of the values that can be; a list of one shape; or an object, where a key with a
question mark may be missing.
Source: Meta, WhatsApp Business Platform, "Webhooks reference" and "Business-scoped user IDs".
"""

from collections.abc import Mapping
from typing import Any

ERROR = {"code": int, "title": str, "message": str, "error_data": {"details": str}, "href": str}
CONTACT = {"profile": {"name": str, "username?": str}, "wa_id?": str, "user_id": str, "parent_user_id?": str}
METADATA = {"display_phone_number": str, "phone_number_id": str}
CONTEXT = {"from": str, "id": str}
STATUS = {
    "id": str,
    "status": ("sent", "delivered", "read", "failed"),
    "timestamp": str,
    "recipient_id?": str,
    "recipient_user_id": str,
    "biz_opaque_callback_data?": str,
    "pricing?": {
        "billable": bool,
        "pricing_model": ("PMP",),
        "type": ("regular", "free_customer_service", "free_entry_point"),
        "category": ("marketing", "utility", "authentication", "service"),
    },
    "errors?": [ERROR],
}
FILE = {"id": str, "mime_type": str, "sha256": str, "url?": str}
CONTENT: Mapping[str, Any] = {
    "text": {"text": {"body": str}},
    "button": {"button": {"payload": str, "text": str}},
    "button_reply": {"interactive": {"type": ("button_reply",), "button_reply": {"id": str, "title": str}}},
    "list_reply": {
        "interactive": {"type": ("list_reply",), "list_reply": {"id": str, "title": str, "description?": str}}
    },
    "image": {"image": FILE | {"caption?": str}},
    "video": {"video": FILE | {"caption?": str}},
    "sticker": {"sticker": FILE | {"animated": bool}},
    "audio": {"audio": FILE | {"voice": bool}},
    "document": {"document": FILE | {"caption?": str, "filename?": str}},
    "location": {"location": {"latitude": float, "longitude": float, "name?": str, "address?": str, "url?": str}},
    "contacts": {
        "contacts": [
            {"name": {"formatted_name": str, "first_name": str}, "phones": [{"phone": str, "wa_id": str}]}
        ]
    },
    "reaction": {"reaction": {"message_id": str, "emoji?": str}},
    "system": {
        "system": {
            "body": str,
            "type": ("user_changed_number", "user_changed_user_id"),
            "wa_id?": str,
            "user_id": str,
            "previous_user_id": str,
        }
    },
    "unsupported": {"errors": [ERROR], "unsupported": {"type": str}},
}
TEMPLATE = {"message_template_id": int, "message_template_name": str, "message_template_language": str}
PERSON = {"messaging_product": ("whatsapp",), "metadata": METADATA, "contacts": [CONTACT]}
CATEGORY = ("UTILITY", "MARKETING", "AUTHENTICATION")
NEWS: Mapping[str, Any] = {
    "message_template_status_update": TEMPLATE
    | {
        "event": str,
        "reason": str,
        "message_template_category?": CATEGORY,
        "disable_info?": {"disable_date": str},
        "other_info?": {"title": str, "description": str},
        "rejection_info?": {"reason": str, "recommendation": str},
    },
    "message_template_quality_update": TEMPLATE | {"previous_quality_score": str, "new_quality_score": str},
    "template_category_update": TEMPLATE
    | {
        "new_category": CATEGORY,
        "previous_category?": CATEGORY,
        "correct_category?": CATEGORY,
        "category_update_timestamp?": int,
    },
    "phone_number_quality_update": {
        "display_phone_number": str,
        "event": str,
        "max_daily_conversations_per_business": str,
    },
    "account_update": {
        "event": str,
        "violation_info?": {"violation_type": str},
        "restriction_info?": [{"restriction_type": str, "expiration": int}],
        "ban_info?": {"waba_ban_state": ("DISABLE", "REINSTATE", "SCHEDULE_FOR_DISABLE"), "waba_ban_date": str},
    },
    "account_alerts": {
        "entity_type": str,
        "entity_id": str,
        "alert_info": {"alert_severity": str, "alert_status": str, "alert_type": str, "alert_description": str},
    },
    "account_review_update": {"decision": ("APPROVED", "REJECTED", "PENDING", "DEFERRED")},
    "business_capability_update": {
        "max_daily_conversations_per_business": int,
        "max_phone_numbers_per_business": int,
        "max_phone_numbers_per_waba": int,
    },
    "security": {"display_phone_number": str, "event": str, "requester": str},
    "user_preferences": PERSON
    | {
        "user_preferences": [
            {
                "wa_id?": str,
                "user_id": str,
                "detail": str,
                "category": ("marketing_messages",),
                "value": ("stop", "resume"),
                "timestamp": int,
            }
        ]
    },
    "user_id_update": PERSON
    | {
        "user_id_update": [
            {"wa_id?": str, "detail": str, "user_id": {"previous": str, "current": str}, "timestamp": str}
        ]
    },
}


def assert_shape(value: Any, shape: Any, where: str = "") -> None:
    """Every key is allowed and every required one there, and all have the right type."""
    match shape:
        case dict():
            assert isinstance(value, dict), where
            required = {key for key in shape if not key.endswith("?")}
            allowed = {key.removesuffix("?"): inner for key, inner in shape.items()}
            assert required <= value.keys() <= allowed.keys(), f"{where}: {value.keys() ^ required}"
            for key, inner in value.items():
                assert_shape(inner, allowed[key], f"{where}.{key}")
        case tuple():
            assert value in shape, f"{where}: {value!r}"
        case [inner]:
            assert isinstance(value, list), where
            assert value, where
            for number, element in enumerate(value):
                assert_shape(element, inner, f"{where}[{number}]")
        case _:
            assert type(value) is shape, f"{where}: {value!r}"
