"""All that a test tells others than the borrower: logs, metrics, queue bodies, notices, events."""

import logging
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aws_lambda_powertools.metrics.provider.cloudwatch_emf import cloudwatch

from cobranza import queues, telemetry
from cobranza.bus import Bus, Entry
from cobranza.store.notices import Notices


@dataclass
class Overheard(logging.Handler):
    """Everything that was said since, one text each, with where it was said."""

    said: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __post_init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(telemetry.logger.registered_formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(("log", self.format(record)))

    __hash__ = object.__hash__

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """To whatever goes through the doors of queues, topics and buses, and to what Powertools prints."""
        body_of, publish, tell = queues._body, Notices._publish, Bus.put  # pyright: ignore[reportPrivateUsage]

        def queued(message: Any) -> str:
            body = body_of(message)
            self.said.append(("queue", body))
            return body

        def noticed(notices: Notices, subject: str, told: dict[str, Any]) -> None:
            self.said.append(("notice", f"{subject} {told}"))
            publish(notices, subject, told)

        def announced(bus: Bus, entries: Iterable[Entry]) -> tuple[int, str]:
            listed = list(entries)
            self.said += [("event", f"{entry.name} {entry.detail}") for entry in listed]
            return tell(bus, listed)

        def printed(text: str) -> None:
            self.said.append(("metric", text))
            print(text)  # noqa: T201

        monkeypatch.setattr(queues, "_body", queued)
        monkeypatch.setattr(Notices, "_publish", noticed)
        monkeypatch.setattr(Bus, "put", announced)
        monkeypatch.setattr(cloudwatch, "print", printed, raising=False)


@contextmanager
def overhearing(monkeypatch: pytest.MonkeyPatch) -> Generator[Overheard]:
    """Log lines of ours and of every library are heard until the end."""
    heard = Overheard()
    heard.listen(monkeypatch)
    everything = logging.getLogger()  # Powertools' lines come here too
    everything.addHandler(heard)
    try:
        yield heard
    finally:
        everything.removeHandler(heard)
