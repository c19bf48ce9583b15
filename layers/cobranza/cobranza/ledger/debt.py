from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from cobranza.ledger.money import Money

# Of every id that somebody else gave. `#` divides them in keys.
MAX_ID = 64
# Meta keeps an upload for 30 days.
UPLOAD_LIVES = timedelta(days=29)
# What payments gave, by payment id: when each was made and how much of it came here.
type Parts = Mapping[str, tuple[datetime, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the creditor's file says of a debt. `balance` is what is still owed at `as_of` without `late_fee`,
    which is added to it; `amount` the original charge. `tags` are lower case and sorted, `risk` is A to E or
    empty, `extra` holds the portfolio's own values by name, for templates; `contested` is that the borrower
    disputes it, as the creditor's own books have it."""

    portfolio: str
    debt_id: str
    instalment: str = ""
    amount: Decimal
    balance: Decimal
    currency: str
    due_date: date
    as_of: datetime
    payment_url: str = ""
    late_fee: Decimal = Decimal(0)
    document_url: str = ""
    document_name: str = ""
    tags: tuple[str, ...] = ()
    risk: str = ""
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    contested: bool = False

    @property
    def key(self) -> str:
        """Names the debt among its borrower's: two branches may both have an invoice 1001."""
        return "#".join((self.portfolio, self.debt_id, self.instalment))

    @property
    def owed(self) -> Money:
        """Balance and late fee."""
        return Money(self.balance + self.late_fee, self.currency)

    @property
    def is_open(self) -> bool:
        return self.owed.amount > 0


class Uploaded(NamedTuple):
    """A document at WhatsApp: the link it came from, the sending number whose it is, its media id, and when."""

    link: str
    number: str
    media_id: str
    at: datetime

    def serves(self, link: str, number: str, now: datetime) -> bool:
        return (self.link, self.number) == (link, number) and now < self.at + UPLOAD_LIVES


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """A debt: the importer's terms beside our own state, so that neither overwrites the other.

    `step` is the last step consumed for this due date, in days from it (-3, 0, 7), or None. `paid` is what
    payments gave to this debt, above all those that the balance does not know yet. `closed` says why it is no
    longer of the open book ("NOT_IN_SNAPSHOT", "REPLACED_BY_PLAN"), empty while it is; `recalled` that the
    creditor took it back (sold, withdrawn, agency, court); `disputed` that the borrower contests it;
    `refused_row` that the newest file lists it in a row that cannot be read; `held_until` the last day on
    which nobody asks for it; `requested_on` the day from which the creditor wants a reminder of it, whatever
    its step; `uploaded` its document, once one was sent.
    """

    terms: Terms
    step: int | None = None
    paid: Parts = field(default_factory=dict[str, tuple[datetime, Decimal]])
    closed: str = ""
    recalled: bool = False
    disputed: bool = False
    refused_row: bool = False
    held_until: date | None = None
    requested_on: date | None = None
    uploaded: Uploaded | None = None

    @property
    def owed(self) -> Money:
        """What is still owed now: the declared balance less the payments that it does not know yet."""
        if self.closed:
            return Money(Decimal(0), self.terms.currency)
        left = self.terms.owed.amount - paid_after(self.paid, self.terms.as_of)
        return Money(max(left, Decimal(0)), self.terms.currency)

    @property
    def is_open(self) -> bool:
        return self.owed.amount > 0


def knows(as_of: datetime, moment: datetime) -> bool:
    """Whether a balance of `as_of` already holds a payment made at `moment`. An as-of is exact to the second, so
    that the end of a day (23:59:59.999999, a payment without a time) is later than any as-of of that day."""
    return moment <= as_of.replace(microsecond=0)


def paid_after(parts: Parts, as_of: datetime) -> Decimal:
    """The sum of the parts that a balance of `as_of` does not know."""
    return sum((amount for moment, amount in parts.values() if not knows(as_of, moment)), Decimal(0))
