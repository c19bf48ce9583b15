"""The files that borrowers send: real bytes, and what Meta claims about them, true or not."""

import base64
import hashlib
import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LIFE = 7 * 86_400
LINK_LIFE = 300
LARGEST = 500_000_000
STEP = 65_536


@dataclass(frozen=True, slots=True)
class Quirks:
    """How a file differs from an honest new one.

    `lie` is the format its bytes really have, `size` the length it is cut to or filled up to with zeros,
    `digest` is "wrong" or "hex" (what the media endpoint answers), `copy_of` the media id of a file to repeat,
    `content` and `mime_type` are those of a real file, sent instead of an invented one.
    """

    lie: str = ""
    size: int | None = None
    digest: str = ""
    copy_of: str | None = None
    content: bytes = b""
    mime_type: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """`content` without the zeros that follow it up to `size`; `sha256` is the digest that Meta claims.

    `message_id` is empty for what the business uploaded. `at` is when it came, `life` how many seconds it is kept.
    """

    id: str
    message_id: str
    mime_type: str
    content: bytes
    size: int
    sha256: bytes
    in_hex: bool
    phone_number_id: str = ""
    at: float = 0.0
    life: int = LIFE

    @property
    def ends(self) -> float:
        """When it is gone."""
        return self.at + self.life

    def chunks(self, step: int = STEP) -> Iterator[bytes]:
        return _chunks(self.content, self.size, step)

    def announced(self, url: str) -> dict[str, Any]:
        """What the webhook tells."""
        digest = base64.b64encode(self.sha256).decode()
        return {"id": self.id, "mime_type": self.mime_type, "sha256": digest, "url": url}

    def described(self, url: str) -> dict[str, Any]:
        """What the media endpoint answers."""
        told = {"messaging_product": "whatsapp", "file_size": str(self.size)} | self.announced(url)
        return told | {"sha256": self.sha256.hex()} if self.in_hex else told


@dataclass(frozen=True, slots=True)
class Link:
    file: File
    at: float


def parse_quirks(options: Mapping[str, Any]) -> Quirks:
    """Read `{"lie"?, "size"?, "digest"?, "copy_of"?}`; raises ValueError."""
    if unknown := options.keys() - {"lie", "size", "digest", "copy_of"}:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    lie, size, digest, copy_of = (options.get(name) for name in ("lie", "size", "digest", "copy_of"))
    if lie is not None and not (isinstance(lie, str) and lie in _WRITERS):
        raise ValueError(f"lie is one of {', '.join(_WRITERS)}")
    if size is not None and (type(size) is not int or not 0 <= size <= LARGEST):
        raise ValueError(f"size is a number of bytes, at most {LARGEST}")
    if digest not in (None, "wrong", "hex"):
        raise ValueError("digest is one of wrong, hex")
    if copy_of is not None and (not isinstance(copy_of, str) or lie or size is not None):
        raise ValueError("copy_of is a media id and goes without lie and size")
    return Quirks(lie or "", size, digest or "", copy_of)


def is_file(message_type: str) -> bool:
    return message_type in _FORMATS


def make(message_id: str, message_type: str, quirks: Quirks, files: Mapping[str, File]) -> File:
    """The file of a message, which follows from its id; raises ValueError if there is none to copy."""
    seed = hashlib.sha256(message_id.encode()).digest()
    form, mime_type = _FORMATS[message_type]
    if quirks.copy_of is not None:
        if quirks.copy_of not in files:
            raise ValueError(f"there is no file {quirks.copy_of!r} to copy")
        original = files[quirks.copy_of]
        content, size = original.content, original.size
    else:
        content = quirks.content or _WRITERS[quirks.lie or form](seed)
        size = len(content) if quirks.size is None else quirks.size
        content = content[:size]
    digest = _digest(_chunks(content, size, STEP))
    return File(
        id=str(int.from_bytes(seed[:6])),
        message_id=message_id,
        mime_type=quirks.mime_type or mime_type,
        content=content,
        size=size,
        sha256=_digest([digest]) if quirks.digest == "wrong" else digest,
        in_hex=quirks.digest == "hex",
    )


def _chunks(content: bytes, size: int, step: int) -> Iterator[bytes]:
    for start in range(0, size, step):
        yield content[start : start + step].ljust(min(step, size - start), b"\0")


