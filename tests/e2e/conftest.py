"""One stack for all end-to-end tests: the emulator with IAM enforced, the simulator, the real template.

At the end nothing of its logs, metrics and queues names a borrower.
"""

import os
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from local import drive, samples
from local import stack as local_stack
from local.leaks import leaks
from local.stack import Stack
from tests.e2e.steps import configure, empty_tables, move_clock


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    folder: Path = local_stack.FOLDER / f"test-{os.getpid()}"
    with local_stack.running(folder) as running:
        yield running
        assert leaks(running) == [], "the stack told others something personal"


@pytest.fixture
def today(stack: Stack) -> datetime:
    """An open moment, empty tables, a declared portfolio, and borrowers who read what they get."""
    moment = drive.next_open_moment(datetime.now(UTC))
    empty_tables(stack)
    requests.post(f"{stack.simulator_url}/_sim/reset", timeout=10).raise_for_status()
    configure(stack, behaviour="read")
    move_clock(stack, moment)
    drive.drop_and_wait(stack, "portfolios/uno/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
    drive.drop_and_wait(stack, "strategies/uno/strategy.yaml", samples.STRATEGY_YAML.encode())
    return moment
