"""The templates that ship with the project: what a borrower can be told.

Each file in `template_files/` is a body of Meta's "create template" call, so what is read here is what is
registered there. All of them take the same positional parameters, in this order: borrower's name, creditor's
shown name, what is owed, due date, how to pay. The last three are ready texts.
"""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

from cobranza.errors import InvalidInput
from cobranza.policy.strategy import Announces

# When what a template says is true; always, where it is not named here.
_ANNOUNCES: dict[str, Announces] = {
    "recordatorio_previo": "ahead",
    "vence_hoy": "today",
    "saldo_vencido": "past",
    "factura_vencida": "past",
    "opciones_de_pago": "past",
}
_VARIABLE = re.compile(r"\{\{(\d+)\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    name: str
    language: str
    category: str
    body: str
    footer: str
    buttons: tuple[str, ...]
    parameters: int

    @property
    def announces(self) -> Announces:
        return _ANNOUNCES.get(self.name, "always")

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
            buttons=tuple(button["text"] for button in components.get("BUTTONS", {}).get("buttons", ())),
            parameters=_count_variables(body),
        )
    except (KeyError, TypeError, AttributeError) as fault:
        raise InvalidInput("BAD_TEMPLATE", f"the template lacks or misuses {fault}") from fault


@functools.cache
def shipped_templates() -> Mapping[tuple[str, str], Template]:
    """All shipped templates by (name, language)."""
    folder = resources.files("cobranza") / "whatsapp" / "template_files"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda f: f.name)
    templates = [parse_template(json.loads(file.read_text(encoding="utf-8"))) for file in files]
    return MappingProxyType({(template.name, template.language): template for template in templates})


@functools.cache
def announced() -> Mapping[tuple[str, str], Announces]:
    """When each shipped text is true, by (name, language)."""
    return MappingProxyType({key: template.announces for key, template in shipped_templates().items()})


def announcements() -> dict[str, Announces]:
    """When each shipped text is true, by name: it says the same in every language."""
    return {template.name: template.announces for template in shipped_templates().values()}


def _count_variables(body: str) -> int:
    numbers = {int(number) for number in _VARIABLE.findall(body)}
    if numbers != set(range(1, len(numbers) + 1)):
        raise InvalidInput("BAD_TEMPLATE", f"variables must be numbered from 1 without gaps: {sorted(numbers)}")
    return len(numbers)
