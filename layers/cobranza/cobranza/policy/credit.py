"""What a borrower's credit takes off the debts of one message."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from cobranza.ledger.debt import Debt
from cobranza.ledger.payment import Credit


def credited(debts: Iterable[Debt], credits: Sequence[Credit]) -> dict[str, Decimal]:
    """By debt key, what credits of the same portfolio and currency take off each debt, the first debt first and
    never more than is owed. Portfolios and currencies do not pay for each other."""
    left: dict[tuple[str, str], Decimal] = {}
    for credit in credits:
        place = (credit.portfolio, credit.currency)
        left[place] = left.get(place, Decimal(0)) + credit.left.amount
    taken: dict[str, Decimal] = {}
    for debt in debts:
        place = (debt.terms.portfolio, debt.terms.currency)
        part = min(left.get(place, Decimal(0)), debt.owed.amount)
        if part > 0:
            taken[debt.terms.key] = part
            left[place] -= part
    return taken
