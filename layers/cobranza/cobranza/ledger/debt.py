from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cobranza.ledger.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the creditor's file says of a debt. `balance` is what is still owed at `as_of`;
    `amount` the original charge."""

    portfolio: str
    debt_id: str
    instalment: str = ""
    amount: Decimal
    balance: Decimal
    currency: str
    due_date: date
    as_of: datetime
    payment_url: str = ""

    @property
    def key(self) -> str:
        """Names the debt among its borrower's: two branches may both have an invoice 1001."""
        return "#".join((self.portfolio, self.debt_id, self.instalment))

    @property
    def owed(self) -> Money:
        return Money(self.balance, self.currency)

    @property
    def is_open(self) -> bool:
        return self.balance > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """A debt: the importer's terms beside our own state, so that neither overwrites the other.

    `step` is the last step consumed for this due date, in days from it (-3, 0, 7), or None.
    """

    terms: Terms
    step: int | None = None
