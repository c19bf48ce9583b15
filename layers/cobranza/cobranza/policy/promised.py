"""Whether a debt waits for a promise: the decision asks it, and the daily book shows it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.ledger.promise import Promise, Verdict, counted, newest_verdict
from cobranza.policy import contact_rules
from cobranza.policy.strategy import Strategy


def promised_for(
    borrower: Borrower, debt: Debt, promises: Iterable[Promise], strategy: Strategy, known_at: datetime | None
) -> date | None:
    """The day of the debt's newest promise that counts, while nobody can tell whether it is kept. `known_at` is
    the moment of the portfolio's newest file."""
    those = counted(promises)
    rules = contact_rules.rules_for(borrower.country)
    zone = contact_rules.zones_for(rules, borrower.region)[0] if rules else UTC
    verdict = newest_verdict(debt, those, strategy.promise_grace_days, zone, known_at)
    return those[-1].day if verdict is Verdict.PENDING else None
