"""Calls to WhatsApp's Cloud API, with `requests`.

Meta has no idempotency key: what matters of an answer is whether the message can have left. See Meta, "Send
messages" (POST /{version}/{phone number id}/messages).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from cobranza.errors import MissingSetting
from cobranza.whatsapp.errors import TOKEN_REFUSED, Action, ProviderError, rule_for

CONNECT_TIMEOUT = 3.05
READ_TIMEOUT = 10.0
# "Rate limit hit" counts single seconds: the line waits for some, the message that met it for longer.
PER_SECOND, LINE_WAITS = 130429, 4
_TOKEN = re.compile(r"[\x21-\x7e]+")
# Seconds until a message is tried again with a token that was changed meanwhile.
WITH_NEW_TOKEN = 1
# Seconds that an answer may ask us to wait, at most.
LONGEST_WAIT = 900
# What one call can last at most; a caller with less time left must not begin it.
LONGEST_CALL = CONNECT_TIMEOUT + READ_TIMEOUT


class Accepted(NamedTuple):
    """Meta took the message."""

    wamid: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Meta surely did not take it. `action` is what to do next, `retry_after` seconds to wait for RETRY."""

    action: Action
    error: ProviderError
    retry_after: int = 0

    @property
    def line_waits(self) -> int:
        """Seconds for which its number should send nothing; as long as Meta said, where it said more."""
        is_usual = self.retry_after <= rule_for(PER_SECOND).retry_after
        return LINE_WAITS if self.error.code == PER_SECOND and is_usual else self.retry_after


class Unclear(NamedTuple):
    """The message may or may not have left."""

    error: ProviderError


type Answer = Accepted | Refused | Unclear


def pooled_session(connections: int) -> requests.Session:
    """For so many threads at once: each call has its own connection, which stays open for the next. Nothing in
    it changes between calls: cookies are not kept, and no file or variable of the machine is asked."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", HTTPAdapter(pool_maxsize=connections))
    session.mount("http://", HTTPAdapter(pool_maxsize=connections))
    return session


class WhatsApp:
    """For many threads at once, where its session is."""

    def __init__(
        self,
        base_url: str,
        version: str,
        secret: Callable[[], Mapping[str, Any]],
        session: requests.Session,
        *,
        read_timeout: float = READ_TIMEOUT,
        reread: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        """`reread` asks for the secret as it is now, for when Meta does not take the token that we know."""
        self._base = f"{base_url}/{version}"
        self._secret = secret
        self._reread = reread or secret
        self._session = session
        self._timeout = (CONNECT_TIMEOUT, read_timeout)

    def hang_up(self) -> None:
        """Drops idle connections. A frozen Lambda wakes with ones that Meta has closed long ago, and a message on
        such a connection would be UNKNOWN."""
        self._session.close()

    def access_token(self) -> str:
        """Ask before anything is claimed for a call: raises MissingSetting when there is none, or one that no
        header can carry."""
        return token_of(self._secret())

    def send(self, phone_number_id: str, message: Mapping[str, Any]) -> Answer:
        """POSTs one message."""
        token = self.access_token()
        try:
            response = self._session.post(
                f"{self._base}/{phone_number_id}/messages",
                json=message,
                headers={"Authorization": f"Bearer {token}"},
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            if _never_left(error):
                return Refused(Action.RETRY, ProviderError(0, "No connection", "the request did not leave"), 30)
            # A read time-out, a cut, an answer that ends too early.
            return Unclear(ProviderError(0, type(error).__name__, "no answer to a request that may have left"))
        answer = _read(response)
        if isinstance(answer, Refused) and answer.error.code in TOKEN_REFUSED and self._is_changed(token):
            return Refused(Action.RETRY, answer.error, WITH_NEW_TOKEN)
        return answer

    def _is_changed(self, token: str) -> bool:
        """Whether the secret holds another token by now."""
        return self._reread().get("access_token") != token


def token_of(secret: Mapping[str, Any]) -> str:
    """Raises MissingSetting where the provider's secret has no token that a header can carry."""
    token = secret.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise MissingSetting("the provider secret holds no usable access_token")
    return token


def _never_left(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout | ValueError):  # ValueError: no request could be made of it
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _read(response: requests.Response) -> Answer:
    try:
        body: Any = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Unclear(ProviderError(0, f"HTTP {response.status_code}", "an answer that is not Meta's"))
    body = cast(dict[str, Any], body)
    if response.ok:
        try:
            wamid = body["messages"][0]["id"]
        except (KeyError, IndexError, TypeError):
            wamid = ""
        if wamid and isinstance(wamid, str):
            return Accepted(wamid)
        return Unclear(ProviderError(0, "HTTP 200", "accepted without a message id"))
    error = read_error(body.get("error"))
    if error is None:
        return Unclear(ProviderError(0, f"HTTP {response.status_code}", "an error without Meta's error body"))
    rule = rule_for(error.code)
    if rule.action is Action.UNCLEAR:
        return Unclear(error)
    asked = _asked_wait(response) if rule.action is Action.RETRY else 0
    return Refused(rule.action, error, max(rule.retry_after, asked))


def _asked_wait(response: requests.Response) -> int:
    """Seconds for which the answer asks us to wait, 0 where it does not say."""
    asked = response.headers.get("Retry-After", "")
    return min(int(asked), LONGEST_WAIT) if asked.isdecimal() else 0


def token_error(body: Any) -> ProviderError | None:
    """Meta's error where the JSON of an answer says that it does not take the token, whatever its status."""
    error = read_error(cast(dict[str, Any], body).get("error")) if isinstance(body, dict) else None
    return error if error and error.code in TOKEN_REFUSED else None


def read_error(error: Any) -> ProviderError | None:
    """Meta's error object of an answer; None for anything else."""
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return None
    error = cast(dict[str, Any], error)
    data = error.get("error_data")
    details = data.get("details", "") if isinstance(data, dict) else ""
    return ProviderError(
        error["code"],
        str(error.get("message", ""))[:200],
        str(details)[:500],
        str(error.get("fbtrace_id", ""))[:64],
    )
