"""Writes the tables of docs/cost.md from counted calls, list prices and assumptions: python -m local.cost

The counts are docs/data/counted.json, written by `python -m tests.bench.cost`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict
from samtranslator.yaml_helper import yaml_parse

from local import marked

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "cost.md"
DATA = ROOT / "docs" / "data"
COUNTED = DATA / "counted.json"
BEGIN = "<!-- cost: written by `python -m local.cost` -->"
END = "<!-- end of cost -->"

REMINDERS = 1_000_000
GOAL = 30
GB = 1000**3
WHOLE_CORE = 1769  # megabytes of memory that come with one processor
DAYS = 30
# How statuses come: each in a body of its own, or the three of a message together.
ALONE, TOGETHER = "status", "statuses"


class Counts(BaseModel):
    """What tests/bench/cost.py counted: metrics that all functions tell; and for one reminder bytes kept in the
    tables, events by name, and by step its calls, units, bytes of logs, invocations and seconds of a processor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    reminders: int
    metrics: int
    kept_bytes: int
    events: Mapping[str, float]
    steps: Mapping[str, Mapping[str, float]]

    def of(self, step: str, name: str) -> float:
        return self.steps[step].get(name, 0.0)


class Price(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    usd: float
    per: float
    unit: str
    page: str


@dataclass(frozen=True, slots=True)
class Budget:
    """`most` of `unit`; `value` finds it in what was counted."""

    what: str
    unit: str
    most: float
    value: Callable[[Counts], float]


BUDGETS = (
    Budget("import", "write units a row", 5, lambda counts: counts.of("import", "wru")),
    Budget("lease", "write units", 3, lambda counts: counts.of("lease", "wru")),
    Budget("send", "write units", 7, lambda counts: counts.of("send", "wru")),
    Budget(
        "a status, three of a message in a body", "write units", 1.5, lambda counts: counts.of(TOGETHER, "wru")
    ),
    Budget("a status, alone in its body", "write units", 1.5, lambda counts: counts.of(ALONE, "wru")),
    Budget("outcome and report", "write units", 1, lambda counts: counts.of("report", "wru")),
    Budget("events", "a reminder", 3, lambda counts: sum(counts.events.values())),
    Budget("logs, three of a message in a body", "bytes", 4000, lambda counts: _logs(counts, TOGETHER)),
    Budget("logs, each status alone", "bytes", 4000, lambda counts: _logs(counts, ALONE)),
)


@dataclass(frozen=True, slots=True)
class Use:
    """So much of what has a price."""

    service: str
    what: str
    price: str
    quantity: float

    @property
    def usd(self) -> float:
        price = prices()[self.price]
        return self.quantity * price.usd / price.per


@cache
def prices() -> Mapping[str, Price]:
    told = yaml.safe_load((DATA / "prices.yaml").read_text())
    return {name: Price.model_validate(each) for name, each in told["prices"].items()}


@cache
def assumed() -> Mapping[str, float]:
    told = yaml.safe_load((DATA / "assumptions.yaml").read_text())
    return {name: each["value"] for name, each in told.items()}


def counted() -> Counts:
    return Counts.model_validate_json(COUNTED.read_text())


def _times(status: str) -> dict[str, float]:
    """How often each step is done for one reminder."""
    days = assumed()["days_in_book"]
    return {
        "import": assumed()["rows"],
        "lease": 1,
        "send": 1,
        status: 1 + 2 * assumed()["read"],
        "events": 1,
        "report": 1,
        "plan": days,
        "next report": 1,
        "quiet report": days - 2,
        "reply": assumed()["replies"] / 100,
    }


def _sum(counts: Counts, status: str, name: str) -> float:
    return sum(times * counts.of(step, name) for step, times in _times(status).items())


def _logs(counts: Counts, status: str) -> float:
    """Bytes of our own lines: of a run that went well Lambda writes none (`SystemLogLevel` of template.yaml)."""
    return _sum(counts, status, "log bytes")


def _seconds(counts: Counts, step: str, memory: int) -> float:
    """GB-seconds of a step: waits for its calls, and work at the share of a processor that the memory has."""
    calls = sum(value for name, value in counts.steps[step].items() if "." in name)
    cpu = counts.of(step, "cpu") + calls * assumed()["call_cpu_ms"] / 1000
    waits = calls * assumed()["call_ms"] / 1000 / HANDS.get(step, 1)
    return memory / 1024 * (waits + cpu * max(1, WHOLE_CORE / memory))


def _sending_seconds() -> float:
    """GB-seconds of a message: all senders work as long as the pace lets them."""
    parameters = template()["Parameters"]
    senders, pace = (float(parameters[name]["Default"]) for name in ("Senders", "SendsPerSecond"))
    return memory_of("Send") / 1024 * senders / pace


# Whose calls are made by so many threads, as the flows have it by default.
HANDS: Mapping[str, int] = dict.fromkeys(
    ("import", "lease", "report", "plan", "next report", "quiet report", "idle tick", "idle report"), 16
)
FUNCTIONS = {
    "import": "Ingest",
    "lease": "Scheduler",
    ALONE: "Webhook",
    TOGETHER: "Webhook",
    "events": "Events",
    "report": "Reports",
    "plan": "Reports",
    "next report": "Reports",
    "quiet report": "Reports",
    "reply": "Webhook",
}


def compute(counts: Counts, status: str) -> float:
    """GB-seconds of one reminder."""
    steps = ((step, times) for step, times in _times(status).items() if step != "send")
    found = sum(times * _seconds(counts, step, memory_of(FUNCTIONS[step])) for step, times in steps)
    return found + _sending_seconds()


def uses(counts: Counts, status: str) -> list[Use]:
    """What a million reminders use."""
    asked = assumed()

    def of(name: str) -> float:
        return REMINDERS * _sum(counts, status, name)

    kept = REMINDERS * counts.kept_bytes * asked["months_kept"] / GB
    logs = REMINDERS * _logs(counts, status) / GB
    taken = 2 * REMINDERS * (1 / 10 + asked["replies"] / 100)  # received and deleted, reminders by ten
    webhooks = REMINDERS * sum(
        times * min(counts.of(step, "invocations"), 1)
        for step, times in _times(status).items()
        if step in (status, "reply")
    )
    return [
        Use("DynamoDB", "writes", "dynamodb_write", of("wru")),
        Use("DynamoDB", "reads", "dynamodb_read", of("rru")),
        Use("DynamoDB", "kept", "dynamodb_storage", kept),
        Use("DynamoDB", "point-in-time recovery", "dynamodb_recovery", kept),
        Use("Lambda", "compute", "lambda_compute", REMINDERS * compute(counts, status)),
        Use("Lambda", "invocations", "lambda_request", of("invocations")),
        Use("EventBridge", "events", "event", REMINDERS * sum(counts.events.values())),
        Use("API Gateway", "webhooks", "http_api", webhooks),
        Use("CloudWatch", "logs written", "log_ingest", logs),
        Use("CloudWatch", "logs kept, three months", "log_storage", logs * 3),
        Use("SQS", "sent, received, deleted", "sqs_request", of("sqs.send_message_batch") + taken),
        Use("SNS", "notices", "sns_request", of("sns.publish")),
        Use("S3", "writes", "s3_put", of("s3.put_object")),
        Use("S3", "reads", "s3_get", of("s3.get_object")),
        Use("S3", "kept", "s3_storage", REMINDERS * asked["file_bytes"] / GB),
        Use("Data transfer", "to Meta", "transfer_out", REMINDERS * asked["sent_bytes"] / GB),
    ]


def standing(counts: Counts) -> list[Use]:
    """What a stack in stage prod uses in a month whatever it sends."""
    asked, ticks, hours = assumed(), DAYS * 24 * 12, DAYS * 24
    fives = asked["busy_hours"] * 12
    secret_reads = fives * asked["environments"] * 1.5  # a sender has one secret, a webhook two
    queues = len([name for name in _kind("AWS::SQS::Queue") if name.endswith("Queue")])
    # Each five minutes: who puts and who takes at each queue; every function at each table; every secret.
    keys = fives * (2 * queues + 2 * len(_kind("AWS::Serverless::Function"))) + secret_reads
    idle = ticks * _seconds(counts, "idle tick", memory_of("Scheduler"))
    idle += hours * _seconds(counts, "idle report", memory_of("Reports"))
    reads = ticks * counts.of("idle tick", "rru") + hours * counts.of("idle report", "rru")
    return [
        Use("CloudWatch", "metrics that functions count", "custom_metric", counts.metrics),
        Use("CloudWatch", "alarms, by their metrics", "alarm_metric", alarm_metrics()),
        Use("CloudWatch", "dashboard", "dashboard", len(_kind("AWS::CloudWatch::Dashboard"))),
        Use("SQS", "polls of empty queues", "sqs_request", queues * asked["idle_polls"] * hours * 180),
        Use("KMS", "key", "kms_key", len(_kind("AWS::KMS::Key"))),
        Use("KMS", "requests", "kms_request", keys),
        Use("Secrets Manager", "secrets", "secret", len(_kind("AWS::SecretsManager::Secret"))),
        Use("Secrets Manager", "reads", "secret_read", secret_reads),
        Use("EventBridge", "schedules", "schedule", ticks + hours),
        Use("Lambda", "ticks and hours with nothing to do", "lambda_compute", idle),
        Use("DynamoDB", "reads of such ticks and hours", "dynamodb_read", reads),
    ]


@cache
def template() -> dict[str, Any]:
    return yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))


