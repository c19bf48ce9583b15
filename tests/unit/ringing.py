"""Whether an alarm of the template rings at what metrics say, evaluated as CloudWatch does over one period.

Source: Amazon CloudWatch, "Using Amazon CloudWatch alarms" and "Using metric math".
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.unit.template import Node

_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "SampleCount": len,
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
}


@dataclass(frozen=True)
class Metric:
    """What an alarm watches: a metric of one thing, by its dimensions, as one figure of a period of seconds."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    statistic: str
    period: int


@dataclass(frozen=True)
class Datum:
    """What was put `age` seconds ago."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    value: float
    age: float = 0.0


def watched(alarm: Node) -> dict[str, Metric]:
    """Its metrics by the ids that its expression has for them; "" where it has no expression."""
    if "MetricName" in alarm:
        return {"": _metric(alarm, alarm["Statistic"], alarm["Period"])}
    stats = {each["Id"]: each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each}
    return {name: _metric(each["Metric"], each["Stat"], each["Period"]) for name, each in stats.items()}


def rings(alarm: Node, data: Iterable[Datum]) -> bool:
    assert alarm["EvaluationPeriods"] == 1
    told = list(data)
    figures = {name: _figure(metric, told) for name, metric in watched(alarm).items()}
    value = figures[""] if "" in figures else _reckoned(alarm, figures)
    if value is None:
        return alarm["TreatMissingData"] == "breaching"
    return _COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"])


def _metric(node: Node, statistic: str, period: int) -> Metric:
    dimensions = frozenset((each["Name"], each["Value"]) for each in node["Dimensions"])
    return Metric(node["Namespace"], node["MetricName"], dimensions, statistic, period)


def _figure(metric: Metric, data: Iterable[Datum]) -> float | None:
    """Of the last period; None where nothing was put."""
    wanted = (metric.namespace, metric.name, metric.dimensions)
    values = [
        each.value
        for each in data
        if (each.namespace, each.name, each.dimensions) == wanted and each.age < metric.period
    ]
    return _STATISTICS[metric.statistic](values) if values else None


def _reckoned(alarm: Node, figures: dict[str, float | None]) -> float | None:
    """By the alarm's expression; None where it has nothing to reckon with, or divides by zero."""
    (expression,) = (each["Expression"] for each in alarm["Metrics"] if "Expression" in each)
    said = [figure for figure in figures.values() if figure is not None]
    words: dict[str, Any] = {
        "SUM": sum,
        "MAX": max,
        "METRICS": lambda: said,
        "FILL": lambda figure, filling: filling if figure is None else figure,
        "IF": lambda condition, yes, no: yes if condition else no,
    }
    if not said:
        return None
    try:
        # The expressions that we have are Python as well; the template is ours.
        return float(eval(expression, {"__builtins__": {}}, words | figures))
    except ZeroDivisionError:
        return None
