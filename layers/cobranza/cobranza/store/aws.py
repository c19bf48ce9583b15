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


@cache
def client(service: str) -> Any:
    made = _session().client(service, config=CONFIG)
    return direct(made) if service == "dynamodb" else made


@cache
def _session() -> Any:
    """One for all clients: they share what they read of regions and credentials."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _Models())
    return boto3.Session(botocore_session=session)


class _Models(Loader):
    """botocore's own looks for a model in the folder of each of AWS's services, twice, before the first client is
    made; this one, for a folder of the service's name."""

    def list_available_services(self, type_name: str) -> list[str]:
        return [name for folder in filter(os.path.isdir, self.search_paths) for name in os.listdir(folder)]
