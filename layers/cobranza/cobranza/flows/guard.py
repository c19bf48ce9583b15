"""Before a snapshot changes a book: whether it would change so much of it that a person has to say yes."""

from collections.abc import Container, Iterable, Mapping
from decimal import Decimal
from typing import Any

from cobranza.flows.part import debt_hash
from cobranza.store.book import Open

MOST_CLOSED = Decimal("0.20")
MOST_GROWN = 3


def looks_whole(open_before: int, unlisted: int) -> bool:
    """Whether changes name so much of the book that they seem to be all of it, and yet not all."""
    return 0 < unlisted <= MOST_CLOSED * open_before


def alarm(
    book: Iterable[Open], listed: Container[int], totals: Mapping[str, Decimal], as_of: str
) -> dict[str, Any] | None:
    """What a person has to look at; None when the snapshot may go on. `listed` are the debts that it names,
    `totals` its balances by currency. A portfolio without open debts has nothing to lose.
    """
    debts = closing = 0
    before: dict[str, Decimal] = {}
    for debt in book:
        debts += 1
        before[debt.currency] = before.get(debt.currency, Decimal(0)) + debt.balance
        closing += debt_hash(debt.borrower, debt.debt) not in listed and debt.as_of <= as_of
    grown = sorted(
        currency for currency, total in before.items() if totals.get(currency, Decimal(0)) > MOST_GROWN * total
    )
    if closing <= MOST_CLOSED * debts and not grown:
        return None
    return {
        "open_debts": debts,
        "would_close": closing,
        "grown": {currency: [str(before[currency]), str(totals[currency])] for currency in grown},
    }
