"""Replies: what a borrower wrote is understood, what follows from it is kept, and it is answered once.

The marks come first and can be written again; then the right to answer is taken, then comes the call: whoever dies
before it is told leaves it to a person, and nobody says it twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cobranza.conversation.answers import Answer
from cobranza.conversation.buttons import CHOICES, of_answer, of_choice, promise_payload
from cobranza.conversation.intent import Intent
from cobranza.conversation.other_phone import reply_to_other_phone
from cobranza.conversation.reply import (
    CASE,
    SERVICE_WINDOW,
    Asked,
    Reply,
    meaning_of,
    owed_on,
    reply_to,
    reply_to_shared,
    reply_to_stranger,
)
from cobranza.flows.callers import others_at, people_at, people_behind
from cobranza.flows.check_identity import IdentityDesk
from cobranza.flows.close_case import CaseCloser
from cobranza.flows.leave_in_peace import OF_PHONE
from cobranza.flows.say_once import Turn, Voice, is_settled, language_of
from cobranza.ledger.case import Case, CaseState, Closing, Result
from cobranza.ledger.standing import WHATSAPP, Action, Standing, hear, looked_into, phones_stopped
from cobranza.policy.decision import Book
from cobranza.policy.portfolio import Portfolio
from cobranza.queues import ReplyToAnswer
from cobranza.store import case_keys, keys
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.table import Item
from cobranza.whatsapp.client import WhatsApp


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDesk:
    """`only_to`: the only phones that may get anything; None: all may."""

    ledger: Ledger
    conversations: Conversations
    cases: Cases
    closer: CaseCloser
    journal: Journal
    whatsapp: WhatsApp
    portfolio: Callable[[str], Portfolio | None]
    only_to: frozenset[str] | None

    def answer(self, asked: ReplyToAnswer, now: datetime) -> str:
        """Answers one message, and returns what came of it: as of `Voice.say`, or NOT_FOUND. Raises as it does."""
        event = self.conversations.inbound(asked.borrower, asked.event)
        if event is None:
            return "NOT_FOUND"
        behind = people_behind(self.ledger, event.get("phones", ()))
        came = "DONE" if is_settled(event) else self._answer(asked, event, behind, now)
        self._understood(asked, behind)
        return came

    def give_up(self, asked: ReplyToAnswer, now: datetime) -> None:
        """The last try failed: a person reads what nobody answered, and no reminder goes meanwhile. Nothing where
        it is gone, or was answered."""
        event = self.conversations.inbound(asked.borrower, asked.event)
        if event is None or is_settled(event):
            return
        behind = people_behind(self.ledger, event.get("phones", ()))
        people, others = _speakers(behind, event)
        portfolio = self._portfolio(people or others, event["phone_number_id"])
        turn = Turn(asked=asked, event=event, reply=Reply(), people=people, others=others, portfolio=portfolio)
        self._voice.leave_to_a_person(turn, now)
        self._understood(asked, behind)

    def _answer(self, asked: ReplyToAnswer, event: Item, behind: Sequence[Book], now: datetime) -> str:
        turn = self._understand(asked, event, behind, now)
        if "answered_at" in event:
            self._voice.doubt(turn, now)
            return "DONE"
        self._keep(turn, now)
        return self._voice.say(turn, now)

    def _understood(self, asked: ReplyToAnswer, behind: Sequence[Book]) -> None:
        """Last: until then nobody who may have written it is reminded."""
        for book in behind if asked.noted else ():
            self.ledger.words.understood(book.borrower.ref, asked.noted)

    @property
    def _voice(self) -> Voice:
        return Voice(
            ledger=self.ledger,
            conversations=self.conversations,
            cases=self.cases,
            journal=self.journal,
            whatsapp=self.whatsapp,
            only_to=self.only_to,
        )

    def _understand(self, asked: ReplyToAnswer, event: Item, behind: Sequence[Book], now: datetime) -> Turn:
        people, others = _speakers(behind, event)
        portfolio = self._portfolio(people or others, event["phone_number_id"])
        first = people[0] if people else None
        written = Asked(
            at=keys.moment_of(asked.event),
            type=event["type"],
            text=event["text"],
            payload=event["payload"] or self._written_below_a_promise(asked, event["text"]),
            case=case_keys.case_id(asked.borrower, asked.event),
        )
        meaning = meaning_of(written, first.borrower if first else None, language_of(portfolio, people))
        desk = IdentityDesk(self.conversations.checks, asked, event, people, portfolio, now)
        if checked := desk.reply(written, meaning):
            reply, people = checked
        elif first is None:
            is_taken = self.ledger.words.is_stranger_taken(asked.borrower, now)
            reply = reply_to_stranger(written, meaning, now, is_taken=is_taken)
            if others:
                reply = reply_to_other_phone(reply, written, meaning, others, portfolio, now, event["phones"])
        elif len(people) > 1:
            reply = reply_to_shared(written, meaning, first.borrower, now)
        else:
            reply = reply_to(written, meaning, first, portfolio, now)
        return Turn(
            asked=asked,
            event=event,
            intent=meaning.intent.value,
            reply=reply,
            people=people,
            others=others,
            portfolio=portfolio,
        )

    def _written_below_a_promise(self, asked: ReplyToAnswer, text: str) -> str:
        """The payload of the button that the words stand for, where the last that we answered is a promise."""
        if not (word := of_answer(text)):
            return ""
        since = keys.moment_of(asked.event) - SERVICE_WINDOW
        before = self.conversations.came_in(asked.borrower, since, asked.event)
        last = next((each for each in before if each["sk"] != asked.event), {})
        promised = last.get("answer") == Answer.PROMISED
        return promise_payload(word, keys.moment_of(last["sk"])) if promised else ""

    def _portfolio(self, people: Sequence[Book], number: str) -> Portfolio | None:
        """On whose behalf we answer: of a borrower's portfolios the one that was written to."""
        if not people:
            return self.ledger.portfolio_of(number)
        names = sorted({debt.terms.portfolio for debt in people[0].debts})
        valid = [portfolio for name in names if (portfolio := self.portfolio(name))]
        return min(valid, key=lambda one: one.phone_number_id != number, default=None)

    # What is kept.

    def _keep(self, turn: Turn, now: datetime) -> None:
        reply = turn.reply
        opened = self._voice.case(turn, reply.case, now) if reply.case else None
        for subject, event, facts in _lines(turn, opened):
            self.journal.append(subject, now, event, turn.message, turn.facts | facts, at=turn.at)
        if opened:
            self.cases.open(opened)
        for book in turn.about:
            self._keep_of(book.borrower.ref, turn, now)
        for case in self._asked_back(turn) if reply.answer else ():
            self._settle(case, turn, now)

    def _asked_back(self, turn: Turn) -> Iterator[str]:
        """The cases of which this message may say what was meant: its button names one, and words are about what
        was asked back as long as a person would look into it."""
        chat, event = turn.asked.borrower, turn.asked.event
        if case := of_choice(turn.event["payload"]):
            yield case
        elif not turn.event["payload"] and turn.intent in CHOICES and len(turn.people) == 1:
            before = self.conversations.came_in(chat, turn.at - CASE, event)
            asked = (each for each in before if each.get("answer") == Answer.PAY_OR_STOP)
            yield from (case_keys.case_id(chat, each["sk"]) for each in asked)

    def _settle(self, case_id: str, turn: Turn, now: datetime) -> None:
        """What was asked back is answered, and nobody waits for it. A case that a person has taken, or of another
        conversation, stays as it is."""
        case, ours = self.cases.find(case_id), (turn.asked.borrower, Intent.CANCEL_ASK, CaseState.OPEN)
        if case and (case.chat, case.topic, case.state) == ours:
            self.closer.close(case, Closing(Result.RESOLVED), WHATSAPP, now)

    def _keep_of(self, borrower: str, turn: Turn, now: datetime) -> None:
        reply = turn.reply
        if any(said.action is Action.WRONG_NUMBER for said in reply.says):
            self.ledger.know_nowhere(borrower)
        if reply.says or reply.tagged or reply.takes_back or reply.looked_into or reply.silences:
            self.ledger.words.hear(borrower, lambda known: _heard(known, turn), now)
        if reply.hands_over:
            self.ledger.words.hand_over(borrower, turn.at, reply.hands_over)


