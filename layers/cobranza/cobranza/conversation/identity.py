"""A light check of who asks: the last four digits of their document, where the portfolio wants it or two borrowers
have one phone. Nobody is ever asked for more of it.
"""

import re
from collections.abc import Mapping, Sequence

from cobranza.conversation.answers import Answer
from cobranza.conversation.intent import Intent
from cobranza.conversation.reply import IN_CHARGE, Asked, Reply, looked_into
from cobranza.policy.decision import Book
from cobranza.policy.portfolio import Portfolio

# So many times somebody may try within the service window; then a person takes over.
MOST_TRIES = 3
ASKS = frozenset({Intent.BALANCE, Intent.PAY})
_MAY_TRY = ASKS | {Intent.UNKNOWN}
_FOUR = re.compile(r"(?<!\d)[0-9]{4}(?!\d)")


def four_digits(text: str) -> str:
    """The only group of digits, where it has four; else empty: a whole document is not read."""
    found = _FOUR.findall(text)
    return found[0] if len(found) == 1 and sum(map(str.isdigit, text)) == 4 else ""


def is_needed(people: Sequence[Book], portfolio: Portfolio | None) -> bool:
    """Of two on one phone the digits tell which one writes, where we know any."""
    if len(people) > 1:
        return any(book.borrower.last4 for book in people)
    return bool(people) and portfolio is not None and portfolio.identity_check == "last4_document"


def is_try(intent: Intent, told: Mapping[str, str], *, was_asked: bool) -> bool:
    """Whether the message tells digits that were asked for, or brings them along. `told` stands for them, by
    borrower."""
    return bool(told) and (intent in ASKS or (was_asked and intent in _MAY_TRY))


def matching(people: Sequence[Book], told: Mapping[str, str]) -> Book | None:
    """The one whose digits were told; None where it is nobody, or more than one."""
    those = [book for book in people if book.borrower.last4 and told.get(book.borrower.ref) == book.borrower.last4]
    return those[0] if len(those) == 1 else None


def asked_for_digits(people: Sequence[Book], asked: Asked) -> Reply:
    """Where we know none there is nothing to compare."""
    if any(book.borrower.last4 for book in people):
        return Reply(answer=Answer.LAST4)
    return looked_into(asked, "NOT_IDENTIFIED", Answer.NOT_IDENTIFIED)


def to_a_person(asked: Asked) -> Reply:
    reply = looked_into(asked, "NOT_IDENTIFIED", Answer.NOT_IDENTIFIED)
    return Reply(
        case=reply.case, answer=reply.answer, looked_into=reply.looked_into, hands_over=asked.at + IN_CHARGE
    )


def without_figures(reply: Reply) -> Reply:
    """A promise counts, and is not said back with what is owed."""
    if reply.answer is Answer.PROMISED:
        return Reply(says=reply.says, case=reply.case, looked_into=reply.looked_into, answer=Answer.PROMISE_STANDS)
    return Reply(answer=Answer.LAST4) if reply.answer is Answer.OWED else reply
