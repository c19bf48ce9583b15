"""All the simulator knows, in memory: configuration, conversations, faults and counters."""

import base64
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from local.simulator import answers, limits, media
from local.simulator.account import Account
from local.simulator.borrowers import Saying
from local.simulator.config import Config
from local.simulator.faults import SENDING, Fault
from local.simulator.numbers import is_user_id, local_day, user_id, wa_id
from local.simulator.templates import Template, shipped

_RANKS = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 4}


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. `phone` is always the borrower's number, whoever wrote.

    Only where a user id was sent to as if it were a number, and nobody is there, `phone` is that user id.
    """

    phone: str
    type: str
    text: str
    direction: Literal["in", "out"] = "out"
    phone_number_id: str = ""
    id: str = ""
    at: float = 0.0
    status: str = ""
    code: int = 0
    """Why it failed, where it did."""
    template: str = ""
    language: str = ""
    parameters: tuple[str, ...] = ()
    opaque_id: str = ""
    payloads: Mapping[str, str] = field(default_factory=dict[str, str])
    """What each quick-reply button sends back, by its label."""
    payload: str = ""
    context: str = ""
    """Id of the message that this one answers or quotes."""
    media_id: str = ""
    reply: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a borrower sent other than words and files, by `type`, as the webhook tells it.

    interactive: {"type": "button_reply", "id", "title"} or {"type": "list_reply", "id", "title", "description"?};
    reaction: {"message_id", "emoji"}, where "" takes it back; location: {"latitude", "longitude", "name"?,
    "address"?}; contacts: {"contacts": [{"name": {...}, "phones": [...]}]}; unsupported: {"type"}; system: Meta's.
    """
    content: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the phone shows of a message to it, whatever its type; what is absent is left out:

    {"header": {"type": "text", "text"} | {"type": "document" | "image" | "video", "filename", "media_id" | "link"
    }, "body", "footer", "quoted": message id, "list": {"button", "sections": [{"title", "rows": [{"id", "title",
    "description"}]}]}, "buttons": [{"type", "text", "id", "url"}]}. A button's type is quick_reply (its id is the
    payload), url, copy_code (the code), phone_number (the number), reply or cta_url.
    """
    category: str = ""
    """That of the template when it was sent: UTILITY, MARKETING or AUTHENTICATION."""
    held: bool = False
    """Held for quality assessment before it travels."""
    fails_with: int = 0
    """The error code it fails with in the end, instead of being sent."""
    lost: bool = False
    """Accepted, and nothing is ever heard of it again."""

    def as_json(self) -> dict[str, Any]:
        common: dict[str, Any] = {
            "direction": self.direction,
            "to" if self.direction == "out" else "from": self.phone,
            "phone_number_id": self.phone_number_id,
            "id": self.id,
            "type": self.type,
            "text": self.text,
            "at": iso(self.at),
            "content": dict(self.content),
        }
        if self.direction == "in":
            return common | {"media_id": self.media_id, "reply": dict(self.reply), "status": self.status}
        return common | {
            "template": self.template,
            "language": self.language,
            "parameters": list(self.parameters),
            "opaque_id": self.opaque_id,
            "status": self.status,
            "code": self.code,
        }


@dataclass(frozen=True, slots=True)
class Refused:
    to: str
    code: int
    message: str
    at: float

    def as_json(self) -> dict[str, Any]:
        return {"to": self.to, "code": self.code, "message": self.message, "at": iso(self.at)}


@dataclass(slots=True)
class Counters:
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    webhooks_sent: int = 0
    webhooks_acknowledged: int = 0
    webhooks_failed: int = 0
    webhooks_abandoned: int = 0
    updates_sent: int = 0
    updates_acknowledged: int = 0
    """Messages, statuses and other news in those posts; an update counts each time it is posted."""
    statuses: Counter[str] = field(default_factory=lambda: Counter({"sent": 0, "delivered": 0, "read": 0}))
    inbound: Counter[str] = field(default_factory=Counter[str])
    media: Counter[str] = field(default_factory=lambda: Counter({"asked": 0, "downloaded": 0, "refused": 0}))
    """Addresses given, downloads begun, and calls for either that were answered with a 4xx."""
    accepted_by_borrower_and_day: Counter[str] = field(default_factory=Counter[str])
    accepted_by_number: Counter[str] = field(default_factory=Counter[str])
    uploads: int = 0
    faults_fired: Counter[str] = field(default_factory=Counter[str])


@dataclass(slots=True)
class State:
    config: Config = field(default_factory=Config)
    clock: Callable[[], float] = time.time
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    files: dict[str, media.File] = field(default_factory=dict[str, media.File])
    links: dict[str, media.Link] = field(default_factory=dict[str, media.Link])
    refused: list[Refused] = field(default_factory=list[Refused])
    faults: list[Fault] = field(default_factory=list[Fault])
    counters: Counters = field(default_factory=Counters)
    account: Account = field(default_factory=Account)
    templates: dict[tuple[str, str], Template] = field(default_factory=shipped)
    last_inbound_at: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    """When each person last wrote to each business number: what opened the service window."""
    last_sent: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """The newest message to each person from each business number."""
    people: dict[str, str] = field(default_factory=dict[str, str])
    """The number behind each user id that appeared in a conversation."""
    buckets: dict[str, limits.Bucket] = field(default_factory=dict[str, limits.Bucket])
    bursts: dict[tuple[str, str], limits.Burst] = field(default_factory=dict[tuple[str, str], limits.Burst])
    reached: dict[str, float] = field(default_factory=dict[str, float])
    """When each person was last sent a template out of a service window, oldest first."""
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def now(self) -> float:
        return self.clock() + self.config.clock_offset

    def take_token(self, phone_number_id: str) -> bool:
        """Count a call against its number's rate; False if that was one too many."""
        rate = self.config.rates.get(phone_number_id)
        if rate is None:
            return True
        bucket = limits.take(self.buckets.get(phone_number_id), rate, self.now())
        if bucket:
            self.buckets[phone_number_id] = bucket
        return bucket is not None

    def in_window(self, phone: str, phone_number_id: str) -> bool:
        """Whether this person wrote to this number in the last 24 hours."""
        last = self.last_inbound_at.get((phone, phone_number_id))
        return last is not None and self.now() - last < limits.DAY

    def last_to(self, phone: str, phone_number_id: str = "") -> Message | None:
        """The newest message to a person, from this number or from any."""
        numbers = [phone_number_id] if phone_number_id else list(self.config.phone_numbers)
        sent = (self.last_sent.get((phone, number)) for number in numbers)
        return max((self.messages[one] for one in sent if one), key=lambda message: message.at, default=None)

    def find_person(self, wanted: str) -> str | None:
        """The number behind a user id: of who hides it, or of who is in a conversation."""
        hidden = (phone for phone in self.config.hidden if user_id(phone) == wanted)
        return self.people.get(wanted) or next(hidden, None)

    def accept(self, draft: Message) -> Message:
        """Give a message its id, and count it against the limits that it was checked against."""
        message = replace(draft, id=wamid(draft.phone, inbound=False), at=self.now(), status="accepted")
        conversation = message.phone, message.phone_number_id
        self.messages[message.id] = message
        self.last_sent[conversation] = message.id
        if not message.lost:
            self.people[user_id(message.phone)] = message.phone
            if self.config.pair_rate and (burst := limits.borrow(self.bursts.get(conversation), message.at)):
                self.bursts[conversation] = burst
            if message.type == "template" and not self.in_window(*conversation):
                limits.reach(self.reached, message.phone, message.at)
        self.counters.accepted += 1
        self.counters.accepted_by_number[message.phone_number_id] += 1
        day = local_day(message.phone, message.at)
        self.counters.accepted_by_borrower_and_day[f"{message.phone}|{day}"] += 1
        return message

    def refuse(self, to: str, code: int, message: str) -> None:
        self.refused.append(Refused(to, code, message, self.now()))
        self.counters.refused[str(code)] += 1

    def advance(self, message_id: str, status: str, code: int = 0) -> Message | None:
        """Move a message forward; None if it is already there or further. `code` says why it failed."""
        message = self.messages[message_id]
        if _RANKS[status] <= _RANKS[message.status]:
            return None
        self.messages[message_id] = message = replace(message, status=status, code=code)
        self.counters.statuses[status] += 1
        return message

    def unread(self, phone: str) -> list[str]:
        """Ids of the messages that this phone has and nobody has read, oldest first."""
        sent = (one for one in self.messages.values() if one.phone == phone and one.direction == "out")
        return [one.id for one in sent if one.status == "delivered"]

    def hear(self, phone: str, saying: Saying) -> Message:
        """Keep what a borrower says; raises ValueError when nobody could have received it, or it cannot be.

        It goes to the number that the saying names, else to the one whose message it answers or that wrote last.
        """
        if saying.number and saying.number not in self.config.phone_numbers:
            raise ValueError(f"no business number has the id {saying.number!r}")
        answer = answers.find(phone, saying, self._sent(phone, saying.number))
        last = answer.to or self.last_to(phone, saying.number)
        number = saying.number or (last.phone_number_id if last else next(iter(self.config.phone_numbers), ""))
        if not number:
            raise ValueError("no business number is configured")
        message = Message(
            phone=phone,
            type=saying.type,
            text=answer.text,
            direction="in",
            phone_number_id=number,
            id=wamid(phone, inbound=True),
            at=self.now(),
            payload=answer.payload,
            context=answer.to.id if answer.to else "",
            reply=answer.reply,
        )
        if media.is_file(message.type):
            file = media.make(message.id, message.type, saying.quirks, self.files)
            self.files[file.id] = replace(file, phone_number_id=number, at=message.at)
            message = replace(message, media_id=file.id)
        self.messages[message.id] = message
        self.people[user_id(phone)] = phone
        # Meta does not say whether a reaction opens the window; who relies on it would be refused on a bad day.
        if message.type != "reaction":
            self.last_inbound_at[phone, number] = message.at
        if rate := self.config.rates.get(number):
            self.buckets[number] = limits.drain(self.buckets.get(number), rate, message.at)
        self.counters.inbound[message.type] += 1
        return message

    def see(self, message_id: str) -> None:
        """The business marks an inbound message as read."""
        self.messages[message_id] = replace(self.messages[message_id], status="read")

    def link(self, file: media.File) -> str:
        """A new path to a file."""
        token = secrets.token_urlsafe(24)
        self.links[token] = media.Link(file, self.now())
        return f"/_media/{token}"

    def follow(self, token: str) -> media.File | None:
        """The file behind a path that is at most five minutes old."""
        link = self.links.get(token)
        return link.file if link and self.now() - link.at < media.LINK_LIFE else None

    def fire(self, to: str, kinds: Collection[str] = SENDING) -> Fault | None:
        """The first fault of these kinds that hits this number now, counted."""
        for fault in self.faults:
            if fault.kind not in kinds or fault.to not in ("", to) or fault.left == 0:
                continue
            if self.dice.random() < fault.rate:
                if fault.left is not None:
                    fault.left -= 1
                fault.fired += 1
                self.counters.faults_fired[fault.kind] += 1
                return fault
        return None

    def _sent(self, phone: str, phone_number_id: str) -> Iterator[Message]:
        """What a person was sent by this number, or by any if it is empty; newest first."""
        for message in reversed(self.messages.values()):
            to_them = message.phone == phone and message.direction == "out"
            if to_them and phone_number_id in ("", message.phone_number_id):
                yield message


def wamid(phone: str, *, inbound: bool) -> str:
    """A message id like Meta's: base64 that holds the person's number, so it must be treated as one."""
    digits = (phone if is_user_id(phone) else wa_id(phone)).encode()
    head = b"\x1c\x18" + bytes([len(digits)]) + digits
    kind = b"\x15\x02\x00" + (b"\x12\x18\x14" if inbound else b"\x11\x18\x12")
    unique = secrets.token_hex(10 if inbound else 9).upper().encode()
    return "wamid." + base64.b64encode(head + kind + unique + b"\x00").decode()


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
