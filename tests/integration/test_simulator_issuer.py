"""The issuer of tokens as a gateway sees it: its configuration, its keys, and what it has signed."""

import base64
import json
import time
from typing import Any

import pytest
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.simulator import issuer
from tests.integration.receiver import Simulator


def token(simulator: Simulator, claims: object) -> requests.Response:
    return simulator.post(f"{issuer.PATH}/token", claims)


def believed(simulator: Simulator, text: str) -> dict[str, Any]:
    """The claims of a token. Raises InvalidSignature where no key that is shown has signed it."""
    head, body, signature = text.split(".")
    configuration = simulator.get(f"{issuer.PATH}/.well-known/openid-configuration")
    assert configuration["issuer"] == f"{simulator.url}{issuer.PATH}"
    (key,) = requests.get(configuration["jwks_uri"], timeout=10).json()["keys"]
    assert json.loads(_decoded(head)) == {"alg": key["alg"], "kid": key["kid"]}
    exponent, modulus = (int.from_bytes(_decoded(key[name])) for name in ("e", "n"))
    public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    public.verify(_decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return json.loads(_decoded(body))


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_token_is_signed_by_the_key_that_is_shown(simulator: Simulator) -> None:
    claims = believed(simulator, token(simulator, {}).text)
    assert claims["iss"] == f"{simulator.url}{issuer.PATH}"
    assert (claims["aud"], claims["sub"], claims["portfolios"]) == ("cobranza", "agent-1", "*")
    assert claims["iat"] <= time.time() < claims["exp"]


def test_a_token_says_what_it_is_told_to_say(simulator: Simulator) -> None:
    claims = believed(simulator, token(simulator, {"sub": "ana", "portfolios": ["uno"], "exp": 1}).text)
    assert (claims["sub"], claims["portfolios"], claims["exp"], claims["aud"]) == ("ana", ["uno"], 1, "cobranza")


def test_a_token_that_was_changed_is_not_believed(simulator: Simulator) -> None:
    head, _, signature = token(simulator, {}).text.split(".")
    changed = base64.urlsafe_b64encode(b'{"sub":"nobody"}').rstrip(b"=").decode()
    with pytest.raises(InvalidSignature):
        believed(simulator, f"{head}.{changed}.{signature}")


def test_what_is_no_claims_is_refused(simulator: Simulator) -> None:
    assert token(simulator, ["ana"]).status_code == 400
