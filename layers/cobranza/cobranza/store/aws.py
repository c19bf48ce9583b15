"""Cached factories of AWS clients. Nothing is made at import."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

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
    made = boto3.client(service, config=CONFIG)
    return direct(made) if service == "dynamodb" else made
