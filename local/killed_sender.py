"""A sender that dies between claim and call: takes one reminder from the queue, claims, and is gone.

python -m local.killed_sender SECONDS < stack.json

The reminder comes back after so many seconds; until then the next to die meets another one.
"""

import json
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cobranza.clock import real_time
from cobranza.flows.room import Room
from cobranza.flows.send_reminder import Sender
from cobranza.flows.stops import Stops
from cobranza.queues import Reminder
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.limits import Limits, Ramps
from cobranza.store.messages import Messages
from cobranza.store.table import Table
from cobranza.store.texts import Texts
from cobranza.whatsapp.client import Answer, WhatsApp
from local.stack import Stack


class Deadly(WhatsApp):
    def __init__(self) -> None:
        pass

    def access_token(self) -> str:
        return "token"

    def send(self, phone_number_id: str, message: Mapping[str, Any]) -> Answer:
        os._exit(9)


def main() -> None:
    stack = Stack(**json.load(sys.stdin))
    sqs, url = stack.client("sqs"), stack.queues["reminders"]
    (received,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=received["ReceiptHandle"], VisibilityTimeout=int(sys.argv[1])
    )
    dynamodb = stack.client("dynamodb")
    table = Table(dynamodb, stack.tables["ledger"])
    ledger = Ledger(table)
    journal = Journal(Table(dynamodb, stack.tables["journal"]))
    room = Room(Limits(table, 1000), Ramps(table))
    sender = Sender(
        ledger,
        Messages(table),
        journal,
        Deadly(),
        ledger.strategy,
        ledger.portfolio,
        ledger.feed,
        room,
        Stops(ledger),
        Texts(table),
        only_to=None,
    )
    offset = stack.client("ssm").get_parameter(Name=stack.clock_parameter)["Parameter"]["Value"]
    outcome = sender.remind(Reminder.parse(received["Body"]), real_time() + timedelta(seconds=float(offset)))
    if outcome.retry_after is None:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])


if __name__ == "__main__":
    main()
