"""How often a borrower may be contacted, over all debts, portfolios and channels."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cobranza.policy.contact_rules import ContactRules
from cobranza.policy.message import Message, State

WEEK = timedelta(days=7)


class Caps(BaseModel):
    """Limits of somebody's own beside the country's, for each borrower: they tighten, and never loosen. None
    leaves the country's. `min_days_between` counts local dates (1 allows the next day), as far back as claims are
    kept."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    max_per_day: Annotated[int, Field(ge=1)] | None = None
    max_per_week: Annotated[int, Field(ge=1)] | None = None
    min_days_between: Annotated[int, Field(ge=1, le=14)] | None = None

    def on_top_of(self, rules: ContactRules) -> tuple[int, int, int]:
        """The stricter of each: messages a day, messages a week, days between two."""
        return (
            min(rules.max_per_day, self.max_per_day or rules.max_per_day),
            min(rules.max_per_week, self.max_per_week or rules.max_per_week),
            max(rules.min_days_between, self.min_days_between or rules.min_days_between),
        )


def went_elsewhere(messages: Sequence[Message], today: date, phone_ref: str) -> bool:
    """Whether another phone of the borrower's was tried today: no two are on one day."""
    tried = {m.phone_ref for m in messages if m.day == today and m.state is not State.RETRY and m.phone_ref}
    return bool(tried - {phone_ref})


def too_often(
    rules: ContactRules,
    messages: Sequence[Message],
    touches: Sequence[date],
    today: date,
    caps: Caps | None = None,
) -> bool:
    """Whether one message more today is too many.

    Counts attempts, not answers, and the calls and visits that somebody made elsewhere (`touches`, their local
    dates). A week is the calendar's (ISO) and any seven days, whichever is stricter: the seven days back to today
    always hold the calendar week so far.
    """
    per_day, per_week, days_between = (caps or Caps()).on_top_of(rules)
    elsewhere = [day for day in touches if day <= today]
    days = [message.day for message in messages if message.state is not State.RETRY] + elsewhere
    monday = today - timedelta(days=today.weekday())
    if rules.one_channel_per_week and any(day >= monday for day in elsewhere):
        return True
    near = any((today - day).days < days_between for day in days)
    week = sum(today - WEEK < day for day in days)
    return near or week >= per_week or days.count(today) >= per_day
