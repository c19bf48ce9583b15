"""Who has paused what: one item for each portfolio that ever was, and one for all of them. What WhatsApp, or a
person, has stopped: one for each number and template that ever was, and one for all numbers."""

import contextlib
from dataclasses import dataclass
from datetime import datetime

from cobranza.policy.breaker import BY_HAND
from cobranza.policy.feed import Pause
from cobranza.store import keys
from cobranza.store.table import ConditionFailed, Item, Table, exact, utc

RUNNING = "attribute_not_exists(#paused_at) OR attribute_exists(#resumed_at)"
PAUSED = "attribute_exists(#paused_at) AND attribute_not_exists(#resumed_at)"


@dataclass(frozen=True, slots=True)
class Control:
    """A scope's pause: the one that is on, or the last one. Moments are ISO 8601 in UTC, empty where there was
    none; `held` is how many borrowers it held, None until it has ended and they are counted."""

    scope: str
    paused_at: str = ""
    resumed_at: str = ""
    reason: str = ""
    held: int | None = None

    @property
    def is_paused(self) -> bool:
        return bool(self.paused_at and not self.resumed_at)

    @property
    def pause(self) -> Pause:
        return Pause(self.scope, self.paused_at)


@dataclass(frozen=True, slots=True)
class Stop:
    """A breaker: `since` when it is open, empty else; `ended` is since when the last one was that was closed,
    `closed_at` up to when a person has closed it, all to the microsecond. `held` as of a Control."""

    scope: str
    since: str = ""
    code: int = 0
    title: str = ""
    closed_at: str = ""
    ended: str = ""
    held: int | None = None

    @property
    def reason(self) -> str:
        """Meta's code and words, or a person's; empty when nothing is open."""
        if not self.since:
            return ""
        return self.title if self.code == BY_HAND else f"{self.code} {self.title}"


class Controls:
    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, scope: str) -> Control:
        """As it is now, read consistently."""
        items = self._table.get_all([keys.pause(scope)])
        return _control(scope, items[0] if items else {})

    def begin(self, scope: str, reason: str, at: datetime) -> Control:
        """Pauses; a pause that is on goes on as it was."""
        with contextlib.suppress(ConditionFailed):
            begun = {"paused_at": utc(at), "reason": reason}
            self._table.update(keys.pause(scope), begun, remove=("resumed_at", "held"), condition=RUNNING)
        return self.of(scope)

    def end(self, scope: str, at: datetime) -> Control:
        with contextlib.suppress(ConditionFailed):
            self._table.update(keys.pause(scope), {"resumed_at": utc(at)}, condition=PAUSED)
        return self.of(scope)

    def counted(self, pause: Pause, held: int) -> Control:
        """The pause has ended, and so many were held. Nothing where another one is on meanwhile."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.pause(pause.scope),
                {"held": held},
                condition="#paused_at = :since AND attribute_exists(#resumed_at)",
                values={"since": pause.since},
            )
        return self.of(pause.scope)

    def close(self, scope: str, at: datetime) -> Stop:
        """Ends what WhatsApp stopped before `at`; what was met then or later stays. In whatever order openings and
        closings become known, the end is the same."""
        key, moment = keys.breaker(scope), exact(at)
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                key,
                {"closed_at": moment},
                condition="attribute_not_exists(#closed_at) OR #closed_at < :closed_at",
            )
        # From here on no stop that was met before can open it.
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                key,
                {"ended": self.stop(scope).since},
                remove=("since", "code", "title", "details", "trace", "held"),
                condition="#since = :ended AND #met_at < :moment",
                values={"moment": moment},
            )
        return self.stop(scope)

    def stop(self, scope: str) -> Stop:
        """As it is now, read consistently."""
        items = self._table.get_all([keys.breaker(scope)])
        return _stop(scope, items[0] if items else {})

    def counted_stop(self, ended: Pause, held: int) -> Stop:
        """As `counted`."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.breaker(ended.scope),
                {"held": held},
                condition="#ended = :since AND attribute_not_exists(#since)",
                values={"since": ended.since},
            )
        return self.stop(ended.scope)

    def held(self, pause: Pause) -> list[str]:
        """The borrowers whom the sender has held for this pause."""
        begin = keys.held_by(pause.since)
        items = self._table.query(
            "pk = :pk AND begins_with(sk, :sk)", {"pk": keys.control_pk(pause.scope), "sk": begin}
        )
        return [item["sk"].removeprefix(begin) for item in items]


def _control(scope: str, item: Item) -> Control:
    told = {name: item[name] for name in ("paused_at", "resumed_at", "reason") if name in item}
    return Control(scope, **told, held=int(item["held"]) if "held" in item else None)


def _stop(scope: str, item: Item) -> Stop:
    told = {name: item[name] for name in ("since", "title", "closed_at", "ended") if name in item}
    held = int(item["held"]) if "held" in item else None
    return Stop(scope, **told, code=int(item.get("code", 0)), held=held)
