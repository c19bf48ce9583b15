"""What AWS says of a stack and of the account that it is in, to `cobranza doctor`."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from cobranza_cli import doctor

QUEUES = ("Files", "Reminders", "Media", "Replies", "Reports", "Events")
OUTPUTS = {
    "Ledger": "ledger",
    "Journal": "journal",
    "Inbox": "inbox",
    "Stage": "prod",
    "TestPhones": "",
    "CountriesOn": "MX,CO,BR",
    "Senders": "5",
    "CasesIssuer": "",
    "Alarms": "alarms",
    **{name: f"cobranza-{name}-1" for name in doctor.FUNCTIONS},
    **{name: name for name in doctor.RULES},
    "WebhookUrl": "https://api.example.com/webhook",
    **{f"{name}SecretArn": name for name in ("Provider", "Webhook", "Identity", "Gateway")},
    **{f"{name}QueueUrl": f"https://sqs/{name}" for name in QUEUES},
    **{f"{name}DeadLettersUrl": f"https://sqs/{name}Dead" for name in QUEUES},
}


@dataclass
class Account:
    """What AWS says of the account that the stack is in."""

    secrets: dict[str, Any]
    subscriptions: list[str]
    dead: int = 0
    oldest: float = 3.0
    executions: int = 1000
    returned: float = 30.0
    off: frozenset[str] = frozenset()
    is_told: bool = True
    schedules: str = "ENABLED"
    reserved: dict[str, int] = field(default_factory=dict[str, int])
    refuses: str = ""
    asked_for: set[str] = field(default_factory=set[str])

    @property
    def exceptions(self) -> Any:
        return type("Exceptions", (), {"ResourceNotFoundException": KeyError})

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        self._ask("GetSecretValue")
        return {"SecretString": json.dumps(self.secrets[SecretId])}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
        self._ask("GetQueueAttributes")
        count = self.dead if QueueUrl.endswith("Dead") else 0
        date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        attributes = {name: str(count if name == "ApproximateNumberOfMessages" else 0) for name in AttributeNames}
        attributes |= {"QueueArn": f"arn:{QueueUrl}"} if "QueueArn" in AttributeNames else {}
        return {"Attributes": attributes, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}

    def get_metric_statistics(self, *, Namespace: str, EndTime: datetime, **_: Any) -> dict[str, Any]:
        self._ask("GetMetricStatistics")
        older, newer = EndTime - timedelta(minutes=3), EndTime - timedelta(minutes=1)
        then, now = (9e9, self.oldest) if Namespace == "AWS/SQS" else (self.returned, 0.0)
        return {"Datapoints": [{"Timestamp": newer, "Maximum": now}, {"Timestamp": older, "Maximum": then}]}

    def get_account_settings(self) -> dict[str, Any]:
        self._ask("GetAccountSettings")
        return {"AccountLimit": {"ConcurrentExecutions": self.executions}}

    def list_rules(self, *, NamePrefix: str) -> dict[str, Any]:
        self._ask("ListRules")
        state = "DISABLED" if NamePrefix in self.off else "ENABLED"
        return {"Rules": [{"Name": NamePrefix, "State": state}, {"Name": f"{NamePrefix}2", "State": "ENABLED"}]}

    def get_bucket_notification_configuration(self, *, Bucket: str) -> dict[str, Any]:
        self._ask("GetBucketNotification")
        return {"EventBridgeConfiguration": {}} if self.is_told else {}

    @property
    def sources(self) -> list[dict[str, str]]:
        """The triggers, and one of somebody else, who reads the ledger's stream too."""
        here = "us-east-1:111122223333"
        named = [
            (f"arn:aws:sqs:{here}:{name.title()}", name, function) for name, function in doctor.READERS.items()
        ]
        for name, function in [*doctor.STREAMS.items(), ("Ledger", "Others")]:
            named.append((f"arn:aws:dynamodb:{here}:table/{OUTPUTS[name]}/stream/2026", name, function))
        return [
            {
                "EventSourceArn": arn,
                "FunctionArn": f"arn:aws:lambda:{here}:function:cobranza-{function}-1:live",
                "State": "Disabled" if name in self.off and function != "Others" else "Enabled",
            }
            for arn, name, function in named
        ]

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, int]:
        self._ask("GetFunctionConcurrency")
        return self.reserved

    def get_paginator(self, operation: str) -> "Account":
        self._ask("".join(map(str.title, operation.split("_"))))
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        functions = (
            f"arn:aws:lambda:us-east-1:111122223333:function:cobranza-{name}-1:live" for name in doctor.FUNCTIONS
        )
        schedules = [{"State": self.schedules, "Target": {"Arn": arn}} for arn in functions]
        subscriptions = [{"SubscriptionArn": arn} for arn in self.subscriptions]
        listed = {"Subscriptions": subscriptions, "Schedules": schedules}
        return [
            listed | {"EventSourceMappings": self.sources[:3]},
            listed | {"EventSourceMappings": self.sources[3:]},
        ]

    def _ask(self, operation: str) -> None:
        self.asked_for.add(operation)
        if operation == self.refuses:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, operation)
