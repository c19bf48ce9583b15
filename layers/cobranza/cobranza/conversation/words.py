"""A message as words that can be compared: by how they sound, without accents, case or decoration.

Borrowers write "cansele", "lla pague", "boy a pagar", "STOOOP": letters that sound alike in Spanish and
Portuguese are one letter here, and a letter that is repeated is there once.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

MAX_CHARS = 4096  # WhatsApp's limit
MAX_WORD = 40


@dataclass(frozen=True, slots=True)
class Word:
    """`sound` is what is compared; `start` and `end` are its place in the readable text. A phrase never
    reaches over the end of a `clause`; `asks` tells whether that one ends in a question mark."""

    sound: str
    start: int
    end: int
    clause: int
    sentence: int
    asks: bool = False


_TOKEN = re.compile(
    r"(?P<number>\d+(?:[.,/-]\d+)+)|(?P<word>[^\W_][\w\u0300-\u036f'’´`]*)"
    r"|(?P<sentence>[.!?\n…]+)|(?P<clause>[,;:()\"«»“”|])"
)
# What WhatsApp quotes, and the footer of our own templates: who sends on a reminder does not say its words.
_NOT_THEIRS = re.compile(
    r"^[ \t]*>.*$|^[ \t*_]*(?:mensaje autom|mensagem autom|automated message).*$", re.MULTILINE | re.IGNORECASE
)
_LONG = re.compile(r"(\D)\1{2,}")
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"([a-z])\1{2,}", r"\1"),
        (r"(?<=\w)ll|^ll", "y"),
        (r"qu(?=[ei])", "k"),
        (r"ch", "C"),
        (r"h", ""),
        (r"c(?=[eiy])|z", "s"),
        (r"g(?=[ei])", "j"),
        (r"[cq]", "k"),
        (r"v", "b"),
        (r"([A-Za-z])\1+", r"\1"),
    )
)


def readable(text: str) -> str:
    """The text without invisible marks, at most 4,096 characters, and without quoted lines (`> …`) and footers of
    ours where there are others."""
    clean = unicodedata.normalize("NFKC", text[:MAX_CHARS])[:MAX_CHARS]
    clean = "".join(char for char in clean if unicodedata.category(char) != "Cf")
    own = _NOT_THEIRS.sub("", clean)
    return own if own.strip() else clean


def plain(word: str) -> str:
    """Lower case, without accents and apostrophes."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", word.casefold())))


# Most words that people write are the same few thousand.
@lru_cache(4096)
def sound(word: str) -> str:
    """How a word sounds: "cansele" and "cancelé" are one."""
    heard = plain(word[:MAX_WORD])
    for pattern, letter in _SOUNDS:
        heard = pattern.sub(letter, heard)
    return heard


def words_of(text: str, short_forms: Mapping[str, str]) -> list[Word]:
    """The words of a readable text, in order. `short_forms` are written out: {"xq": "por que"}."""
    words: list[Word] = []
    pending: list[tuple[str, int, int]] = []
    clause = sentence = 0
    for found in _TOKEN.finditer(text):
        if found["word"] or found["number"]:
            pending += [(each, found.start(), found.end()) for each in _sounds(found, short_forms)]
            continue
        words += _closed(pending, clause, sentence, asks="?" in found[0])
        clause += 1
        sentence += bool(found["sentence"])
        pending = []
    words += _closed(pending, clause, sentence, asks=False)
    return words


def _sounds(found: re.Match[str], short_forms: Mapping[str, str]) -> list[str]:
    if found["number"]:
        return [found[0]]
    whole = _LONG.sub(r"\1", plain(found[0][:MAX_WORD]))
    return [sound(each) for each in short_forms.get(whole, whole).split()]


def _closed(pending: list[tuple[str, int, int]], clause: int, sentence: int, *, asks: bool) -> Iterator[Word]:
    for heard, start, end in pending:
        yield Word(heard, start, end, clause, sentence, asks)
