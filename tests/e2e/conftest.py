"""One stack for all end-to-end tests: the emulator with IAM enforced, the simulator, the real template."""

from collections.abc import Generator
from pathlib import Path

import pytest

from local import stack as local_stack
from local.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    folder: Path = local_stack.FOLDER / f"test-{tmp_path_factory.getbasetemp().name}"
    with local_stack.running(folder) as running:
        yield running
