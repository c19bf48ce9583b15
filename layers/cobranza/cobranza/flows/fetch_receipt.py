"""Receipts: what a borrower sent as proof is fetched while Meta has it, kept for a person to verify, and answered
once. Reminders pause. Nothing here marks a debt as paid: a person decides, by a file.

Only the first one pauses. Whoever sends another while it waits, or after it was rejected, is looked after by a
person.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from cobranza.conversation.intent import understand
from cobranza.conversation.reply import CASE, Asked, reply_to_receipt
from cobranza.flows.callers import people_at, people_behind
from cobranza.flows.open_case import Matter, case_of, open_case
from cobranza.flows.say_once import Turn, Voice, is_settled
from cobranza.ledger.case import Case
from cobranza.ledger.receipt import Decision, Receipt
from cobranza.policy.decision import Book
from cobranza.policy.due import local_date
from cobranza.policy.portfolio import Portfolio
from cobranza.queues import ReplyToAnswer
from cobranza.store import keys
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger, Loaded
from cobranza.store.objects import Bucket
from cobranza.store.personal_keys import receipts_place
from cobranza.store.receipts import Receipts
from cobranza.whatsapp.client import WhatsApp
from cobranza.whatsapp.guarded import TryAgain, Unusable
from cobranza.whatsapp.media import Fetched, MediaStore

CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
    "pdf": "application/pdf",
}
# Of the function's 20 seconds: what a download may last, and how long an answer may keep us waiting after it was
# connected to in 3, so that there is always time to write down what came of it.
WITHIN = 9.0
ANSWER_WITHIN = 4.0


@dataclass(frozen=True, slots=True)
class ReceiptDesk:
    """`only_to`: the only phones that may get anything; None: all may."""

    ledger: Ledger
    conversations: Conversations
    journal: Journal
    media: MediaStore
    receipts: Bucket
    whatsapp: WhatsApp
    portfolio: Callable[[str], Portfolio | None]
    waiting: Receipts
    cases: Cases
    only_to: frozenset[str] | None

    def fetch(self, asked: ReplyToAnswer, now: datetime) -> str:
        """Keeps one receipt, answers it and returns its state. Raises TryAgain and TryLater.

        TO_VERIFY; REVIEW: seen before, or not the bytes that Meta declared; WRONG_TYPE, TOO_LARGE, GONE: there is
        nothing to keep but the fact, and a case for a person.
        """
        event = self.conversations.inbound(asked.borrower, asked.event)
        if event is None:
            return "NOT_FOUND"
        if event["receipt"] == "TO_FETCH":
            self._settle(asked, event, now)
            event = self.conversations.inbound(asked.borrower, asked.event) or event
        state: str = event["receipt"]
        kept = state in ("TO_VERIFY", "REVIEW")
        loaded = self.ledger.load(asked.borrower)
        receipt = self._hold(asked, event, loaded.book, now) if loaded else None
        if not kept:
            waits = receipt is None or receipt.until is not None
            looked_into = keys.moment_of(asked.event) + CASE if waits else None
            book, topic = loaded and loaded.book, f"RECEIPT_{state}"
            case = self._open_case(asked, event, book, topic, now, looked_into=looked_into)
            if looked_into and loaded:
                self.ledger.words.look_into(asked.borrower, looked_into, case.id, now)
        self._note(asked, event, receipt, now, is_known=loaded is not None)
        if loaded:
            self._answer(asked, event, loaded, now, is_kept=kept)
        return state

    def give_up(self, asked: ReplyToAnswer, now: datetime) -> None:
        """The last try failed: a person knows that a receipt came, and no reminder goes meanwhile. Nothing where
        it is gone, or was kept and only the answer failed."""
        event = self.conversations.inbound(asked.borrower, asked.event)
        if event is None or event["receipt"] != "TO_FETCH":
            return
        loaded, until = self.ledger.load(asked.borrower), keys.moment_of(asked.event) + CASE
        case = self._open_case(asked, event, loaded and loaded.book, "RECEIPT_TO_FETCH", now, looked_into=until)
        if loaded:
            self.ledger.words.look_into(asked.borrower, until, case.id, now)

    def _hold(self, asked: ReplyToAnswer, event: dict[str, Any], book: Book, now: datetime) -> Receipt | None:
        """Keeps it for a person's decision, whatever became of the file: somebody says that they paid. The first
        one pauses reminders, another one is a case. None where the borrower has no debt in any portfolio."""
        told = self._receipt(asked, event, book)
        if told is None:
            return None
        known = self.waiting.of(told.borrower)
        is_another = any(_is_before(each, told) for each in known)
        mine = next((each for each in known if each.id == told.id), None)
        if mine is None:
            mine = replace(told, until=None if is_another else self._pause_until(book, now))
            self.waiting.keep(mine)
        if mine.waits and mine.until:
            self.ledger.pause_for_receipt(mine.borrower, mine.until)
        if is_another:
            self._open_case(asked, event, book, "RECEIPT_AGAIN", now)
        return mine

    def _open_case(
        self,
        asked: ReplyToAnswer,
        event: dict[str, Any],
        book: Book | None,
        topic: str,
        now: datetime,
        *,
        looked_into: datetime | None = None,
    ) -> Case:
        ours = self._portfolios(book) if book else []
        portfolio = next(iter(ours), None) or self.ledger.portfolio_of(event["phone_number_id"])
        matter = Matter(
            topic=topic,
            chat=asked.borrower,
            event=asked.event,
            portfolio_id=portfolio.portfolio_id if portfolio else self.ledger.first_portfolio(),
            portfolio=portfolio,
            looked_into=looked_into,
        )
        case = case_of(matter, [book] if book else [], now)
        open_case(self.cases, self.journal, case)
        return case

    def _receipt(self, asked: ReplyToAnswer, event: dict[str, Any], book: Book) -> Receipt | None:
        received_at = keys.moment_of(asked.event)
        debts = _about(book, received_at)
        names = [key.partition("#")[0] for key in debts]
        known = [portfolio.portfolio_id for portfolio in self._portfolios(book)]
        portfolio = next((name for name in (*names, *known) if name in known), "")
        if not portfolio:
            return None
        ours = tuple(key for key in debts if key.partition("#")[0] == portfolio)
        currencies = {debt.terms.currency for debt in book.debts if not ours or debt.terms.key in ours}
        return Receipt(
            id=keys.receipt_id(asked.borrower, asked.event),
            borrower=asked.borrower,
            event=asked.event,
            portfolio=portfolio,
            state=event["receipt"],
            file=event.get("object", ""),
            received_at=received_at,
            debts=ours,
            currency=currencies.pop() if len(currencies) == 1 else "",
        )

    def _note(
        self,
        asked: ReplyToAnswer,
        event: dict[str, Any],
        receipt: Receipt | None,
        now: datetime,
        *,
        is_known: bool,
    ) -> None:
        facts = {
            "state": event["receipt"],
            "trace": asked.trace,
            "portfolio": receipt.portfolio if receipt else "",
            "number": event["phone_number_id"],
            "message": keys.message_of(asked.event),
            "file": event.get("object", ""),
        }
        subject = keys.borrower_pk(asked.borrower) if is_known else keys.chat_pk(asked.borrower)
        self.journal.append(subject, now, "receipt", asked.event, facts)

    def _settle(self, asked: ReplyToAnswer, event: dict[str, Any], now: datetime) -> None:
        try:
            fetched = self.media.fetch(event["media"]["id"], event["phone_number_id"], within=WITHIN)
        except Unusable as why:
            self.conversations.settle_receipt(asked.borrower, asked.event, why.code, {"settled_at": now})
            return
        if not fetched.kind:
            self.conversations.settle_receipt(asked.borrower, asked.event, "WRONG_TYPE", {"settled_at": now})
            return
        self._keep(asked, event, fetched, now)

    def _keep(self, asked: ReplyToAnswer, event: dict[str, Any], fetched: Fetched, now: datetime) -> None:
        # Our own name: nothing of what the borrower called it, and the same for every try.
        name = f"{receipts_place(asked.borrower)}{asked.event.replace('#', '_').replace(':', '')}.{fetched.kind}"
        self.receipts.put(name, fetched.data, CONTENT_TYPES[fetched.kind])
        chat = event.get("first_chat", asked.borrower)
        first = self.conversations.first_to_send(fetched.digest, chat, asked.event, int(event["expires"]))
        facts = {"object": name, "digest": fetched.digest, "size": len(fetched.data), "settled_at": now}
        state = "TO_VERIFY" if first and fetched.intact else "REVIEW"
        self.conversations.settle_receipt(asked.borrower, asked.event, state, facts)

    def _pause_until(self, book: Book, now: datetime) -> date | None:
        days = max((p.receipt_pause_days for p in self._portfolios(book)), default=0)
        return local_date(book.borrower, now) + timedelta(days=days) if days else None

    def _answer(
        self, asked: ReplyToAnswer, event: dict[str, Any], loaded: Loaded, now: datetime, *, is_kept: bool
    ) -> None:
        """Tells whoever has the phone that it came from, unless the words below it are answered. Raises TryLater,
        and TryAgain where the borrower was written to just now."""
        at = keys.moment_of(asked.event)
        if is_settled(event) or understand(event["text"], at.date()).must_be_heard:
            return
        phones = event.get("phones", ())
        people = people_at(people_behind(self.ledger, phones), phones)
        if not people or people[0].borrower.ref != asked.borrower:
            return
        number = event["phone_number_id"]
        reply = reply_to_receipt(Asked(at=at, type=event["type"]), people[0].borrower, now, is_kept=is_kept)
        ours = self._portfolios(people[0])
        turn = Turn(
            asked=asked,
            event=event,
            reply=reply,
            people=people,
            portfolio=min(ours, key=lambda one: one.phone_number_id != number, default=None),
        )
        voice = Voice(
            ledger=self.ledger,
            conversations=self.conversations,
            cases=self.cases,
            journal=self.journal,
            whatsapp=self.whatsapp,
            only_to=self.only_to,
        )
        if "answered_at" in event:
            voice.doubt(turn, now)
            return
        if reply.answer and loaded.was_written_to(now):
            raise TryAgain("written to just now")
        if voice.say(turn, now) == reply.answer:
            self.ledger.wrote_to(asked.borrower, now)

    def _portfolios(self, book: Book) -> list[Portfolio]:
        names = sorted({debt.terms.portfolio for debt in book.debts})
        return [portfolio for name in names if (portfolio := self.portfolio(name))]


def _about(book: Book, at: datetime) -> list[str]:
    """The keys of the debts of the last message before it that are still open; of all that are, where there was
    none."""
    before = [message for message in book.messages if message.debts and message.claimed_at <= at]
    last = max(before, key=lambda message: message.day, default=None)
    owed = sorted(debt.terms.key for debt in book.debts if debt.is_open)
    return [key for key in owed if last and key in last.debts] or owed


def _is_before(one: Receipt, other: Receipt) -> bool:
    """Whether it came before the other, and its payment was not found, or not yet."""
    came_first = (one.received_at, one.id) < (other.received_at, other.id)
    return came_first and one.decision is not Decision.ACCEPTED
