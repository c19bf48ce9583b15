"""Scripted people: what each of them does with a reminder follows from the number and a seed alone."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, cast

from local.simulator.media import Quirks, parse_quirks


class Behaviour(StrEnum):
    SILENT = "silent"
    READ = "read"
    REPLY = "reply"
    STOP = "stop"
    PICTURE = "picture"


# Running totals of a hundred people: 20 stay silent, 50 read, 12 reply, 8 say stop, 10 send a picture.
_SHARES = (
    (20, Behaviour.SILENT),
    (70, Behaviour.READ),
    (82, Behaviour.REPLY),
    (90, Behaviour.STOP),
    (100, Behaviour.PICTURE),
)
_NAMES = (
    "Alba Ejemplo",
    "Bruno Muestra",
    "Carla Ficticia",
    "Diego Inventado",
    "Elena Prueba",
    "Fabio Modelo",
)
_STOP = {"es": "BAJA", "pt_BR": "SAIR", "en": "STOP"}
_REPLIES = {
    "es": ("Pago el viernes", "¿Me puede enviar el detalle?", "Sí, gracias", "¿Puedo pagar en dos partes?"),
    "pt_BR": (
        "Pago na sexta-feira",
        "Pode me enviar o detalhe?",
        "Sim, obrigado",
        "Posso pagar em duas vezes?",
    ),
    "en": (
        "I will pay on Friday",
        "Can you send me the details?",
        "Yes, thank you",
        "Can I pay in two parts?",
    ),
}

_FILES = {"image": "image", "pdf": "document", "audio": "audio", "video": "video", "sticker": "sticker"}
_ONE_OF = (
    "say exactly one of text, button, choose, reaction, location, contacts, unsupported, "
    f"{', '.join(_FILES)}, read"
)
_UPLOADS = {
    "image/jpeg": "image",
    "image/png": "image",
    "application/pdf": "document",
    "audio/ogg": "audio",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
}


@dataclass(frozen=True, slots=True)
class Saying:
    """Something a person sends: a WhatsApp message type, its words or caption, and what is odd about its file.

    `text` is also the label of a button, the title or id of a choice, or an emoji. `facts` are those of a place or
    of what is unsupported. `number` is the id of the business number written to; empty goes on with the
    conversation.
    """

    type: str
    text: str = ""
    quirks: Quirks = field(default_factory=Quirks)
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    number: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """A person opens the last message."""


def behaviour(phone: str, seed: int) -> Behaviour:
    percent = _hash("behaviour", phone, seed) % 100
    return next(what for below, what in _SHARES if percent < below)


def chosen(phone: str, seed: int, forced: str | Mapping[str, str] | None) -> Behaviour:
    """The configured behaviour where there is one for this person, else the scripted one."""
    if isinstance(forced, str):
        return Behaviour(forced)
    if forced and phone in forced:
        return Behaviour(forced[phone])
    return behaviour(phone, seed)


def reaction(what: Behaviour, phone: str, seed: int, language: str) -> Saying | None:
    """What a person with this behaviour answers to a template in this language."""
    match what:
        case Behaviour.REPLY:
            replies = _REPLIES.get(language, _REPLIES["es"])
            return Saying("text", replies[_hash("reply", phone, seed) % len(replies)])
        case Behaviour.STOP:
            return Saying("text", _STOP.get(language, _STOP["es"]))
        case Behaviour.PICTURE:
            return Saying("image")
        case Behaviour.SILENT | Behaviour.READ:
            return None


def name(phone: str) -> str:
    return _NAMES[_hash("name", phone, 0) % len(_NAMES)]


def parse_saying(order: object) -> Saying | Glance:
    """Read what a person shall do; raises ValueError.

    Words: `{"text": "hola"}`, `{"button": "Ya pagué"}`, `{"choose": "title or id"}` of a reply button or list row.
    A file: `{"image": true}`, or `pdf`, `audio`, `video`, `sticker`; beside it `"caption"` (not for audio and
    stickers) and the fields of `Quirks`: `"lie": "zip"`, `"size": 120000000`, `"digest": "wrong"` or `"hex"`,
    `"copy_of": "<media id>"`. Other things: `{"reaction": "👍"}` to the last message, where "" takes it back;
    `{"location": {"latitude", "longitude", "name"?, "address"?}}` in degrees; `{"contacts": true}`, the own card;
    `{"unsupported": true}`, or what it is, as `"poll"`. Beside all of these, `"to"` is the id of the business
    number that is written to. `{"read": true}` opens what has come.
    """
    if not isinstance(order, dict):
        raise ValueError(_ONE_OF)
    wanted = dict(cast("dict[Any, Any]", order))
    if wanted == {"read": True}:
        return Glance()
    number = wanted.pop("to", "")
    if not isinstance(number, str):
        raise ValueError("to is the id of a business number")
    return replace(_parse_saying(wanted), number=number)


def _parse_saying(wanted: dict[Any, Any]) -> Saying:
    match wanted:
        case {"text": str(text), **rest} if text.strip() and not rest:
            return Saying("text", text)
        case {"button": str(text), **rest} if text.strip() and not rest:
            return Saying("button", text)
        case {"choose": str(text), **rest} if text.strip() and not rest:
            return Saying("interactive", text)
        case {"reaction": str(emoji), **rest} if not rest:
            return Saying("reaction", emoji)
        case {"location": dict(place), **rest} if not rest:
            return _parse_place(cast("dict[Any, Any]", place))
        case {"contacts": True, **rest} if not rest:
            return Saying("contacts")
        case {"unsupported": True | str() as kind, **rest} if kind and not rest:
            return Saying("unsupported", facts={"type": "unknown" if kind is True else kind})
        case _:
            pass
    for name, message_type in _FILES.items():
        if wanted.get(name) is True:
            return _parse_file(message_type, {key: value for key, value in wanted.items() if key != name})
    raise ValueError(_ONE_OF)


def parse_upload(raw: bytes, content_type: str, caption: str) -> Saying:
    """A real file that a person sends; raises ValueError for what no phone would make of a receipt."""
    mime_type = content_type.partition(";")[0].strip().lower()
    message_type = _UPLOADS.get(mime_type)
    if message_type is None:
        raise ValueError(f"a file is one of {', '.join(_UPLOADS)}, not {mime_type!r}")
    if not raw:
        raise ValueError("the file is empty")
    if caption and message_type == "audio":
        raise ValueError("audio has no caption")
    return Saying(message_type, caption, Quirks(content=raw, mime_type=mime_type))


def _parse_place(place: dict[Any, Any]) -> Saying:
    if unknown := place.keys() - {"latitude", "longitude", "name", "address"}:
        raise ValueError(f"unknown: {', '.join(sorted(map(str, unknown)))}")
    for name, most in (("latitude", 90), ("longitude", 180)):
        degrees = place.get(name)
        if not isinstance(degrees, int | float) or isinstance(degrees, bool) or not -most <= degrees <= most:
            raise ValueError(f"{name} lies between -{most} and {most}")
    if not all(isinstance(place.get(name, ""), str) for name in ("name", "address")):
        raise ValueError("name and address are texts")
    return Saying("location", place.get("name", ""), facts=place)


def _parse_file(message_type: str, options: Mapping[Any, Any]) -> Saying:
    caption = options.get("caption", "")
    if not isinstance(caption, str) or (caption and message_type in ("audio", "sticker")):
        raise ValueError("caption is a text, and audio and stickers have none")
    quirks = parse_quirks({name: value for name, value in options.items() if name != "caption"})
    return Saying(message_type, caption, quirks)


def _hash(what: str, phone: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{what}|{seed}|{phone}".encode()).digest()[:8])
