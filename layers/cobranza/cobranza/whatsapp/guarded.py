"""Reading from an address that others name: no redirects, a bound on bytes, and one on the time of all of it."""

from collections.abc import Callable, Mapping
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from cobranza.errors import CobranzaError
from cobranza.whatsapp.client import CONNECT_TIMEOUT

READ_TIMEOUT = 5.0
CHUNK = 64 * 1024


class TryAgain(CobranzaError):
    """Not fetched this time."""


class Unusable(CobranzaError):
    """It will never be fetched: TOO_LARGE, GONE, NOT_PDF."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Guarded:
    """`seconds` is a clock, which deadlines are moments of."""

    def __init__(self, session: requests.Session, seconds: Callable[[], float]) -> None:
        self._session = session
        self._seconds = seconds

    def deadline(self, within: float) -> float:
        return self._seconds() + within

    def call(
        self, method: str, url: str, deadline: float, headers: Mapping[str, str] | None = None, **options: Any
    ) -> requests.Response:
        """The answer, its body not read yet. Raises TryAgain."""
        left = deadline - self._seconds()
        if left <= 0:
            raise TryAgain("no time left for another request")
        try:
            return self._session.request(
                method,
                url,
                headers=headers,
                # Halves of what is left: connecting and the first byte together never pass the deadline.
                timeout=(min(CONNECT_TIMEOUT, left / 2), min(READ_TIMEOUT, left / 2)),
                allow_redirects=False,
                stream=True,
                **options,
            )
        except requests.RequestException as error:
            raise TryAgain(type(error).__name__) from error

    def bounded(self, response: requests.Response, deadline: float, limit: int) -> bytes:
        """The body, at most `limit` bytes of it. Raises TryAgain, or Unusable (TOO_LARGE)."""
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise Unusable("TOO_LARGE")
        data = bytearray()
        try:
            # read1 gives what has come: a server that drips is seen dripping.
            while chunk := response.raw.read1(CHUNK):
                data += chunk
                if len(data) > limit:
                    raise Unusable("TOO_LARGE")
                if self._seconds() > deadline:
                    raise TryAgain("the download is too slow")
        except HTTPError as error:
            raise TryAgain(f"downloading: {type(error).__name__}") from error
        return bytes(data)
