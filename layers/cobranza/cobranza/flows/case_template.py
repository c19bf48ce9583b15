"""A person writes first: a template tells whoever a case is of that there is an answer, once WhatsApp takes free
words no more.

It is the creditor who begins, so that the rules of what it begins hold; the message goes the way of a confirmation
and takes its place of the day. It leaves once for the last message that came.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from cobranza.conversation.reply import SERVICE_WINDOW
from cobranza.flows.callers import address_of
from cobranza.flows.case_desk import Caller, CaseDesk, CaseRefused
from cobranza.flows.decide_fully import shares_phone
from cobranza.flows.room import Room
from cobranza.flows.send_reminder import Sender
from cobranza.ledger.case import Case
from cobranza.ledger.confirmation import Confirmation, Subject
from cobranza.policy.confirmation import Drop, Tell, Wait, next_confirmation
from cobranza.policy.message import Message, State
from cobranza.store import case_keys, keys
from cobranza.store.conversations import REFUSED
from cobranza.store.keys import MessageKey
from cobranza.store.ledger import Loaded
from cobranza.store.table import Item
from cobranza.whatsapp.templates import shipped_templates

# What is asked where somebody else may read the answer.
_NOT_THEIRS = ("WRONG_PERSON", "DECEASED", "NOT_IDENTIFIED")


def why_not(case: Case) -> str:
    """Why nobody writes first about this case, whatever else holds; empty where one may."""
    if not case.borrowers:
        return "UNKNOWN_NUMBER"
    if len(case.borrowers) > 1:
        return "SHARED_PHONE"
    return case.topic if case.topic in _NOT_THEIRS else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTemplates:
    """`sender` knows what is in force, and how a message leaves; its limits are read anew for each."""

    desk: CaseDesk
    sender: Sender

    def send(self, caller: Caller, case_id: str, now: datetime) -> None:
        """Sends the template, once. Raises CaseRefused: NOT_FOUND, ALREADY_CLOSED; INSIDE_WINDOW; NOT_ALLOWED and
        NOT_NOW, with the reason; TRY_LATER, MAY_HAVE_LEFT, and NOT_TAKEN, with Meta's code. Raises MissingSetting
        without a token."""
        case = self.desk.find_open(caller, case_id)
        asked = self.desk.conversations.last_inbound(case.chat, case.asked_at)
        if asked and address_of(asked) and keys.moment_of(asked["sk"]) >= now - SERVICE_WINDOW:
            raise CaseRefused("INSIDE_WINDOW")
        if reason := why_not(case):
            raise _not_allowed(reason)
        if asked is None:
            raise _not_allowed("NEVER_WROTE")
        loaded = self._person(case, asked)
        one = Confirmation(
            subject=Subject.CASE,
            ref=case_keys.answer_id(case.chat, asked["sk"], Subject.CASE),
            portfolio=case.portfolio,
            day=now.date(),
            at=now,
        )
        sent = self._told_before(loaded, one, now) or self._send(loaded, one, asked, caller, now)
        self._note(case, caller, asked, sent, one, now)
        _raise_unless_sent(sent)

    def _person(self, case: Case, asked: Item) -> Loaded:
        """The borrower, who has the phone that they wrote from to this day, alone."""
        ledger = self.desk.closer.ledger
        loaded = ledger.load(case.borrowers[0])
        if loaded is None:
            raise _not_allowed("UNKNOWN_NUMBER")
        if loaded.book.borrower.phone_ref not in asked["phones"]:
            raise _not_allowed("OTHER_PHONE")
        if shares_phone(ledger, loaded.book.borrower):
            raise _not_allowed("SHARED_PHONE")
        return loaded

    def _told_before(self, loaded: Loaded, one: Confirmation, now: datetime) -> Message | None:
        """What has or may have left already. Whoever died while sending it leaves it unclear for good."""
        of_it = (each for each in loaded.book.told if each.confirms == one.id)
        before = next((each for each in of_it if each.state is not State.RETRY), None)
        if before is None:
            return None
        again = self.sender.confirmer.settle(loaded.book, "", now)
        if before.state is not State.CLAIMED:
            return before
        if again:
            raise CaseRefused("MAY_HAVE_LEFT")
        return replace(before, state=State.UNKNOWN)

    def _send(self, loaded: Loaded, one: Confirmation, asked: Item, caller: Caller, now: datetime) -> Message:
        if loaded.lease:  # what leaves at the same moment sees neither the other nor its place of the day
            raise CaseRefused("NOT_NOW", {"reason": "REMINDER_DUE", "until": loaded.lease})
        if loaded.was_written_to(now):
            raise CaseRefused("TRY_LATER")
        room = Room(self.sender.room.limits, self.sender.room.ramps)
        sender, book = replace(self.sender, room=room), replace(loaded.book, confirmations=(one,))
        tell = _allowed(next_confirmation(book, sender.policies(book, now), shipped_templates().keys(), now))
        if tell.portfolio.phone_number_id != asked["phone_number_id"]:
            raise _not_allowed("OTHER_NUMBER")
        sender.whatsapp.access_token()
        sender.ledger.wrote_to(book.borrower.ref, now)
        sent = sender.confirmer.send(book, tell, "", now, caller.name)
        room.tell(now)
        if sent.message is None or sent.again:
            raise CaseRefused("TRY_LATER")
        return sent.message

    def _note(
        self, case: Case, caller: Caller, asked: Item, sent: Message, one: Confirmation, now: datetime
    ) -> None:
        """Once for each case, whoever asks again."""
        told: Item = {
            "type": _type_of(sent),
            "number": asked["phone_number_id"],
            "answers": keys.message_of(asked["sk"]),
            "template": sent.template,
        }
        told |= self.sender.texts.proof(MessageKey(case.borrowers[0], sent.day, confirms=True))
        self.desk.note_answer(case, caller, f"{one.ref}#{case.id}", told, now)


def _not_allowed(reason: str) -> CaseRefused:
    return CaseRefused("NOT_ALLOWED", {"reason": reason})


def _allowed(decided: Tell | Drop | Wait | None) -> Tell:
    match decided:
        case Tell():
            return decided
        case Wait(until, code):
            raise CaseRefused("NOT_NOW", {"reason": code, "until": until})
        case Drop(outcome=outcome):
            raise _not_allowed(outcome.removeprefix("SKIPPED_"))
        case None:  # it was told before
            raise CaseRefused("MAY_HAVE_LEFT")


def _type_of(sent: Message) -> str:
    return REFUSED if sent.state is State.FAILED else sent.outcome


def _raise_unless_sent(sent: Message) -> None:
    match _type_of(sent):
        case "UNKNOWN":
            raise CaseRefused("MAY_HAVE_LEFT")
        case "REFUSED":
            raise CaseRefused("NOT_TAKEN", {"meta_code": sent.failed_for})
        case _:
            return
