"""What people said of a borrower or a debt, as items of the borrower's partition, and back.

Both words of a mark are kept, the one that stopped and the one that lifted. Beside them an item has `rev`, which
every change raises, and `source`, the import that changed it last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cobranza.ledger.promise import Promise
from cobranza.ledger.standing import (
    Action,
    DebtStanding,
    LookedInto,
    Mark,
    Standing,
    Touch,
    Word,
)
from cobranza.store.table import Insert, Item, Update, Write

# No cap looks back further.
TOUCHES_KEPT = timedelta(days=30)

_OURS = ("pk", "sk", "rev", "source")


def standing_of(item: Item | None) -> Standing:
    """Of nobody's words where there is no item."""
    told = item or {}
    return Standing(
        opt_out=_mark_of(told.get("opt_out")),
        consent=_mark_of(told.get("consent")),
        wrong_number=_mark_of(told.get("wrong_number")),
        dispute=_mark_of(told.get("dispute")),
        hold=_hold_of(told),
        phone=_word_of(told.get("phone")),
        second_phone=_word_of(told.get("second_phone")),
        channel=_word_of(told.get("channel")),
        touches=frozenset(
            Touch(datetime.fromisoformat(at), Action(action)) for at, action in told.get("touches", ())
        ),
        promises=_promises_of(told),
        erased=_word_of(told.get("erased")),
        unreachable={ref: _mark_of(mark) for ref, mark in told.get("unreachable", {}).items()},
        stopped_phones={ref: datetime.fromisoformat(at) for ref, at in told.get("stopped_phones", {}).items()},
        looked_into=_looked_into_of(told.get("looked_into", {})),
        tagged={tag: _mark_of(mark) for tag, mark in told.get("tagged", {}).items()},
    )


def standing_item(standing: Standing, now: datetime) -> Item:
    """Without its key. Touches that are too old to count are left out, and what nobody looks into any more."""
    touches = sorted(touch for touch in standing.touches if touch.at > now - TOUCHES_KEPT)
    return _filled(
        {
            "opt_out": _mark_item(standing.opt_out),
            "consent": _mark_item(standing.consent),
            "wrong_number": _mark_item(standing.wrong_number),
            "dispute": _mark_item(standing.dispute),
            **_hold_item(standing.hold),
            "phone": _word_item(standing.phone),
            "second_phone": _word_item(standing.second_phone),
            "channel": _word_item(standing.channel),
            "touches": [[_utc(touch.at), touch.action.value] for touch in touches],
            "promises": _promises_item(standing.promises),
            "erased": _word_item(standing.erased),
            "unreachable": _marks_item(standing.unreachable),
            "stopped_phones": {ref: _utc(at) for ref, at in sorted(standing.stopped_phones.items())},
            "looked_into": _looked_into_item(each for each in standing.looked_into if each.until > now),
            "tagged": _marks_item(standing.tagged),
        }
    )


def debt_standing_of(item: Item | None) -> DebtStanding:
    told = item or {}
    return DebtStanding(
        recall=_mark_of(told.get("recall")),
        dispute=_mark_of(told.get("dispute")),
        hold=_hold_of(told),
        promises=_promises_of(told),
    )


def debt_standing_item(standing: DebtStanding) -> Item:
    """Without its key; the words, and what follows from them."""
    until = standing.held_until
    return _filled(
        {
            "recall": _mark_item(standing.recall),
            "dispute": _mark_item(standing.dispute),
            **_hold_item(standing.hold),
            "promises": _promises_item(standing.promises),
            "recalled": standing.recall.stands,
            "disputed": standing.dispute.stands,
            "held_until": until.isoformat() if until else "",
        }
    )


def changed(key: Mapping[str, str], there: Item | None, told: Item, source: str) -> Write:
    """Makes the item say what is told and nothing else, if nobody was faster."""
    if there is None:
        return Insert({**key, **told, "source": source, "rev": 1})
    gone = [name for name in there if name not in told and name not in _OURS]
    return Update(key, {**told, "source": source, "rev": there["rev"] + 1}, {"rev": there["rev"]}, gone)


