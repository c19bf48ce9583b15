"""The topic on which people hear what became of a file: where its results lie, how many rows, nobody's data."""

import json
from datetime import date
from typing import Any

from cobranza.files.results import Summary
from cobranza.policy.outcomes import SEND
from cobranza.store.plans import Plan

# Letters that SNS takes as a subject.
MOST = 100


class Notices:
    def __init__(self, sns: Any, topic: str) -> None:
        self._sns = sns
        self._topic = topic

    def tell(self, summary: Summary, results: str) -> None:
        state = "REFUSED" if summary.error else "WAITING" if summary.waiting else "DONE"
        if summary.pause:
            state = summary.pause["state"]
        if summary.approval:
            state = "APPROVED"
        told = {
            "v": 1,
            "state": state,
            "kind": summary.kind,
            "portfolio": summary.portfolio,
            "results": f"{results}/",
            "code": summary.error.code if summary.error else "",
            "read": summary.read,
            "created": summary.created,
            "updated": summary.updated,
            "unchanged": summary.unchanged,
            "refused": summary.refused,
            "closed": summary.closed,
            "waiting": summary.waiting and dict(summary.waiting),
        }
        self._publish(f"{state}: {summary.kind} of {summary.portfolio}", told)

    def plan_is_ready(self, plan: Plan, results: str, *, needs_approval: bool, at_most: int | None) -> None:
        """How many rows it has of each outcome; `send` are messages. `needs_approval`: nobody is written to before
        a person agrees; `at_most`: as many people as the ramp of a new number lets through on that day."""
        told = {
            "v": 1,
            "state": "PLANNED",
            "kind": "plans",
            "portfolio": plan.portfolio,
            "day": plan.day.isoformat(),
            "results": f"{results}/",
            "send": plan.outcomes.get(SEND, 0),
            "outcomes": dict(plan.outcomes),
            "needs_approval": needs_approval,
            "at_most": at_most,
        }
        self._publish(f"PLANNED: {plan.day} of {plan.portfolio}", told)

    def receipts_wait(self, portfolio: str, day: date, last_day: int, cases: int, results: str) -> None:
        """Nobody has decided about receipts: so many keep reminders back for one day more, so many have become
        cases at the end of `day`."""
        told = {
            "v": 1,
            "state": "RECEIPTS_WAIT",
            "kind": "receipts",
            "portfolio": portfolio,
            "day": day.isoformat(),
            "results": results,
            "last_day": last_day,
            "cases": cases,
        }
        self._publish(f"RECEIPTS_WAIT: {last_day + cases} of {portfolio}", told)

    def _publish(self, subject: str, told: dict[str, Any]) -> None:
        self._sns.publish(TopicArn=self._topic, Subject=subject[:MOST], Message=json.dumps(told, indent=1))