def _kind(kind: str) -> dict[str, Any]:
    return {name: each for name, each in template()["Resources"].items() if each["Type"] == kind}


def memory_of(function: str) -> int:
    """Megabytes."""
    own = template()["Resources"][f"{function}Function"]["Properties"]
    return own.get("MemorySize") or template()["Globals"]["Function"]["MemorySize"]


def alarm_metrics() -> int:
    """An alarm over an expression costs each metric in it."""
    alarms = (each["Properties"] for each in _kind("AWS::CloudWatch::Alarm").values())
    return sum(sum("MetricStat" in one for one in each.get("Metrics", ())) or 1 for each in alarms)


def usd(listed: Iterable[Use]) -> float:
    return sum(each.usd for each in listed)


def block(counts: Counts) -> str:
    parts = (_by_service(counts), _by_use(counts), _standing(counts), _budgets(counts), _assumptions(), _prices())
    return "\n\n".join("\n".join(lines) for lines in parts)


def _by_service(counts: Counts) -> Iterator[str]:
    alone, together = uses(counts, ALONE), uses(counts, TOGETHER)
    yield f"**A million reminders**, in US dollars; counted on {counts.date} with {counts.reminders} reminders:\n"
    yield "| service | each status alone | three of a message together |\n|---|---|---|"
    for service in dict.fromkeys(each.service for each in alone):
        pair = (usd(each for each in found if each.service == service) for found in (alone, together))
        yield f"| {service} | {' | '.join(f'{each:.2f}' for each in pair)} |"
    totals = (usd(alone), usd(together))
    marks = (f"**{each:.2f}** ({'within' if each <= GOAL else 'above'} {GOAL})" for each in totals)
    yield f"| **all** | {' | '.join(marks)} |"


