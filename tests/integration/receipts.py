"""Pictures that borrowers send, and the desk that fetches them."""

import json

from cobranza.flows.fetch_receipt import ReceiptDesk
from cobranza.queues import MediaToFetch
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
    )


def send_picture(world: World, sender: str = "525555550101", wamid: str = "wamid.P1") -> MediaToFetch:
    """The borrower sends a picture; what the webhook queued for it."""
    send_picture_of(world, sender, wamid)
    return queued_pictures(world)[0]


def send_picture_of(world: World, sender: str = "525555550101", wamid: str = "wamid.P1") -> None:
    message = {"id": wamid, "from": sender, "timestamp": str(int(world.now.timestamp())), "type": "image"}
    message |= {"image": {"id": "M1", "mime_type": "image/jpeg", "sha256": "c2hh"}}
    value = {"metadata": {"phone_number_id": "100"}, "messages": [message]}
    body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")


def queued_pictures(world: World) -> list[MediaToFetch]:
    """Empties the queue."""
    found: list[MediaToFetch] = []
    while messages := world.sqs.receive_message(QueueUrl=world.media_url).get("Messages"):
        for each in messages:
            world.sqs.delete_message(QueueUrl=world.media_url, ReceiptHandle=each["ReceiptHandle"])
            found.append(MediaToFetch.parse(each["Body"]))
    return found
