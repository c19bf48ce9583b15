"""What the page shows, as JSON: made from the state alone, and only what is new to who asks."""

import secrets
from collections import Counter
from dataclasses import asdict
from itertools import islice
from typing import Any

from local.simulator import borrowers
from local.simulator.errors import ERRORS
from local.simulator.faults import KINDS
from local.simulator.numbers import canonical, local_time, user_id
from local.simulator.state import Message, State

REFUSED_SHOWN = 300
_FILES = {
    "image": "Photo",
    "document": "Document",
    "audio": "Voice message",
    "video": "Video",
    "sticker": "Sticker",
}


class Watch:
    """Tells news of one state: everything that changed gets the next revision.

    Messages are never changed, but replaced by others with the same id, so a look at each tells which are new.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.epoch = secrets.token_hex(4)
        self.revision = 0
        self._seen: dict[str, Message] = {}
        self._changed: dict[str, int] = {}
        self._order: dict[str, int] = {}
        self._chats: dict[str, list[str]] = {}
        self._changed_chats: dict[str, int] = {}

    def news(self, epoch: str, since: int, chat: str, since_in_chat: int) -> dict[str, Any]:
        """Chats changed after revision `since`, and messages of one chat changed after `since_in_chat`.

        Who has another epoch knows another state, and is told everything.
        """
        self._look()
        if epoch != self.epoch:
            since = since_in_chat = 0
        changed = [phone for phone, revision in self._changed_chats.items() if revision > since]
        told = [id for id in self._chats.get(chat, ()) if self._changed[id] > since_in_chat]
        return {
            "epoch": self.epoch,
            "revision": self.revision,
            "chats": [self._chat(phone) for phone in changed],
            "person": person(chat, self.state) if chat else None,
            "today": local_time(chat, self.state.now()).date().isoformat(),
            "messages": [message_row(self.state.messages[id], self.state) for id in told],
            "refused": len(self.state.refused),
            "faults": sum(fault.left != 0 for fault in self.state.faults),
        }

    def _look(self) -> None:
        revision = self.revision + 1
        for id, message in self.state.messages.items():
            if self._seen.get(id) is message:
                continue
            if id not in self._seen:
                self._order[id] = len(self._order)
                self._chats.setdefault(message.phone, []).append(id)
            self._seen[id] = message
            self._changed[id] = self._changed_chats[message.phone] = self.revision = revision

    def _chat(self, phone: str) -> dict[str, Any]:
        messages = [self.state.messages[id] for id in self._chats[phone]]
        last = messages[-1]
        return person(phone, self.state) | {
            "last": _in_a_line(last),
            "mine": last.direction == "in",
            "status": last.status,
            "day": local_time(phone, last.at).date().isoformat(),
            "time": f"{local_time(phone, last.at):%H:%M}",
            "order": self._order[last.id],
            "unread": sum(message.direction == "out" and message.status == "delivered" for message in messages),
        }


def person(phone: str, state: State) -> dict[str, Any]:
    """Who a chat is with; a hidden number is told as the user id, as the business sees it."""
    hidden = phone in state.config.hidden
    return {
        "phone": phone,
        "name": borrowers.name(phone),
        "number": user_id(phone) if hidden else phone,
        "hidden": hidden,
    }


def stranger(number: str, state: State) -> dict[str, Any]:
    """Somebody nobody wrote to yet; raises ValueError for what is no number."""
    return person(canonical(number), state)


def message_row(message: Message, state: State) -> dict[str, Any]:
    at = local_time(message.phone, message.at)
    return {
        "id": message.id,
        "mine": message.direction == "in",
        "type": message.type,
        "status": message.status,
        "code": message.code,
        "day": at.date().isoformat(),
        "time": f"{at:%H:%M}",
        "content": _content(message),
        "quoted": _quoted(message, state),
        "file": _file(message, state),
    }


def refused(state: State) -> dict[str, Any]:
    """What the API refused, newest first, and how often each code."""
    rows = [one.as_json() for one in islice(reversed(state.refused), REFUSED_SHOWN)]
    for row in rows:
        row["message"], _, row["details"] = row["message"].partition(": ")
    counts = Counter(one.code for one in state.refused)
    return {"total": counts.total(), "counts": [list(pair) for pair in counts.most_common()], "rows": rows}


def faults(state: State) -> dict[str, Any]:
    return {
        "kinds": KINDS,
        "codes": [[code, error.title] for code, error in ERRORS.items()],
        "faults": [asdict(fault) for fault in state.faults],
    }


def _content(message: Message) -> dict[str, Any]:
    if message.content:
        return dict(message.content)
    buttons = [{"type": "quick_reply", "text": label} for label in message.payloads]
    return {"body": _words(message)} | ({"buttons": buttons} if buttons else {})


def _quoted(message: Message, state: State) -> str:
    answered = state.messages.get(message.context)
    return _in_a_line(answered) if answered else ""


def _file(message: Message, state: State) -> dict[str, Any] | None:
    header = message.content.get("header") or {}
    media_id = message.media_id or header.get("media_id", "")
    file = state.files.get(media_id)
    return {"id": file.id, "mime_type": file.mime_type, "size": file.size} if file else None


def _in_a_line(message: Message) -> str:
    words = message.content.get("body") or _words(message)
    label = "" if message.direction == "out" and words else _FILES.get(message.type, "")
    return " ".join(f"{label}: {words}".split()).strip(": ")[:120]


def _words(message: Message) -> str:
    """What stands in a bubble without content; a file may stand alone."""
    told = message.reply
    match message.type:
        case "reaction":
            return f"Reacted: {message.text}" if message.text else "Took a reaction back"
        case "location":
            return f"Location: {message.text} {told.get('latitude')}, {told.get('longitude')}"
        case "contacts":
            return "A contact card"
        case kind:
            return message.text or ("" if kind in _FILES else f"[{kind}]")
