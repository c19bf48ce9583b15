"""News that are no messages: kept as they came, and obeyed at once where they change what may be sent.

Each counts by its own moment, so that they may come late, twice and in any order.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from cobranza.flows.callers import Callers
from cobranza.flows.follow_number import NumberDesk
from cobranza.flows.leave_in_peace import Peace, Stop
from cobranza.policy.breaker import EVERY_NUMBER, Breaker, of_number
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations, Raw
from cobranza.store.journal import Journal
from cobranza.store.keys import chat_pk
from cobranza.store.ledger import Ledger
from cobranza.store.numbers import Numbers
from cobranza.store.table import exact, utc
from cobranza.store.templates import Templates
from cobranza.whatsapp.account_news import (
    SPAM,
    UPGRADED,
    AccountStopped,
    Alert,
    Faster,
    Limit,
    News,
    Noted,
    QualityDropped,
    WantsNoMore,
    account_news,
)
from cobranza.whatsapp.events import OtherEvent, moment_of_entry
from cobranza.whatsapp.number_news import Changed, id_updates
from cobranza.whatsapp.template_news import template_news

# What a person has to look at, by the names under which it is counted.
STOPPED, RED, DROPPED, ALERTED = "account_stopped", "quality_red", "quality_dropped", "account_alert"
OPTED_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class NewsDesk:
    ledger: Ledger
    conversations: Conversations
    journal: Journal
    templates: Templates
    numbers: Numbers
    cases: Cases
    _met: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]], init=False)

    def meet(self, numbers: Iterable[tuple[str, str]]) -> None:
        """Our numbers as people see them, with Meta's ids: news of a number tell only how it is seen."""
        for shown, number in {*numbers} - self._met:
            self.numbers.know(shown, number)
            self._met.add((shown, number))

    def record(self, event: OtherEvent, callers: Callers, now: datetime) -> str:
        """The kind under which it is counted, the gravest of what it tells."""
        self.conversations.keep_raw([Raw(event.field, asdict(event))], callers.references, now)
        if template := template_news(event):
            self.templates.tell(template.name, template.language, template.told, template.at)
            return "template"
        if event.field == "user_id_update":
            for change in id_updates(event):
                self.follow(change, callers, now)
            return "user_id"
        at = moment_of_entry(event) or now
        kinds = [self._obey(news, event.field, at, callers, now) for news in account_news(event)]
        return next((kind for kind in (STOPPED, RED, DROPPED, ALERTED, *kinds) if kind in kinds), "other")

    def follow(self, change: Changed, callers: Callers, now: datetime) -> None:
        NumberDesk(callers, self.cases, self.journal).follow(change, now)

    def _obey(self, news: News, field: str, at: datetime, callers: Callers, now: datetime) -> str:
        match news:
            case AccountStopped(code, words):
                self._stop(EVERY_NUMBER, code, words, at)
                return STOPPED
            case QualityDropped(shown, is_red):
                for number in self._shown_as(shown) if is_red else ():
                    self._stop(of_number(number), SPAM, f"{field} RED", at)
                return RED if is_red else DROPPED
            case Alert():
                return ALERTED
            case Noted():
                return "account_note"
            case Limit(people):
                for number in self.ledger.numbers():
                    self.numbers.set_tier(number, people, at)
                return "limit"
            case Faster(shown):
                for number in self._shown_as(shown):
                    self.numbers.set_allowed(number, UPGRADED, at)
                return "faster"
            case WantsNoMore():
                self._leave_in_peace(news, news.at or at, callers, now)
                return OPTED_OUT

    def _stop(self, scope: str, code: int, words: str, at: datetime) -> None:
        self.ledger.open_breaker(Breaker(scope, exact(at), code), {"title": words, "details": "", "trace": ""})

    def _shown_as(self, shown: str) -> list[str]:
        """Meta's id of the number; the only one that we have, where nobody has seen it yet."""
        if number := self.numbers.shown_as(shown) if shown else "":
            return [number]
        ours = sorted(self.ledger.numbers())
        return ours if len(ours) == 1 else []

    def _leave_in_peace(self, wish: WantsNoMore, at: datetime, callers: Callers, now: datetime) -> None:
        """As BAJA does. Whoever is being imported meanwhile keeps nobody else from stopping."""
        user_ids = (wish.user_id,) if wish.user_id else ()
        phones = callers.phones(wish.wa_id, user_ids) or callers.user_refs(user_ids)
        identity = callers.references.ref("news", f"{wish.wa_id or wish.user_id} {utc(at)}")
        told_by = "user_preferences"
        if not Peace(callers, self.journal).leave(phones, Stop(at, told_by, identity), now):
            told = {"type": told_by, "debts": [], "phones": phones}
            self.journal.append(chat_pk(phones[0]), now, "opt_out", identity, told, at=at)