def _speakers(behind: Sequence[Book], event: Item) -> tuple[Sequence[Book], Sequence[Book]]:
    """Who has the phone, and, where nobody is written to there, whose it is besides."""
    phones = event.get("phones", ())
    people = people_at(behind, phones)
    return people, [] if people else others_at(behind, phones)


def _heard(known: Standing, turn: Turn) -> Standing:
    reply = turn.reply
    for said in (*reply.says, *reply.tagged):
        known = hear(known, said.action, said.word, said.until)
    if reply.looked_into:
        case = case_keys.case_id(turn.asked.borrower, turn.asked.event)
        known = looked_into(known, reply.looked_into, case)
    if reply.silences:
        known = phones_stopped(known, turn.event["phones"], turn.at)
    if reply.takes_back:
        ours = (each for each in known.promises if (each.source, each.made_at) != (WHATSAPP, reply.takes_back))
        known = replace(known, promises=frozenset(ours))
    return known


def _lines(turn: Turn, opened: Case | None) -> Iterator[tuple[str, str, Item]]:
    """Whose lines say what was said, by the names that rows of a contacts file have, without its words; and that a
    person is asked for."""
    reply = turn.reply
    about: Item = {"debts": [debt.terms.key for debt, _ in owed_on(turn.about[0])] if len(turn.about) == 1 else []}
    for said in (*reply.says, *reply.tagged):
        until = {"until": said.until.isoformat()} if said.until else {}
        to = {"to": said.word.text} if said.action in (Action.CHANNEL, Action.TAG) else {}
        yield turn.subject, said.action.value, about | until | to
    if reply.silences:
        yield from (
            (keys.borrower_pk(book.borrower.ref), Action.OPT_OUT.value, about | OF_PHONE) for book in turn.about
        )
    if reply.takes_back:
        yield turn.subject, "promise.taken_back", about
    if opened:
        yield turn.subject, "case.opened", about | {"code": opened.topic, "queue": opened.queue}
