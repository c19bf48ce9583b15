"""The account's templates: those that ship with the project, and those registered here, with their states."""

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType
from typing import Any, cast

from local.simulator.errors import NotAccepted
from local.simulator.shapes import allow_list, allow_text, require_list, require_object, require_text

CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
QUALITIES = ("GREEN", "YELLOW", "RED", "UNKNOWN")
STATUSES = (
    "APPROVED",
    "ARCHIVED",
    "DELETED",
    "DISABLED",
    "IN_APPEAL",
    "LIMIT_EXCEEDED",
    "PAUSED",
    "PENDING",
    "PENDING_DELETION",
    "REJECTED",
)
# Of a paced template: messages are held, and then travel or fail.
PACING = ("", "held", "dropped")
MEDIA_HEADERS = ("IMAGE", "VIDEO", "DOCUMENT")
_BUTTONS = ("QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE")
_POSITIONAL = re.compile(r"\{\{(\d+)\}\}")
_NAMED = re.compile(r"\{\{([a-z0-9_]+)\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    """`components` are those of the call that created it. `named` says how its variables are written."""

    name: str
    language: str
    category: str
    components: tuple[Mapping[str, Any], ...]
    named: bool = False
    ttl: int | None = None
    status: str = "APPROVED"
    quality: str = "UNKNOWN"
    pacing: str = ""

    @property
    def id(self) -> str:
        digest = hashlib.sha256(f"{self.name}|{self.language}".encode()).digest()
        return str(int.from_bytes(digest[:6]))

    @property
    def header(self) -> Mapping[str, Any]:
        return self._component("HEADER")

    @property
    def body(self) -> str:
        return self._component("BODY").get("text", "")

    @property
    def footer(self) -> str:
        return self._component("FOOTER").get("text", "")

    @property
    def buttons(self) -> Sequence[Mapping[str, Any]]:
        return self._component("BUTTONS").get("buttons", ())

    def variables(self, text: str) -> list[str]:
        """The variables of a text, each once, in the order in which a positional list fills them."""
        found = dict.fromkeys((_NAMED if self.named else _POSITIONAL).findall(text))
        return list(found) if self.named else sorted(found, key=int)

    def fill(self, text: str, values: Mapping[str, str]) -> str:
        """In one pass, so that a value that looks like a variable stays what it is."""
        return (_NAMED if self.named else _POSITIONAL).sub(lambda found: values.get(found[1], found[0]), text)

    def described(self) -> dict[str, Any]:
        """A row of GET /{version}/{waba id}/message_templates."""
        return {
            "name": self.name,
            "parameter_format": "NAMED" if self.named else "POSITIONAL",
            "components": [dict(component) for component in self.components],
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "quality_score": {"score": self.quality},
            **({} if self.ttl is None else {"message_send_ttl_seconds": self.ttl}),
            "id": self.id,
        }

    def changed(self, changes: Mapping[str, Any]) -> "Template":
        """With another `status`, `category`, `quality` or `pacing`; raises ValueError."""
        known = {"status": STATUSES, "category": CATEGORIES, "quality": QUALITIES, "pacing": PACING}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown: {name}")
            if value not in known[name]:
                raise ValueError(f"{name} is one of {', '.join(known[name])}")
        return replace(self, **changes)

    def _component(self, kind: str) -> Mapping[str, Any]:
        return next((one for one in self.components if one["type"] == kind), {})


def shipped() -> dict[tuple[str, str], Template]:
    """The project's own templates by name and language, all of them approved."""
    return dict(_shipped())


def control(order: object, templates: Mapping[tuple[str, str], Template]) -> Template:
    """The template after `{"name", "language", "status"?, "category"?, "quality"?, "pacing"?}`.

    `pacing` is "held" (held for quality assessment, then it travels), "dropped" (held, then it fails with 132015)
    or "". Raises ValueError.
    """
    if not isinstance(order, dict):
        raise ValueError("a template's state is a JSON object")
    wanted = dict(cast("dict[str, Any]", order))
    key = str(wanted.pop("name", "")), str(wanted.pop("language", ""))
    if key not in templates:
        raise ValueError(f"there is no template {key[0]!r} in {key[1]!r}")
    return templates[key].changed(wanted)


def register(definition: object, templates: dict[tuple[str, str], Template]) -> Template:
    """Add a new template, whose review is pending; raises NotAccepted (100), also if there is one of that name."""
    template = replace(parse(definition), status="PENDING")
    if (template.name, template.language) in templates:
        raise NotAccepted(100, f"There is already {template.language} content for {template.name}")
    templates[template.name, template.language] = template
    return template


def parse(definition: object) -> Template:
    """Read the body of POST /{version}/{waba id}/message_templates; raises NotAccepted (100).

    `{name, language, category, parameter_format?, components, message_send_ttl_seconds?}`. Headers are text,
    image, video or document; buttons quick reply, URL, phone number or copy code. Source: Meta, "Template
    components".
    """
    try:
        return _parse(require_object(definition, "body"))
    except NotAccepted as fault:
        # Of a template everything is "Invalid parameter".
        raise NotAccepted(100, fault.refusal.details, fault.refusal.subcode) from fault


def _parse(order: dict[str, Any]) -> Template:
    name = require_text(order.get("name"), "name", 512)
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise NotAccepted(100, "name has only lower case letters, digits and underscores")
    language = require_text(order.get("language"), "language", 10)
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2,3})?", language):
        raise NotAccepted(100, "language is a code such as es or es_MX")
    category = require_text(order.get("category"), "category", 20)
    if category not in CATEGORIES:
        raise NotAccepted(100, f"category must be one of {', '.join(CATEGORIES)}")
    form = allow_text(order.get("parameter_format"), "parameter_format", 20).lower() or "positional"
    if form not in ("positional", "named"):
        raise NotAccepted(100, "parameter_format must be one of POSITIONAL, NAMED")
    components = [
        require_object(one, "components") for one in require_list(order.get("components"), "components", 4)
    ]
    template = Template(
        name=name,
        language=language,
        category=category,
        components=tuple(components),
        named=form == "named",
        ttl=_ttl(order.get("message_send_ttl_seconds")),
    )
    _check(template)
    return template


