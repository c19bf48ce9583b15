"""Bytes as lines of text: which encoding they are in, decided as they stream."""

import codecs
import io
import re
from collections.abc import Iterator
from itertools import chain

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.containers import not_a_table

MAX_LINE = 1024**2

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_SNIFFED = 4096

# In the code page of Windows, what Spanish and Portuguese letters of UTF-8 look like.
_UTF8_LETTER = re.compile(rb"[\xc2\xc3][\x80-\xbf]")
_C1 = re.compile("[\x80-\x9f]")
# Letters of DOS (cp850) and old Macs read as Windows: Pe¤a, L¢pez, Mu–oz is left out because it may be a dash.
_OTHER_PAGE = re.compile("[A-Za-z][¢£¤¥‚¡‡][A-Za-z]")
# What csv's apostrophe guard (results.py) looks like anywhere in a text.
_GUARD = re.compile("'[=+\\-@\t\r]")


class Lines:
    """Batches of lines, each with its end as it was (LF, CRLF or CR).

    UTF-8 with or without BOM, UTF-16 with BOM or where every other byte of the beginning is zero, and Windows'
    cp1252: ASCII so far and then bytes that are no UTF-8. Once there was UTF-8 beyond ASCII, such bytes mean that
    the file is mixed. `declared` is an encoding to read as such.
    """

    def __init__(self, pieces: Iterator[bytes], declared: str = "") -> None:
        self._pieces = pieces
        self._declared = declared
        self._count = 0
        self.encoding = declared or "utf-8"
        self.may_be_guarded = False
        self.longest = 0
        self._all_ascii = True

    def batches(self) -> Iterator[list[str]]:
        """Raises InvalidInput (BAD_ENCODING, MIXED_ENCODING, NOT_A_TABLE, TOO_LARGE)."""
        carry = ""
        for text in self._text():
            if "\0" in text:
                raise not_a_table(f"NUL, {_line(self._count + _ends(text, text.index('\0')) + 1)}")
            if not self.may_be_guarded and _GUARD.search(text):
                self.may_be_guarded = True
            lines = list(io.StringIO(carry + text, newline=""))
            # A CR may be the first half of CRLF.
            carry = lines.pop() if lines and not lines[-1].endswith("\n") else ""
            yield from self._checked(lines, carry)
        if carry:
            yield from self._checked([carry], "")

    def _checked(self, lines: list[str], carry: str) -> Iterator[list[str]]:
        longest = max(map(len, lines), default=0)
        if max(longest, len(carry)) > MAX_LINE:
            raise refuse("TOO_LARGE", f"{_line(self._count + 1)}+: > 1 MB")
        self.longest = max(self.longest, longest)
        self._count += len(lines)
        if lines:
            yield lines

    def _text(self) -> Iterator[str]:
        head = b""
        for piece in self._pieces:
            head += piece
            if len(head) >= _SNIFFED:
                break
        if head.startswith(_UTF32):
            raise refuse("BAD_ENCODING", "UTF-32")
        bom = next((name for mark, name in _BOMS if head.startswith(mark)), "")
        if not self._declared:
            self.encoding = bom or _wide(head) or "utf-8"
        elif bom and _family(bom) != _family(self._declared):
            raise refuse("BAD_ENCODING", f"{self._declared} ≠ {bom.upper()}")
        elif self._declared == "utf-16":
            self.encoding = bom or _wide(head) or "utf-16-le"
        else:
            self.encoding = bom or self._declared
        pieces = chain([head[_bom_size(bom) :]], self._pieces)
        return self._wide(pieces) if self.encoding.startswith("utf-16") else self._narrow(pieces)

    def _wide(self, pieces: Iterator[bytes]) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        try:
            for piece in pieces:
                yield decoder.decode(piece)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise refuse("BAD_ENCODING", f"{self.encoding.upper()}, {_line(self._count + 1)}+") from error

    def _narrow(self, pieces: Iterator[bytes]) -> Iterator[str]:
        """In blocks that end with a line, so that no letter is cut."""
        carry = b""
        for piece in pieces:
            block = carry + piece
            cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1
            if len(block) - cut > 4 * MAX_LINE:
                raise refuse("TOO_LARGE", f"{_line(self._count + 1)}+: > 1 MB")
            carry = block[cut:]
            if cut:
                yield self._decode(block[:cut])
        if carry:
            yield self._decode(carry)

    def _decode(self, block: bytes) -> str:
        if block.isascii():
            return block.decode("ascii")
        if self._declared and not self.encoding.startswith("utf-8"):
            return self._decode_declared(block)
        if self.encoding == "cp1252":
            return self._decode_windows(block)
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            if self._declared:
                raise self._bad("BAD_ENCODING", block, error.start, "UTF-8") from error
            if self.encoding == "utf-8-sig" or not self._all_ascii or not block[: error.start].isascii():
                raise self._bad("MIXED_ENCODING", block, error.start, "UTF-8 + ?") from error
            self.encoding = "cp1252"
            return self._decode_windows(block)
        self._all_ascii = False
        if wrong := _C1.search(text):
            raise refuse("BAD_ENCODING", f"{_line(self._count + _ends(text, wrong.start()) + 1)}: {wrong[0]!r}")
        return text

    def _decode_windows(self, block: bytes) -> str:
        try:
            text = block.decode("cp1252")
        except UnicodeDecodeError as error:
            raise self._bad("BAD_ENCODING", block, error.start, hex(block[error.start])) from error
        if letter := _UTF8_LETTER.search(block):
            raise self._bad("MIXED_ENCODING", block, letter.start(), "Windows-1252 + UTF-8")
        if wrong := _OTHER_PAGE.search(text):
            raise self._bad("BAD_ENCODING", block, wrong.start(), f"{wrong[0]!r}: cp850? encoding: cp850 | cp1252")
        return text

    def _decode_declared(self, block: bytes) -> str:
        try:
            text = block.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise self._bad("BAD_ENCODING", block, error.start, self.encoding) from error
        if wrong := _C1.search(text):
            raise refuse("BAD_ENCODING", f"{_line(self._count + _ends(text, wrong.start()) + 1)}: {wrong[0]!r}")
        return text

    def _bad(self, code: str, block: bytes, at: int, what: str) -> InvalidInput:
        line = self._count + _ends(block[:at].decode("latin-1"), at) + 1
        return refuse(code, f"{_line(line)}: {what}")


def _wide(head: bytes) -> str:
    """UTF-16 without BOM, where it is obvious: text that is mostly ASCII has a zero in every other byte."""
    even, odd = head[0:512:2], head[1:512:2]
    if len(odd) < 2:
        return ""
    if 0 not in even and 10 * odd.count(0) >= 9 * len(odd):
        return "utf-16-le"
    if 0 not in odd and 10 * even.count(0) >= 9 * len(even):
        return "utf-16-be"
    return ""


def _family(encoding: str) -> str:
    return encoding.replace("-sig", "").replace("-le", "").replace("-be", "")


def _bom_size(encoding: str) -> int:
    return next((len(mark) for mark, name in _BOMS if name == encoding), 0)


def _ends(text: str, end: int) -> int:
    return text.count("\n", 0, end) or text.count("\r", 0, end)


def _line(number: int) -> str:
    return f"línea/line {number}"
