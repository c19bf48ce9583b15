"""What a running stack told others than its borrowers, and whether any of it names one."""

from collections.abc import Iterable, Iterator

import requests

from local import personal
from local.stack import Stack

MOST_LINES = 10_000


def leaks(stack: Stack, names: Iterable[str] = ()) -> list[str]:
    """Where something personal was told, with the text, what is personal in it masked: each once. `names` were
    planted besides those of tests."""
    planted = list(names)
    found = ((where, text) for where, text in told(stack) if personal.find(text, planted))
    return list(dict.fromkeys(f"{where}: {personal.masked(text, planted)[:500]}" for where, text in found))


def told(stack: Stack) -> Iterator[tuple[str, str]]:
    """All log lines, the figures that were counted among them; what lies in the queues, also in the dead ones and
    the sample of events; and the names of metrics."""
    yield from _logged(stack)
    yield from _queued(stack)
    for page in stack.client("cloudwatch").get_paginator("list_metrics").paginate():
        for metric in page["Metrics"]:
            yield "metric", f"{metric['Namespace']} {metric['MetricName']} {metric['Dimensions']}"


def _logged(stack: Stack) -> Iterator[tuple[str, str]]:
    for page in stack.client("logs").get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for line in _lines(stack, group["logGroupName"]):
                yield group["logGroupName"], line


def _lines(stack: Stack, group: str) -> Iterator[str]:
    """All of a group, some twice: the emulator gives at most so many at once, and no token for the rest."""
    since = 0
    while True:
        asked = {"logGroupName": group, "startTime": since, "limit": MOST_LINES}
        events = stack.client("logs").filter_log_events(**asked)["events"]
        yield from (event["message"] for event in events)
        if len(events) < MOST_LINES:
            return
        since = max(since + 1, *(event["timestamp"] for event in events))


def _queued(stack: Stack) -> Iterator[tuple[str, str]]:
    """The emulator shows what lies in its queues without taking it."""
    answer = requests.get(f"{stack.endpoint}/_ministack/sqs/messages", timeout=30)
    answer.raise_for_status()
    queues = answer.json()["messages"].get(stack.account, {}).get(stack.region, {})
    for url, messages in queues.items():
        for message in messages:
            yield url.rpartition("/")[-1], message["Body"]
