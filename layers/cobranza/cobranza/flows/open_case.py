"""A case is opened: whose it is, of which debts, and who of the creditor's team looks at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cobranza.flows.close_case import facts_of, subject_of
from cobranza.ledger.case import Case
from cobranza.ledger.standing import Action
from cobranza.policy.case_queue import queue_of
from cobranza.policy.decision import Book
from cobranza.policy.portfolio import Portfolio
from cobranza.store import case_keys, keys
from cobranza.store.cases import Cases
from cobranza.store.journal import Journal

# What somebody said that keeps them from being written to until a person ends it.
STOPS = frozenset({Action.DISPUTE, Action.WRONG_NUMBER, Action.HOLD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a person has to look at: a message of a conversation, on whose behalf it is looked at, and what it
    stopped. `portfolio` is None where it is not valid any more."""

    topic: str
    chat: str
    event: str
    portfolio_id: str
    portfolio: Portfolio | None
    stops: Sequence[Action] = ()
    looked_into: datetime | None = None
    in_charge_until: datetime | None = None


def case_of(matter: Matter, people: Sequence[Book], now: datetime) -> Case:
    """`people` are the borrowers who have the phone. Another portfolio's debts are not its business."""
    owed = (debt for book in people for debt in book.debts if debt.is_open and not debt.recalled)
    debts = sorted({debt.terms.key for debt in owed if debt.terms.portfolio == matter.portfolio_id})
    return Case(
        id=case_keys.case_id(matter.chat, matter.event),
        portfolio=matter.portfolio_id,
        queue=queue_of(people, matter.portfolio, now),
        topic=matter.topic,
        chat=matter.chat,
        event=matter.event,
        asked_at=keys.moment_of(matter.event),
        opened_at=now,
        borrowers=tuple(book.borrower.ref for book in people),
        debts=tuple(debts),
        stops=tuple(action for action in matter.stops if action in STOPS),
        looked_into=matter.looked_into,
        in_charge_until=matter.in_charge_until,
    )


def open_case(cases: Cases, journal: Journal, case: Case) -> None:
    """Once for a message, however often and by whatever topic it is opened again. The journal comes first: who
    dies after it opens it again."""
    message = keys.message_of(case.event)
    journal.append(subject_of(case), case.opened_at, "case.opened", message, facts_of(case, ""))
    cases.open(case)
