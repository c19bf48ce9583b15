"""Payment plans in a debts file: instalments that replace their debt's schedule, and the total they add up to.

The rows of one debt of one borrower are a plan as soon as one of them has a `plan_total`.
"""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.debts import DebtRow

# A borrower's reference, and a debt of all instalments: `Terms.key` without the last part.
type Plan = tuple[str, str]


def plan_of(borrower: str, debt: str) -> Plan:
    return borrower, debt.rpartition("#")[0]


def check_plans(
    rows: Iterable[tuple[str, DebtRow]], incomplete: Collection[Plan] = ()
) -> dict[Plan, InvalidInput | None]:
    """For each plan None, or why none of its rows may be used (BAD_PLAN). `rows` are good ones, each after its
    borrower; of `incomplete` debts there are refused rows too, whose amounts nobody knows."""
    found: dict[Plan, list[DebtRow]] = {}
    has_total: set[Plan] = set()
    for borrower, row in rows:
        plan = plan_of(borrower, row.terms.key)
        found.setdefault(plan, []).append(row)
        if row.plan_total is not None:
            has_total.add(plan)
    return {plan: _fault(found[plan], is_incomplete=plan in incomplete) for plan in has_total}


def _fault(rows: Sequence[DebtRow], *, is_incomplete: bool) -> InvalidInput | None:
    if is_incomplete:
        return refuse("BAD_PLAN", "another row of it is refused", "plan_total", es="otra fila suya se rechazó")
    agreed = {(row.plan_total, row.terms.currency) for row in rows}
    if len(agreed) > 1:
        told = ", ".join(sorted(f"{currency} {total or '—'}" for total, currency in agreed))
        return refuse("BAD_PLAN", told[:200], "plan_total")
    ((total, currency),) = agreed
    instalments = sum((row.terms.amount for row in rows), Decimal(0))
    if instalments != total:
        return refuse("BAD_PLAN", f"{currency} {instalments} ≠ {total}", "plan_total")
    return None
