"""The access token: what is no token is missed before the call, and a changed one is taken."""

import logging
from typing import Any

import pytest
import requests
import responses

from cobranza.errors import MissingSetting
from cobranza.whatsapp.client import Refused, WhatsApp
from cobranza.whatsapp.errors import Action
from tests.unit.meta import MESSAGE, SENDER, TAKEN, TOKEN, URL, error_body, whatsapp


@pytest.mark.parametrize(
    "secret", [{}, {"access_token": ""}, {"access_token": None}, {"access_token": 1}, {"token": TOKEN}], ids=repr
)
def test_without_a_token_nothing_is_called(meta: responses.RequestsMock, secret: dict[str, Any]) -> None:
    meta.post(URL, json=TAKEN)
    client = whatsapp(lambda: secret)
    for use in (client.access_token, lambda: client.send(SENDER, MESSAGE)):
        with pytest.raises(MissingSetting, match="access_token"):
            use()
    assert len(meta.calls) == 0


@pytest.mark.parametrize(
    "token", [f"{TOKEN}\n", f" {TOKEN}", f"{TOKEN}\r\nX-Other: 1", "EAAG\u20ac", " "], ids=repr
)
def test_a_token_that_no_header_can_carry_is_a_missing_one(meta: responses.RequestsMock, token: str) -> None:
    """Pasted with its end of line: every borrower's day would be claimed for a call that cannot be made."""
    meta.post(URL, json=TAKEN)
    client = whatsapp(lambda: {"access_token": token})
    with pytest.raises(MissingSetting) as missing:
        client.access_token()
    assert TOKEN not in str(missing.value)
    assert len(meta.calls) == 0


def test_a_missing_secret_is_passed_on(meta: responses.RequestsMock) -> None:
    def nothing() -> dict[str, Any]:
        raise MissingSetting("secret provider holds no JSON value yet")

    with pytest.raises(MissingSetting, match="secret provider"):
        whatsapp(nothing).send(SENDER, MESSAGE)
    assert len(meta.calls) == 0


def test_a_new_token_is_used_as_soon_as_it_is_read(meta: responses.RequestsMock) -> None:
    meta.post(URL, json=TAKEN)
    tokens = iter(["old", "new"])
    client = whatsapp(lambda: {"access_token": next(tokens)})
    client.send(SENDER, MESSAGE)
    client.send(SENDER, MESSAGE)
    assert [call.request.headers["Authorization"] for call in meta.calls] == ["Bearer old", "Bearer new"]


def renewing(token: str, *then: str) -> tuple[WhatsApp, list[str]]:
    """A client that knows `token`, and what it finds when it asks again: one after the other."""
    left = list(then)
    client = WhatsApp(
        "https://graph.facebook.com",
        "v25.0",
        lambda: {"access_token": token},
        requests.Session(),
        reread=lambda: {"access_token": left.pop(0)},
    )
    return client, left


@pytest.mark.parametrize("code", [0, 190])
def test_a_refused_token_that_was_changed_meanwhile_is_no_stop(meta: responses.RequestsMock, code: int) -> None:
    meta.post(URL, json=error_body(code), status=401)
    client, left = renewing("old", "new")
    answer = client.send(SENDER, MESSAGE)
    assert isinstance(answer, Refused)
    assert (answer.action, answer.error.code) == (Action.RETRY, code)
    assert 0 < answer.retry_after <= 5
    assert left == []
    assert len(meta.calls) == 1


@pytest.mark.parametrize("code", [0, 190])
def test_a_refused_token_that_is_still_the_same_stops_the_account(meta: responses.RequestsMock, code: int) -> None:
    meta.post(URL, json=error_body(code), status=401)
    client, left = renewing("old", "old", "never asked for")
    answer = client.send(SENDER, MESSAGE)
    assert isinstance(answer, Refused)
    assert answer.action is Action.STOP_ACCOUNT
    assert left == ["never asked for"]


def test_no_other_stop_asks_for_the_secret_again(meta: responses.RequestsMock) -> None:
    meta.post(URL, json=error_body(131031), status=403)
    client, left = renewing("old", "new")
    answer = client.send(SENDER, MESSAGE)
    assert isinstance(answer, Refused)
    assert answer.action is Action.STOP_ACCOUNT
    assert left == ["new"]


@pytest.mark.parametrize(
    "told",
    [
        {"body": requests.ReadTimeout(f"Bearer {TOKEN}")},
        {"body": requests.ConnectTimeout(f"Bearer {TOKEN}")},
        {"body": requests.ConnectionError(f"Bearer {TOKEN}")},
        {"body": "<html>", "status": 502},
        {"json": error_body(190), "status": 401},
        {"json": error_body(131026), "status": 400},
        {"json": {}},
    ],
)
def test_neither_the_token_nor_the_phone_shows_in_what_we_keep_or_log(
    meta: responses.RequestsMock, caplog: pytest.LogCaptureFixture, told: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    meta.post(URL, **told)
    client = whatsapp()
    seen = f"{client.send(SENDER, MESSAGE)!r} {client!r} {caplog.text}"
    assert TOKEN not in seen
    assert MESSAGE["to"][1:] not in seen
