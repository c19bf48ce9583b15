"""Alarms and dashboard: all that should ring does, and nothing listens to what nobody says."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from cobranza.flows.record_statuses import STATES
from cobranza.gateway.signature import Verdict
from tests.unit.template import (
    MAPPING,
    QUEUE,
    ROOT,
    TABLE,
    Node,
    Stack,
    dead_letter_queues,
    every_function,
    every_stage,
    function_of,
    name_of,
    queue_mappings,
    source,
    sources,
    stack,
)

ALARM, DASHBOARD = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"
OURS = "Cobranza"
DEAD, AGE = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
RUNBOOK = ROOT / "docs" / "runbook.md"

# All others ring at the first. Seconds that the oldest message of a queue may wait; milliseconds of a stream.
MORE_THAN = {
    "FilesAreLate": 3600,
    "RemindersAreLate": 1800,
    "ReceiptsAreLate": 120,
    "RepliesAreLate": 600,
    "EventsAreLate": 300_000,
    "MessagesFail": 10,  # of a hundred
    "WebhooksAreForged": 10,  # strangers try, and `cobranza doctor` does
    "PaymentsAreForged": 10,
    "TablesAreThrottled": 100,
}
# What a metric is called whose name has a part that only a run knows.
TOLD_BY_A_RUN = {
    "Outcome": {"Sent", "Failed", "Unknown", "Skipped", "Deferred", "None"},
    "Messages": {status.title() for status in STATES},
    "Payments": {"Applied", "Known", "Unmatched", *(each.title() for each in Verdict)},
    "Receipts": {"Toverify", "Review", "Wrongtype", "Toolarge", "Gone", "Notfound"},
}
COUNTING = {"count", "measure", "_refused", "take_each"}


def alarms(of: Stack) -> dict[str, Node]:
    return of.of(ALARM)


def metrics_of(alarm: Node) -> list[Node]:
    """What it watches: namespace, name, dimensions, statistic and period of each metric."""
    if "MetricName" in alarm:
        return [alarm]
    stats = [each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each]
    return [each["Metric"] | {"Statistic": each["Stat"], "Period": each["Period"]} for each in stats]


def dimensions(metric: Node) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in metric["Dimensions"]}


def shown(of: Stack) -> list[Node]:
    """The metrics of the dashboard, in the same shape."""
    (board,) = of.of(DASHBOARD).values()
    found: list[Node] = []
    for widget in json.loads(board["DashboardBody"])["widgets"]:
        for told in widget["properties"].get("metrics", []):
            if isinstance(told[0], str):
                words = [each for each in told if isinstance(each, str)]
                named = zip(words[2::2], words[3::2], strict=True)
                pairs = [{"Name": name, "Value": value} for name, value in named]
                found.append({"Namespace": words[0], "MetricName": words[1], "Dimensions": pairs})
    return found


@cache
def counted() -> frozenset[tuple[str, str]]:
    """Every metric that the code counts: its function, and its name."""
    return frozenset(
        (handler.parent.name, name)
        for handler in (ROOT / "functions").glob("*/handler.py")
        for text in (handler.read_text(encoding="utf-8"), *_asked_to_count(handler.read_text(encoding="utf-8")))
        for name in _counted_in(ast.parse(text))
    )


def _asked_to_count(handler: str) -> Iterator[str]:
    """The modules of the layer that a handler names and that count for it."""
    for module in re.findall(r"^from (cobranza\.\w+) import", handler, flags=re.MULTILINE):
        path = ROOT / "layers" / "cobranza" / f"{module.replace('.', '/')}.py"
        if path.exists() and "telemetry.count(" in (text := path.read_text(encoding="utf-8")):
            yield text


def _counted_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node.func) in COUNTING:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                yield from _names_in(argument)


def _called(function: ast.expr) -> str:
    match function:
        case ast.Attribute(value=ast.Name(id="telemetry"), attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _names_in(argument: ast.expr) -> Iterator[str]:
    match argument:
        case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), ast.FormattedValue()]):
            yield from (f"{prefix}{rest}" for rest in TOLD_BY_A_RUN[prefix])
        case ast.Constant(value=str(name)):
            yield name
        case ast.IfExp(body=one, orelse=other):
            yield from (*_names_in(one), *_names_in(other))
        case _:
            return


# ── all that should ring ─────────────────────────────────────────────────────────────────────────────


@every_stage
def test_every_alarm_rings_at_the_one_topic_and_at_the_first_unless_it_says_so_here(stage: str) -> None:
    now = stack(stage)
    for name, alarm in alarms(now).items():
        assert alarm["AlarmActions"] == ["${AlarmsTopic}"]
        if name == "SchedulerStandsStill":
            continue
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (
            MORE_THAN.get(name, 0),
            "GreaterThanThreshold",
        )
        assert (alarm["TreatMissingData"], alarm["EvaluationPeriods"]) == ("notBreaching", 1)
    assert set(MORE_THAN) - set(alarms(now)) <= {
        name for name, each in sources(ALARM).items() if "Condition" in each
    }


@every_stage
def test_whatever_is_given_up_raises_an_alarm(stage: str) -> None:
    now = stack(stage)
    watching = [each for alarm in alarms(now).values() for each in metrics_of(alarm) if each["MetricName"] == DEAD]
    assert {name_of(dimensions(each)["QueueName"]) for each in watching} == dead_letter_queues(now)
    assert {each["Statistic"] for each in watching} == {"Maximum"}


@every_stage
def test_whatever_waits_too_long_raises_an_alarm(stage: str) -> None:
    now = stack(stage)
    watching = [each for alarm in alarms(now).values() for each in metrics_of(alarm) if each["MetricName"] == AGE]
    worked_on = {name_of(each["EventSourceArn"]) for each in queue_mappings(now)}
    two_metrics = {"FilesQueue", "RemindersQueue", "MediaQueue"} if stage == "local" else set[str]()
    assert {name_of(dimensions(each)["QueueName"]) for each in watching} == worked_on - two_metrics
    assert {each["Statistic"] for each in watching} == {"Maximum"}


@pytest.mark.parametrize(
    ("alarm", "metric", "service"),
    [
        ("ReceiptsAreLate", "RetriedReceiptAge", "receipts"),
        ("RemindersAreLate", "RetriedReminderAge", "send"),
        ("FilesAreLate", "WaitingFileAge", "ingest"),
    ],
)
def test_what_comes_back_too_often_for_the_age_of_its_queue_raises_the_same_alarm(
    alarm: str, metric: str, service: str
) -> None:
    """SQS leaves what was received three times out of the age of a queue's oldest message, and a message that
    stands for an earlier one has an age of its own."""
    watching = alarms(stack("prod"))[alarm]
    (told,) = (each["Expression"] for each in watching["Metrics"] if each.get("ReturnData", True))
    assert told == "MAX(METRICS())"
    queue, ours = metrics_of(watching)
    assert (queue["MetricName"], queue["Statistic"]) == (AGE, "Maximum")
    assert (ours["Namespace"], ours["MetricName"], ours["Statistic"]) == (OURS, metric, "Maximum")
    assert dimensions(ours) == {"service": service}
    assert ours["Period"] == queue["Period"]


def test_what_fails_at_other_queues_is_given_up_before_it_would_be_late() -> None:
    """So that the age of the queue, which leaves it out, need not tell of it."""
    queues = stack("prod").of(QUEUE)
    longest_rest = 15  # of a reply, in its handler
    assert queues["RepliesQueue"]["RedrivePolicy"]["maxReceiveCount"] * longest_rest < MORE_THAN["RepliesAreLate"]


def test_a_stream_that_stands_still_raises_an_alarm() -> None:
    now = stack("prod")
    streams = [each for each in now.of(MAPPING).values() if each not in queue_mappings(now)]
    (function,) = {function_of(stream["FunctionName"]) for stream in streams}
    alarm = alarms(now)["EventsAreLate"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("IteratorAge", "Maximum")
    assert dimensions(alarm) == {"FunctionName": f"${{{function}}}"}


@every_function
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_a_function_that_fails_or_cannot_start_raises_an_alarm(function: str, metric: str) -> None:
    watching = [
        name
        for name, alarm in alarms(stack("prod")).items()
        for each in metrics_of(alarm)
        if each["MetricName"] == metric and name_of(dimensions(each)["FunctionName"]) == function
    ]
    assert len(watching) == 1


def test_a_table_that_is_throttled_raises_an_alarm_and_so_does_each_index() -> None:
    now = stack("prod")
    wanted = {
        (table, index, f"{kind}ThrottleEvents")
        for table, properties in now.of(TABLE).items()
        for index in ("", *(each["IndexName"] for each in properties["GlobalSecondaryIndexes"]))
        for kind in ("Read", "Write")
    }
    watched = {
        (name_of(where["TableName"]), where.get("GlobalSecondaryIndexName", ""), each["MetricName"])
        for each in metrics_of(alarms(now)["TablesAreThrottled"])
        if (where := dimensions(each))
    }
    assert watched == wanted


def test_a_scheduler_that_says_nothing_is_one_that_stands_still() -> None:
    alarm = alarms(stack("prod"))["SchedulerStandsStill"]
    assert (alarm["TreatMissingData"], alarm["ComparisonOperator"]) == ("breaching", "LessThanThreshold")
    assert (alarm["Statistic"], alarm["Threshold"]) == ("SampleCount", 1)
    assert alarm["Period"] >= 2 * 5 * 60 + 60  # one tick may be late


@every_stage
@pytest.mark.parametrize(
    ("metric", "function", "statistic"),
    [
        ("OutcomesMissing", "ReportsFunction", "Sum"),
        ("BreakersOpened", "SendFunction", "Sum"),
        ("BreakersOpened", "WebhookFunction", "Sum"),
        ("QualityDropped", "WebhookFunction", "Sum"),
        ("AccountAlerts", "WebhookFunction", "Sum"),
        ("WebhooksUnreadable", "WebhookFunction", "Sum"),
        ("BreakersOpen", "SchedulerFunction", "Maximum"),
        ("UnknownErrorCodes", "SendFunction", "Sum"),
        ("UnknownErrorCodes", "WebhookFunction", "Sum"),
        ("LinesUnreadable", "EventsFunction", "Sum"),
        ("TemplatesHeld", "SendFunction", "Sum"),
        ("RemindersStale", "SendFunction", "Sum"),
        ("FilesRefused", "IngestFunction", "Sum"),
        ("FilesWaiting", "IngestFunction", "Sum"),
        ("WebhooksForged", "WebhookFunction", "Sum"),
        ("PaymentsForged", "PaymentsFunction", "Sum"),
        ("BorrowersQueued", "SchedulerFunction", "SampleCount"),
    ],
)
def test_what_a_function_counts_for_a_person_raises_an_alarm(
    stage: str, metric: str, function: str, statistic: str
) -> None:
    now = stack(stage)
    told = now.functions[function].properties["Environment"]["Variables"]
    service = {"service": told["POWERTOOLS_SERVICE_NAME"]}
    (alarm,) = (
        each for each in alarms(now).values() if each.get("MetricName") == metric and dimensions(each) == service
    )
    assert alarm["Namespace"] == told["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Statistic"] == statistic


def test_the_alarm_of_open_breakers_does_not_end_between_two_ticks() -> None:
    now = stack("prod", ScheduleExpression="rate(5 minutes)")
    assert alarms(now)["BreakersAreOpen"]["Period"] > 5 * 60


def test_the_rate_of_failures_is_of_what_was_tried() -> None:
    alarm = alarms(stack("prod"))["MessagesFail"]
    names = {each["Id"]: each["MetricStat"]["Metric"]["MetricName"] for each in alarm["Metrics"][1:]}
    assert names == {"taken": "OutcomeSent", "refused": "OutcomeFailed", "failed": "MessagesFailed"}
    (told,) = (each["Expression"] for each in alarm["Metrics"] if each.get("ReturnData", True))
    assert set(re.findall(r"FILL\((\w+), 0\)", told)) == set(names)


# ── nothing listens to what nobody says ──────────────────────────────────────────────────────────────


def test_what_alarms_and_dashboard_watch_of_ours_is_counted_by_that_function() -> None:
    now = stack("prod")
    watched = [*shown(now), *(each for alarm in alarms(now).values() for each in metrics_of(alarm))]
    ours = {(dimensions(each)["service"], each["MetricName"]) for each in watched if each["Namespace"] == OURS}
    assert len(ours) > 20
    assert ours - counted() == set()


def test_a_misspelt_metric_would_be_found() -> None:
    assert ("send", "OutcomeSent") in counted()
    assert ("webhook", "WebhooksForged") in counted()
    assert ("payments", "PaymentsForged") in counted()
    assert ("send", "UnknownErrorCodes") in counted()
    assert ("answer", "AnswersRetried") in counted()
    assert ("send", "OutcomesSent") not in counted()
    assert ("ingest", "OutcomeSent") not in counted()
    assert ("ingest", "UnknownErrorCodes") not in counted()


def test_each_function_counts_something_and_by_its_service_alone() -> None:
    """A portfolio as a dimension would be a metric for each, and a bill for each."""
    assert {service for service, _ in counted()} == {
        each.environment["POWERTOOLS_SERVICE_NAME"] for each in stack("prod").functions.values()
    }
    code = [path.read_text(encoding="utf-8") for path in (ROOT / "layers").rglob("*.py")]
    code += [path.read_text(encoding="utf-8") for path in (ROOT / "functions").rglob("*.py")]
    assert not [text for text in code if "add_dimension" in text or "set_default_dimensions" in text]
    now = stack("prod")
    watched = [*shown(now), *(each for alarm in alarms(now).values() for each in metrics_of(alarm))]
    assert {tuple(dimensions(each)) for each in watched if each["Namespace"] == OURS} == {("service",)}


def test_what_is_watched_of_awss_is_this_stacks() -> None:
    now = stack("prod")
    watched = [*shown(now), *(each for alarm in alarms(now).values() for each in metrics_of(alarm))]
    named = {
        value
        for each in watched
        if each["Namespace"] != OURS
        for name, value in dimensions(each).items()
        if name != "GlobalSecondaryIndexName"
    }
    assert {name_of(value) for value in named} <= set(now.of(QUEUE)) | set(now.functions) | set(now.of(TABLE))


@every_stage
def test_an_alarm_takes_ten_metrics_and_the_emulator_one(stage: str) -> None:
    for name, alarm in alarms(stack(stage)).items():
        assert len(metrics_of(alarm)) <= (1 if stage == "local" else 10), name


# ── a person finds what to do ────────────────────────────────────────────────────────────────────────


def pages() -> dict[str, str]:
    """The runbook's sections by title."""
    parts: list[Any] = re.split(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("alarm", sources(ALARM))
def test_an_alarm_ends_with_its_page_of_the_runbook(alarm: str) -> None:
    said = source()["Resources"][alarm]["Properties"]["AlarmDescription"]
    assert said.split()[-1] == f"docs/runbook.md#{alarm.lower()}"
    assert len(said) <= 1024
    page = pages()[alarm]
    for part in ("**It means**", "**Look first**", "**Do**", "**Do not**"):
        assert page.count(part) == 1, part
    look = page[page.index("**Look first**") : page.index("**Do**")]
    assert "`" in look, "the first look is a command"


def test_no_page_is_of_an_alarm_that_is_gone() -> None:
    assert set(pages()) == set(sources(ALARM))
