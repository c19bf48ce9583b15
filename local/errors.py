"""Writes the tables of docs/errors.md and docs/es/errores.md from the table of codes: python -m local.errors"""

from collections.abc import Iterator
from pathlib import Path

from cobranza.whatsapp.errors import Action, Rule, rules
from local import marked

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = {"en": DOCS / "errors.md", "es": DOCS / "es" / "errores.md"}
BEGIN = "<!-- errors: written by `python -m local.errors` -->"
END = "<!-- end of errors -->"
HEADS = {
    "en": "| code | Meta's title | what happens | what a person does |",
    "es": "| código | título de Meta | qué pasa | qué hace una persona |",
}
WORDS = {
    Action.RETRY: (
        "tried again after {} s, five times at most",
        "se intenta otra vez tras {} s, cinco veces como máximo",
    ),
    Action.UNCLEAR: ("`UNKNOWN`: never sent again", "`UNKNOWN`: no se envía otra vez"),
    Action.GIVE_UP: ("this message fails", "este mensaje falla"),
    Action.OTHER_PHONE: (
        "this message fails, and never again to this phone",
        "este mensaje falla, y nunca más a este teléfono",
    ),
    Action.OUR_BUG: (
        "this message fails, and an error is logged",
        "este mensaje falla, y queda un error en el registro",
    ),
    Action.STOP_TEMPLATE: ("**stops the template**", "**detiene la plantilla**"),
    Action.STOP_NUMBER: ("**stops the number**", "**detiene el número**"),
    Action.STOP_ACCOUNT: ("**stops all numbers**", "**detiene todos los números**"),
}


def renewed(page: str, language: str) -> str:
    """The page with its table as the code is now. Raises ValueError where the marks are missing."""
    return marked.renewed(page, BEGIN, "\n".join(_lines(language)), END)


def _lines(language: str) -> Iterator[str]:
    yield HEADS[language]
    yield "|---|---|---|---|"
    for rule in rules():
        codes = str(rule.code) if rule.code == rule.last else f"{rule.code}–{rule.last}"
        yield f"| {codes} | {rule.title} | {_what(rule, language)} | {getattr(rule.remedy, language)} |"


def _what(rule: Rule, language: str) -> str:
    en, es = WORDS[rule.action]
    return (es if language == "es" else en).format(rule.retry_after)


if __name__ == "__main__":
    for language, guide in GUIDES.items():
        guide.write_text(renewed(guide.read_text(), language))
