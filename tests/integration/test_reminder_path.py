"""One row's way: imported, queued, sent, read."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cobranza.queues import Reminder
from cobranza.whatsapp.events import parse
from tests.integration.world import World

HEADER = "borrower_id,name,phone,country,debt_id,amount,currency,due_date,consent,payment_url\n"
ROW = "C1,Lucía Ejemplo,+52 55 5555 0101,MX,F-1,1234.50,MXN,2026-11-24,sí,https://pagos.example.com/f1\n"

type Drop = Callable[..., dict[str, Any]]


def tick(world: World) -> list[Reminder]:
    world.scheduler.tick(world.now, "trace")
    received = world.sqs.receive_message(QueueUrl=world.queue_url, MaxNumberOfMessages=10).get("Messages", [])
    for message in received:
        world.sqs.delete_message(QueueUrl=world.queue_url, ReceiptHandle=message["ReceiptHandle"])
    return [Reminder.parse(message["Body"]) for message in received]


@pytest.mark.usefixtures("portfolio")
def test_a_row_becomes_a_message_that_is_read(world: World, drop: Drop) -> None:
    assert drop("debts/tienda/a.csv", HEADER + ROW)["created"] == 1
    (reminder,) = tick(world)
    assert world.sender.remind(reminder, world.now).code == "SENT"
    (message,) = world.whatsapp.sent
    texts = [p["text"] for p in message["template"]["components"][0]["parameters"]]
    assert texts == [
        "Lucía Ejemplo",
        "Muebles Aurora",
        "$1,234.50",
        "24 de noviembre de 2026",
        "https://pagos.example.com/f1",
    ]
    status = {"id": "wamid.0", "status": "read", "timestamp": str(int(world.now.timestamp()))}
    status["biz_opaque_callback_data"] = message["biz_opaque_callback_data"]
    value = {"metadata": {"phone_number_id": "1"}, "statuses": [status]}
    body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
    assert world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace").counts == {"read": 1}
    assert [item["state"] for item in world.message_items()] == ["READ"]
