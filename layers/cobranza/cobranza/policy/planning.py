"""What a day will bring a borrower, as far as is known now: the sender's own decision, taken for the moment at
which the sender will take it.

Whatever comes between the plan and that moment the sender finds by itself: a plan promises nothing.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from cobranza.policy.decide import decide
from cobranza.policy.decision import Book, Decides, Defer, Policies, Rest, Send, Skip
from cobranza.policy.due import Due, Look, due_on, local_date, next_look
from cobranza.policy.message import Message, State

# What goes by with the hours. Other waits are somebody's, and nobody knows how long they last.
_PASSES = frozenset({"GAP", "WINDOW", "HOLIDAY", "JUST_HEARD"})


@dataclass(frozen=True, slots=True)
class Planned:
    """The decision of `at`, about the debts that are due then; `book` is what is known of the borrower by then."""

    at: datetime
    book: Book
    dues: tuple[Due, ...]
    decision: Send | Skip | Defer


def planned(
    book: Book,
    policies: Policies,
    day: date,
    due_at: datetime | None,
    now: datetime,
    decides: Decides = decide,
) -> Planned | None:
    """What comes of the borrower's local `day`, today or later, once a person agrees to its plan; None when
    nothing of theirs is due in what is left of it. `due_at` is when they are looked at next, and `decides` how the
    sender decides then. What is on its way before the day counts as done."""
    who = book.borrower
    look = max(due_at, now) if due_at else None
    while look and local_date(who, look) < day:
        book, look = _looked_at(book, policies, look, decides)
    sooner = heal(book, policies, day, look, now)
    look = sooner.at if sooner else look
    policies = _agreed(policies, day)
    while look and local_date(who, look) == day:
        decision = decides(book, policies, look)
        if isinstance(decision, Rest):
            return None
        later = decision.until if isinstance(decision, Defer) and decision.code in _PASSES else None
        if later is None or local_date(who, later) > day:
            dues = due_on(who, book.debts, book.messages, policies.strategy_of, day)
            return Planned(look, book, dues, decision)
        look = later
    return None


def heal(book: Book, policies: Policies, day: date, due_at: datetime | None, now: datetime) -> Look | None:
    """When the borrower has to be looked at by the strategies in force, from `day` on, where that is earlier than
    `due_at`: a new strategy may want somebody sooner. None where all is well. Today is not begun again."""
    if day <= local_date(book.borrower, now):
        return None
    look = next_look(book.borrower, book.debts, policies.strategy_of, first=day)
    return look if look and (due_at is None or look.at < due_at) else None


def _looked_at(book: Book, policies: Policies, at: datetime, decides: Decides) -> tuple[Book, datetime | None]:
    """The book after a look, and when the next one comes."""
    decision = decides(book, policies, at)
    if isinstance(decision, Defer) and decision.code in _PASSES:
        return book, decision.until
    if isinstance(decision, Send):
        claim = Message(
            day=decision.day,
            state=State.ACCEPTED,
            claimed_at=at,
            attempts=1,
            debts=decision.consumes,
            template=decision.template,
            phone_ref=decision.phone_ref,
        )
        book = replace(book, messages=(*book.messages, claim))
    tomorrow = local_date(book.borrower, at) + timedelta(days=1)
    look = next_look(book.borrower, book.debts, policies.strategy_of, first=tomorrow)
    return book, look.at if look else None


def _agreed(policies: Policies, day: date) -> Policies:
    feeds = {name: replace(feed, approved_on=feed.approved_on | {day}) for name, feed in policies.feeds.items()}
    return replace(policies, feeds=feeds)
