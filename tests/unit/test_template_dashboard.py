"""The dashboard: a funnel by value, and what it asks of the logs."""

import json
import re
from typing import Any

from tests.unit.template import ROOT, Node, stack
from tests.unit.test_template_alarms import DASHBOARD, counted


def widgets() -> list[Node]:
    (board,) = stack("prod").of(DASHBOARD).values()
    return json.loads(board["DashboardBody"])["widgets"]


def test_the_funnel_goes_from_the_plan_to_what_was_paid_and_who_stopped() -> None:
    assert [metric[0]["label"] if isinstance(metric[0], dict) else metric[1] for metric in funnel()] == [
        "RemindersPlanned",
        "BorrowersQueued",
        "OutcomeSent",
        "MessagesDelivered",
        "MessagesRead",
        "RepliesRead",
        "PaymentsApplied",
        "OptOuts",
        "OutcomeFailed",
        "MessagesFailed",
    ]


def funnel(*, hidden: bool = False) -> list[list[Any]]:
    """The metrics of the dashboard's first widget that it shows; or those that it reckons with alone."""
    told = widgets()[0]["properties"]["metrics"]
    return [
        metric
        for metric in told
        if (isinstance(metric[-1], dict) and metric[-1].get("visible") is False) == hidden
    ]


def test_who_paid_is_the_sum_of_all_who_book_payments() -> None:
    """A gateway, a file, and a person who accepts a receipt; whoever books none adds none."""
    (paid,) = (metric[0]["expression"] for metric in funnel() if isinstance(metric[0], dict))
    services = {metric[-1]["id"]: metric[3] for metric in funnel(hidden=True)}
    assert {metric[1] for metric in funnel(hidden=True)} == {"PaymentsApplied"}
    assert {(service, "PaymentsApplied") for service in services.values()} == {
        each for each in counted() if each[1] == "PaymentsApplied"
    }
    figures = dict(zip(services, (1, 20, 300), strict=True))
    assert eval(paid, {"SUM": sum, "__builtins__": {}}, figures) == 321


def test_what_the_dashboard_asks_of_a_log_is_said_in_it() -> None:
    """By code nothing is a metric: each of Meta's hundred codes would be a price of its own."""
    asked = [_asked(each["properties"]["query"]) for each in widgets() if each["type"] == "log"]
    assert asked == [("send", "reminder", "outcome"), ("webhook", "meta failed a message", "code")]
    for function, message, field in asked:
        handler = (ROOT / "functions" / function / "handler.py").read_text(encoding="utf-8")
        assert re.search(rf'logger\.\w+\(\s*"{message}"', handler)
        assert re.search(rf'\b{field}=|"{field}":', handler)


def _asked(query: str) -> tuple[str, str, str]:
    """Of which function's log, for which lines, and by which of their fields."""
    found = re.match(r"SOURCE '\W*(\w+)Log\W*' \| filter message = '([^']+)' \| stats .+ by (\w+) ", query)
    assert found, query
    log, message, field = found.groups()
    return log.lower(), message, field