def _digest(chunks: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


def _jpeg(seed: bytes) -> bytes:
    """A grey square of 320 dots; the seed is its comment."""
    one_code = bytes([1, *[0] * 15, 0])  # a Huffman table with the single code 0, which stands for "nothing"
    segments = (
        (0xE0, b"JFIF\0" + bytes.fromhex("0101 00 0001 0001 00 00")),
        (0xFE, seed),
        (0xDB, b"\x00" + b"\x01" * 64),
        (0xC0, struct.pack(">BHHB", 8, 320, 320, 1) + bytes.fromhex("01 11 00")),
        (0xC4, b"\x00" + one_code),
        (0xC4, b"\x10" + one_code),
        (0xDA, bytes.fromhex("01 01 00 00 3f 00")),
    )
    head = b"".join(struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    return b"\xff\xd8" + head + bytes(40 * 40 * 2 // 8) + b"\xff\xd9"  # two such codes for each block of 8 × 8


def _pdf(seed: bytes) -> bytes:
    """A page with one line, which ends in the seed."""
    text = f"BT /F 10 Tf 20 60 Td (Comprobante {seed.hex()[:32]}) Tj ET"
    objects = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 320 120]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        f"<</Length {len(text)}>>stream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body, table = "%PDF-1.4\n", "0000000000 65535 f \n"
    for number, written in enumerate(objects, 1):
        table += f"{len(body):010} 00000 n \n"
        body += f"{number} 0 obj\n{written}\nendobj\n"
    count = len(objects) + 1
    trailer = f"trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {count}\n{table}{trailer}".encode()


def _ogg(seed: bytes) -> bytes:
    """A fiftieth of a second of silence; the seed names its maker."""
    maker = seed.hex().encode()
    packets = (
        b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0),
        b"OpusTags" + struct.pack("<I", len(maker)) + maker + struct.pack("<I", 0),
        b"\xf8\xff\xfe",
    )
    first, last, samples = 2, 4, 960
    positions = ((first, 0), (0, 0), (last, samples))
    pages = zip(packets, positions, range(3), strict=True)
    return b"".join(_ogg_page(packet, *position, number) for packet, position, number in pages)


def _ogg_page(packet: bytes, flags: int, position: int, number: int) -> bytes:
    head = struct.pack("<4sBBqII", b"OggS", 0, flags, position, 1, number)
    tail = bytes([1, len(packet)]) + packet
    check = 0
    for byte in head + bytes(4) + tail:
        check ^= byte << 24
        for _ in range(8):
            check = (check << 1 ^ (0x04C11DB7 if check >> 31 else 0)) & 0xFFFFFFFF
    return head + struct.pack("<I", check) + tail


def _zip(seed: bytes) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr(zipfile.ZipInfo("comprobante.txt"), seed.hex())
    return raw.getvalue()


def _mp4(seed: bytes) -> bytes:
    """A film without a picture; the seed fills it."""
    return b"".join(
        struct.pack(">I4s", len(content) + 8, kind) + content
        for kind, content in ((b"ftyp", b"isom\0\0\2\0isomiso2mp41"), (b"free", seed), (b"mdat", b""))
    )


def _webp(seed: bytes) -> bytes:
    """One white dot; the seed stands in a chunk of its own."""
    dot = bytes.fromhex("2f00000010071011118888fe0700")  # the last byte only makes it even
    content = b"WEBPVP8L" + struct.pack("<I", len(dot) - 1) + dot + b"NOTE" + struct.pack("<I", len(seed)) + seed
    return b"RIFF" + struct.pack("<I", len(content)) + content


_WRITERS: Mapping[str, Callable[[bytes], bytes]] = {
    "jpeg": _jpeg,
    "pdf": _pdf,
    "ogg": _ogg,
    "zip": _zip,
    "mp4": _mp4,
    "webp": _webp,
}
_FORMATS: Mapping[str, tuple[str, str]] = {
    "image": ("jpeg", "image/jpeg"),
    "document": ("pdf", "application/pdf"),
    "audio": ("ogg", "audio/ogg; codecs=opus"),
    "video": ("mp4", "video/mp4"),
    "sticker": ("webp", "image/webp"),
}
