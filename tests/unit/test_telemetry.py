"""What functions log, and what libraries do not."""

import json
import os
import re
import subprocess
import sys
from io import StringIO

import pytest

from cobranza import telemetry

LIBRARIES = ("botocore", "urllib3", "aws_lambda_powertools.metrics")


def test_a_library_says_nothing_below_a_warning_whatever_level_lambda_gives_the_root_logger() -> None:
    """At DEBUG botocore writes whole requests: people, and what secrets answer."""
    code = f"""
import logging
logging.getLogger().setLevel("DEBUG")  # as Lambda's runtime does under JSON
from cobranza import telemetry
print(telemetry.logger.isEnabledFor(logging.DEBUG))
print([name for name in {LIBRARIES} if logging.getLogger(name).isEnabledFor(logging.INFO)])
"""
    environment = os.environ | {"AWS_LAMBDA_LOG_LEVEL": "DEBUG", "POWERTOOLS_LOG_LEVEL": "DEBUG"}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["True", "[]"]


def test_a_line_has_a_moment_that_lambda_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 3339, or Lambda takes the line for one of INFO, whatever its level."""
    lines = StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", lines)
    telemetry.logger.error("a fault of ours")
    said = json.loads(lines.getvalue())
    assert said["level"] == "ERROR"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", said["timestamp"])
