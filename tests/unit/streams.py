"""What the event source mappings of the template must let through, by the table of events."""

from typing import Any

from cobranza.flows.event_of import ANNOUNCED
from cobranza.store import keys

_THERE = {"exists": True}
# Of the ledger's stream: messages of which WhatsApp has told something.
CLAIMS = {
    "eventName": ["MODIFY"],
    "dynamodb": {
        "Keys": {"sk": {"S": [{"prefix": keys.MESSAGE}]}},
        "NewImage": {"message": {"S": [_THERE]}},
    },
}


def patterns() -> list[dict[str, Any]]:
    """Of the journal's: lines that are new, by name, and by their fact; not what a day's close settles."""
    chosen: dict[str, tuple[set[str], set[str]]] = {}
    for each in ANNOUNCED:
        lines, begins = chosen.setdefault(each.fact, (set(), set()))
        lines.add(each.line)
        begins.add(each.begins)
    return [_pattern(fact, *those) for fact, those in chosen.items()]


def _pattern(fact: str, lines: set[str], begins: set[str]) -> dict[str, Any]:
    image: dict[str, Any] = {"noted_on": {"S": [_THERE]}, "event": {"S": sorted(lines)}}
    if fact:
        image[fact] = {"S": [{"prefix": each} if each else _THERE for each in sorted(begins)]}
    return {"eventName": ["INSERT"], "dynamodb": {"NewImage": image}}
