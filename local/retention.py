"""Writes the tables of docs/privacy.md from retention.yaml and the contact rules: python -m local.retention"""

from collections.abc import Iterator
from pathlib import Path

from cobranza.policy.contact_rules import countries, rules_for
from cobranza.policy.retention import Kept, kept_for, retention
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
    lines = [*head, *map(_line, retention().values()), "", *_by_country()]
    return marked.renewed(page, BEGIN, "\n".join(lines), END)


def _line(kept: Kept) -> str:
    return f"| {kept.what} | {kept.days or '—'} | {kept.since} | {WAYS[kept.ends_by]} | {kept.why} |"


def _by_country() -> Iterator[str]:
    """Where a law wants contacts on record for longer, by the contact rules."""
    known = [rules for country in countries() if (rules := rules_for(country))]
    lawful = {
        rules.country: f"{rules.country} ({rules.record_years} years)" for rules in known if rules.record_years
    }
    other = next(rules.country for rules in known if not rules.record_years)
    yield "Days of what is a record of contacts, by where the borrower lives; the years are those of the law:"
    yield ""
    yield f"| what | {' | '.join(lawful.values())} | other countries | nobody knows where |"
    yield f"|---|{'---|' * len(lawful)}---|---|"
    for name, kept in retention().items():
        if kept.records_contacts:
            days = [kept_for(name, country).days for country in (*lawful, other, "")]
            yield f"| {kept.what} | {' | '.join(map(str, days))} |"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