def _check(template: Template) -> None:
    kinds = [str(component.get("type")) for component in template.components]
    if (
        "BODY" not in kinds
        or len(set(kinds)) != len(kinds)
        or set(kinds) - {"HEADER", "BODY", "FOOTER", "BUTTONS"}
    ):
        raise NotAccepted(100, "components are one BODY and at most one HEADER, FOOTER and BUTTONS")
    body = next(one for one in template.components if one["type"] == "BODY")
    _check_text(template, require_text(body.get("text"), "body", 1024), "body")
    if template.header:
        match template.header.get("format"):
            case "TEXT":
                text = require_text(template.header.get("text"), "header", 60)
                if len(template.variables(text)) > 1:
                    raise NotAccepted(100, "header has more than one variable")
            case kind if kind not in MEDIA_HEADERS:
                raise NotAccepted(100, f"header format must be one of TEXT, {', '.join(MEDIA_HEADERS)}")
            case _:
                pass
    if "FOOTER" in kinds and "{{" in require_text(template.footer, "footer", 60):
        raise NotAccepted(100, "a footer has no variables")
    buttons = next((one for one in template.components if one["type"] == "BUTTONS"), {}).get("buttons")
    for number, button in enumerate(allow_list(buttons, "buttons")):
        _check_button(require_object(button, f"buttons[{number}]"), f"buttons[{number}]")
    if "BUTTONS" in kinds:
        require_list(buttons, "buttons", 10)


def _check_text(template: Template, text: str, where: str) -> None:
    if text.startswith("{{") or text.endswith("}}"):
        raise NotAccepted(100, f"{where}: variables can't be at the start or end of the template", 2388299)
    if not template.named and template.variables(text) != [
        str(n + 1) for n in range(len(template.variables(text)))
    ]:
        raise NotAccepted(100, f"{where}: variables must be numbered from 1 without gaps")
    if text.count("{{") != len((_NAMED if template.named else _POSITIONAL).findall(text)):
        raise NotAccepted(100, f"{where}: a variable is not written as parameter_format says")


def _check_button(button: Mapping[str, Any], where: str) -> None:
    kind = button.get("type")
    if kind not in _BUTTONS:
        raise NotAccepted(100, f"{where}.type must be one of {', '.join(_BUTTONS)}")
    if kind != "COPY_CODE":
        require_text(button.get("text"), f"{where}.text", 25)
    if kind == "PHONE_NUMBER":
        require_text(button.get("phone_number"), f"{where}.phone_number", 20)
    if kind == "URL":
        address = require_text(button.get("url"), f"{where}.url", 2000)
        if "{{" in address and (address.count("{{") > 1 or not address.endswith("{{1}}")):
            raise NotAccepted(100, f"{where}.url has one variable, {{{{1}}}}, at its end")


def _ttl(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not (value == -1 or 30 <= value <= 43_200):
        raise NotAccepted(100, "message_send_ttl_seconds lies between 30 and 43200, or is -1")
    return value


@functools.cache
def _shipped() -> Mapping[tuple[str, str], Template]:
    folder = resources.files("cobranza") / "whatsapp" / "template_files"
    files: Iterable[Any] = (file for file in folder.iterdir() if file.name.endswith(".json"))
    templates = [parse(json.loads(file.read_text(encoding="utf-8"))) for file in files]
    return MappingProxyType({(template.name, template.language): template for template in templates})
