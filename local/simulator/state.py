"""All the simulator knows, in memory: configuration, conversations, faults and counters."""

import base64
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from local.simulator import media
from local.simulator.borrowers import Saying
from local.simulator.config import Config
from local.simulator.faults import SENDING, Fault
from local.simulator.numbers import local_day, wa_id

_RANKS = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3}


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. `phone` is always the borrower's number, whoever wrote."""

    phone: str
    type: str
    text: str
    direction: Literal["in", "out"] = "out"
    phone_number_id: str = ""
    id: str = ""
    at: float = 0.0
    status: str = ""
    template: str = ""
    language: str = ""
    parameters: tuple[str, ...] = ()
    opaque_id: str = ""
    payloads: Mapping[str, str] = field(default_factory=dict[str, str])
    """What each quick-reply button sends back, by its label."""
    payload: str = ""
    context: str = ""
    """Id of the message that a button press answers."""
    media_id: str = ""
    content: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the phone shows: header, body, footer, buttons, list. Empty for what is only text."""

    def as_json(self) -> dict[str, Any]:
        common: dict[str, Any] = {
            "direction": self.direction,
            "to" if self.direction == "out" else "from": self.phone,
            "id": self.id,
            "type": self.type,
            "text": self.text,
            "at": iso(self.at),
            "content": dict(self.content),
        }
        if self.direction == "in":
            return common | {"media_id": self.media_id}
        return common | {
            "template": self.template,
            "language": self.language,
            "parameters": list(self.parameters),
            "opaque_id": self.opaque_id,
            "status": self.status,
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
    statuses: Counter[str] = field(default_factory=lambda: Counter({"sent": 0, "delivered": 0, "read": 0}))
    inbound: Counter[str] = field(default_factory=Counter[str])
    media: Counter[str] = field(default_factory=lambda: Counter({"asked": 0, "downloaded": 0, "refused": 0}))
    """Addresses given, downloads begun, and calls for either that were answered with a 4xx."""
    accepted_by_borrower_and_day: Counter[str] = field(default_factory=Counter[str])
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
    last_inbound_at: dict[str, float] = field(default_factory=dict[str, float])
    last_sent: dict[str, str] = field(default_factory=dict[str, str])
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def now(self) -> float:
        return self.clock() + self.config.clock_offset

    def accept(self, draft: Message) -> Message:
        message = replace(draft, id=wamid(draft.phone, inbound=False), at=self.now(), status="accepted")
        self.messages[message.id] = message
        self.last_sent[message.phone] = message.id
        self.counters.accepted += 1
        day = local_day(message.phone, message.at)
        self.counters.accepted_by_borrower_and_day[f"{message.phone}|{day}"] += 1
        return message

    def refuse(self, to: str, code: int, message: str) -> None:
        self.refused.append(Refused(to, code, message, self.now()))
        self.counters.refused[str(code)] += 1

    def advance(self, message_id: str, status: str) -> Message | None:
        """Move a message forward; None if it is already there or further."""
        message = self.messages[message_id]
        if _RANKS[status] <= _RANKS[message.status]:
            return None
        self.messages[message_id] = message = replace(message, status=status)
        self.counters.statuses[status] += 1
        return message

    def hear(self, phone: str, saying: Saying) -> Message:
        """Keep what a borrower says; raises ValueError when nobody could have received it, or it cannot be."""
        answered = self._with_button(phone, saying.text) if saying.type == "button" else None
        if saying.type == "button" and answered is None:
            raise ValueError(f"no message to {phone} has a button {saying.text!r}")
        last = answered or self.messages.get(self.last_sent.get(phone, ""))
        if last is None and not self.config.phone_numbers:
            raise ValueError("no business number is configured")
        message = Message(
            phone=phone,
            type=saying.type,
            text=saying.text,
            direction="in",
            phone_number_id=last.phone_number_id if last else next(iter(self.config.phone_numbers)),
            id=wamid(phone, inbound=True),
            at=self.now(),
            payload=answered.payloads[saying.text] if answered else "",
            context=answered.id if answered else "",
        )
        if media.is_file(message.type):
            file = media.make(message.id, message.type, saying.quirks, self.files)
            self.files[file.id] = file
            message = replace(message, media_id=file.id)
        self.messages[message.id] = message
        self.last_inbound_at[phone] = message.at
        self.counters.inbound[message.type] += 1
        return message

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
                self.counters.faults_fired[fault.kind] += 1
                return fault
        return None

    def _with_button(self, phone: str, label: str) -> Message | None:
        newest_first = reversed(self.messages.values())
        return next((sent for sent in newest_first if sent.phone == phone and label in sent.payloads), None)


def wamid(phone: str, *, inbound: bool) -> str:
    """A message id like Meta's: base64 that holds the person's number, so it must be treated as one."""
    digits = wa_id(phone).encode()
    head = b"\x1c\x18" + bytes([len(digits)]) + digits
    kind = b"\x15\x02\x00" + (b"\x12\x18\x14" if inbound else b"\x11\x18\x12")
    unique = secrets.token_hex(10 if inbound else 9).upper().encode()
    return "wamid." + base64.b64encode(head + kind + unique + b"\x00").decode()


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
