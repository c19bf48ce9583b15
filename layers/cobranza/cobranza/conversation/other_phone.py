"""What follows from what came from a borrower's other phone.

It is one of theirs at which nobody is written to, or one that they had before and somebody else may have by now.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cobranza.conversation.intent import Intent, Meaning
from cobranza.conversation.reply import CASE, Asked, Reply, reply_to
from cobranza.ledger.standing import Action
from cobranza.policy.decision import Book
from cobranza.policy.portfolio import Portfolio

# What is believed of the only one who has the phone, because it stops us.
_STOPS = frozenset({Action.DISPUTE, Action.HOLD})


def reply_to_other_phone(
    to_a_stranger: Reply,
    asked: Asked,
    meaning: Meaning,
    others: Sequence[Book],
    portfolio: Portfolio | None,
    now: datetime,
    phones: Sequence[str],
) -> Reply:
    """What a stranger is answered, so that nothing is told, and nobody of the `others` is reminded before a person
    has read it. Of the only one whose phone it is by now it is kept too what stops us, and where somebody else has
    it, it is left in peace."""
    is_taken = any(_is_taken(book, now) for book in others)
    is_stop = meaning.intent is Intent.STOP
    reply = replace(to_a_stranger, answer=None) if is_taken and not is_stop else to_a_stranger
    first, *more = others
    if not more and {*first.borrower.phone_refs} & {*phones}:
        told = reply_to(asked, meaning, first, portfolio, now)
        stops = tuple(said for said in told.says if said.action in _STOPS)
        silences = meaning.intent is Intent.WRONG_PERSON
        reply = replace(reply, case=told.case or reply.case, says=stops, silences=silences)
    return reply if is_stop else replace(reply, looked_into=asked.at + CASE)


def _is_taken(book: Book, now: datetime) -> bool:
    """Whether a person alone answers them."""
    until = book.borrower.human_until
    return until is not None and now < until
