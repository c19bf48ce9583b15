"""The templates that ship with the project: what a borrower can be told.

Each file in `template_files/` is a body of Meta's "create template" call, so what is read here is what is
registered there. What each is for, and what its variables stand for, is in `kinds.py`.
"""

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Any, NamedTuple

from cobranza.errors import InvalidInput
from cobranza.policy.message import FIRST_CONTACT
from cobranza.policy.registered import Register, Shape
from cobranza.policy.strategy import Announces
from cobranza.whatsapp.kinds import Facts, Kind, fact_of, kind_of, parameters

_VARIABLE = re.compile(r"\{\{(\d+)\}\}")
# Of others' texts, whose variables may have names.
_ANY_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Button(NamedTuple):
    """`url` is empty for a quick reply; one that ends in {{1}} takes the rest of the link."""

    text: str
    url: str = ""

    @property
    def base(self) -> str:
        return self.url.removesuffix("{{1}}")


class Template(NamedTuple):
    name: str
    language: str
    category: str
    body: str
    footer: str
    buttons: tuple[Button, ...]
    parameters: int
    shape: Shape

    @property
    def kind(self) -> Kind:
        """Raises InvalidInput (BAD_TEMPLATE) for a name that no kind has."""
        if (kind := kind_of(self.name)) is None:
            raise InvalidInput("BAD_TEMPLATE", f"{self.name} is of no known kind")
        return kind

    def render(self, parameters: Sequence[str]) -> str:
        """The text a borrower sees: the filled body and, below it, the footer. Buttons are not text.

        Raises InvalidInput (BAD_PARAMETERS) unless there are exactly `self.parameters` values.
        """
        if len(parameters) != self.parameters:
            reason = f"{self.name} takes {self.parameters} parameters, not {len(parameters)}"
            raise InvalidInput("BAD_PARAMETERS", reason)
        # One pass, so that a value that looks like a variable stays what it is.
        body = _VARIABLE.sub(lambda found: parameters[int(found[1]) - 1], self.body)
        return f"{body}\n\n{self.footer}" if self.footer else body

    def shown(self, facts: Facts) -> str:
        """All that the borrower reads: the attached document's name, the text, and each button in brackets, with
        where it leads. Raises InvalidInput (BAD_PARAMETERS)."""
        head = f"[{fact_of(facts, 'document_name')}]\n\n" if "document" in self.kind.facts else ""
        links = (fact_of(facts, "link") if each.url.endswith("{{1}}") else each.url for each in self.buttons)
        below = [f"\n[{each.text}] {link}".rstrip() for each, link in zip(self.buttons, links, strict=True)]
        return head + self.render(parameters(self.kind, facts)) + "".join(["\n", *below] if below else [])

    def components(self, facts: Facts, button_base: str = "", opaque: str = "") -> list[dict[str, Any]]:
        """The components of a message: header, body, what the URL button takes, and what the others send back,
        with `opaque`, the message's id. `button_base` is the address that was registered, where it is not the
        file's own. Raises InvalidInput (BAD_PARAMETERS), also for a link that is not under it."""
        texts = [{"type": "text", "text": text} for text in parameters(self.kind, facts)]
        built: list[dict[str, Any]] = [{"type": "body", "parameters": texts}]
        if "document" in self.kind.facts:
            document = {"id": fact_of(facts, "document"), "filename": fact_of(facts, "document_name")}
            built.insert(0, {"type": "header", "parameters": [{"type": "document", "document": document}]})
        for index, button in enumerate(self.buttons):
            if button.url.endswith("{{1}}"):
                suffix = {"type": "text", "text": _suffix(button_base or button.base, fact_of(facts, "link"))}
                built.append({"type": "button", "sub_type": "url", "index": str(index), "parameters": [suffix]})
        for index, word in enumerate(self.kind.payloads):
            payload = {"type": "payload", "payload": f"{word}.{opaque}"}
            built.append(
                {"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": [payload]}
            )
        return built


def parse_template(definition: Mapping[str, Any]) -> Template:
    """Read one definition in Meta's format; raises InvalidInput (BAD_TEMPLATE) where it is incomplete."""
    try:
        components = {component["type"]: component for component in definition["components"]}
        body: str = components["BODY"]["text"]
        return Template(
            name=definition["name"],
            language=definition["language"],
            category=definition["category"],
            body=body,
            footer=components.get("FOOTER", {}).get("text", ""),
            buttons=tuple(
                Button(button["text"], button.get("url", ""))
                for button in components.get("BUTTONS", {}).get("buttons", ())
            ),
            parameters=_count_variables(body),
            shape=shape_of(definition["components"]),
        )
    except (KeyError, TypeError, AttributeError) as fault:
        raise InvalidInput("BAD_TEMPLATE", f"the template lacks or misuses {fault}") from fault


