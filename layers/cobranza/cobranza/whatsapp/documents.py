"""A document's way to WhatsApp: fetched from the creditor's own page, and uploaded for the number that sends it.

Source: Meta, WhatsApp Cloud API, "Media": what is uploaded is kept for 30 days, and its id is of one number.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import requests

from cobranza.whatsapp.client import token_of
from cobranza.whatsapp.guarded import Guarded, TryAgain, Unusable
from cobranza.whatsapp.media import kind_of

PDF = "application/pdf"
MAX_BYTES = 5 * 1024 * 1024
MAX_ANSWER = 64 * 1024
# Of fetching and uploading one document, in seconds; a caller with less time left must not begin it.
LONGEST_DOCUMENT = 12.0


class DocumentCourier:
    """`seconds` is a clock for the bound on both calls together."""

    def __init__(
        self,
        base_url: str,
        version: str,
        secret: Callable[[], Mapping[str, Any]],
        session: requests.Session,
        seconds: Callable[[], float],
    ) -> None:
        self._base = f"{base_url}/{version}"
        self._secret = secret
        self._guarded = Guarded(session, seconds)

    def deliver(self, link: str, name: str, phone_number_id: str) -> str:
        """The media id at WhatsApp of the PDF that the link leads to; who calls has approved the link. The token
        goes to Meta alone. Raises TryAgain, Unusable (TOO_LARGE, NOT_PDF), or MissingSetting without a token."""
        headers = {"Authorization": f"Bearer {token_of(self._secret())}"}
        deadline = self._guarded.deadline(LONGEST_DOCUMENT)
        data = self._fetch(link, deadline)
        with self._guarded.call(
            "POST",
            f"{self._base}/{phone_number_id}/media",
            deadline,
            headers,
            data={"messaging_product": "whatsapp", "type": PDF},
            files={"file": (name, data, PDF)},
        ) as response:
            return _media_id(response.status_code, self._guarded.bounded(response, deadline, MAX_ANSWER))

    def _fetch(self, link: str, deadline: float) -> bytes:
        # Packed bytes would have no limit once they are unpacked.
        with self._guarded.call("GET", link, deadline, {"Accept-Encoding": "identity"}) as response:
            if response.status_code != 200:
                raise TryAgain(f"downloading: HTTP {response.status_code}")
            data = self._guarded.bounded(response, deadline, MAX_BYTES)
        if kind_of(data) != "pdf":
            raise Unusable("NOT_PDF")
        return data


def _media_id(status: int, body: bytes) -> str:
    try:
        told: Any = json.loads(body)
    except ValueError as error:
        raise TryAgain("no answer that is Meta's") from error
    media_id = cast(dict[str, Any], told).get("id") if isinstance(told, dict) else None
    if status != 200 or not isinstance(media_id, str) or not media_id:
        raise TryAgain(f"uploading: HTTP {status}")
    return media_id
