"""What was noted is put on the bus, in its order, once or more often under the same id."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cobranza.bus import MAX_BYTES, Bus, Entry
from cobranza.flows.event_of import event_of
from cobranza.store.journal import Noted

# Of a place in a stream; more digits than any that was seen.
_PLACE = 30


@dataclass(frozen=True, slots=True)
class Change:
    """What was noted, and its place in its stream."""

    noted: Noted
    sequence: str

    @property
    def order(self) -> str:
        """By the second, then by the place: the streams of two tables count apart."""
        second = int(datetime.fromisoformat(self.noted.noted_at).timestamp())
        return f"{second}{self.sequence[-_PLACE:]:0>{_PLACE}}"


@dataclass(frozen=True, slots=True)
class Announcement:
    """How many events the bus has taken, and the lines that cannot be told: a fault of ours, which must not keep
    back those behind them. `stopped_at` is the place in the stream of the first that the bus did not take, and
    `error` why."""

    events: int
    unreadable: tuple[str, ...] = ()
    stopped_at: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Announcer:
    bus: Bus

    def announce(self, changes: Iterable[Change]) -> Announcement:
        """Puts what is to be told, and stops at the first that the bus refuses: the stream goes on from there."""
        entries: list[Entry] = []
        places: list[str] = []
        unreadable: list[str] = []
        for each in changes:
            try:
                entry = _entry(each)
            except (ValueError, KeyError, TypeError, AttributeError):
                unreadable.append(f"{each.sequence} {each.noted.line.event}")
                continue
            if entry:
                entries.append(entry)
                places.append(each.sequence)
        taken, error = self.bus.put(entries)
        stopped_at = places[taken] if taken < len(places) else ""
        return Announcement(taken, tuple(unreadable), stopped_at, error)


def _entry(change: Change) -> Entry | None:
    """Raises ValueError of what the bus would never take."""
    told = event_of(change.noted.line, change.order)
    if told is None:
        return None
    name, event = told
    entry = Entry(name, event.model_dump_json(), event.at)
    if entry.size > MAX_BYTES:
        raise ValueError(f"{entry.size} bytes")
    return entry
