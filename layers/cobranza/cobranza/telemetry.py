"""Logs and metrics. Lines carry references, codes and counts: never a name, phone, document, wamid or text."""

import warnings

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# An invocation that has nothing to count is no fault.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger = Logger(utc=True)
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Adds to a metric of this function (EMF, flushed when the handler ends)."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
