"""People whom WhatsApp tells by number and by user id: the id alone finds them later.

A stop that came while the number was hidden is carried to the number first, so that whoever dies comes again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cobranza.flows.callers import Callers
from cobranza.flows.leave_in_peace import Peace, Stop
from cobranza.store.journal import Journal
from cobranza.store.user_ids import Met, news
from cobranza.whatsapp.events import InboundMessage, StatusEvent

# Statuses from which ids are learnt: who was not reached does not answer.
_REACHED = frozenset({"delivered", "read"})


@dataclass(frozen=True, slots=True)
class Acquaintance:
    callers: Callers
    journal: Journal

    def meet_all(self, events: Iterable[InboundMessage | StatusEvent], now: datetime) -> None:
        """Learns whose number each user id of these events is. Raises ConditionFailed where a borrower who is
        being imported could not be stopped."""
        met: dict[str, Met] = {}
        for wa_id, user_ids, at in map(_who, events):
            for ref in self.callers.user_refs(user_ids) if wa_id else ():
                met[ref] = Met(tuple(self.callers.phones(wa_id)), at)
        if met:
            self.meet(met, now)

    def meet(self, met: dict[str, Met], now: datetime) -> None:
        ledger = self.callers.ledger
        known = ledger.user_ids.known(met)
        unknown = news(met, known)
        for ref, at in ledger.phones.stopped(unknown).items():
            Peace(self.callers, self.journal).leave(unknown[ref].phones, Stop(at, "user_id", ref), now)
        ledger.user_ids.learn(unknown, known)


def _who(event: InboundMessage | StatusEvent) -> tuple[str, tuple[str, ...], datetime]:
    """The number and the user ids of one person, and when they were told; a system message may tell a number and
    another one's id."""
    if isinstance(event, InboundMessage):
        return event.sender, () if event.type == "system" else event.user_ids, event.at
    return (event.recipient if event.status in _REACHED else ""), event.user_ids, event.at