def _by_use(counts: Counts) -> Iterator[str]:
    yield "| service | what | of it | each status alone | three together |\n|---|---|---|---|---|"
    for one, other in zip(uses(counts, ALONE), uses(counts, TOGETHER), strict=True):
        unit = prices()[one.price].unit
        yield f"| {one.service} | {one.what} | {unit} | {_pair(one)} | {_pair(other)} |"


def _pair(use: Use) -> str:
    return f"{_round(use.quantity)} = {use.usd:.2f}"


def _round(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:,.3g}"


def _standing(counts: Counts) -> Iterator[str]:
    listed = standing(counts)
    yield f"**A stack's month**, whatever it sends: {usd(listed):.2f} US dollars.\n"
    yield "| service | what | of it | US dollars |\n|---|---|---|---|"
    for each in listed:
        quantity = f"{_round(each.quantity)} {prices()[each.price].unit}"
        yield f"| {each.service} | {each.what} | {quantity} | {each.usd:.2f} |"


def _budgets(counts: Counts) -> Iterator[str]:
    yield "Budgets, to a hundredth, because a file's own units are shared by few rows here:\n"
    yield "| budget | counted | at most | |\n|---|---|---|---|"
    for each in BUDGETS:
        value = each.value(counts)
        mark = "held" if is_held(each, counts) else "**missed**"
        yield f"| {each.what} | {value:,.2f} {each.unit} | {each.most:g} | {mark} |"


def is_held(budget: Budget, counts: Counts) -> bool:
    """To a hundredth of it: what a whole file shares is more for each of few reminders."""
    return budget.value(counts) <= budget.most * 1.01


def _assumptions() -> Iterator[str]:
    yield "| assumption | value |\n|---|---|"
    for each in yaml.safe_load((DATA / "assumptions.yaml").read_text()).values():
        yield f"| {each['what']} | {each['value']:g} |"


def _prices() -> Iterator[str]:
    read_on = yaml.safe_load((DATA / "prices.yaml").read_text())["read_on"]
    yield f"List prices of us-east-1 as of {read_on}, without free tiers:\n"
    yield "| US dollars | for | page |\n|---|---|---|"
    for each in prices().values():
        yield f"| {each.usd} | {each.per:,.0f} {each.unit} | {each.page} |"


def renewed(page: str) -> str:
    """The page with its tables as the data are now. Raises ValueError where the marks are missing."""
    return marked.renewed(page, BEGIN, block(counted()), END)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
