"""Borrowers who write: told by the webhook's recorder, answered by the desk."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cobranza.queues import NOTED, ReplyToAnswer
from cobranza.whatsapp.events import parse
from tests.integration.world import World

PHONE = "525555550101"
NUMBER = "100000000000001"

type Drop = Callable[..., dict[str, Any]]


def write(world: World, kind: str, content: Any, *, sender: str = PHONE, wamid: str = "") -> list[ReplyToAnswer]:
    """Somebody writes now; what the webhook queued to be answered."""
    message = {"id": wamid or f"wamid.{kind}.{content}", "from": sender, "type": kind, kind: content}
    tell(world, "messages", message)
    return queued(world)


def tell(world: World, name: str, element: Mapping[str, Any], field: str = "messages") -> None:
    """One element of a webhook's list `name`, of now unless it says when."""
    told = {"timestamp": str(int(world.now.timestamp())), **element}
    value = {"metadata": {"phone_number_id": NUMBER}, name: [told]}
    body = {"entry": [{"id": "W", "changes": [{"field": field, "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")


def queued(world: World) -> list[ReplyToAnswer]:
    found: list[ReplyToAnswer] = []
    while messages := world.sqs.receive_message(
        QueueUrl=world.replies_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        for each in messages:
            world.sqs.delete_message(QueueUrl=world.replies_url, ReceiptHandle=each["ReceiptHandle"])
            noted = each.get("MessageAttributes", {}).get(NOTED, {}).get("StringValue", "")
            found.append(replace(ReplyToAnswer.parse(each["Body"]), noted=noted))
    return found


def ask(world: World, text: str, **told: str) -> ReplyToAnswer:
    (asked,) = write(world, "text", {"body": text}, **told)
    return asked


def say(world: World, text: str, **told: str) -> str:
    """What came of a text."""
    return world.answers.answer(ask(world, text, **told), world.now)


def press(world: World, title: str, payload: str = "", **told: str) -> str:
    """What came of a button, as it was shown."""
    reply = {"id": payload or button(world, title), "title": title}
    (asked,) = write(world, "interactive", {"type": "button_reply", "button_reply": reply}, **told)
    return world.answers.answer(asked, world.now)


def button(world: World, title: str) -> str:
    """The payload of a button of the newest answer."""
    buttons = world.whatsapp.sent[-1]["interactive"]["action"]["buttons"]
    return next(each["reply"]["id"] for each in buttons if each["reply"]["title"] == title)


def texts(world: World) -> list[str]:
    """The free texts that left, in their order."""
    bodies = [message.get("text") or message.get("interactive") for message in world.whatsapp.sent]
    return [body["body"] if isinstance(body["body"], str) else body["body"]["text"] for body in bodies if body]


def cases(world: World) -> list[str]:
    return [each.topic for each in world.cases.waiting("tienda")]


def lines(world: World) -> list[str]:
    """What the journal has, without what was there before anybody wrote."""
    return [
        item["event"] for item in world.items("journal") if item["event"] not in ("import", "outcome", "reply")
    ]
