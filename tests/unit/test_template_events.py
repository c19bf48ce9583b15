"""What others may hear: two streams, one function, a bus, and what is refused."""

import json
from typing import Any

import pytest

from tests.unit.streams import CLAIMS, patterns
from tests.unit.template import MAPPING, QUEUE, TABLE, Node, every_stage, stack
from tests.unit.test_template_rights import STREAM_READING


@every_stage
def test_events_reads_both_streams_and_puts_on_the_bus_and_does_nothing_else(stage: str) -> None:
    now = stack(stage)
    grants = now.functions["EventsFunction"].grants
    assert {(a, where) for grant in grants for a in grant.actions for where in grant.resources} == {
        *(
            (action, f"${{{table}.StreamArn}}")
            for action in STREAM_READING
            for table in ("JournalTable", "LedgerTable")
        ),
        ("events:PutEvents", "${EventBus.Arn}"),
        ("sqs:SendMessage", "${EventsDeadLetters.Arn}"),
        ("logs:CreateLogStream", "${EventsLog.Arn}"),
        ("logs:PutLogEvents", "${EventsLog.Arn}"),
    }
    readers = {each.name for each in now.functions.values() if each.may("dynamodb:GetRecords")}
    assert readers == {"EventsFunction"}


def stream_of(table: str) -> Node:
    """The event source mapping of a table's stream."""
    now = stack("prod")
    (found,) = (each for each in now.of(MAPPING).values() if each["EventSourceArn"] == f"${{{table}.StreamArn}}")
    return found


@pytest.mark.parametrize(
    ("table", "images"), [("JournalTable", "NEW_IMAGE"), ("LedgerTable", "NEW_AND_OLD_IMAGES")]
)
def test_what_the_bus_refuses_comes_again_and_is_given_up_one_by_one(table: str, images: str) -> None:
    mapping = stream_of(table)
    assert stack("prod").of(TABLE)[table]["StreamSpecification"] == {"StreamViewType": images}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["ParallelizationFactor"] == 1
    assert 1 <= mapping["MaximumRetryAttempts"] <= 10_000
    assert 3600 <= mapping["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == "${EventsDeadLetters.Arn}"


@pytest.mark.parametrize(("table", "told"), [("JournalTable", patterns()), ("LedgerTable", [CLAIMS])])
def test_a_stream_lets_through_what_is_told_and_nothing_else(table: str, told: list[dict[str, Any]]) -> None:
    filters = stream_of(table)["FilterCriteria"]["Filters"]
    assert [json.loads(each["Pattern"]) for each in filters] == told
    assert 1 <= len(filters) <= 5
    assert all(len(each["Pattern"]) <= 4096 for each in filters)


@pytest.mark.parametrize(("stage", "samples"), [("local", 1), ("dev", 1), ("prod", 0)])
def test_a_sample_shows_all_events_but_not_in_prod(stage: str, samples: int) -> None:
    rules = [each for each in stack(stage).of("AWS::Events::Rule").values() if "EventBusName" in each]
    assert [each["EventPattern"] for each in rules] == [{"source": ["cobranza"]}] * samples
    assert ("EventsSample" in stack(stage).of(QUEUE)) == bool(samples)
