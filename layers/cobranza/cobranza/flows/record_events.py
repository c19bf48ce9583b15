"""The webhook: every event that Meta tells is kept, and moves what it is about forward."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from cobranza.flows.callers import Callers
from cobranza.flows.hands import hands
from cobranza.flows.meet_people import Acquaintance
from cobranza.flows.record_news import NewsDesk
from cobranza.flows.record_replies import ReplyDesk
from cobranza.flows.record_statuses import STATES, StatusDesk, message_named
from cobranza.queues import Queue, ReplyToAnswer
from cobranza.refs import References
from cobranza.store.conversations import Conversations, Raw
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza.whatsapp.events import Event, InboundMessage, OtherEvent, StatusEvent, Unreadable

UNREADABLE = "unreadable"

type _News = StatusEvent | OtherEvent | Unreadable


class Recorded(NamedTuple):
    """How many events there are of each kind, and by its wamid the borrowers whom a message is to or from."""

    counts: Counter[str]
    about: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Recorder:
    """`workers`: by how many hands it reads who wrote, and keeps what is neither a status nor a message. Moments
    decide, so that their order does not matter."""

    ledger: Ledger
    conversations: Conversations
    messages: Messages
    journal: Journal
    references: References
    media: Queue[ReplyToAnswer]
    news: NewsDesk
    replies: Queue[ReplyToAnswer]
    workers: int = 1

    def record(self, events: Sequence[Event], now: datetime, trace: str) -> Recorded:
        """Keeps all events. One that cannot be stored does not keep the others from it: the first storage error is
        raised at the end, so that Meta sends all again; what is stored is a no-op then."""
        callers = Callers(self.ledger, self.references)
        statuses: list[StatusEvent] = []
        replies: list[InboundMessage] = []
        others: list[_News] = []
        for event in events:
            if isinstance(event, InboundMessage):
                replies.append(event)
            elif isinstance(event, StatusEvent) and event.status in STATES:
                statuses.append(event)
            else:
                others.append(event)
        strange = [event for event in others if isinstance(event, StatusEvent)]
        unmet = self._meet([*replies, *strange], callers, now)
        # Who says stop is heard first.
        heard, unheard = self._reply_desk().record(replies, callers, now, trace)
        desk = StatusDesk(self.ledger, self.conversations, self.messages, self.journal)
        counts, untold = desk.record(statuses, callers, now)
        kept, unkept = self._keep(others, callers, now)
        if failure := unmet or unheard or untold or unkept:
            raise failure
        self.news.meet(
            (e.shown_number, e.phone_number_id) for e in [*replies, *statuses, *strange] if e.shown_number
        )
        return Recorded(counts + heard + kept, _about(events, callers))

    def _meet(
        self, people: Iterable[StatusEvent | InboundMessage], callers: Callers, now: datetime
    ) -> Exception | None:
        """Learns who they are. Whom a message of ours reached is met when the message moves."""
        try:
            Acquaintance(callers, self.journal).meet_all(people, now)
        except Exception as error:
            return error
        return None

    def _reply_desk(self) -> ReplyDesk:
        return ReplyDesk(
            ledger=self.ledger,
            conversations=self.conversations,
            messages=self.messages,
            journal=self.journal,
            media=self.media,
            news=self.news,
            replies=self.replies,
            workers=self.workers,
        )

    def _keep(
        self, events: Sequence[_News], callers: Callers, now: datetime
    ) -> tuple[Counter[str], Exception | None]:
        counts: Counter[str] = Counter()
        failure: Exception | None = None
        with hands(min(self.workers, len(events))) as threads:
            for kind, error in threads.map(lambda event: self._try(event, callers, now), events):
                counts[kind] += not error
                failure = failure or error
        return +counts, failure

    def _try(self, event: _News, callers: Callers, now: datetime) -> tuple[str, Exception | None]:
        try:
            return self._record(event, callers, now), None
        except Exception as error:
            return "", error

    def _record(self, event: _News, callers: Callers, now: datetime) -> str:
        match event:
            case StatusEvent():
                return self._keep_raw("status", asdict(event), now)
            case OtherEvent():
                return self.news.record(event, callers, now)
            case Unreadable():
                return self._keep_raw(UNREADABLE, asdict(event), now)

    def _keep_raw(self, kind: str, content: dict[str, Any], now: datetime) -> str:
        """What we do not act on yet, as it came, once."""
        self.conversations.keep_raw([Raw(kind, content)], self.references, now)
        return kind if kind == UNREADABLE else "other"


def _about(events: Iterable[Event], callers: Callers) -> dict[str, list[str]]:
    about: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, StatusEvent | InboundMessage):
            about[event.wamid] = about.get(event.wamid) or _whom(event, callers)
    return about


def _whom(event: StatusEvent | InboundMessage, callers: Callers) -> list[str]:
    """As far as it is known by now."""
    if isinstance(event, InboundMessage):
        return callers.asked(event.sender, event.user_ids)
    ours = message_named(event)
    return [ours.borrower] if ours else callers.asked(event.recipient, event.user_ids)
