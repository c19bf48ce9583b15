"""The exact words of every message of ours, in its borrower's conversation, where they can be erased.

The journal keeps a digest of them alone. Its random salt lies beside the words: with both anybody can prove what
was written, without them the digest tells nothing, not even whether a guess is right. They are kept before the
call; an item is of a message that left only where the journal's line has its digest.
"""

import hashlib
import secrets
from datetime import datetime
from typing import NamedTuple

from cobranza.policy.retention import expires
from cobranza.store import keys
from cobranza.store.keys import MessageKey
from cobranza.store.table import Insert, Table, utc


class Text(NamedTuple):
    """What is about to be sent, to be kept, and its digest. What a second try of a day says takes the place of the
    first one's, which Meta surely did not accept."""

    kept: Insert
    digest: str

    @classmethod
    def of(cls, key: MessageKey, text: str, at: datetime, country: str, by: str = "") -> "Text":
        """`country` is the borrower's; `by` whoever of the team said it, empty for the machine."""
        salt = secrets.token_hex(16)
        told = {"direction": "out", "at": utc(at), "text": text, "salt": salt}
        told |= {"by": by} if by else {}
        told |= {"expires": expires("words_out", at, country)}
        return cls(Insert(keys.text(key) | told), digest_of(text, salt))


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
