"""When people are there to read what a borrower writes: in the hours of their country, by the borrower's clock."""

from datetime import datetime, time

from cobranza.conversation.answers import Answer
from cobranza.ledger.borrower import Borrower
from cobranza.policy import contact_rules

# Read by somebody else than the borrower, who waits for nobody.
_TO_SOMEBODY_ELSE = frozenset({Answer.WRONG_PERSON, Answer.STRANGER})
# What says that a person looks at it. What tells of a debt, asks something back or confirms is not among them.
HANDS_OVER = _TO_SOMEBODY_ELSE | {
    Answer.COMPLAINT,
    Answer.DECEASED,
    Answer.DISPUTED,
    Answer.IN_WRITING,
    Answer.LOOKED_INTO,
    Answer.NOT_IDENTIFIED,
    Answer.OTHER_CHANNEL,
    Answer.PERSON_LATER,
    Answer.PROPOSAL,
    Answer.READ_LATER,
    Answer.RECEIPT_UNREADABLE,
}


def is_closed(borrower: Borrower, at: datetime) -> bool:
    """Whether nobody is there to read it. Where no rules are known nobody knows."""
    rules = contact_rules.rules_for(borrower.country)
    return rules is not None and contact_rules.closed(rules, borrower.region, at) is not None


def opening(borrower: Borrower, at: datetime, answer: Answer) -> datetime | None:
    """The next moment, in the borrower's zone, at which a person is there, to be told with this answer. None where
    none is known within 21 days, and where somebody else reads the answer."""
    rules = contact_rules.rules_for(borrower.country)
    if rules is None or answer in _TO_SOMEBODY_ELSE:
        return None
    opens = contact_rules.next_open(rules, borrower.region, at)
    return opens.astimezone(contact_rules.zone_of(borrower.country, borrower.region)) if opens else None


def midnight(borrower: Borrower, at: datetime) -> datetime:
    """At which the borrower's local date began."""
    zone = contact_rules.zone_of(borrower.country, borrower.region)
    return datetime.combine(at.astimezone(zone).date(), time(), zone)
