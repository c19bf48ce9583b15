"""Pictures that borrowers send, and the desk that fetches them."""

import json

from cobranza.flows.fetch_receipt import ReceiptDesk
from cobranza.queues import ReplyToAnswer
from cobranza.store.objects import Bucket
from cobranza.whatsapp.events import parse
from cobranza.whatsapp.media import Fetched
from tests.integration.world import World

DIGEST = "d" * 64
PICTURE = Fetched(b"\xff\xd8\xff a picture", DIGEST, intact=True, kind="jpg")


class FakeMedia:
    """Answers what it is told to, in order, then the same picture."""

    def __init__(self, *answers: Fetched | Exception) -> None:
        self.answers = list(answers)

    def fetch(self, media_id: str, phone_number_id: str, *, within: float) -> Fetched:
        answer = self.answers.pop(0) if self.answers else PICTURE
        if isinstance(answer, Exception):
            raise answer
        return answer


def desk(world: World, *answers: Fetched | Exception) -> ReceiptDesk:
    return ReceiptDesk(
        world.ledger,
        world.conversations,
        world.journal,
        FakeMedia(*answers),  # pyright: ignore[reportArgumentType]
        Bucket(world.s3, "receipts"),
        world.whatsapp,  # pyright: ignore[reportArgumentType]
        world.ledger.portfolio,
        world.receipts,
        world.cases,
        only_to=None,
    )


def send_picture(
    world: World, sender: str = "525555550101", wamid: str = "wamid.P1", caption: str = ""
) -> ReplyToAnswer:
    """The borrower sends a picture; what the webhook queued for it."""
    (asked,) = send_pictures(world, sender, wamid, caption)
    return asked


def send_pictures(
    world: World, sender: str = "525555550101", wamid: str = "wamid.P1", caption: str = ""
) -> list[ReplyToAnswer]:
    """The same, for each borrower who has the phone."""
    message = {"id": wamid, "from": sender, "timestamp": str(int(world.now.timestamp())), "type": "image"}
    message |= {"image": {"id": "M1", "mime_type": "image/jpeg", "sha256": "c2hh", "caption": caption}}
    value = {"metadata": {"phone_number_id": "100"}, "messages": [message]}
    body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")
    queued = world.sqs.receive_message(QueueUrl=world.media_url, MaxNumberOfMessages=10)["Messages"]
    for message in queued:
        world.sqs.delete_message(QueueUrl=world.media_url, ReceiptHandle=message["ReceiptHandle"])
    return [ReplyToAnswer.parse(message["Body"]) for message in queued]
