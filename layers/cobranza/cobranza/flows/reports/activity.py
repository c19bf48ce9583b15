"""activity.csv: the day in numbers, counted in outcomes.csv and interactions.csv while they are written."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cobranza.files.exports import Row
from cobranza.flows.reports.interactions import INTERACTIONS, OPT_OUT, REPLY, Told
from cobranza.flows.reports.outcomes import OUTCOMES
from cobranza.flows.reports.report import Day, Report
from cobranza.policy.closed_day import SUPERSEDED

ACTIVITY_COLUMNS = ("day", "portfolio", "what", "code", "definition", "count")
# In the order of the file; each is there also where nothing happened.
DEFINITIONS = {
    "due": "deudas que tocaban · debts that were due",
    "attempted": "de ellas, con un mensaje de ese día · of these, with a message of the day",
    "skipped": "de ellas, ese día no · of these, not on the day",
    "deferred": "de ellas, después · of these, later",
    "sent": "recordatorios que WhatsApp aceptó · reminders that WhatsApp took",
    "delivered": "recordatorios entregados · reminders that were delivered",
    "read": "recordatorios leídos · reminders that were read",
    "failed": "recordatorios que fallaron · reminders that failed",
    "unknown": "recordatorios que pudieron salir o no · reminders that may or may not have left",
    "replies": "mensajes que llegaron · messages that came in",
    "replied": "deudores que escribieron · borrowers who wrote",
    "receipts": "comprobantes que llegaron · receipts that came in",
    "opted_out": "deudores que pidieron parar · borrowers who asked to stop",
}
BY_CODE = frozenset({"skipped", "deferred", "failed"})
_OF_DEBTS = {"SKIPPED": "skipped", "DEFERRED": "deferred"}
_OF_REMINDERS = {
    "message.accepted": "sent",
    "message.delivered": "delivered",
    "message.read": "read",
    "message.failed": "failed",
    "message.unknown": "unknown",
}


def _rows(day: Day, counts: Mapping[str, Counter[Any]]) -> Iterator[Row]:
    """A row for each thing, then one for each of its codes; these add up to it."""
    found = {what: Counter[str]() for what in DEFINITIONS}
    _add_debts(found, counts[OUTCOMES.name])
    _add_interactions(found, counts[INTERACTIONS.name])
    for what, by_code in found.items():
        codes = sorted(by_code.items()) if what in BY_CODE else []
        for code, count in [("", by_code.total()), *codes]:
            yield day.date.isoformat(), day.portfolio, what, code, DEFINITIONS[what], str(count)


def _add_debts(found: Mapping[str, Counter[str]], outcomes: Counter[str]) -> None:
    for outcome, debts in outcomes.items():
        if outcome != SUPERSEDED:
            found["due"][outcome] += debts
            found[_OF_DEBTS.get(outcome.partition("_")[0], "attempted")][outcome] += debts


def _add_interactions(found: Mapping[str, Counter[str]], interactions: Counter[Told]) -> None:
    for told, count in interactions.items():
        if told.is_of_reminder and told.event in _OF_REMINDERS:
            found[_OF_REMINDERS[told.event]][told.code] += count
        elif told.event == "receipt":
            found["receipts"][told.code] += count
        elif told.event == REPLY:
            found["replies"][""] += count
    for event, what in ((REPLY, "replied"), (OPT_OUT, "opted_out")):
        found[what].update({told.who for told in interactions if told.event == event and told.who})


ACTIVITY = Report("activity", ACTIVITY_COLUMNS, _rows)
