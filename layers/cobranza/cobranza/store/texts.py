"""The exact words of every message of ours, in its borrower's conversation, where they can be erased.

The journal keeps a digest of them alone. Its random salt lies beside the words: with both anybody can prove what
was written, without them the digest tells nothing, not even whether a guess is right. They are kept before the
call; an item is of a message that left only where the journal's line has its digest.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from cobranza.store import keys
from cobranza.store.keys import MessageKey
from cobranza.store.table import Insert, Table, utc

# Longer than a year, within which most complaints come.
KEPT = timedelta(days=400)


class Text(NamedTuple):
    """What is about to be sent, to be kept, and its digest. What a second try of a day says takes the place of the
    first one's, which Meta surely did not accept."""

    kept: Insert
    digest: str

    @classmethod
    def of(cls, key: MessageKey, text: str, at: datetime) -> "Text":
        salt = secrets.token_hex(16)
        told = {"direction": "out", "at": utc(at), "text": text, "salt": salt}
        expires = int((at + KEPT).timestamp())
        return cls(Insert(keys.text(key) | told | {"expires": expires}), digest_of(text, salt))


class Texts:
    def __init__(self, table: Table) -> None:
        self._table = table

    def text(self, key: MessageKey) -> str:
        """What was written; empty where nothing is kept any more."""
        item = self._table.get(keys.text(key))
        return item["text"] if item else ""

    def proof(self, key: MessageKey) -> dict[str, str]:
        """What the journal's line says of the words that are kept: their digest, or nothing."""
        item = self._table.get(keys.text(key))
        return {"text_digest": digest_of(item["text"], item["salt"])} if item else {}


def digest_of(text: str, salt: str) -> str:
    """40 hex digits; `salt` is 32."""
    return hashlib.blake2b(text.encode(), key=bytes.fromhex(salt), digest_size=20).hexdigest()
