"""Imports of files that were dropped at a moment which the test sets, and what borrowers answer."""

import csv
import io
import itertools
import json
from datetime import timedelta

from cobranza.files.results import Summary
from cobranza.queues import DroppedFile
from cobranza.whatsapp.events import parse
from tests.integration.fakes import FakeBucket
from tests.integration.world import TUESDAY, World

KEY = "debts/tienda/a.csv"

_drops = itertools.count()


def load(world: World, text: str, *, minutes: float = 0, key: str = KEY) -> tuple[Summary, dict[str, bytes]]:
    """Imports a file that was dropped so many minutes after TUESDAY; its summary, and what was written."""
    summary, written = take(world, text, minutes, key, version=str(next(_drops)))
    assert summary
    return summary, written


def take(
    world: World, text: str, minutes: float, key: str, version: str, *, retried: bool = False
) -> tuple[Summary | None, dict[str, bytes]]:
    bucket = FakeBucket(text.encode(), TUESDAY + timedelta(minutes=minutes))
    dropped = DroppedFile("inbox", key, version)
    return world.importer.take(bucket, dropped, world.now, retried=retried), bucket.written  # pyright: ignore[reportArgumentType]


def counts(summary: Summary) -> tuple[int, int, int, int, int]:
    return summary.read, summary.created, summary.updated, summary.unchanged, summary.refused


def refused(written: dict[str, bytes]) -> list[dict[str, str]]:
    (data,) = (data for key, data in written.items() if key.endswith("/refused.csv"))
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def say(world: World, text: str, sender: str = "525555550101") -> None:
    message = {"id": f"wamid.{text}", "from": sender, "timestamp": str(int(world.now.timestamp()))}
    message |= {"type": "text", "text": {"body": text}}
    value = {"metadata": {"phone_number_id": "1"}, "messages": [message]}
    body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")
