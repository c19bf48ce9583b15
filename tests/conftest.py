"""Unit tests open no sockets; the others talk to this machine alone."""

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

# How long an example takes says something of the machine alone.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(autouse=True)
def _no_internet(request: pytest.FixtureRequest):
    if "unit" in request.path.parts:
        disable_socket()
    else:
        socket_allow_hosts(["127.0.0.1", "localhost"])
    yield
    enable_socket()
