"""What WhatsApp told of a message while its day was young: its claim keeps it, until the day's close writes it
into the journal. What comes later, and every failure, is in the journal at once.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from cobranza.store.journal import Line, Noted
from cobranza.store.keys import MESSAGE, MessageKey
from cobranza.store.table import Item, utc

RISING = ("sent", "delivered", "read")
# So long after the message's date begins in UTC it is that date, or the next one, in every country that we know.
_YOUNG = timedelta(hours=46)
_FACTS = ("number", "message", "portfolio", "step", "template")


def is_young(key: MessageKey, now: datetime) -> bool:
    """Whether what is told of the message now is found by the close of its day, or of the next one. Nobody looks
    for confirmations."""
    return not key.confirms and now < datetime.combine(key.day, time(), UTC) + _YOUNG


def noted_now(status: str, now: datetime) -> Item:
    """What the claim keeps of it, besides the status's own moment."""
    return {_name(status): utc(now)}


def facts_of(claim: Mapping[str, Any]) -> Item:
    """What a line says of the message that a status is of."""
    return {name: claim[name] for name in _FACTS if name in claim} | {"debts": sorted(claim["debts"])}


def noted_of(claim: Item) -> list[Noted]:
    """What the claim alone knows, in the order of a message's life."""
    told = [status for status in RISING if _name(status) in claim]
    return [Noted(_line(claim, status), claim[_name(status)]) for status in told]


def noted_in(items: Iterable[Item]) -> Iterator[Noted]:
    """What the claims among these items of a borrower alone know."""
    return (noted for item in items if item["sk"].startswith(MESSAGE) for noted in noted_of(item))


def noted_since(old: Item, new: Item) -> list[Noted]:
    """What the claim `new` knows and `old`, the same one before, did not."""
    before = {noted.line.event for noted in noted_of(old)}
    return [noted for noted in noted_of(new) if noted.line.event not in before]


def is_met(claim: Item) -> bool:
    """Whether it was learnt whose user id it is: that is done before a claim is told that its message arrived."""
    return _name("delivered") in claim


def unknown(facts: Mapping[str, Any], claim: Item) -> Item:
    """What the claim lacks. A moment that it has without when it was written down is in the journal."""
    noted = {_name(status) for status in RISING if f"{status}_at" in claim}
    return {name: value for name, value in facts.items() if name not in claim and name not in noted}


def _name(status: str) -> str:
    return f"{status}_noted_at"


def _line(claim: Item, status: str) -> Line:
    return Line(
        subject=claim["pk"],
        event=f"message.{status}",
        identity=MessageKey.of(claim).name,
        at=datetime.fromisoformat(claim[f"{status}_at"]),
        facts=facts_of(claim),
    )
