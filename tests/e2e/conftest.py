"""One stack for all end-to-end tests: the emulator with IAM enforced, the simulator, the real template.

At the end nothing of its logs, metrics and queues names a borrower.
"""

import os
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from local import stack as local_stack
from local.leaks import leaks
from local.stack import Stack
from tests.e2e.browser import Phones, chromium
from tests.e2e.steps import begin, configure


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    folder: Path = local_stack.FOLDER / f"test-{os.getpid()}"
    with local_stack.running(folder) as running:
        yield running
        assert leaks(running) == [], "the stack told others something personal"


@pytest.fixture(scope="session")
def physical(stack: Stack) -> dict[str, str]:
    """What the deploy called each resource."""
    pages = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.stack)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
    }


@pytest.fixture
def today(stack: Stack) -> datetime:
    return begin(stack)


@pytest.fixture(scope="session")
def browser() -> Generator[Any]:
    with chromium() as driver:
        yield driver


@pytest.fixture
def phones(stack: Stack, today: datetime, browser: Any) -> Generator[Phones]:
    """The page, before people who do nothing by themselves; afterwards it has asked nobody but the simulator."""
    configure(stack, behaviour="silent")
    page = Phones(browser, stack.simulator_url)
    page.resize(1100, 760)
    page.visit()
    yield page
    asked = page.asked()
    assert asked
    assert {url for url in asked if not url.startswith(f"{stack.simulator_url}/")} == set()
    assert page.complaints() == []
