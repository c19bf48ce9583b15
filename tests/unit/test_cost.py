"""The page of costs is made of counts, prices and assumptions, and of nothing else."""

import pytest
import yaml

from local.cost import (
    ALONE,
    BUDGETS,
    DATA,
    GOAL,
    PAGE,
    TOGETHER,
    assumed,
    counted,
    is_held,
    prices,
    renewed,
    standing,
    uses,
)
from tests.unit.test_template_alarms import counted as metrics


def test_the_page_tells_what_the_data_say() -> None:
    page = PAGE.read_text()
    assert renewed(page) == page


def test_what_is_used_has_a_price_and_each_price_says_where_it_stands() -> None:
    for each in (*uses(counted(), ALONE), *standing(counted())):
        assert each.usd > 0, each
    for price in prices().values():
        assert price.page.startswith("aws.amazon.com/")
    assert yaml.safe_load((DATA / "prices.yaml").read_text())["read_on"]


def test_statuses_that_come_together_cost_less_and_nothing_else_does() -> None:
    less = {
        one.what
        for one, other in zip(uses(counted(), ALONE), uses(counted(), TOGETHER), strict=True)
        if one.quantity != other.quantity
    }
    assert less == {
        "writes",
        "reads",
        "compute",
        "invocations",
        "webhooks",
        "logs written",
        "logs kept, three months",
    }


def test_every_budget_is_held() -> None:
    assert [each.what for each in BUDGETS if not is_held(each, counted())] == []


@pytest.mark.parametrize("status", [ALONE, TOGETHER])
def test_a_million_reminders_cost_no_more_than_the_goal(status: str) -> None:
    assert sum(each.usd for each in uses(counted(), status)) <= GOAL


def test_the_metrics_that_are_paid_are_those_that_functions_tell() -> None:
    assert counted().metrics == len(metrics())


def test_writes_are_those_of_each_step_as_often_as_it_is_done() -> None:
    (writes,) = (each for each in uses(counted(), TOGETHER) if each.price == "dynamodb_write")
    per_reminder = sum(
        times * counted().of(step, "wru")
        for step, times in {
            "import": assumed()["rows"],
            "lease": 1,
            "send": 1,
            TOGETHER: 1 + 2 * assumed()["read"],
            "report": 1,
            "plan": assumed()["days_in_book"],
            "next report": 1,
            "quiet report": assumed()["days_in_book"] - 2,
            "reply": assumed()["replies"] / 100,
        }.items()
    )
    assert round(writes.usd, 6) == round(per_reminder * 0.625, 6)
