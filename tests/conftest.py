"""Unit tests open no sockets; the others talk to this machine alone."""

import os

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# How long an example takes says something of the machine alone.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


class OneStack(LoadFileScheduling):
    """A file stays on one worker, and so do all that need the emulator: it is started once."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/e2e" if nodeid.startswith("tests/e2e/") else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneStack:
    return OneStack(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def _steps_back() -> None:
    """The end-to-end tests wait a lot and take longest: a worker of the others leaves them the processor."""
    os.nice(5)


@pytest.fixture(autouse=True)
def _e2e_first(request: pytest.FixtureRequest) -> None:
    if "e2e" not in request.path.parts:
        request.getfixturevalue("_steps_back")


@pytest.fixture(autouse=True)
def _no_internet(request: pytest.FixtureRequest):
    if "unit" in request.path.parts:
        disable_socket()
    else:
        socket_allow_hosts(["127.0.0.1", "localhost"])
    yield
    enable_socket()
