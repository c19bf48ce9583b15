import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.signature import sign, verify

BODY = rb'{"object":"whatsapp_business_account","entry":[{"text":"\u00e1 \/ caf\u00e9"}]}'
KNOWN = "sha256=9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b"


def test_a_known_signature_is_reproduced() -> None:
    assert sign(b"hello", "key") == KNOWN


@given(st.binary(), st.text(min_size=1, alphabet=st.characters(codec="utf-8")))
def test_what_is_signed_verifies(body: bytes, secret: str) -> None:
    assert verify(body, sign(body, secret), [secret])


def test_the_old_secret_is_good_while_the_new_one_spreads() -> None:
    assert verify(BODY, sign(BODY, "old"), ["new", "old"])
    assert verify(BODY, sign(BODY, "new"), ["new", "old"])


def test_one_changed_byte_is_refused() -> None:
    assert not verify(BODY + b" ", sign(BODY, "secret"), ["secret"])


@pytest.mark.parametrize("secrets", [[], [""], ["", ""], ["other"]])
def test_without_the_right_secret_nothing_is_valid(secrets: list[str]) -> None:
    assert not verify(BODY, sign(BODY, "secret"), secrets)
    assert not verify(BODY, sign(BODY, ""), secrets)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        sign(BODY, "secret").removeprefix("sha256="),
        sign(BODY, "secret").replace("sha256", "sha1"),
        sign(BODY, "secret") + "\n",
        sign(BODY, "secret")[:-1],
        "sha256=" + "é" * 64,
    ],
)
def test_a_malformed_header_is_refused(header: str | None) -> None:
    assert not verify(BODY, header, ["secret"])
