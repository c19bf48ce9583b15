"""How often a borrower may be contacted, over all debts, portfolios and channels."""

from collections.abc import Sequence
from datetime import date, timedelta

from cobranza.policy.contact_rules import ContactRules
from cobranza.policy.message import Message, State


def too_often(rules: ContactRules, messages: Sequence[Message], touches: Sequence[date], today: date) -> bool:
    """Whether one contact more today is too many. Counts attempts, not answers, and the calls and visits that
    somebody made elsewhere (`touches`). Seven days back hold the calendar week so far."""
    days = [message.day for message in messages if message.state is not State.RETRY]
    days += [day for day in touches if day <= today]
    week = sum(today - timedelta(days=7) < day for day in days)
    near = any((today - day).days < rules.min_days_between for day in days)
    return near or week >= rules.max_per_week or days.count(today) >= rules.max_per_day
