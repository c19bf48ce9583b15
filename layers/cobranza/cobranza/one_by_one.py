"""What the doors of replies and of receipts share: each message alone, and what fails comes back after seconds."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from cobranza import telemetry
from cobranza.queues import NOTED, Queue, ReplyToAnswer, failures, waited, whose


def take_each(
    records: Iterable[Mapping[str, Any]],
    take: Callable[[ReplyToAnswer], None],
    give_up: Callable[[ReplyToAnswer], None],
    queue: Queue[ReplyToAnswer],
    *,
    received: int,
    retried: str,
    now: datetime,
    age: str = "",
    waits: tuple[type[Exception], ...],
) -> dict[str, Any]:
    """The partial batch response. `give_up` is asked before a message becomes a dead letter, when it is received
    for the `received`th time; `retried` is what failures count as, `waits` are those that are none, and `age` is
    the measure of how long SQS has had them."""
    failed: list[str] = []
    for record in records:
        body = record["body"]
        try:
            take(_asked(record))
        except Exception as error:
            if isinstance(error, waits):
                telemetry.logger.warning("reply waits", reason=str(error), extra=whose(body))
            else:
                telemetry.logger.exception("reply failed", extra=whose(body))
            telemetry.count(retried)
            if age:
                telemetry.measure(age, waited(record, now))
            if int(record["attributes"]["ApproximateReceiveCount"]) >= received:
                _give_up(record, give_up)
            failed.append(record["messageId"])
            queue.delay(record["receiptHandle"], random.randint(5, 15))
    return failures(failed)


def _asked(record: Mapping[str, Any]) -> ReplyToAnswer:
    noted = record.get("messageAttributes", {}).get(NOTED, {}).get("stringValue", "")
    return replace(ReplyToAnswer.parse(record["body"]), noted=noted)


def _give_up(record: Mapping[str, Any], give_up: Callable[[ReplyToAnswer], None]) -> None:
    try:
        give_up(_asked(record))
    except Exception:
        telemetry.logger.exception("nobody is told of a reply", extra=whose(record["body"]))
