"""Each alarm that is deployed rings at the topic when its metric says so, names its page, and ends by itself.

The first of all files, before anything happened: the emulator counts failures of functions itself. It looks at an
alarm when a metric is put, not at dimensions and not for data that is missing; tests/unit/test_ringing.py does.
"""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from local import drive
from local.stack import Stack

# Seconds for which a datum is still within its alarm's period.
LEFT = 4
NOTHING = {"StatisticValues": {"SampleCount": 0.0, "Sum": 0.0, "Minimum": 0.0, "Maximum": 0.0}}


def test_every_alarm_rings_with_its_page_and_ends_when_its_metric_does(stack: Stack) -> None:
    alarms = deployed(stack)
    assert len(alarms) > 25
    with listening(stack) as queue:
        put(stack, alarms, [bad(alarm) for alarm in alarms])
        assert set(states(stack).values()) == {"ALARM"}
        heard: dict[str, str] = {}

        def is_heard() -> bool:
            heard.update(rung(stack, queue))
            return len(heard) == len(alarms)

        drive.wait_until(is_heard, "the alarms", 20)
    for alarm in alarms:
        assert heard[alarm["AlarmName"]] == alarm["AlarmDescription"]
        assert "docs/runbook.md#" in alarm["AlarmDescription"]
    time.sleep(LEFT)
    put(stack, alarms, [good(alarm) for alarm in alarms])
    assert set(states(stack).values()) == {"OK"}


def deployed(stack: Stack) -> list[dict[str, Any]]:
    """By namespace."""
    pages = stack.client("cloudwatch").get_paginator("describe_alarms").paginate()
    return sorted((each for page in pages for each in page["MetricAlarms"]), key=lambda each: each["Namespace"])


def states(stack: Stack) -> dict[str, str]:
    return {each["AlarmName"]: each["StateValue"] for each in deployed(stack)}


def listens_for_silence(alarm: dict[str, Any]) -> bool:
    return alarm["TreatMissingData"] == "breaching"


def bad(alarm: dict[str, Any]) -> dict[str, Any]:
    """A datum that is more than the alarm bears, and old enough to be forgotten soon."""
    if listens_for_silence(alarm):
        return NOTHING
    at = datetime.now(UTC) - timedelta(seconds=alarm["Period"] - LEFT)
    return {"Value": alarm["Threshold"] + 1, "Timestamp": at}


def good(alarm: dict[str, Any]) -> dict[str, Any]:
    return {"Value": 1.0 if listens_for_silence(alarm) else 0.0}


def put(stack: Stack, alarms: list[dict[str, Any]], data: list[dict[str, Any]]) -> None:
    """The datum of each alarm under its own metric, a call for each namespace."""
    pairs = zip(alarms, data, strict=True)
    for namespace, told in groupby(pairs, key=lambda pair: pair[0]["Namespace"]):
        metrics = [
            {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"]} | datum for alarm, datum in told
        ]
        stack.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=metrics)


@contextmanager
def listening(stack: Stack) -> Generator[str]:
    """A queue that hears the topic of alarms, as whoever is on call does; its address."""
    sqs, sns = stack.client("sqs"), stack.client("sns")
    (topic,) = {action for alarm in deployed(stack) for action in alarm["AlarmActions"]}
    queue = sqs.create_queue(QueueName="on-call")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    heard = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    try:
        yield queue
    finally:
        sns.unsubscribe(SubscriptionArn=heard["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=queue)


def rung(stack: Stack, queue: str) -> Generator[tuple[str, str]]:
    """The names of alarms that rang since, with what they said."""
    sqs = stack.client("sqs")
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            told = json.loads(json.loads(message["Body"])["Message"])
            assert told["NewStateValue"] == "ALARM"
            yield told["AlarmName"], told["AlarmDescription"]
