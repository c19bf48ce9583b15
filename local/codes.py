"""Writes the tables of codes in the guides, English and Spanish, from the code: python -m local.codes"""

from collections.abc import Mapping
from pathlib import Path

from cobranza.files.codes import FILE_CODES, ROW_CODES, WARNING_CODES, Code
from local import marked

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = {"en": DOCS / "files.md", "es": DOCS / "es" / "archivos.md"}
BEGIN = "<!-- codes: written by `python -m local.codes` -->"
END = "<!-- end of codes -->"

WORDS = {
    "en": (
        "The whole file is refused:",
        "One row is refused, the others are used:",
        "The row is used, without what `warnings.csv` names:",
        "what it means",
        "what to do",
    ),
    "es": (
        "Se rechaza el archivo entero:",
        "Se rechaza una fila, las demás se usan:",
        "La fila se usa, sin lo que nombra `warnings.csv`:",
        "qué significa",
        "qué hacer",
    ),
}


def block(language: str) -> str:
    """The generated part of a guide, between its marks."""
    whole, row, part, means, todo = WORDS[language]
    tables = (
        f"{title}\n\n| code | {means} | {todo} |\n|---|---|---|\n{_lines(codes, language)}"
        for title, codes in ((whole, FILE_CODES), (row, ROW_CODES), (part, WARNING_CODES))
    )
    return "\n\n".join(tables)


def renewed(page: str, language: str) -> str:
    """The page with its block as the code is now. Raises ValueError where the marks are missing."""
    return marked.renewed(page, BEGIN, block(language), END)


def _lines(codes: Mapping[str, Code], language: str) -> str:
    texts = {
        name: (code.es, code.todo_es) if language == "es" else (code.en, code.todo_en)
        for name, code in codes.items()
    }
    return "\n".join(f"| `{name}` | {_cell(means)} | {_cell(todo)} |" for name, (means, todo) in texts.items())


def _cell(text: str) -> str:
    return (text[0].lower() + text[1:] if text[1:2].islower() else text).replace("|", "\\|")


if __name__ == "__main__":
    for language, guide in GUIDES.items():
        guide.write_text(renewed(guide.read_text(), language))
