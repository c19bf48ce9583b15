"""Who signs the tokens of the creditor's own people. On AWS it is an issuer of the company's own.

Source: OpenID Connect Discovery 1.0; RFC 7515, RFC 7517 and RFC 7519 for token and keys. API Gateway takes RS256.
"""

import base64
import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

PATH = "/people"
AUDIENCE = "cobranza"  # as the template has it
HOUR = 3600
_ALGORITHM = {"alg": "RS256", "kid": "local"}


def issuer_routes() -> list[Mount]:
    return [
        Mount(
            PATH,
            routes=[
                Route("/.well-known/openid-configuration", show_configuration),
                Route("/keys", show_keys),
                Route("/token", give_token, methods=["POST"]),
            ],
        )
    ]


async def show_configuration(request: Request) -> Response:
    return JSONResponse({"issuer": _issuer(request), "jwks_uri": f"{_issuer(request)}/keys"})


async def show_keys(request: Request) -> Response:
    public = _key().public_key().public_numbers()
    key = {"kty": "RSA", "use": "sig", "n": _number(public.n), "e": _number(public.e)}
    return JSONResponse({"keys": [_ALGORITHM | key]})


async def give_token(request: Request) -> Response:
    """Any claims, in place of those of somebody who sees all portfolios for an hour."""
    claims = json.loads(await request.body() or "{}")
    if not isinstance(claims, dict):
        raise ValueError("claims are a JSON object")
    return PlainTextResponse(signed(_issuer(request), cast("dict[str, Any]", claims)))


def signed(issuer: str, claims: Mapping[str, Any]) -> str:
    """By real time, which is the gateway's, not by the stack's."""
    now = int(time.time())
    usual = {"iss": issuer, "aud": AUDIENCE, "sub": "agent-1", "portfolios": "*", "iat": now, "exp": now + HOUR}
    parts = (json.dumps(part).encode() for part in (_ALGORITHM, {**usual, **claims}))
    text = ".".join(map(_text, parts))
    return f"{text}.{_text(_key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _issuer(request: Request) -> str:
    return str(request.base_url).rstrip("/") + PATH


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
