"""References to people: what identifies somebody becomes a key only through here.

ref(kind, value) = base32(HMAC-SHA256(identity key, kind|value))[:26]: 130 bits, upper case, no padding. Without
the identity key nobody gets from a reference to a phone, nor tests a guess.
"""

import base64
import hashlib
import hmac
from typing import Literal

Kind = Literal["borrower", "phone", "document", "wamid", "bsuid", "news", "payment", "last4", "erase", "debt"]


class References:
    def __init__(self, identity_key: str) -> None:
        if len(identity_key) < 32:
            raise ValueError("the identity key must have at least 32 characters")
        self._key = identity_key.encode()

    def ref(self, kind: Kind, value: str) -> str:
        digest = hmac.digest(self._key, f"{kind}|{value}".encode(), hashlib.sha256)
        # 20 bytes make 32 letters without padding.
        return base64.b32encode(digest[:20])[:26].decode()

    def document(self, number: str) -> str:
        """Of an identity document, however its letters and digits are separated: `123.456-K` is `123456k`."""
        return self.ref("document", "".join(filter(str.isalnum, number)).upper())

    def last4(self, borrower: str, digits: str) -> str:
        """Of the last four digits of a borrower's document; the same digits of another have another reference."""
        return self.ref("last4", f"{borrower}|{digits}")