def shape_of(components: Sequence[Mapping[str, Any]]) -> Shape:
    """What a template of these components, in Meta's format, has to be filled in with."""
    by_type = {component.get("type"): component for component in components}
    header = by_type.get("HEADER", {})
    return Shape(
        variables=tuple(sorted(set(_ANY_VARIABLE.findall(by_type.get("BODY", {}).get("text", ""))))),
        header=header.get("format", "TEXT") if header else "",
        buttons=tuple(
            str(button.get("url") or button.get("type", ""))
            for button in by_type.get("BUTTONS", {}).get("buttons", ())
        ),
    )


def digest_of(components: Sequence[Mapping[str, Any]]) -> str:
    """Of all that a borrower may read of a template of these components, and of where its buttons lead. Neither
    order, white space nor examples count, so that Meta's list and the file that was registered have the same."""
    read = sorted(
        [str(each.get("type")), str(each.get("format", "TEXT")), _line(each.get("text", "")), *_read_on(each)]
        for each in components
    )
    return hashlib.sha256(json.dumps(read).encode()).hexdigest()


def _read_on(component: Mapping[str, Any]) -> list[str]:
    buttons: Sequence[Mapping[str, Any]] = component.get("buttons", ())
    return [_line(each.get(name, "")) for each in buttons for name in ("type", "text", "url")]


def _line(text: object) -> str:
    return " ".join(str(text).split())


@functools.cache
def shipped_templates() -> Mapping[tuple[str, str], Template]:
    """All shipped templates by (name, language)."""
    folder = resources.files("cobranza") / "whatsapp" / "template_files"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda f: f.name)
    templates = [parse_template(json.loads(file.read_text(encoding="utf-8"))) for file in files]
    return MappingProxyType({(template.name, template.language): template for template in templates})


@functools.cache
def announced() -> Mapping[tuple[str, str], Announces]:
    """When each text that a decision may send is true, by (name, language): reminders, and the first contact."""
    templates = shipped_templates()
    sent = (key for key, each in templates.items() if each.kind.is_sendable or each.name == FIRST_CONTACT)
    return MappingProxyType({key: templates[key].kind.announces for key in sent})


def announcements() -> dict[str, Announces]:
    """The same by name, for it says the same in every language: what a strategy may name."""
    return {name: announces for (name, _), announces in announced().items() if name != FIRST_CONTACT}


def unsendable(register: Register) -> dict[tuple[str, str], str]:
    """Why each text that cannot be sent now cannot, by (name, language)."""
    faults = {key: register.fault(*key, each.shape) for key, each in shipped_templates().items()}
    return {key: fault for key, fault in faults.items() if fault}


def button_bases(register: Register, language: str) -> frozenset[str]:
    """The addresses with which the buttons of our texts are registered in that language, where that is known."""
    return frozenset(base for name in stand_ins() for base in register.bases(name, language))


@functools.cache
def languages() -> frozenset[str]:
    """In which our texts are written."""
    return frozenset(language for _, language in shipped_templates())


@functools.cache
def stand_ins() -> Mapping[str, str]:
    """The texts with a button, and which one each has without."""
    named = {name: each.kind.without_link for (name, _), each in shipped_templates().items()}
    return MappingProxyType({name: other for name, other in named.items() if other})


@functools.cache
def with_document() -> frozenset[str]:
    """The texts that have a document at their head."""
    return frozenset(name for (name, _), each in shipped_templates().items() if "document" in each.kind.facts)


def _suffix(base: str, link: str) -> str:
    """What Meta puts after the base, so that both together are exactly the link."""
    if not link.startswith(base) or link == base:
        raise InvalidInput("BAD_PARAMETERS", f"the link does not lead under {base}", "link")
    return link.removeprefix(base)


def _count_variables(body: str) -> int:
    numbers = {int(number) for number in _VARIABLE.findall(body)}
    if numbers != set(range(1, len(numbers) + 1)):
        raise InvalidInput("BAD_TEMPLATE", f"variables must be numbered from 1 without gaps: {sorted(numbers)}")
    return len(numbers)
