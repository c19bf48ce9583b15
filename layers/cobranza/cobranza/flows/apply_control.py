"""control/<portfolio or all>/PAUSE: while the file is there, nobody is reminded.

An event says that something has changed, and events come doubled, late and in any order. So nobody asks what it
was: the pause is made what the bucket says now, and whoever wrote looks once more. The last to write has looked
after its write; so the pause is there when the file is, and gone when it is gone.

control/<number:… or template:…>/PAUSE and RESUME are orders with a moment: stop that from then on; what a person
or WhatsApp stopped there until then is mended. The moment is in the file, or is the file's own, so an event that
comes doubled or late undoes nothing that was told after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cobranza.errors import InvalidInput, NotFound
from cobranza.files.codes import refuse
from cobranza.files.results import Summary
from cobranza.flows.applied import in_chunks
from cobranza.flows.drops import PAUSE, Drop
from cobranza.flows.results import ResultDesk
from cobranza.policy.breaker import BY_HAND, EVERY_NUMBER, Breaker, is_scope
from cobranza.policy.due import Look
from cobranza.policy.feed import Pause
from cobranza.store import keys
from cobranza.store.controls import Control, Controls, Stop
from cobranza.store.ledger import Ledger
from cobranza.store.objects import Bucket
from cobranza.store.table import exact, utc

# So much of the file's text is read, in bytes, and so much of that is kept, in letters.
MOST_READ = 4096
MOST_KEPT = 200
# A sender that knew it otherwise has asked again by then.
IN_FORCE = timedelta(seconds=60)
UNKNOWN = (
    "control: ninguna cartera de este nombre tiene portfolio.yaml · no portfolio of this name has a portfolio.yaml"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The file as it lies there."""

    modified_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ControlDesk:
    """`workers` is by how many hands those who were held are brought back."""

    ledger: Ledger
    controls: Controls
    results: ResultDesk
    workers: int = 16

    def take(self, inbox: Bucket, key: str, now: datetime) -> Summary | None:
        """Something has changed at `key`. The summary, or None where a file is gone that nobody asks for."""
        drop = Drop.misplaced(key)
        try:
            drop = Drop.at(key)
            if is_scope(drop.portfolio):
                return self._obey(inbox, drop, now)
            if drop.file != PAUSE:
                raise refuse("BAD_CONTROL", PAUSE)
        except InvalidInput as error:
            if _look(inbox, key) is None:
                return None
            inbox.let_go(key)
            return self.results.refuse(inbox, drop, error, now)
        while True:
            seen = _look(inbox, key)
            summary = self._settle(inbox, drop, seen, now)
            if _look(inbox, key) == seen:
                return summary

    def _obey(self, inbox: Bucket, drop: Drop, now: datetime) -> Summary | None:
        """Raises InvalidInput (BAD_CONTROL) for the text of a RESUME that is no moment."""
        seen = _look(inbox, drop.key)
        if seen is None:
            return None
        if drop.file == PAUSE:
            at, reason = _moment_and_reason(seen)
            self.ledger.open_breaker(Breaker(drop.portfolio, exact(min(at, now)), BY_HAND), {"title": reason})
            stop = self.controls.stop(drop.portfolio)
        else:
            stop = self.controls.close(drop.portfolio, min(_moment(seen), now))
        if stop.ended and stop.held is None:
            ended = Pause(stop.scope, stop.ended)
            stop = self.controls.counted_stop(ended, self._wake(ended, now))
        summary = Summary(
            kind=drop.kind,
            portfolio=drop.portfolio,
            file=drop.file,
            digest="",
            as_of=seen.modified_at,
            pause=_told_of(stop),
        )
        return self.results.write_stop(inbox, drop, summary, stop)

    def _settle(self, inbox: Bucket, drop: Drop, seen: Seen | None, now: datetime) -> Summary:
        control = self.controls.of(drop.portfolio)
        if seen and not control.is_paused:
            control = self.controls.begin(drop.portfolio, seen.reason, now)
        elif control.is_paused and not seen:
            control = self.controls.end(drop.portfolio, now)
        if control.resumed_at and control.held is None:
            control = self._bring_back(control.pause, now)
        summary = Summary(
            kind=drop.kind,
            portfolio=drop.portfolio,
            file=drop.file,
            digest="",
            as_of=seen.modified_at if seen else now,
            pause=self._told(control, now),
            warnings=() if drop.portfolio == keys.ALL or self.ledger.portfolio(drop.portfolio) else (UNKNOWN,),
        )
        return self.results.write_control(inbox, drop, summary, control)

    def _bring_back(self, pause: Pause, now: datetime) -> Control:
        return self.controls.counted(pause, self._wake(pause, now))

    def _wake(self, pause: Pause, now: datetime) -> int:
        """Whoever was held is looked at now, not when they would have been looked at again; how many they are."""
        stopped = self.controls.held(pause)
        for _ in in_chunks(lambda borrower: self.ledger.look_at(borrower, Look(now)), stopped, self.workers):
            pass
        return len(held(self.ledger, stopped, pause, now))

    def _told(self, control: Control, now: datetime) -> dict[str, Any]:
        counted = control.held
        if control.is_paused:
            counted = len(held(self.ledger, self.controls.held(control.pause), control.pause, now))
        changed_at = control.resumed_at or control.paused_at
        return {
            "state": "PAUSED" if control.is_paused else "RUNNING",
            "paused_at": control.paused_at or None,
            "resumed_at": control.resumed_at or None,
            "in_force_by": utc(datetime.fromisoformat(changed_at) + IN_FORCE) if changed_at else None,
            "held": counted or 0,
            "reason": control.reason,
        }


