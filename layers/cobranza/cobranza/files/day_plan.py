"""plan.csv: who would be written to on a day, with which words and why, and who would not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cobranza.files.exports import Row
from cobranza.files.listings import exact
from cobranza.ledger.money import Money
from cobranza.policy.outcomes import sentence
from cobranza.policy.strategy import Segment

PLAN_COLUMNS = (
    *("outcome", "reason", "borrower_id", "name", "phone", "debts", "amount", "days_past_due", "at"),
    *("step", "rule", "priority", "segment", "strategy", "contact_rules", "template", "language", "text"),
    "portfolio",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One message with all debts that it tells of, or one due debt that gets none. `phone` is the whole number, of
    which the file has the last four digits; `at` the borrower's own time; `step` and `days_past_due` in days from
    the due date, of the oldest debt; `contact_rules` country and version; `portfolio` the one that writes."""

    outcome: str
    borrower_id: str
    name: str
    phone: str
    debts: Sequence[str]
    amounts: Sequence[Money]
    days_past_due: int
    at: datetime
    step: int
    rule: str
    priority: int
    segment: Segment
    strategy: str
    contact_rules: str
    template: str
    language: str = ""
    text: str = ""
    portfolio: str

    def cells(self) -> Row:
        """Under PLAN_COLUMNS."""
        return (
            self.outcome,
            str(sentence(self.outcome)),
            self.borrower_id,
            self.name,
            f"…{self.phone[-4:]}",
            "|".join(self.debts),
            "|".join(f"{exact(money)} {money.currency}" for money in self.amounts),
            str(self.days_past_due),
            f"{self.at:%H:%M}",
            str(self.step),
            self.rule,
            str(self.priority),
            self.segment,
            self.strategy,
            self.contact_rules,
            self.template,
            self.language,
            self.text,
            self.portfolio,
        )
