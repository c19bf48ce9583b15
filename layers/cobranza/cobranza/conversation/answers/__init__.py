"""What we answer: the texts beside this file, by template language, read when they are first asked for.

Short and polite, and no figure of their own: what stands in braces comes from the book.
"""

from enum import StrEnum
from functools import cache
from importlib import resources

from cobranza import yaml_files


class Answer(StrEnum):
    """A whole answer. AUTOMATIC goes before the first one that a person gets."""

    AUTOMATIC = "AUTOMATIC"
    STOPPED = "STOPPED"
    STARTED = "STARTED"
    OWED = "OWED"
    NOTHING_OWED = "NOTHING_OWED"
    RECALLED = "RECALLED"
    IN_DISPUTE = "IN_DISPUTE"
    NOT_IDENTIFIED = "NOT_IDENTIFIED"
    LAST4 = "LAST4"
    LAST4_AGAIN = "LAST4_AGAIN"
    SEND_RECEIPT = "SEND_RECEIPT"
    PROMISED = "PROMISED"
    WHICH_DAY = "WHICH_DAY"
    PROPOSAL = "PROPOSAL"
    PROMISE_STANDS = "PROMISE_STANDS"
    PROMISE_TAKEN_BACK = "PROMISE_TAKEN_BACK"
    DISPUTED = "DISPUTED"
    WRONG_PERSON = "WRONG_PERSON"
    COMPLAINT = "COMPLAINT"
    DECEASED = "DECEASED"
    LOOKED_INTO = "LOOKED_INTO"
    OTHER_CHANNEL = "OTHER_CHANNEL"
    PERSON = "PERSON"
    PERSON_LATER = "PERSON_LATER"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"
    READ_LATER = "READ_LATER"
    PAY_OR_STOP = "PAY_OR_STOP"
    IN_WRITING = "IN_WRITING"
    RIGHT_PERSON = "RIGHT_PERSON"
    HELP = "HELP"
    STRANGER = "STRANGER"
    SHARED = "SHARED"
    SHARED_BALANCE = "SHARED_BALANCE"
    RECEIPT_RECEIVED = "RECEIPT_RECEIVED"
    RECEIPT_UNREADABLE = "RECEIPT_UNREADABLE"


class Part(StrEnum):
    """What answers are put together from, and what stands on buttons (20 characters at most)."""

    DEBT = "DEBT"
    TOTAL = "TOTAL"
    LINK = "LINK"
    PAY_OPTIONS = "PAY_OPTIONS"
    ASK_HOW = "ASK_HOW"
    OPENS = "OPENS"
    BUTTON_YES = "BUTTON_YES"
    BUTTON_CHANGE = "BUTTON_CHANGE"
    BUTTON_PAY = "BUTTON_PAY"
    BUTTON_STOP = "BUTTON_STOP"


def words_for(name: Answer | Part, language: str, **facts: str) -> str:
    """The text in a template language, with its facts. Raises KeyError where one is missing."""
    return texts(language)[name].format(**facts)


@cache
def texts(language: str) -> dict[str, str]:
    """All of a template language (es, es_AR, pt_BR, en), by name."""
    return yaml_files.own_texts(resources.files(__package__ or "") / f"{language}.yaml")
