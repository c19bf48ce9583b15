"""What a delivered file is by its first bytes, and its contents out of gzip, with bounds on everything."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse

MAX_RAW = 1024**3
MAX_DECODED = 2 * 1024**3
MAX_RATIO = 200
FREE_OF_RATIO = 16 * 1024**2  # from here on the ratio is watched: small repetitive files may have any
SNIFFED = 4096
PIECE = 256 * 1024

type Kind = Literal["text", "xlsx", "jsonl"]

# What it seems to be, by its first bytes. Zip files are looked into (workbook.py).
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "XLS (Excel 97–2003), o XLSX con contraseña / or XLSX with a password"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"RIFF", "RIFF (WAV, WEBP)"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"{\\rtf", "RTF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"PAR1", "Parquet"),
    (b"SQLite format 3", "SQLite"),
)


def not_a_table(seems: str) -> InvalidInput:
    return refuse("NOT_A_TABLE", f"{seems} → CSV UTF-8, XLSX")


class Raw:
    """The delivered bytes: counted and hashed as they pass."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        """SHA-256 in hex of what has passed."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        """In pieces of at most PIECE bytes. Raises InvalidInput (TOO_LARGE)."""
        for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > MAX_RAW:
                raise refuse("TOO_LARGE", f"> {MAX_RAW // 1024**3} GB")
            self._hash.update(chunk)
            if len(chunk) <= PIECE:
                yield chunk
            else:
                yield from (chunk[start : start + PIECE] for start in range(0, len(chunk), PIECE))


def open_container(raw: Iterable[bytes]) -> tuple[Kind, Iterator[bytes]]:
    """What the file is, and its contents.

    Raises InvalidInput (EMPTY_FILE, NOT_A_TABLE), and TOO_LARGE while the contents are read.
    """
    head, pieces = _peek(iter(raw))
    if head.startswith(b"\x1f\x8b"):
        head, pieces = _peek(_gunzip(pieces))
        if head.startswith(b"\x1f\x8b"):
            raise not_a_table("gzip (gzip)")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "xlsx", pieces
    for signature, seems in _SIGNATURES:
        if head.startswith(signature):
            raise not_a_table(seems)
    # UTF-16 has NUL bytes between its characters.
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if text.startswith(b"<"):
        raise not_a_table("HTML / XML")
    if text.startswith(b"["):
        raise not_a_table("JSON [ … ]")
    return ("jsonl" if text.startswith(b"{") else "text"), _bounded(pieces)


def _peek(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    head: list[bytes] = []
    size = 0
    for piece in pieces:
        head.append(piece)
        size += len(piece)
        if size >= SNIFFED:
            break
    if not size:
        raise refuse("EMPTY_FILE", "0 bytes")
    return b"".join(head)[:SNIFFED], chain(head, pieces)


def _bounded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Bounded in all, and joined where they are tiny."""
    size = waiting = 0
    joined: list[bytes] = []
    for piece in pieces:
        size += len(piece)
        if size > MAX_DECODED:
            raise refuse("TOO_LARGE", f"> {MAX_DECODED // 1024**3} GB")
        joined.append(piece)
        waiting += len(piece)
        if waiting >= PIECE // 4:
            yield b"".join(joined)
            joined.clear()
            waiting = 0
    if joined:
        yield b"".join(joined)


def _gunzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """One or more members, each whole; zeros may follow, as on tapes."""
    read = written = 0
    member = zlib.decompressobj(wbits=31)
    for piece in pieces:
        read += len(piece)
        rest = piece
        while rest:
            if member.eof:
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                member = zlib.decompressobj(wbits=31)
            try:
                data = member.decompress(rest, PIECE)
            except zlib.error as error:
                raise not_a_table("gzip, dañado / damaged") from error
            written += len(data)
            if written > FREE_OF_RATIO and written > MAX_RATIO * read:
                raise refuse("TOO_LARGE", f"gzip: 1 → {MAX_RATIO}")
            if data:
                yield data
            rest = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise not_a_table("gzip, cortado / cut short")
