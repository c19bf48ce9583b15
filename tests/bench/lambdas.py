"""The send function as Lambda runs it: processes take batches from a queue; what was not settled comes back."""

import os
import sys
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.queues import Queue as Pipe
from queue import Empty
from threading import Thread
from typing import Any, cast
from unittest.mock import patch

from tests.integration.fakes import FakeContext, received
from tests.integration.world import function

# As in the template.
SENDERS, BATCH = 5, 20
# What SQS waits for a batch to fill, and hides a message that came back without a word.
WINDOW, HIDDEN = 1.0, 720

type Waiting = tuple[str, int]
type Returned = tuple[float, str, int]


@dataclass
class Delays:
    """SQS, as far as a function tells it when a message comes back: seconds by receipt."""

    told: dict[str, int] = field(default_factory=dict[str, int])

    def delay(self, receipt_handle: str, seconds: int) -> None:
        self.told[receipt_handle] = seconds


@dataclass
class Lambdas:
    """`bodies` are put on the queue when all workers are up."""

    queue: "Pipe[Waiting]"
    back: "Pipe[Returned]"
    returned: int = 0

    def put(self, bodies: Iterable[str]) -> None:
        for body in bodies:
            self.queue.put((body, 1))

    def bring_back(self) -> None:
        """Gives what came back to the workers when its time has come, for ever."""
        hidden: list[Returned] = []
        while True:
            try:
                hidden.append(self.back.get(timeout=0.05))
                self.returned += 1
            except Empty:
                pass
            for one in [one for one in hidden if one[0] <= time.time()]:
                hidden.remove(one)
                self.queue.put((one[1], one[2] + 1))


@contextmanager
def running(environment: dict[str, str], senders: int = SENDERS) -> Generator[Lambdas]:
    """So many workers, wired by the template's variables. They are gone afterwards."""
    context = get_context("spawn")
    lambdas = Lambdas(context.Queue(), context.Queue())
    up = context.Barrier(senders + 1)
    with patch.dict(os.environ, environment):
        workers = [
            context.Process(target=_work, args=(lambdas.queue, lambdas.back, up), daemon=True)
            for _ in range(senders)
        ]
        for worker in workers:
            worker.start()
    Thread(target=lambdas.bring_back, daemon=True).start()
    try:
        up.wait(120)
        yield lambdas
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
        for pipe in (lambdas.queue, lambdas.back):
            pipe.cancel_join_thread()  # what nobody took must not keep us here


def _work(queue: "Pipe[Waiting]", back: "Pipe[Returned]", up: Any) -> None:
    from tests.bench.table_server import NOON

    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - Lambda's log, for as long as the process lives
    module, delays = function("send"), Delays()
    deps = replace(module.wire(), queue=delays, clock=lambda: NOON)
    up.wait()
    while True:
        batch = _batch(queue)
        records = [
            {
                "messageId": str(place),
                "receiptHandle": str(place),
                "body": body,
                "attributes": received(receives),
            }
            for place, (body, receives) in enumerate(batch)
        ]
        delays.told.clear()
        answer = module.handler({"Records": records}, FakeContext(), deps=deps)
        for failed in cast(list[dict[str, str]], answer["batchItemFailures"]):
            name = failed["itemIdentifier"]
            body, receives = batch[int(name)]
            back.put((time.time() + delays.told.get(name, HIDDEN), body, receives))


def _batch(queue: "Pipe[Waiting]") -> list[Waiting]:
    """A full batch, or what has come when the first has waited for the window."""
    batch = [queue.get()]
    until = time.monotonic() + WINDOW
    while len(batch) < BATCH and (left := until - time.monotonic()) > 0:
        try:
            batch.append(queue.get(timeout=left))
        except Empty:
            break
    return batch
