"""Cached factories of AWS clients. Nothing is made at import."""

import os
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from cobranza.store.direct import direct

# Short waits: a Lambda that hangs on a socket costs more than one that tries again.
CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=64,
    # botocore would put its own name together twice for every call, which takes as long as signing it.
    user_agent="cobranza",
)


# Where these are, and how a call is signed, follows from the region alone. botocore's rules come to the same, call
# by call: a sixth of what one takes.
_IN_ONE_PLACE = frozenset({"dynamodb", "sqs"})
_RULES = "endpoint-rule-set-1"


@cache
def client(service: str) -> Any:
    return made(service)


def made(service: str, **options: Any) -> Any:
    """A new client; `options` are boto3's own."""
    new = _session().client(service, config=CONFIG, **options)
    return direct(new) if service == "dynamodb" else new


@cache
def _session() -> Any:
    """One for all clients: they share what they read of regions and credentials."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _Models())
    return boto3.Session(botocore_session=session)


class _Models(Loader):
    """botocore's own looks for a model in the folder of each of AWS's services, twice, before the first client is
    made; this one, for a folder of the service's name. A service without rules for its endpoint has the region's,
    once and for all its calls."""

    def list_available_services(self, type_name: str) -> list[str]:
        folders = filter(os.path.isdir, self.search_paths)
        left_out: frozenset[str] = _IN_ONE_PLACE if type_name == _RULES else frozenset()
        return [name for folder in folders for name in os.listdir(folder) if name not in left_out]
