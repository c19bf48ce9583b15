"""Writes the table of outcomes in the architecture page from the code: python -m local.outcomes"""

from pathlib import Path

from cobranza.policy.outcomes import DEFERRED, FAILED, SENT, SKIPPED
from local import marked

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
BEGIN = "<!-- outcomes: written by `python -m local.outcomes` -->"
END = "<!-- end of outcomes -->"


def renewed(page: str) -> str:
    """The page with its table as the code is now. Raises ValueError where the marks are missing."""
    return marked.renewed(page, BEGIN, block(), END)


def block() -> str:
    sentences = SENT | {"FAILED_<code>": FAILED}
    sentences |= {f"SKIPPED_{code}": told for code, told in SKIPPED.items()}
    sentences |= {f"DEFERRED_{code}": told for code, told in DEFERRED.items()}
    lines = (f"| `{outcome}` | {told.en.format(code='code')} |" for outcome, told in sentences.items())
    return "\n".join(["| outcome | what it says |", "|---|---|", *lines])


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
