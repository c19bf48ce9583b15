"""What became of a borrower's debts on a local day that is over: each debt that was due has exactly one outcome.

Due on a day was a debt that is open, was known before the day's contact hours ended, and had a timely step on that
no earlier message had used up, or was asked for. So was every debt that the sender told an outcome of.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.policy import contact_rules
from cobranza.policy.decision import Book
from cobranza.policy.due import Due, StrategyOf, due_on, local_date
from cobranza.policy.message import Message, State

NOT_LOOKED_AT = "SKIPPED_NOT_LOOKED_AT"
SUPERSEDED = "SKIPPED_SUPERSEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What the sender noted when it looked at a borrower, or sent the message of `message_day`. `debts` are the
    outcomes by the debt's key, `superseded` the steps that the message stands for."""

    at: datetime
    debts: Mapping[str, str]
    message_day: date | None = None
    rule: str = ""
    strategy: str = ""
    template: str = ""
    superseded: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])

    def is_of(self, borrower: Borrower, day: date) -> bool:
        """A message belongs to its own day, whenever that was told."""
        return (self.message_day or local_date(borrower, self.at)) == day


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the book: since when each debt was told as it is, by its key; since when everybody
    waits, if they do, for the end of a pause or of a breaker; and the hours in which more borrowers were due than
    could be looked at."""

    told_at: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    paused_since: datetime | None = None
    waits_for: str = "PAUSED"
    full_lines: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtDay:
    """A due debt's one outcome of the day; `at` is when it was noted, None where nobody did. `step` is None where
    the debt was looked at and had none. A step that was superseded has an entry of its own, with SUPERSEDED."""

    debt: str
    outcome: str
    at: datetime | None
    step: int | None
    rule: str = ""
    strategy: str = ""
    template: str = ""


def debts_of_day(
    book: Book, looks: Sequence[Noted], strategy_of: StrategyOf, day: date, known: Known | None = None
) -> list[DebtDay]:
    """Every due debt of the book with its outcome, NOT_LOOKED_AT where nothing tells one; in the order of the
    debts' keys."""
    desk = _Desk(book, [look for look in looks if look.is_of(book.borrower, day)], strategy_of, day)
    on = {due.debt.terms.key: due for due in _on(book, strategy_of, day)}
    due = {key for key, each in on.items() if _counts(each, strategy_of)}
    told = {key for look in desk.looks for key in look.debts} | desk.claimed.keys()
    found: list[DebtDay] = []
    for key in sorted(due | told):
        if key in told:
            found += desk.told(key, on.get(key))
        elif (outcome := _untold(desk, on[key], known or Known())) is not None:
            found.append(desk.entry(key, on[key], outcome, None))
    return found


def was_due(book: Book, strategy_of: StrategyOf, day: date) -> bool:
    """Whether a debt had a timely step on, or a request to be met, before the messages of `day` and later."""
    return any(_counts(due, strategy_of) for due in _on(book, strategy_of, day))


def message_outcome(message: Message) -> str:
    """What is known of a message once its day is over; empty where WhatsApp surely never took it. Whose worker
    died may have left."""
    match message.state:
        case State.READ | State.DELIVERED:
            return message.state.value
        case State.CLAIMED:
            return "UNKNOWN"
        case _:
            return message.outcome


class _Desk:
    """What was told of one borrower's day."""

    def __init__(self, book: Book, looks: Sequence[Noted], strategy_of: StrategyOf, day: date) -> None:
        self.borrower, self.day = book.borrower, day
        self.looks = sorted(looks, key=lambda look: look.at)
        self._strategy_of = strategy_of
        claims = [m for m in book.messages if m.day == day and m.state is not State.RETRY]
        self.claim = claims[0] if claims else None
        self.claimed = self.claim.debts if self.claim else {}

    def told(self, key: str, due: Due | None) -> Iterator[DebtDay]:
        """A message's word is the last one of its debts, also where a look came after it."""
        looks = [look for look in self.looks if key in look.debts]
        sent = [look for look in looks if look.message_day]
        look = next(reversed(sent or looks), None)
        if self.claim and key in self.claimed:
            entry = self.entry(key, due, message_outcome(self.claim), look)
            entry = replace(entry, at=look.at if look else self.claim.claimed_at)
            yield replace(entry, step=due.step if due else self.claimed[key].step)
        elif look:
            yield (entry := self.entry(key, due, look.debts[key], look))
        else:
            return
        for step in look.superseded.get(key, ()) if look else ():
            yield replace(entry, step=int(step), outcome=SUPERSEDED, template="")

    def entry(self, key: str, due: Due | None, outcome: str, look: Noted | None) -> DebtDay:
        """By the message's own words, else by the ladder as it is now."""
        portfolio = key.partition("#")[0]
        return DebtDay(
            debt=key,
            outcome=outcome,
            at=look.at if look else None,
            step=due.step if due else None,
            rule=(due.rule.name if due else "") or (look.rule if look else ""),
            strategy=(look.strategy if look else "") or self._strategy_of(portfolio).label,
            template=(look.template if look and key in self.claimed else "") or (due.template if due else ""),
        )


def _on(book: Book, strategy_of: StrategyOf, day: date) -> tuple[Due, ...]:
    """The debts with a step on, as it was before the messages of `day` and later."""
    before = [message for message in book.messages if message.day < day]
    debts = [_before(debt, book.messages, day) for debt in book.debts]
    return due_on(book.borrower, debts, before, strategy_of, day)


def _counts(due: Due, strategy_of: StrategyOf) -> bool:
    debt = due.debt
    return debt.is_open and not debt.recalled and due.is_timely(strategy_of(debt.terms.portfolio))


def _untold(desk: _Desk, due: Due, known: Known) -> str | None:
    """Why the sender had no reason to look at a due debt; NOT_LOOKED_AT where it should have. None: nobody knew
    of the debt on that day."""
    borrower, day = desk.borrower, desk.day
    rules = contact_rules.rules_for(borrower.country)
    zone = contact_rules.zone_of(borrower.country, borrower.region)
    midnight = datetime.combine(day, time(), zone)
    since = max(known.told_at.get(due.debt.terms.key, midnight), midnight)
    if since.astimezone(zone).date() > day:
        return None
    if desk.claim:
        return "SKIPPED_NOT_IDENTIFIED" if desk.claim.is_first_contact else "SKIPPED_FREQUENCY_CAP"
    opening = contact_rules.next_open(rules, borrower.region, since) if rules else since
    if rules and (opening is None or local_date(borrower, opening) > day):
        return f"DEFERRED_{contact_rules.closed(rules, borrower.region, since)}"
    if known.paused_since and known.paused_since.astimezone(zone).date() <= day:
        return f"DEFERRED_{known.waits_for}"
    full = [hour for hour in known.full_lines if hour.astimezone(zone).date() == day]
    if full and max(full) + timedelta(hours=1) > since:
        return "DEFERRED_RATE"
    return NOT_LOOKED_AT


def _before(debt: Debt, messages: Sequence[Message], day: date) -> Debt:
    """The debt without the steps that messages of `day` and later used up."""
    key, due_date = debt.terms.key, debt.terms.due_date
    used = [
        (message.day, message.debts[key].step)
        for message in messages
        if message.uses_up_steps and key in message.debts and message.debts[key].due_date == due_date
    ]
    if all(moment < day for moment, _ in used):
        return debt
    return replace(debt, step=max((step for moment, step in used if moment < day), default=None))
