"""Replies: what a borrower wrote is understood, what follows from it is kept, and it is answered once.

The marks come first and can be written again; then the right to answer is taken, then comes the call: whoever dies
before the call says nothing, and nobody says it twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cobranza.conversation.answers import Answer, words_for
from cobranza.conversation.buttons import of_choice
from cobranza.conversation.intent import Intent, Meaning
from cobranza.conversation.reply import (
    CASE,
    Asked,
    Reply,
    meaning_of,
    owed_on,
    reply_to,
    reply_to_shared,
    reply_to_stranger,
)
from cobranza.flows.callers import address_of
from cobranza.flows.check_identity import IdentityDesk
from cobranza.flows.close_case import CaseCloser
from cobranza.flows.introduce import introduced
from cobranza.flows.open_case import Matter, case_of, open_case
from cobranza.flows.wake import wake
from cobranza.ledger.case import Case, CaseState, Closing, Result
from cobranza.ledger.standing import WHATSAPP, Action, Standing, hear
from cobranza.policy.case_queue import queue_of
from cobranza.policy.decision import Book
from cobranza.policy.due import StrategyOf, local_date
from cobranza.policy.portfolio import Portfolio
from cobranza.queues import ReplyToAnswer
from cobranza.store import case_keys, keys
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


class TryLater(Exception):
    """WhatsApp has not taken the answer, and will after a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One message while it is answered: `people` are the borrowers who have the phone it came from."""

    asked: ReplyToAnswer
    event: Item
    meaning: Meaning
    reply: Reply
    people: Sequence[Book]
    portfolio: Portfolio | None

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
        return _language(self.portfolio, self.people)


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
    strategy_of: StrategyOf
    only_to: frozenset[str] | None = None

    def answer(self, asked: ReplyToAnswer, now: datetime) -> str:
        """Answers one message, and returns what came of it: the answer's name; KEPT, where nothing is to be said;
        TEST_STAGE, where this stack may not say it to them; DONE, where another try has said it; NOT_FOUND. Raises
        TryLater, and MissingSetting without a token."""
        event = self.conversations.inbound(asked.borrower, asked.event)
        if event is None:
            return "NOT_FOUND"
        if "answered_at" in event:
            return "DONE"
        turn = self._understand(asked, event, now)
        self._keep(turn, now)
        return self._say(turn, now)

    def give_up(self, asked: ReplyToAnswer, now: datetime) -> None:
        """The last try failed: a person reads what nobody answered, and no reminder goes meanwhile. Nothing where
        it is gone, or somebody had the right to answer it."""
        event = self.conversations.inbound(asked.borrower, asked.event)
        if event is None or "answered_at" in event:
            return
        people, until = self._people(event.get("phones", ())), keys.moment_of(asked.event) + CASE
        portfolio = self._portfolio(people, event["phone_number_id"])
        matter = Matter(
            topic=UNANSWERED,
            chat=asked.borrower,
            event=asked.event,
            portfolio_id=self._portfolio_id(portfolio, people),
            portfolio=portfolio,
            looked_into=until,
        )
        open_case(self.cases, self.journal, case_of(matter, people, now))
        for book in people:
            self.ledger.look_into(book.borrower.ref, until)

    def _understand(self, asked: ReplyToAnswer, event: Item, now: datetime) -> _Turn:
        people = self._people(event.get("phones", ()))
        portfolio = self._portfolio(people, event["phone_number_id"])
        first = people[0] if people else None
        written = Asked(
            at=keys.moment_of(asked.event),
            type=event["type"],
            text=event["text"],
            payload=event["payload"],
            case=case_keys.case_id(asked.borrower, asked.event),
        )
        meaning = meaning_of(written, first.borrower if first else None, _language(portfolio, people))
        desk = IdentityDesk(self.conversations.checks, asked, event, people, portfolio, now)
        if checked := desk.reply(written, meaning):
            reply, people = checked
        elif first is None:
            is_taken = self.ledger.words.is_stranger_taken(asked.borrower, now)
            reply = reply_to_stranger(written, meaning, now, is_taken=is_taken)
        elif len(people) > 1:
            reply = reply_to_shared(written, meaning, first.borrower, now)
        else:
            reply = reply_to(written, meaning, first, portfolio, now)
        return _Turn(asked=asked, event=event, meaning=meaning, reply=reply, people=people, portfolio=portfolio)

    def _people(self, phones: Sequence[str]) -> list[Book]:
        """Who has the phone now: those who owe, else all of them. A reference leads to whoever once had it too."""
        behind = sorted({borrower for phone in phones for borrower in self.ledger.borrowers_behind(phone)})
        books = [loaded.book for ref in behind if (loaded := self.ledger.load(ref))]
        having = [book for book in books if book.borrower.phone_ref in phones]
        return [book for book in having if any(d.is_open and not d.recalled for d in book.debts)] or having

    def _portfolio(self, people: Sequence[Book], number: str) -> Portfolio | None:
        """On whose behalf we answer: of a borrower's portfolios the one that was written to."""
        if not people:
            return self.ledger.portfolio_of(number)
        names = sorted({debt.terms.portfolio for debt in people[0].debts})
        valid = [portfolio for name in names if (portfolio := self.portfolio(name))]
        return min(valid, key=lambda one: one.phone_number_id != number, default=None)

    # What is kept.

    def _keep(self, turn: _Turn, now: datetime) -> None:
        reply = turn.reply
        opened = self._case(turn, reply.case, now) if reply.case else None
        for event, facts in _lines(turn, opened):
            self.journal.append(_subject(turn), now, event, turn.message, _facts(turn) | facts, at=turn.at)
        if opened:
            self.cases.open(opened)
        for book in turn.people:
            self._keep_of(book.borrower.ref, turn, now)
        if reply.answer and (case := of_choice(turn.event["payload"])):
            self._settle(case, turn, now)
        if reply.wakes:
            for loaded in filter(None, (self.ledger.load(book.borrower.ref) for book in turn.people)):
                tomorrow = local_date(loaded.book.borrower, turn.at) + timedelta(days=1)
                wake(self.ledger, loaded.book, self.strategy_of, tomorrow)

    def _settle(self, case_id: str, turn: _Turn, now: datetime) -> None:
        """What was asked back is answered, and nobody waits for it. A case that a person has taken, or of another
        conversation, stays as it is."""
        case, ours = self.cases.find(case_id), (turn.asked.borrower, Intent.CANCEL_ASK, CaseState.OPEN)
        if case and (case.chat, case.topic, case.state) == ours:
            self.closer.close(case, Closing(Result.RESOLVED), WHATSAPP, now)

    def _case(self, turn: _Turn, topic: str, now: datetime) -> Case:
        matter = Matter(
            topic=topic,
            chat=turn.asked.borrower,
            event=turn.asked.event,
            portfolio_id=self._portfolio_id(turn.portfolio, turn.people),
            portfolio=turn.portfolio,
            stops=tuple(said.action for said in turn.reply.says),
            looked_into=turn.reply.looked_into,
            in_charge_until=turn.reply.hands_over,
        )
        return case_of(matter, turn.people, now)

    def _portfolio_id(self, portfolio: Portfolio | None, people: Sequence[Book]) -> str:
        """Whose a case is, also where no valid portfolio answers for it."""
        names = (debt.terms.portfolio for book in people for debt in book.debts)
        return portfolio.portfolio_id if portfolio else min(names, default="") or self.ledger.first_portfolio()

    def _keep_of(self, borrower: str, turn: _Turn, now: datetime) -> None:
        reply = turn.reply
        if reply.looked_into:
            self.ledger.look_into(borrower, reply.looked_into)
        if reply.says or reply.tagged or reply.takes_back:
            self.ledger.words.hear(borrower, lambda known: _heard(known, reply), now)
        if reply.hands_over:
            self.ledger.words.hand_over(borrower, turn.at, reply.hands_over)

    # What is said.

    def _say(self, turn: _Turn, now: datetime) -> str:
        """Once: the right to answer is taken before the call, and given back only where the answer surely did not
        leave. What has nothing to say takes it too, so that nothing is done about it again."""
        answer = turn.reply.answer if self._may_say(turn) else None
        text = self._text(turn, answer) if answer else ""
        if text:
            self.whatsapp.access_token()
        told: Item = {
            "intent": turn.meaning.intent.value,
            "answer": answer.value if answer else "",
            "answer_text": text,
        }
        if not self.conversations.claim_answer(turn.asked.borrower, turn.asked.event, now, told):
            return "DONE"
        if not answer:
            return "KEPT" if self._reaches(turn) or not turn.reply.answer else TEST_STAGE
        message = answer_message(turn.to, text, turn.reply, turn.language, turn.event["wamid"])
        came = self.whatsapp.send(turn.event["phone_number_id"], message)
        if isinstance(came, Refused) and came.action is errors.Action.RETRY:
            self.conversations.give_back(turn.asked.borrower, turn.asked.event)
            raise TryLater(f"{came.error.code} {came.error.title}")
        if not isinstance(came, Accepted):
            self._leave_to_a_person(turn, now)
        self._note(turn, _told_of(came), answer, now)
        return answer.value

    def _may_say(self, turn: _Turn) -> bool:
        reply = turn.reply
        if reply.answer is None or turn.portfolio is None or not turn.to or not turn.event["wamid"]:
            return False
        if not self._reaches(turn):
            return False
        if reply.once is None:
            return True
        what, since = reply.once
        return self.conversations.takes_turn(turn.asked.borrower, what, turn.asked.event, since)

    def _reaches(self, turn: _Turn) -> bool:
        """Whether this stack may write to them."""
        return self.only_to is None or turn.phone in self.only_to

    def _text(self, turn: _Turn, answer: Answer) -> str:
        asked, language = turn.asked, turn.language
        if turn.people and turn.portfolio:
            text = answer_text(answer, turn.reply, turn.people[0], turn.portfolio, language)
        else:
            text = words_for(answer, language)
        return introduced(self.conversations, asked.borrower, asked.event, language, text)

    def _leave_to_a_person(self, turn: _Turn, now: datetime) -> None:
        """An answer that did not arrive leaves the borrower waiting: nobody asks them for money meanwhile."""
        until = turn.at + CASE
        waiting = replace(turn, reply=replace(turn.reply, looked_into=until))
        open_case(self.cases, self.journal, self._case(waiting, UNANSWERED, now))
        for book in turn.people:
            self.ledger.look_into(book.borrower.ref, until)

    def _note(self, turn: _Turn, facts: Item, answer: Answer, now: datetime) -> None:
        self.conversations.note_answer(turn.asked.borrower, turn.asked.event, facts)
        told = _facts(turn) | {
            "code": facts["answer_state"],
            "type": answer.value,
            "queue": queue_of(turn.people, turn.portfolio, now),
            "trace": turn.asked.trace,
        }
        self.journal.append(_subject(turn), now, "answer", turn.message, told)


