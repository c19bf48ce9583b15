"""What Meta tells of templates besides messages: a new status, quality or category.

Source: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/reference (message_template_status_update,
message_template_quality_update, template_category_update)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cobranza.policy.registered import APPROVED
from cobranza.whatsapp.events import OtherEvent, moment_of_entry
from cobranza.whatsapp.shapes import as_object, text_at

# A warning, with which the template goes on as it was.
_NO_STATUS = frozenset({"FLAGGED"})
_AGAIN = "REINSTATED"
# Of each field: what we keep, and where it stands.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "message_template_status_update": {"status": "event", "category": "message_template_category"},
    "message_template_quality_update": {"quality": "new_quality_score"},
    "template_category_update": {"category": "new_category"},
}


@dataclass(frozen=True, slots=True)
class TemplateNews:
    """`told` are the new status, category and quality, as far as the news tells them."""

    name: str
    language: str
    told: Mapping[str, str]
    at: datetime


def template_news(event: OtherEvent) -> TemplateNews | None:
    """None where it is no news of a template, or lacks what it is about or when it was told."""
    words, at = _WORDS.get(event.field), moment_of_entry(event)
    if words is None or at is None:
        return None
    value = as_object(event.value)
    name, language = text_at(value, "message_template_name"), text_at(value, "message_template_language")
    if not name or not language or "#" in name + language:
        return None
    told = {ours: word for ours, theirs in words.items() if (word := text_at(value, theirs))}
    if told.get("status") in _NO_STATUS:
        del told["status"]
    elif told.get("status") == _AGAIN:
        told["status"] = APPROVED
    return TemplateNews(name, language, told, at)
