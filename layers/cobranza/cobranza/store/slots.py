"""The line of each sending number, from which all senders take their slots: one item, one write for a block."""

import contextlib

from cobranza.policy.slots import HORIZON, Block
from cobranza.store import keys
from cobranza.store.table import ConditionFailed, Table

MOVES = "#next_slot >= :now AND #next_slot <= :latest"
STOOD_STILL = "attribute_not_exists(#next_slot) OR #next_slot < :now"
IS_SOONER = "attribute_not_exists(#next_slot) OR #next_slot < :next_slot"


class Slots:
    """Moments and intervals in whole microseconds, as in `policy/slots.py`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, number: str, count: int, every: int, now: int, seen: int) -> Block | int:
        """The next `count` slots of the number's line; or, where it is longer than anybody waits, the moment at
        which it ends now. `seen` is where it ended when it was last seen: who guesses right needs one write."""
        while True:
            block = self._begin(number, count, every, now) if seen < now else None
            if block:
                return block
            try:
                item = self._table.update(
                    keys.slots(number),
                    add={"next_slot": count * every},
                    condition=MOVES,
                    values={"now": now, "latest": now + HORIZON},
                )
            except ConditionFailed as failed:
                seen = int(failed.item.get("next_slot", 0))
                if seen > now + HORIZON:
                    return seen
            else:
                return Block(int(item["next_slot"]), count, every)

    def _begin(self, number: str, count: int, every: int, now: int) -> Block | None:
        """The line anew, from now on; None where it has not ended."""
        end = now + count * every
        try:
            self._table.update(keys.slots(number), {"next_slot": end}, condition=STOOD_STILL, values={"now": now})
        except ConditionFailed:
            return None
        return Block(end, count, every)

    def hold(self, number: str, until: int) -> None:
        """Nobody takes a slot before this moment; a line that is longer stays."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(keys.slots(number), {"next_slot": until}, condition=IS_SOONER)