def _told_of(stop: Stop) -> dict[str, Any]:
    """In the shape of a pause, to the second."""
    changed_at = stop.since or stop.closed_at
    return {
        "state": "PAUSED" if stop.since else "RUNNING",
        "paused_at": _second(stop.since or stop.ended),
        "resumed_at": None if stop.since else _second(stop.closed_at),
        "in_force_by": utc(datetime.fromisoformat(changed_at) + IN_FORCE) if changed_at else None,
        "held": stop.held or 0,
        "reason": stop.reason,
    }


def _second(moment: str) -> str | None:
    return utc(datetime.fromisoformat(moment)) if moment else None


def held(ledger: Ledger, stopped: Iterable[str], pause: Pause, now: datetime) -> set[str]:
    """The borrowers whose turn has come during a pause: those whom the sender `stopped` and, while all is paused,
    those who are due and not even queued."""
    found = set(stopped)
    if pause.scope in (keys.ALL, EVERY_NUMBER):
        for shard in range(keys.SHARDS):
            found |= {waiting.borrower for waiting in ledger.due(shard, now)}
    return found


def _look(inbox: Bucket, key: str) -> Seen | None:
    """Raises whatever S3 says but that the file is not there: not being allowed to look is no end of a pause."""
    try:
        opened = inbox.open(key)
    except NotFound:
        return None
    text = next(iter(opened.chunks), b"")[:MOST_READ].decode(errors="replace")
    words = " ".join(text.split())
    return Seen(opened.modified_at, "" if words == "{}" else words[:MOST_KEPT])


def _moment(seen: Seen) -> datetime:
    """Up to when a RESUME closes. The command tells it by the stack's clock, which can be moved; S3's cannot."""
    if not seen.reason:
        return seen.modified_at
    moment, rest = _moment_and_reason(seen)
    if rest:
        raise refuse("BAD_CONTROL", seen.reason)
    return moment


def _moment_and_reason(seen: Seen) -> tuple[datetime, str]:
    """The moment that the text begins with, and what follows; the file's own moment where it begins otherwise."""
    word, _, rest = seen.reason.partition(" ")
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        return seen.modified_at, seen.reason
    return (moment, rest) if moment.tzinfo else (seen.modified_at, seen.reason)
