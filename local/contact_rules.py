"""Writes the tables of docs/contact-rules.md from the rules themselves: python -m local.contact_rules"""

from collections.abc import Iterator
from pathlib import Path

from babel import Locale

from cobranza.policy.contact_rules import ContactRules, EasterDay, Hours, Windows, countries, rules_for
from cobranza.policy.message_classes import MANNERS, Obstacle
from local import marked

PAGE = Path(__file__).parents[1] / "docs" / "contact-rules.md"
MARKS = {
    name: (f"<!-- {name}: written by `python -m local.contact_rules` -->", f"<!-- end of {name} -->")
    for name in ("overview", "countries", "classes")
}
NAMES = Locale("en").territories


def renewed(page: str) -> str:
    """The page with its tables as the rules are now. Raises ValueError where the marks are missing."""
    known = [rules for country in countries() if (rules := rules_for(country))]
    blocks = {"overview": _overview(known), "countries": "\n\n".join(map(_country, known)), "classes": _classes()}
    for name, (begin, end) in MARKS.items():
        page = marked.renewed(page, begin, blocks[name], end)
    return page


def _overview(known: list[ContactRules]) -> str:
    lines = [
        "| | country | Monday to Friday | Saturday | a day | a week | days between | sure |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rules in known:
        hours = f"{_hours(rules.windows.weekdays)} | {_hours(rules.windows.sat)}"
        caps = f"{rules.max_per_day} | {rules.max_per_week} | {rules.min_days_between}"
        lines.append(f"| {rules.country} | {NAMES[rules.country]} | {hours} | {caps} | {rules.confidence} |")
    return "\n".join(lines)


def _country(rules: ContactRules) -> str:
    return "\n".join([f"### {NAMES[rules.country]} ({rules.country})", "", rules.note, "", *_facts(rules)])


def _facts(rules: ContactRules) -> Iterator[str]:
    since = f"in force since {rules.effective}" if rules.effective else "since when is not known"
    yield f"- Law: {rules.law}; {since}"
    yield from (f"- Source: <{source}>" for source in rules.sources)
    yield f"- Version {rules.version}, confidence {rules.confidence}"
    yield f"- Hours: {_week(rules.windows)}; nothing in the last {rules.end_margin_minutes} minutes"
    if rules.legal.windows:
        yield f"- The law allows: {_week(rules.legal.windows)}"
    yield from (f"- The law of {name} allows: {_week(each)}" for name, each in rules.legal.regions.items())
    yield f"- At most {rules.max_per_day} a day and {rules.max_per_week} a week, {_apart(rules.min_days_between)}"
    if rules.legal.max_per_day:
        yield f"- The law allows {rules.legal.max_per_day} a day"
    if rules.legal.min_days_between:
        yield f"- The law may be read as: {_apart(rules.legal.min_days_between)}"
    if rules.one_channel_per_week:
        yield "- One channel a week: after a call or a visit, no message in the same calendar week"
    if rules.opt_out_text_required:
        yield "- Every message says how to stop"
    if rules.record_years:
        yield f"- Contacts are kept on record for {rules.record_years} years"
    if rules.extra_holidays:
        yield f"- Holidays besides the calendar's: {_days(rules)}"
    yield f"- {_places(rules)}"


def _places(rules: ContactRules) -> str:
    zones = f"Zones: {', '.join(rules.timezones)}"
    return f"{zones}; by region: {', '.join(rules.regions)}" if rules.regions else zones


def _days(rules: ContactRules) -> str:
    return ", ".join(
        f"Easter Sunday {day.easter:+d} days" if isinstance(day, EasterDay) else str(day)
        for day in rules.extra_holidays
    )


def _apart(days: int) -> str:
    return "the next day at the earliest" if days == 1 else f"{days} days from one to the next at least"


def _week(windows: Windows) -> str:
    days = (
        ("Mon-Fri", windows.weekdays),
        ("Sat", windows.sat),
        ("Sun", windows.sun),
        ("holidays", windows.holiday),
    )
    return ", ".join(f"{name} {_hours(hours)}" for name, hours in days if hours) or "never"


def _hours(hours: Hours) -> str:
    return ", ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in hours) or "—"


def _classes() -> str:
    head = ["message", *Obstacle, "at most a day"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for kind, manners in MANNERS.items():
        cells = ["●" if each in manners.obeys else "" for each in Obstacle]
        lines.append(f"| {' | '.join([kind, *cells, str(manners.at_most_per_day or '')])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
