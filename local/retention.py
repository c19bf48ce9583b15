"""Writes the table of docs/privacy.md from policy/retention.yaml: python -m local.retention"""

from pathlib import Path

from cobranza.policy.contact_rules import countries, rules_for
from cobranza.policy.retention import Kept, retention
from local import marked

PAGE = Path(__file__).parents[1] / "docs" / "privacy.md"
BEGIN = "<!-- retention: written by `python -m local.retention` -->"
END = "<!-- end of retention -->"
WAYS = {
    "expires": "the item's `expires`",
    "lifecycle": "the bucket's lifecycle",
    "erase": "`cobranza erase` alone",
    "nobody": "nobody",
}


def renewed(page: str) -> str:
    """The page with its table as the file is now. Raises ValueError where the marks are missing."""
    head = ["| what | days | from when | what ends it | why |", "|---|---|---|---|---|"]
    lines = [*head, *map(_line, retention().values()), "", _countries()]
    return marked.renewed(page, BEGIN, "\n".join(lines), END)


def _line(kept: Kept) -> str:
    return f"| {kept.what} | {kept.days or '—'} | {kept.since} | {WAYS[kept.ends_by]} | {kept.why} |"


def _countries() -> str:
    """What laws want kept of contacts, by the contact rules."""
    known = (rules for country in countries() if (rules := rules_for(country)))
    told = ", ".join(f"{rules.country} {rules.record_years}" for rules in known if rules.record_years)
    return f"Years for which a law wants contacts on record, which the journal is kept for longer than: {told}."


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
