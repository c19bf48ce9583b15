"""Logs and metrics. Lines carry references, codes and counts: never a name, phone, document, wamid or text."""

import logging
import warnings
from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# An invocation that has nothing to count is no fault.
warnings.filterwarnings("ignore", message="No application metrics to publish")

# Lambda sets the root logger to our own level, and what libraries say at DEBUG has people and tokens in it.
logging.getLogger().setLevel(logging.WARNING)

logger = Logger(utc=True, use_rfc3339=True)  # a line whose moment Lambda cannot read counts as INFO
metrics = Metrics()

MOST_NAMED = 20


def count(name: str, value: int = 1) -> None:
    """Adds to a metric of this function (EMF, flushed when the handler ends)."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def measure(name: str, seconds: float) -> None:
    """Tells one measure of a metric of this function, beside others of the same run."""
    metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=seconds)


def trace(run: str, borrowers: Sequence[str]) -> None:
    """Puts the run's id, and whom it is about, into the line of its metrics, for a run that counts something and
    has no line besides."""
    for key, value in {"trace": run, **about(borrowers)}.items():
        metrics.add_metadata(key=key, value=value)


def about(borrowers: Sequence[str]) -> dict[str, Any]:
    """Whom a line of several people is about: the first of them, and how many more there are."""
    named: dict[str, Any] = {"borrowers": list(borrowers[:MOST_NAMED])} if borrowers else {}
    more = len(borrowers) - MOST_NAMED
    return named | ({"more": more} if more > 0 else {})