def _told_of(came: Called) -> Item:
    match came:
        case Accepted(wamid):
            return {"answer_state": "SENT", "answer_wamid": wamid}
        case Refused(error=error):
            return {"answer_state": f"FAILED_{error.code}", "answer_error": error.reason}
        case Unclear(error):
            return {"answer_state": "UNKNOWN", "answer_error": error.reason}


def _heard(known: Standing, reply: Reply) -> Standing:
    for said in (*reply.says, *reply.tagged):
        known = hear(known, said.action, said.word, said.until)
    if reply.takes_back:
        ours = (each for each in known.promises if (each.source, each.made_at) != (WHATSAPP, reply.takes_back))
        known = replace(known, promises=frozenset(ours))
    return known


def _language(portfolio: Portfolio | None, people: Sequence[Book]) -> str:
    told = people[0].borrower.language if people else ""
    return portfolio.template_language(told) if portfolio else told


def _subject(turn: _Turn) -> str:
    return keys.borrower_pk(turn.people[0].borrower.ref) if turn.people else keys.chat_pk(turn.asked.borrower)


def _facts(turn: _Turn) -> Item:
    return {
        "portfolio": turn.portfolio.portfolio_id if turn.portfolio else "",
        "number": turn.event["phone_number_id"],
        "message": turn.message,
    }


def _lines(turn: _Turn, opened: Case | None) -> Iterator[tuple[str, Item]]:
    """What was said, by the names that rows of a contacts file have, without its words; and that a person is asked
    for."""
    reply = turn.reply
    about: Item = {
        "debts": [debt.terms.key for debt, _ in owed_on(turn.people[0])] if len(turn.people) == 1 else []
    }
    for said in (*reply.says, *reply.tagged):
        until = {"until": said.until.isoformat()} if said.until else {}
        to = {"to": said.word.text} if said.action in (Action.CHANNEL, Action.TAG) else {}
        yield said.action.value, about | until | to
    if reply.takes_back:
        yield "promise.taken_back", about
    if opened:
        yield "case.opened", about | {"code": opened.topic, "queue": opened.queue}
