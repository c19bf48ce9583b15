"""A document's way to WhatsApp: fetched from the creditor's own page, and uploaded for the number that sends it.

Source: Meta, WhatsApp Cloud API, "Media": what is uploaded is kept for 30 days, and its id is of one number.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import requests

from cobranza.errors import CobranzaError
from cobranza.whatsapp.client import token_error, token_of
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.guarded import Guarded, TryAgain, Unusable
from cobranza.whatsapp.media import kind_of

PDF = "application/pdf"
MAX_BYTES = 5 * 1024 * 1024
MAX_ANSWER = 64 * 1024
# Of fetching and uploading one document, in seconds; a caller with less time left must not begin it.
LONGEST_DOCUMENT = 12.0


class TokenRefused(CobranzaError):
    """Meta takes no upload with our token, nor with the one that the secret holds by now."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(f"{error.code} {error.title}")
        self.error = error


class DocumentCourier:
    """`seconds` is a clock for the bound on both calls together; `reread` asks for the secret as it is now, for
    when Meta does not take the token that we know."""

    def __init__(
        self,
        base_url: str,
        version: str,
        secret: Callable[[], Mapping[str, Any]],
        session: requests.Session,
        seconds: Callable[[], float],
        reread: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self._base = f"{base_url}/{version}"
        self._secret = secret
        self._reread = reread or secret
        self._guarded = Guarded(session, seconds)

    def deliver(self, link: str, name: str, phone_number_id: str) -> str:
        """The media id at WhatsApp of the PDF that the link leads to; who calls has approved the link. The token
        goes to Meta alone. Raises TryAgain, Unusable (TOO_LARGE, NOT_PDF), TokenRefused, or MissingSetting without
        a token."""
        token = token_of(self._secret())
        deadline = self._guarded.deadline(LONGEST_DOCUMENT)
        data = self._fetch(link, deadline)
        status, told = self._upload(token, data, name, phone_number_id, deadline)
        if token_error(told) and (renewed := token_of(self._reread())) != token:
            status, told = self._upload(renewed, data, name, phone_number_id, deadline)
        if error := token_error(told):
            raise TokenRefused(error)
        return _media_id(status, told)

    def _upload(
        self, token: str, data: bytes, name: str, phone_number_id: str, deadline: float
    ) -> tuple[int, Any]:
        """The status of Meta's answer, and its JSON."""
        with self._guarded.call(
            "POST",
            f"{self._base}/{phone_number_id}/media",
            deadline,
            {"Authorization": f"Bearer {token}"},
            data={"messaging_product": "whatsapp", "type": PDF},
            files={"file": (name, data, PDF)},
        ) as response:
            return response.status_code, _told(self._guarded.bounded(response, deadline, MAX_ANSWER))

    def _fetch(self, link: str, deadline: float) -> bytes:
        # Packed bytes would have no limit once they are unpacked.
        with self._guarded.call("GET", link, deadline, {"Accept-Encoding": "identity"}) as response:
            if response.status_code != 200:
                raise TryAgain(f"downloading: HTTP {response.status_code}")
            data = self._guarded.bounded(response, deadline, MAX_BYTES)
        if kind_of(data) != "pdf":
            raise Unusable("NOT_PDF")
        return data


def _told(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise TryAgain("no answer that is Meta's") from error


def _media_id(status: int, told: Any) -> str:
    media_id = cast(dict[str, Any], told).get("id") if isinstance(told, dict) else None
    if status != 200 or not isinstance(media_id, str) or not media_id:
        raise TryAgain(f"uploading: HTTP {status}")
    return media_id
