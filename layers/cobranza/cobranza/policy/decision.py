"""What is decided about a borrower, and what it is decided by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.confirmation import Confirmation
from cobranza.ledger.debt import Debt
from cobranza.ledger.money import Money
from cobranza.ledger.payment import Credit
from cobranza.ledger.promise import Promise
from cobranza.policy.breaker import Breaker
from cobranza.policy.due import Due, Look, StrategyOf, with_consumed
from cobranza.policy.feed import Feed, Pause
from cobranza.policy.message import FIRST_CONTACT, Consumed, Message
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.strategy import Announces, standard


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One message for all due debts that may be asked for. `lead` is the oldest of them: it sets step, template
    and portfolio. `phone_ref` stands for where it goes. A first contact tells of none of the debts that are the
    reason for it, and uses up nothing. `credited` is what credits take off each debt, by its key; `totals` are
    what is left; `document` is the link of the one that the text has at its head, and `media_id` what WhatsApp
    calls it once it is uploaded; `others` the outcomes of due debts that the message does not tell of."""

    day: date
    lead: Due
    dues: tuple[Due, ...]
    template: str
    language: str
    portfolio: Portfolio
    strategy: str
    totals: tuple[Money, ...]
    phone_ref: str = ""
    document: str = ""
    media_id: str = ""
    credited: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    others: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def debts(self) -> tuple[Debt, ...]:
        return tuple(due.debt for due in self.dues)

    @property
    def is_first_contact(self) -> bool:
        return self.template == FIRST_CONTACT

    @property
    def consumes(self) -> dict[str, Consumed]:
        return {} if self.is_first_contact else {due.debt.terms.key: due.consumed for due in self.dues}

    def asked(self, debt: Debt) -> Money:
        """What the message asks for this debt."""
        return less_credit(debt.owed, self.credited.get(debt.terms.key))


@dataclass(frozen=True, slots=True)
class Skip:
    """`debts` are the outcomes of all due debts, by key."""

    code: str
    debts: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)

    @property
    def outcome(self) -> str:
        return f"SKIPPED_{self.code}"


@dataclass(frozen=True, slots=True)
class Defer:
    """`until` is when to look again, and `priority` how pressing it is then, None as before; `pauses` are those
    that keep due debts back, where it is pauses that do; `mend` names the template that somebody has to mend, its
    language and its fault, where that keeps the message back."""

    code: str
    until: datetime
    pauses: tuple[Pause, ...] = ()
    debts: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)
    priority: int | None = None
    mend: str = ""

    @property
    def look(self) -> Look:
        return Look(self.until, self.priority)

    @property
    def outcome(self) -> str:
        return f"DEFERRED_{self.code}"


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is due: no outcome."""


type Decision = Send | Skip | Defer | Rest
type Decides = Callable[[Book, Policies, datetime], Decision]


@dataclass(frozen=True, slots=True)
class Book:
    """All that is known of a borrower at this moment. `messages` are the claims of the last 14 days, `touches`
    the local dates of calls and visits made elsewhere, one for each; `promises` are those about each debt, by its
    key; `confirmations` what is to be told besides reminders, and `told` the claims of that."""

    borrower: Borrower
    debts: tuple[Debt, ...]
    messages: tuple[Message, ...]
    credits: tuple[Credit, ...] = ()
    touches: tuple[date, ...] = ()
    promises: Mapping[str, tuple[Promise, ...]] = field(default_factory=dict[str, tuple[Promise, ...]])
    confirmations: tuple[Confirmation, ...] = ()
    told: tuple[Message, ...] = ()

    def __post_init__(self) -> None:
        # A claim consumes its steps, and answers its requests, at once, also when the debt itself was never told.
        debts = tuple(with_consumed(debt, self.messages) for debt in self.debts)
        object.__setattr__(self, "debts", debts)

    @property
    def contacts(self) -> tuple[Message, ...]:
        """What counts for how often somebody may be contacted: reminders, and what a person wrote unasked."""
        return (*self.messages, *(each for each in self.told if each.is_of_case))

    @property
    def owes(self) -> bool:
        """Whether we have anything to ask of the borrower."""
        return any(debt.is_open and not debt.recalled for debt in self.debts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What is in force for the portfolios of a book: the valid ones, the strategy of each, how each is fed, how
    many more people each may write to now (where there is a limit), when the texts that exist are true, by (name,
    language), which one stands in for a text with a button where there is no link for it, which have a document at
    their head, the `faults` for which texts cannot be sent as Meta has them, the open breakers by scope, and the
    only phones that may get anything (None: all may)."""

    portfolios: Mapping[str, Portfolio]
    only_to: frozenset[str] | None
    strategy_of: StrategyOf = lambda _: standard()
    feeds: Mapping[str, Feed] = field(default_factory=dict[str, Feed])
    room: Mapping[str, int] = field(default_factory=dict[str, int])
    templates: Mapping[tuple[str, str], Announces] = field(default_factory=dict[tuple[str, str], Announces])
    stand_ins: Mapping[str, str] = field(default_factory=dict[str, str])
    with_document: frozenset[str] = frozenset()
    faults: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    breakers: Mapping[str, Breaker] = field(default_factory=dict[str, Breaker])


def less_credit(owed: Money, amount: Decimal | None) -> Money:
    return Money(owed.amount - (amount or Decimal(0)), owed.currency)
