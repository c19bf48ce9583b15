"""Fetching what a borrower sent: a media id becomes an address for five minutes, and the address bytes.

Source: Meta, WhatsApp Cloud API, "Media". The token goes to Meta's hosts alone, and redirects are not followed.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from cobranza.whatsapp.client import token_error, token_of
from cobranza.whatsapp.guarded import Guarded, TryAgain, Unusable

META_HOSTS = frozenset({"graph.facebook.com", "lookaside.fbsbx.com"})
MAX_BYTES = 20 * 1024 * 1024
MAX_DESCRIPTION = 64 * 1024


class Fetched(NamedTuple):
    """`digest` is the SHA-256 of the bytes in hex; `intact` whether it is the one that Meta declared; `kind` the
    type that the bytes themselves show, empty when they are none that a receipt can be."""

    data: bytes
    digest: str
    intact: bool
    kind: str


class MediaStore:
    """Meta's media endpoint. `seconds` is a clock for the bound on a whole download."""

    def __init__(
        self,
        base_url: str,
        version: str,
        secret: Callable[[], Mapping[str, Any]],
        session: requests.Session,
        seconds: Callable[[], float],
        reread: Callable[[], object] | None = None,
    ) -> None:
        """`reread` asks for the secret as it is now, for the next try, when Meta does not take the token that we
        know."""
        self._base = f"{base_url}/{version}"
        self._hosts = META_HOSTS | {urlsplit(base_url).netloc}
        self._secret = secret
        self._reread = reread or secret
        self._guarded = Guarded(session, seconds)

    def fetch(self, media_id: str, phone_number_id: str, *, within: float) -> Fetched:
        """The bytes, at most 20 MB and in at most `within` seconds. Raises TryAgain or Unusable."""
        deadline = self._guarded.deadline(within)
        about = self._ask(media_id, phone_number_id, deadline)
        data = self._download(about["url"], deadline)
        if data is None:  # the address has expired: a fresh one, once
            about = self._ask(media_id, phone_number_id, deadline)
            data = self._download(about["url"], deadline)
        if data is None:
            raise TryAgain("the address of the media answers 404")
        digest = hashlib.sha256(data).hexdigest()
        return Fetched(data, digest, digest == hex_digest(str(about.get("sha256", ""))), kind_of(data))

    def _ask(self, media_id: str, phone_number_id: str, deadline: float) -> dict[str, Any]:
        url = f"{self._base}/{media_id}"
        with self._get(url, deadline, params={"phone_number_id": phone_number_id}) as response:
            try:
                about: Any = json.loads(self._guarded.bounded(response, deadline, MAX_DESCRIPTION))
            except (ValueError, Unusable) as error:
                raise TryAgain("no answer that is Meta's") from error
            if token_error(about):
                self._reread()
                raise TryAgain("asking for the address: the token is refused")
            if response.status_code in (400, 404):
                raise Unusable("GONE")
            if not response.ok or not isinstance(about, dict) or not isinstance(about.get("url"), str):
                raise TryAgain(f"asking for the address: HTTP {response.status_code}")
        if int(about.get("file_size") or 0) > MAX_BYTES:
            raise Unusable("TOO_LARGE")
        return about

    def _download(self, url: str, deadline: float) -> bytes | None:
        """The bytes; None where the address is no more."""
        parts = urlsplit(url)
        if parts.netloc not in self._hosts or (parts.scheme != "https" and parts.netloc in META_HOSTS):
            raise TryAgain("an address that is not Meta's")
        with self._get(url, deadline) as response:
            if response.status_code == 404:
                return None
            if response.status_code != 200:
                raise TryAgain(f"downloading: HTTP {response.status_code}")
            return self._guarded.bounded(response, deadline, MAX_BYTES)

    def _get(self, url: str, deadline: float, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token_of(self._secret())}"}
        return self._guarded.call("GET", url, deadline, headers, **options)


def hex_digest(declared: str) -> str:
    """Meta writes digests in base64 in one place and in hex in another; empty for what is neither."""
    if len(declared) == 64:
        return declared.lower()
    try:
        return base64.b64decode(declared, validate=True).hex()
    except binascii.Error:
        return ""


def kind_of(data: bytes) -> str:
    """The file's type by its first bytes, as a file extension; empty for what cannot be a receipt."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return "heic"
    return "pdf" if data.startswith(b"%PDF-") else ""
