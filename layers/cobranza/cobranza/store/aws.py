"""Cached factories of AWS clients. Nothing is made at import."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# Short waits: a Lambda that hangs on a socket costs more than one that tries again.
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=32,
)


@cache
def client(service: str) -> Any:
    return boto3.client(service, config=_CONFIG)
