"""What is said to a message is said once: the right to answer is taken before the call, and given back only where
the answer surely did not leave."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cobranza.conversation.answers import Answer, words_for
from cobranza.conversation.reply import CASE, Reply
from cobranza.flows.callers import address_of
from cobranza.flows.introduce import introduced
from cobranza.flows.open_case import Matter, case_of, open_case
from cobranza.ledger.case import Case
from cobranza.policy.case_queue import queue_of
from cobranza.policy.decision import Book
from cobranza.policy.portfolio import Portfolio
from cobranza.queues import ReplyToAnswer
from cobranza.store import keys
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.table import Item
from cobranza.whatsapp import errors
from cobranza.whatsapp.answer_texts import answer_message, answer_text
from cobranza.whatsapp.client import Accepted, Refused, Unclear, WhatsApp
from cobranza.whatsapp.client import Answer as Called

UNANSWERED, TEST_STAGE = "UNANSWERED", "TEST_STAGE"
# As long as the function may last.
AT_WORK = timedelta(seconds=30)


class TryLater(Exception):
    """WhatsApp has not taken the answer, and will after a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message while it is answered: `intent` is what it was read as, and `people` are the borrowers who have
    the phone it came from; `others` those whose phone it is where nobody is written to there."""

    asked: ReplyToAnswer
    event: Item
    intent: str = ""
    reply: Reply
    people: Sequence[Book]
    others: Sequence[Book] = ()
    portfolio: Portfolio | None

    @property
    def about(self) -> Sequence[Book]:
        """Whom it is about, whoever wrote it."""
        return self.people or self.others

    @property
    def message(self) -> str:
        return keys.message_of(self.asked.event)

    @property
    def at(self) -> datetime:
        return keys.moment_of(self.asked.event)

    @property
    def to(self) -> str:
        """As of `address_of`; a borrower's number as the book has it."""
        return self.phone if address_of(self.event).startswith("+") else address_of(self.event)

    @property
    def phone(self) -> str:
        """Where an answer is read (E.164): a borrower's number, also of who is known by a user id alone; empty
        where WhatsApp hides a stranger's."""
        if self.people:
            return self.people[0].borrower.phone
        address = address_of(self.event)
        return address if address.startswith("+") else ""

    @property
    def language(self) -> str:
        return language_of(self.portfolio, self.people)

    @property
    def subject(self) -> str:
        """Whose line in the journal it is."""
        return keys.borrower_pk(self.about[0].borrower.ref) if self.about else keys.chat_pk(self.asked.borrower)

    @property
    def facts(self) -> Item:
        """What the journal's lines of a message have in common."""
        return {
            "portfolio": self.portfolio.portfolio_id if self.portfolio else "",
            "number": self.event["phone_number_id"],
            "message": self.message,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """`only_to`: the only phones that may get anything; None: all may."""

    ledger: Ledger
    conversations: Conversations
    cases: Cases
    journal: Journal
    whatsapp: WhatsApp
    only_to: frozenset[str] | None

    def say(self, turn: Turn, now: datetime) -> str:
        """What came of it: the answer's name; KEPT, where nothing is to be said; TEST_STAGE, where this stack may
        not say it to them. What has nothing to say takes the right to answer too, so that nothing is done about it
        again. Raises MissingSetting without a token, and TryLater; so also where the right is taken, by another
        try or by this one, which did not hear that it was given."""
        answer = turn.reply.answer if self._may_say(turn) else None
        text = self._text(turn, answer) if answer else ""
        if text:
            self.whatsapp.access_token()
        told: Item = {"intent": turn.intent, "answer": answer.value if answer else "", "answer_text": text}
        if not self.conversations.claim_answer(turn.asked.borrower, turn.asked.event, now, told):
            raise TryLater("another try may be at it")
        if not answer:
            return "KEPT" if self._reaches(turn) or not turn.reply.answer else TEST_STAGE
        message = answer_message(turn.to, text, turn.reply, turn.language, turn.event["wamid"])
        came = self.whatsapp.send(turn.event["phone_number_id"], message)
        if isinstance(came, Refused) and came.action is errors.Action.RETRY:
            self.conversations.give_back(turn.asked.borrower, turn.asked.event)
            raise TryLater(f"{came.error.code} {came.error.title}")
        if not isinstance(came, Accepted):
            self.leave_to_a_person(turn, now)
        self._note(turn, _told_of(came), answer, now)
        return answer.value

    def leave_to_a_person(self, turn: Turn, now: datetime) -> None:
        """An answer that did not arrive leaves the borrower waiting: nobody asks them for money meanwhile."""
        until = turn.at + CASE
        waiting = replace(turn, reply=replace(turn.reply, looked_into=until))
        case = self.case(waiting, UNANSWERED, now)
        open_case(self.cases, self.journal, case)
        for book in turn.about:
            self.ledger.words.look_into(book.borrower.ref, until, case.id, now)

    def doubt(self, turn: Turn, now: datetime) -> None:
        """A try that took the right to answer did not tell what came of it: nothing is said again, and a person
        reads the message. Raises TryLater while that try may still be at work."""
        if now - datetime.fromisoformat(turn.event["answered_at"]) < AT_WORK:
            raise TryLater("another try may be at it")
        self.leave_to_a_person(turn, now)
        self._note(turn, {"answer_state": "UNKNOWN"}, Answer(turn.event["answer"]), now)

    def case(self, turn: Turn, topic: str, now: datetime) -> Case:
        matter = Matter(
            topic=topic,
            chat=turn.asked.borrower,
            event=turn.asked.event,
            portfolio_id=self._portfolio_id(turn.portfolio, turn.about),
            portfolio=turn.portfolio,
            stops=tuple(said.action for said in turn.reply.says),
            looked_into=turn.reply.looked_into,
            in_charge_until=turn.reply.hands_over,
        )
        return case_of(matter, turn.about, now)

    def _portfolio_id(self, portfolio: Portfolio | None, people: Sequence[Book]) -> str:
        """Whose a case is, also where no valid portfolio answers for it."""
        names = (debt.terms.portfolio for book in people for debt in book.debts)
        return portfolio.portfolio_id if portfolio else min(names, default="") or self.ledger.first_portfolio()

    def _may_say(self, turn: Turn) -> bool:
        reply = turn.reply
        if reply.answer is None or turn.portfolio is None or not turn.to or not turn.event["wamid"]:
            return False
        if not self._reaches(turn):
            return False
        if reply.once is None:
            return True
        what, since = reply.once
        return self.conversations.takes_turn(turn.asked.borrower, what, turn.asked.event, since)

    def _reaches(self, turn: Turn) -> bool:
        """Whether this stack may write to them."""
        return self.only_to is None or turn.phone in self.only_to

    def _text(self, turn: Turn, answer: Answer) -> str:
        asked, language = turn.asked, turn.language
        if turn.people and turn.portfolio:
            text = answer_text(answer, turn.reply, turn.people[0], turn.portfolio, language)
        else:
            text = words_for(answer, language)
        return introduced(self.conversations, asked.borrower, asked.event, language, text)

    def _note(self, turn: Turn, facts: Item, answer: Answer, now: datetime) -> None:
        """The line first: who dies after it leaves the answer in doubt, and nobody without the line."""
        told = turn.facts | {
            "code": facts["answer_state"],
            "type": answer.value,
            "queue": queue_of(turn.about, turn.portfolio, now),
            "trace": turn.asked.trace,
        }
        self.journal.append(turn.subject, now, "answer", turn.message, told)
        self.conversations.note_answer(turn.asked.borrower, turn.asked.event, facts)


def is_settled(event: Item) -> bool:
    """Whether it is known what came of the answer, or none was to be given."""
    return "answered_at" in event and ("answer_state" in event or not event.get("answer"))


def language_of(portfolio: Portfolio | None, people: Sequence[Book]) -> str:
    told = people[0].borrower.language if people else ""
    return portfolio.template_language(told) if portfolio else told


def _told_of(came: Called) -> Item:
    match came:
        case Accepted(wamid):
            return {"answer_state": "SENT", "answer_wamid": wamid}
        case Refused(error=error):
            return {"answer_state": f"FAILED_{error.code}", "answer_error": error.reason}
        case Unclear(error):
            return {"answer_state": "UNKNOWN", "answer_error": error.reason}
