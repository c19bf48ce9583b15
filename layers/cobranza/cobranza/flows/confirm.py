"""What a borrower is told without being asked for anything, one thing a day: claimed before the call like a
reminder, by a claim of its own."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cobranza.flows.decide_fully import shares_phone
from cobranza.flows.pacer import Pacer
from cobranza.flows.room import Room
from cobranza.flows.settle_claim import settle, settle_dead
from cobranza.flows.stops import Stops
from cobranza.policy.confirmation import Drop, Tell, Wait, next_confirmation
from cobranza.policy.decision import Book, Policies
from cobranza.policy.feed import PAUSE_LOOK
from cobranza.policy.message import DEAD_AFTER, Message, State
from cobranza.store import keys
from cobranza.store.journal import Journal
from cobranza.store.keys import MessageKey
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Claim, Messages
from cobranza.store.texts import Text, Texts
from cobranza.whatsapp.client import Accepted, Refused, Unclear, WhatsApp
from cobranza.whatsapp.errors import scope_of
from cobranza.whatsapp.messages import confirmation_components, confirmation_text, template_message
from cobranza.whatsapp.templates import shipped_templates

# So long a worker that died may have left a confirmation untold in the journal: SQS gives up long before.
TOLD_AGAIN = timedelta(days=1)
_LEFT = ("SENT", "UNKNOWN")


class Sent(NamedTuple):
    """The message as Meta's answer left it, and when to try again where Meta surely did not accept it; None where
    somebody else has the day."""

    message: Message | None
    again: datetime | None = None


class Told(NamedTuple):
    """When to look again for what is left, None where nothing is; whether a message left just now, and whether one
    failed, which may change what is known of the phone."""

    again: datetime | None = None
    is_sent: bool = False
    is_failed: bool = False


@dataclass(frozen=True, slots=True)
class Confirmer:
    ledger: Ledger
    messages: Messages
    journal: Journal
    whatsapp: WhatsApp
    room: Room
    stops: Stops
    texts: Texts
    pacer: Pacer | None = None

    def tell(self, book: Book, policies: Policies, trace: str, now: datetime) -> Told:
        """Tells what may be told now."""
        if again := self.settle(book, trace, now):
            return Told(again)
        code = ""
        while True:
            match next_confirmation(book, policies, shipped_templates().keys(), now):
                case None:
                    return Told(None, code in _LEFT, code.startswith("FAILED"))
                case Wait(until=until):
                    return Told(until, code in _LEFT, code.startswith("FAILED"))
                case Drop() as drop:
                    book = self._drop(book, drop, trace, now)
                case Tell() as tell if shares_phone(self.ledger, book.borrower):
                    book = self._drop(book, Drop(tell.confirmation, "SKIPPED_SHARED_PHONE"), trace, now)
                case Tell() as tell:
                    self.whatsapp.access_token()
                    if self.pacer and (wait := self.pacer.wait(tell.portfolio.phone_number_id)):
                        return Told(now + timedelta(seconds=wait))
                    sent = self.send(book, tell, trace, now)
                    if sent.message is None or sent.again:
                        return Told(sent.again or now + DEAD_AFTER)
                    code, book = sent.message.outcome, replace(book, told=(*book.told, sent.message))

    def settle(self, book: Book, trace: str, now: datetime) -> datetime | None:
        """Ends what a worker left that died; when to look again, where one may still be at it."""
        for message in book.told:
            if message.state is State.CLAIMED:
                if now - message.claimed_at < DEAD_AFTER:
                    return message.claimed_at + DEAD_AFTER
                settle_dead(self.messages, MessageKey(book.borrower.ref, message.day, confirms=True))
                message = replace(message, state=State.UNKNOWN)
            self._note_again(book, message, trace, now)
        return None

    def send(self, book: Book, tell: Tell, trace: str, now: datetime, by: str = "") -> Sent:
        """Claims the day, keeps the words, and calls WhatsApp. `by` is whoever of the team says it."""
        key = MessageKey(book.borrower.ref, tell.day, confirms=True)
        words = Text.of(key, confirmation_text(tell, book), now, book.borrower.country, by)
        claim = self.messages.claim_confirmation(key, tell, words.kept, now)
        return self._send(book, tell, claim, words.digest, trace, now) if claim else Sent(None)

    def _note_again(self, book: Book, message: Message, trace: str, now: datetime) -> None:
        """A worker that died after its claim may not have told the journal; what is told is told once."""
        if message.outcome and now - message.claimed_at < TOLD_AGAIN:
            facts = {"template": message.template, "portfolio": message.portfolio}
            proof = self.texts.proof(MessageKey(book.borrower.ref, message.day, confirms=True))
            self._note(book, trace, now, message.confirms, {"code": message.outcome, **facts, **proof})

    def _drop(self, book: Book, drop: Drop, trace: str, now: datetime) -> Book:
        one = drop.confirmation
        self.messages.settle(book.borrower.ref, one, drop.outcome)
        self._note(book, trace, now, one.id, {"code": drop.outcome, "portfolio": one.portfolio})
        return replace(book, confirmations=tuple(each for each in book.confirmations if each != one))

    def _send(self, book: Book, tell: Tell, claim: Claim, digest: str, trace: str, now: datetime) -> Sent:
        number, template = tell.portfolio.phone_number_id, str(tell.confirmation.subject)
        components = confirmation_components(tell, book)
        phone = book.borrower.phone
        answer = self.whatsapp.send(
            number, template_message(phone, template, tell.language, components, claim.key.opaque)
        )
        message = settle(self.messages, self.ledger.words, claim, answer, now)
        if isinstance(answer, Refused) and answer.action.stops:
            self.stops.open(scope_of(answer.action, number, template), answer.error, now)
            return Sent(message, now + PAUSE_LOOK)
        if isinstance(answer, Refused) and message.state is State.RETRY:
            return Sent(message, now + timedelta(seconds=answer.retry_after))
        if isinstance(answer, Accepted):
            self.messages.accepted(claim.key, answer.wamid, now)
        if isinstance(answer, Accepted | Unclear):
            self.room.take(tell.portfolio, (), tell.day)
        facts = {"template": template, "language": tell.language, "portfolio": tell.portfolio.portfolio_id}
        facts["text_digest"] = digest
        self._note(book, trace, now, tell.confirmation.id, {"code": message.outcome, **facts})
        return Sent(message)

    def _note(self, book: Book, trace: str, now: datetime, identity: str, facts: dict[str, Any]) -> None:
        subject = keys.borrower_pk(book.borrower.ref)
        self.journal.append(
            subject, now, "confirmation", identity, {**({"trace": trace} if trace else {}), **facts}
        )
