"""Unit tests open no sockets; the others talk to this machine alone. No test tells anybody something personal."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

from local import personal
from tests.overheard import Overheard, overhearing

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


@pytest.fixture(autouse=True)
def overheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Overheard]:
    """What every test tells others than the borrower; nothing of it is personal."""
    with overhearing(monkeypatch) as heard:
        yield heard
    told = [(where, text, found) for where, text in heard.said if (found := personal.find(text))]
    assert not told, "something personal left the test"
