"""The business account's templates at Meta: which there are, and a new one to be reviewed.

See Meta, "Template management" (GET and POST /{version}/{account id}/message_templates). The token needs
`whatsapp_business_management`.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

import requests

from cobranza.policy.registered import Registered
from cobranza.whatsapp.client import CONNECT_TIMEOUT, READ_TIMEOUT, read_error
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.templates import digest_of, shape_of

_PAGE = 200
_FIELDS = "id,name,language,status,category,quality_score,components"


class Account:
    def __init__(
        self,
        base_url: str,
        version: str,
        account_id: str,
        token: Callable[[], str],
        session: requests.Session,
    ) -> None:
        self._url = f"{base_url}/{version}/{account_id}/message_templates"
        self._token = token
        self._session = session

    def templates(self) -> list[Registered] | ProviderError:
        """All of them, however many pages they fill; Meta's error where it gives one instead."""
        found: list[Registered] = []
        after = ""
        while True:
            page = {"fields": _FIELDS, "limit": str(_PAGE)} | ({"after": after} if after else {})
            answer = self._call("GET", params=page)
            if isinstance(answer, ProviderError):
                return answer
            found += map(_registered, answer.get("data", []))
            paging: dict[str, Any] = answer.get("paging", {})
            if not (paging.get("next") and paging.get("cursors", {}).get("after")):
                return sorted(found, key=lambda each: (each.name, each.language))
            after = str(paging["cursors"]["after"])

    def create(self, definition: Mapping[str, Any]) -> Registered | ProviderError:
        """Registers a template, which Meta then reviews. Its category may come back as another one."""
        answer = self._call("POST", json=definition)
        if isinstance(answer, ProviderError):
            return answer
        return _registered({**definition, **answer})

    def _call(self, method: str, **request: Any) -> dict[str, Any] | ProviderError:
        return ask(self._session, method, self._url, self._token(), **request)


def ask(
    session: requests.Session, method: str, url: str, token: str, **request: Any
) -> dict[str, Any] | ProviderError:
    """Meta's JSON object, or its error; code 0 where there is no answer that is Meta's."""
    try:
        response = session.request(
            method,
            url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
            **request,
        )
        body: Any = response.json()
    except requests.RequestException as error:
        return ProviderError(0, type(error).__name__, "no answer, or none that is Meta's")
    if not isinstance(body, dict):
        return ProviderError(0, f"HTTP {response.status_code}", "an answer that is not Meta's")
    answer = cast(dict[str, Any], body)
    if response.ok:
        return answer
    unknown = ProviderError(0, f"HTTP {response.status_code}", "an error without Meta's error body")
    return read_error(answer.get("error")) or unknown


def _registered(row: Mapping[str, Any]) -> Registered:
    quality, components = row.get("quality_score"), row.get("components")
    return Registered(
        name=str(row.get("name", "")),
        language=str(row.get("language", "")),
        status=str(row.get("status", "")),
        category=str(row.get("category", "")),
        quality=str(quality.get("score", "UNKNOWN")) if isinstance(quality, dict) else "UNKNOWN",
        template_id=str(row.get("id", "")),
        shape=shape_of(components) if components else None,
        digest=digest_of(components) if components else "",
    )
