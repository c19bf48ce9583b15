"""Scripted people: what each of them does with a reminder follows from the number and a seed alone."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Saying:
    """Something a person sends: a WhatsApp message type, its words or caption, and what is odd about its file."""

    type: str
    text: str = ""
    quirks: Quirks = field(default_factory=Quirks)


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

    `{"text": "hola"}`, `{"button": "Ya pagué"}`, `{"read": true}`, or a file: `{"image": true}`, `{"pdf": true}`,
    `{"audio": true}`. Beside a file may stand `"caption"` (not for audio) and the fields of `Quirks`:
    `"lie": "zip"`, `"size": 120000000`, `"digest": "wrong"` or `"hex"`, `"copy_of": "<media id>"`.
    """
    match order:
        case {"read": True, **rest} if not rest:
            return Glance()
        case {"text": str(text), **rest} if text.strip() and not rest:
            return Saying("text", text)
        case {"button": str(text), **rest} if text.strip() and not rest:
            return Saying("button", text)
        case {"image": True, **options}:
            return _parse_file("image", options)
        case {"pdf": True, **options}:
            return _parse_file("document", options)
        case {"audio": True, **options}:
            return _parse_file("audio", options)
        case _:
            raise ValueError("say exactly one of text, button, image, pdf, audio, read")


def _parse_file(message_type: str, options: Mapping[Any, Any]) -> Saying:
    caption = options.get("caption", "")
    if not isinstance(caption, str) or (caption and message_type == "audio"):
        raise ValueError("caption is a text, and audio has none")
    quirks = parse_quirks({name: value for name, value in options.items() if name != "caption"})
    return Saying(message_type, caption, quirks)


def _hash(what: str, phone: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{what}|{seed}|{phone}".encode()).digest()[:8])
