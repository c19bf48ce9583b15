"""interactions.csv: all that was noted of the day between the creditor and its borrowers, once each."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import batched, chain
from operator import itemgetter
from typing import Any, NamedTuple

from cobranza.files.exports import INTERACTION_COLUMNS, Interaction, Row, interactions
from cobranza.flows.reports.report import CHUNK, Day, Report, Sources, debt_id
from cobranza.flows.reports.statuses import statuses
from cobranza.ledger.standing import WHATSAPP
from cobranza.store import keys
from cobranza.store.journal import (
    CASE_ANSWERED,
    DEBT_CLOSED,
    ERASED,
    PAYMENT_APPLIED,
    PROMISE_BROKEN,
    PROMISE_KEPT,
    Line,
)

# The sender's outcomes that WhatsApp had a part in, by the beginning of their code.
_OUTCOMES = {"SENT": "message.accepted", "UNKNOWN": "message.unknown", "FAILED": "message.failed"}
# What is told by payments_out, seen in the book, or done by us: nobody said it.
_FOUND_OUT = frozenset({PAYMENT_APPLIED, DEBT_CLOSED, PROMISE_KEPT, PROMISE_BROKEN, ERASED})
_CHANNELS = {"call": "call", "visit": "visit"}
REPLY, OPT_OUT = "reply", "opt_out"
_COUNTED = itemgetter(*map(INTERACTION_COLUMNS.index, ("event", "code", "step", "borrower_id")))


class Told(NamedTuple):
    """What is counted of an interaction. Answers and confirmations have no step. `who` is told of those of whom
    people are counted, too."""

    event: str
    code: str
    is_of_reminder: bool
    who: str


def _rows(sources: Sources, day: Day) -> Iterator[Row]:
    return interactions(_interactions(sources, day))


def _interactions(sources: Sources, day: Day) -> Iterator[Interaction]:
    told = chain(day.lines(sources.journal), statuses(sources, day))
    lines = ((_event(line), line) for line in told)
    for some in batched(((event, line) for event, line in lines if event), CHUNK, strict=False):
        ids = sources.ledger.borrower_ids(
            keys.borrower_of(line.subject) for _, line in some if keys.is_borrower(line.subject)
        )
        for event, line in some:
            yield _interaction(event, line, ids.get(keys.borrower_of(line.subject), ""), day)


def _event(line: Line) -> str:
    """What it is called outside; empty for what is no interaction."""
    if line.event == "outcome":
        return _OUTCOMES.get(line.facts["code"].partition("_")[0], "")
    return line.event if keys.is_person(line.subject) and line.event not in _FOUND_OUT else ""


def _interaction(event: str, line: Line, borrower_id: str, day: Day) -> Interaction:
    facts = line.facts
    step = facts.get("step")
    return Interaction(
        at=line.at.astimezone(day.zone),
        portfolio=day.portfolio,
        borrower_id=borrower_id,
        event=event,
        channel=_channel(event, line),
        code=facts.get("code") or facts.get("state", ""),
        debts=[debt_id(key) for key in line.debts],
        step=None if step is None else int(step),
        template=facts.get("template", ""),
        detail=facts.get("type") or facts.get("until") or facts.get("to", ""),
        message=facts.get("message", ""),
    )


def _channel(event: str, line: Line) -> str:
    """What the creditor's team did by the API it did there, but for what it wrote to the borrower."""
    if "by" in line.facts and event != CASE_ANSWERED:
        return "api"
    if line.facts.get("source", WHATSAPP) == WHATSAPP:
        return WHATSAPP
    return _CHANNELS.get(event, "file")


def _counted(row: Row) -> Told:
    event, code, step, borrower_id = _COUNTED(row)
    return Told(event, code, bool(step), borrower_id if event in (REPLY, OPT_OUT) else "")


def _summary(day: Day, counts: Counter[Told], revised: bool) -> Mapping[str, Any]:
    """How many of the messages that came in no person had to look at."""
    replies, cases = _events(counts, REPLY), _events(counts, "case.opened")
    alone = max(replies - cases, 0)
    share = (Decimal(alone) / replies).quantize(Decimal("0.001")) if replies else None
    return {
        "v": 1,
        "portfolio": day.portfolio,
        "day": day.date.isoformat(),
        "replies": replies,
        "cases": cases,
        "share_without_person": None if share is None else str(share),
    }


def _events(counts: Counter[Told], event: str) -> int:
    return sum(count for told, count in counts.items() if told.event == event)


INTERACTIONS = Report("interactions", INTERACTION_COLUMNS, _rows, counted=_counted, summary=_summary)
