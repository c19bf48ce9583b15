"""Who asks for what is owed tells the last digits of their document first, where that is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cobranza.conversation.answers import Answer
from cobranza.conversation.identity import (
    ASKS,
    MOST_TRIES,
    asked_for_digits,
    is_needed,
    is_try,
    matching,
    to_a_person,
    without_figures,
)
from cobranza.conversation.intent import Intent, Meaning
from cobranza.conversation.reply import SERVICE_WINDOW, Asked, Reply, owed_to, reply_to, sayable
from cobranza.policy.decision import Book
from cobranza.policy.portfolio import Portfolio
from cobranza.queues import ReplyToAnswer
from cobranza.store.checks import Checks
from cobranza.store.table import Item


@dataclass(frozen=True, slots=True)
class IdentityDesk:
    """Of one message: `people` have the phone it came from."""

    checks: Checks
    asked: ReplyToAnswer
    event: Item
    people: Sequence[Book]
    portfolio: Portfolio | None
    now: datetime

    def reply(self, written: Asked, meaning: Meaning) -> tuple[Reply, Sequence[Book]] | None:
        """What follows, and of whom; None where the message asks for nothing that is kept back."""
        if not is_needed(self.people, self.portfolio):
            return None
        since, chat = written.at - SERVICE_WINDOW, self.checks.of(self.asked.borrower)
        passed = self.checks.passed(chat, self.asked.event, since)
        known = next((book for book in self.people if book.borrower.ref == passed), None)
        if known and meaning.intent in ASKS:
            return owed_to(written, known, self.portfolio, self.now), [known]
        if known:
            return None
        told = self.event.get("last4", {})
        if is_try(meaning.intent, told, was_asked=self.checks.was_asked(chat, self.asked.event, since)):
            return self._tried(written, since)
        if meaning.intent in ASKS:
            self.checks.ask(self.asked.borrower, self.asked.event)
            return self._sayable(written, asked_for_digits(self.people, written)), self.people
        if meaning.intent is Intent.PROMISE and len(self.people) == 1:
            reply = reply_to(written, meaning, self.people[0], self.portfolio, self.now)
            return without_figures(reply), self.people
        return None

    def _tried(self, written: Asked, since: datetime) -> tuple[Reply, Sequence[Book]]:
        chat, event = self.asked.borrower, self.asked.event
        number = self.checks.take_try(chat, event, since, MOST_TRIES)
        who = matching(self.people, self.event["last4"]) if number else None
        if who:
            self.checks.pass_(chat, event, who.borrower.ref)
            return owed_to(written, who, self.portfolio, self.now), [who]
        reply = Reply(answer=Answer.LAST4_AGAIN) if 0 < number < MOST_TRIES else to_a_person(written)
        return self._sayable(written, reply), self.people

    def _sayable(self, written: Asked, reply: Reply) -> Reply:
        return sayable(written, reply, self.people[0].borrower, self.now)