def _mark_of(told: Mapping[str, Any] | None) -> Mark:
    if not told:
        return Mark()
    stops = filter(None, (told.get("stopped"), *told.get("others", ())))
    return Mark(frozenset(map(_word, stops)), _word_of(told.get("lifted")))


def _mark_item(mark: Mark) -> Item:
    """`stopped` is one that stands, if one does: an earlier version of ours knows no others, and nothing that was
    taken back."""
    first = max(mark.standing, default=None)
    others = [_word_item(stop) for stop in sorted(mark.stops - {first})]
    return _filled({"stopped": _word_item(first), "others": others, "lifted": _word_item(mark.lifted)})


def _marks_item(marks: Mapping[str, Mark]) -> Item:
    return {name: _mark_item(mark) for name, mark in sorted(marks.items())}


def _hold_of(told: Item) -> Mark:
    """`hold` is one alone, as an earlier version of ours writes it; until `date.min` it releases."""
    mark = _mark_of(told.get("holds"))
    if "hold" not in told:
        return mark
    at, until, source, *case = told["hold"]
    said = Word(datetime.fromisoformat(at), "", source, date.fromisoformat(until), *case)
    return mark.stop(said) if said.until > date.min else mark.lift(Word(said.at, source=source))


def _hold_item(mark: Mark) -> Item:
    first = max(mark.standing, key=lambda stop: (stop.until, stop), default=None)
    told: Item = {"holds": _mark_item(replace(mark, stops=mark.stops - {first}))}
    if first:
        told["hold"] = [_utc(first.at), first.until.isoformat(), first.source]
        told["hold"] += [first.case] if first.case else []
    return told


def _looked_into_of(told: Mapping[str, Sequence[str]] | Sequence[str]) -> frozenset[LookedInto]:
    """An earlier version keeps moments alone."""
    by_moment = told if isinstance(told, Mapping) else dict.fromkeys(told, ("",))
    return frozenset(
        LookedInto(datetime.fromisoformat(until), case) for until, cases in by_moment.items() for case in cases
    )


def _looked_into_item(messages: Iterable[LookedInto]) -> dict[str, list[str]]:
    """The cases by their moments, which alone an earlier version reads."""
    by_moment: dict[str, list[str]] = {}
    for until, case in sorted(messages):
        by_moment.setdefault(_utc(until), []).append(case)
    return by_moment


def _word_of(told: Sequence[str] | None) -> Word | None:
    return _word(told) if told else None


def _word(told: Sequence[str]) -> Word:
    at, text, source, *rest = told
    case, until = [*rest, "", ""][:2]
    return Word(datetime.fromisoformat(at), text, source, date.fromisoformat(until) if until else date.max, case)


def _word_item(word: Word | None) -> list[str]:
    """A list as short as it can be."""
    if not word:
        return []
    told = [_utc(word.at), word.text, word.source]
    if word.until < date.max:
        return [*told, word.case, word.until.isoformat()]
    return [*told, word.case] if word.case else told


def _promises_of(told: Item) -> frozenset[Promise]:
    return frozenset(
        Promise(datetime.fromisoformat(at), date.fromisoformat(day), Decimal(amount) if amount else None, source)
        for at, day, amount, source in told.get("promises", ())
    )


def _promises_item(promises: Iterable[Promise]) -> list[list[str]]:
    return [
        [_utc(each.made_at), each.day.isoformat(), "" if each.amount is None else str(each.amount), each.source]
        for each in sorted(promises, key=lambda promise: promise.rank)
    ]


def _utc(moment: datetime) -> str:
    """With its microseconds: words are compared."""
    return moment.astimezone(UTC).isoformat()


def _filled(told: dict[str, Any]) -> Item:
    return {name: value for name, value in told.items() if value}
