"""interactions.csv: all that was noted of the day between the creditor and its borrowers, once each."""

from collections.abc import Iterator
from itertools import batched

from cobranza.files.exports import INTERACTION_COLUMNS, Interaction, Row, interactions
from cobranza.flows.reports.report import CHUNK, Day, Report, Sources
from cobranza.store import keys
from cobranza.store.journal import PAYMENT_APPLIED, Line

# Of files, and in payments_out.
_NOT_HERE = frozenset({"import", PAYMENT_APPLIED})
# The sender's outcomes that WhatsApp had a part in, by the beginning of their code.
_OUTCOMES = {"SENT": "message.accepted", "UNKNOWN": "message.unknown", "FAILED": "message.failed"}
_CHANNELS = {"call": "call", "visit": "visit"}


def _rows(sources: Sources, day: Day) -> Iterator[Row]:
    return interactions(_interactions(sources, day))


def _interactions(sources: Sources, day: Day) -> Iterator[Interaction]:
    lines = ((_event(line), line) for line in day.lines(sources.journal))
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
    return "" if line.event in _NOT_HERE else line.event


def _interaction(event: str, line: Line, borrower_id: str, day: Day) -> Interaction:
    facts = line.facts
    step = facts.get("step")
    return Interaction(
        at=line.at.astimezone(day.zone),
        portfolio=day.portfolio,
        borrower_id=borrower_id,
        event=event,
        channel=_CHANNELS.get(event, "file") if "source" in facts else "whatsapp",
        code=facts.get("code") or facts.get("state", ""),
        debts=[_debt_id(key) for key in facts.get("debts", ())],
        step=None if step is None else int(step),
        template=facts.get("template", ""),
        detail=facts.get("type") or facts.get("until") or facts.get("to", ""),
        message=facts.get("message", ""),
    )


def _debt_id(key: str) -> str:
    """With the instalment where there is one: `F-1`, `L-7#3`."""
    return key.partition("#")[2].removesuffix("#")


INTERACTIONS = Report("interactions", INTERACTION_COLUMNS, _rows)
