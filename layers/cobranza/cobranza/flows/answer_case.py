"""A person answers a case in free words, while WhatsApp takes them: within 24 hours of the last message that came.

The words are kept before the call, and the right to send them is taken with them: the same words to the same
message leave once, whoever asks again.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from cobranza.conversation.reply import SERVICE_WINDOW
from cobranza.flows.callers import address_of
from cobranza.flows.case_desk import Caller, CaseDesk, CaseRefused
from cobranza.flows.case_template import why_not
from cobranza.flows.faults import Faults
from cobranza.ledger.borrower import Borrower
from cobranza.ledger.case import Case
from cobranza.ledger.confirmation import Subject
from cobranza.policy.retention import expires
from cobranza.store import case_keys, keys
from cobranza.store.conversations import REFUSED, SENT
from cobranza.store.table import Item, utc
from cobranza.store.texts import digest_of
from cobranza.whatsapp.client import Accepted, Answer, Refused, WhatsApp
from cobranza.whatsapp.errors import Action
from cobranza.whatsapp.messages import text_message
from cobranza.whatsapp.templates import shipped_templates


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAnswers:
    """`only_to`: the only phones that may get anything; None: all may."""

    desk: CaseDesk
    whatsapp: WhatsApp
    faults: Faults
    only_to: frozenset[str] | None

    def answer(self, caller: Caller, case_id: str, text: str, now: datetime) -> None:
        """Sends a person's words, once. Raises CaseRefused: NOT_FOUND, ALREADY_CLOSED; OUTSIDE_WINDOW, with the
        templates that may be used; OPTED_OUT, TEST_STAGE, MAY_HAVE_LEFT, TRY_LATER, and NOT_TAKEN, with Meta's
        code. Raises MissingSetting without a token."""
        case = self.desk.find_open(caller, case_id)
        asked = self.desk.conversations.last_inbound(case.chat, now - SERVICE_WINDOW)
        to = address_of(asked) if asked else ""
        if asked is None or not to:
            self._outside_window(case)
        people = [*self.desk.closer.book.people(case.borrowers).values()]
        self._check(people, asked, to)
        self.whatsapp.access_token()
        answer_id = case_keys.answer_id(case.id, asked["sk"], text)
        name, salt = case_keys.human_answer(asked["sk"], answer_id), secrets.token_hex(16)
        kept: Item = {"at": utc(now), "text": text, "salt": salt, "by": caller.name}
        kept["expires"] = expires("words_in", now, *(each.country for each in people))
        before = self.desk.conversations.claim_words(case.chat, name, kept)
        if before == SENT:
            return
        if before:
            raise CaseRefused("MAY_HAVE_LEFT")
        for borrower in case.borrowers:
            self.desk.closer.ledger.wrote_to(borrower, now)
        came = self.whatsapp.send(asked["phone_number_id"], text_message(to, text, asked["wamid"]))
        told = _told_of(came)
        self.desk.conversations.settle_words(case.chat, name, told)
        noted = {
            "type": told["state"],
            "number": asked["phone_number_id"],
            "answers": keys.message_of(asked["sk"]),
            "text_digest": digest_of(text, salt),
        }
        self.desk.note_answer(case, caller, f"{answer_id}#{utc(now)}", noted, now)
        _raise_unless_taken(came)

    def _check(self, people: Sequence[Borrower], asked: Item, to: str) -> None:
        """What was asked before a stop is not answered after it. Who hides the number has the borrowers'."""
        phones = {to} if to.startswith("+") else {each.phone for each in people}
        if self.only_to is not None and not (phones and phones <= self.only_to):
            raise CaseRefused("TEST_STAGE")
        at = keys.moment_of(asked["sk"])
        stops = [*self.desk.closer.ledger.phones.stopped(asked["phones"]).values()]
        stops += [each.opted_out_at for each in people if each.opted_out_at]
        if any(stop >= at for stop in stops):
            raise CaseRefused("OPTED_OUT")

    def _outside_window(self, case: Case) -> NoReturn:
        portfolio, faults = self.desk.portfolio(case.portfolio), self.faults()
        language = portfolio.language if portfolio else ""
        text = (Subject.CASE, language)
        may_go = not why_not(case) and text in shipped_templates() and text not in faults
        raise CaseRefused("OUTSIDE_WINDOW", {"templates": [Subject.CASE] if may_go else []})


def _told_of(came: Answer) -> Item:
    if isinstance(came, Accepted):
        return {"state": SENT, "wamid": came.wamid}
    return {"state": REFUSED if isinstance(came, Refused) else "UNKNOWN", "error": came.error.reason}


def _raise_unless_taken(came: Answer) -> None:
    if isinstance(came, Accepted):
        return
    if not isinstance(came, Refused):
        raise CaseRefused("MAY_HAVE_LEFT")
    if came.action is Action.RETRY:
        raise CaseRefused("TRY_LATER")
    raise CaseRefused("NOT_TAKEN", {"meta_code": came.error.code})
