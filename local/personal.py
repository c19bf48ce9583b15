"""What tests and samples plant of people, and whether a text gives it away: logs, metrics, queues, events."""

import re
from collections.abc import Iterable

# Whoever lives in the tests' worlds and in the samples is called so; a name is found whatever its case.
NAMES = ("Ejemplo", "Lucía", "Bruno")
DOCUMENTS = ("CURP-EJEMPLO-1", "XAXX010101000")
# A text of a borrower that no template of ours has.
WORDS = ("pago el viernes", "esa deuda no es mía")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
# Mobiles of the countries in which we write; no account, clock or hexadecimal digest has their shape.
_PHONE = re.compile(r"(?<![\w.])\+?(?:1\d{10}|34\d{9}|5[1-8]\d{9,11}|50\d{9}|59\d{9,10})(?!\w)")
# An id of AWS, whose last part is all digits once in three hundred times, and then may look like a phone.
_UUID = re.compile(r"(?<!\w)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\w)")
_WAMID = re.compile(r"wamid\.[\w+/=.-]+")
_CLOCK = re.compile(r"1[5-9]\d{8}(\d{3})?")


def find(text: str, names: Iterable[str] = ()) -> list[str]:
    """All that is personal in it, in no order; empty where nothing is. `names`: planted besides."""
    plain = _UUID.sub("", _plain(text))
    folded = plain.casefold()
    told = [word for word in (*NAMES, *names, *DOCUMENTS, *WORDS) if word.casefold() in folded]
    phones = [phone for phone in _PHONE.findall(plain) if not _CLOCK.fullmatch(phone)]
    return [*told, *phones, *_WAMID.findall(plain)]


def masked(text: str, names: Iterable[str] = ()) -> str:
    """The same text without what is personal in it, to be shown to whoever mends the leak."""
    plain = _plain(text)
    for word in find(plain, names):
        plain = re.sub(re.escape(word), "•••", plain, flags=re.IGNORECASE)
    return plain


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
