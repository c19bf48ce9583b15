import base64
import hashlib
from typing import Any

import pytest
import requests
import responses

from cobranza.errors import MissingSetting
from cobranza.whatsapp.guarded import TryAgain, Unusable
from cobranza.whatsapp.media import MAX_BYTES, MediaStore, hex_digest, kind_of
from tests.unit.meta import error_body

META = "https://graph.facebook.com"
ASK = f"{META}/v25.0/M1"
ADDRESS = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1"
JPEG = b"\xff\xd8\xff\xe0 a picture"
DIGEST = hashlib.sha256(JPEG).hexdigest()


def store(seconds: Any = lambda: 0.0, **secret: Any) -> MediaStore:
    return MediaStore(META, "v25.0", lambda: {"access_token": "token"} | secret, requests.Session(), seconds)


def about(**changes: Any) -> dict[str, Any]:
    digest = base64.b64encode(bytes.fromhex(DIGEST)).decode()
    return {"url": ADDRESS, "mime_type": "image/jpeg", "sha256": digest, "file_size": "13", "id": "M1"} | changes


def test_a_picture_is_fetched_with_the_token_on_both_steps(meta: responses.RequestsMock) -> None:
    meta.get(ASK, json=about())
    meta.get(ADDRESS, body=JPEG)
    fetched = store().fetch("M1", "100", within=10)
    assert (fetched.data, fetched.digest, fetched.intact, fetched.kind) == (JPEG, DIGEST, True, "jpg")
    assert [call.request.headers["Authorization"] for call in meta.calls] == ["Bearer token"] * 2
    assert "phone_number_id=100" in str(meta.calls[0].request.url)


def test_other_bytes_than_meta_declared_are_known(meta: responses.RequestsMock) -> None:
    meta.get(ASK, json=about(sha256="0" * 64))
    meta.get(ADDRESS, body=JPEG)
    assert not store().fetch("M1", "100", within=10).intact


def test_an_expired_address_is_asked_for_anew_once(meta: responses.RequestsMock) -> None:
    meta.get(ASK, json=about())
    meta.get(ADDRESS, status=404)
    meta.get(ADDRESS, body=JPEG)
    assert store().fetch("M1", "100", within=10).data == JPEG


def test_an_address_that_stays_expired_is_tried_again_later(meta: responses.RequestsMock) -> None:
    meta.get(ASK, json=about())
    meta.get(ADDRESS, status=404)
    with pytest.raises(TryAgain):
        store().fetch("M1", "100", within=10)
    assert len(meta.calls) == 4


@pytest.mark.parametrize("status", [400, 401])
def test_a_token_that_is_refused_is_read_again_and_the_receipt_is_not_gone(
    meta: responses.RequestsMock, status: int
) -> None:
    meta.get(ASK, json=error_body(190), status=status)
    meta.get(ASK, json=about())
    meta.get(ADDRESS, body=JPEG)
    known = {"access_token": "old"}
    changing = MediaStore(
        META, "v25.0", lambda: known, requests.Session(), lambda: 0.0, lambda: known.update(access_token="new")
    )
    with pytest.raises(TryAgain, match="token"):
        changing.fetch("M1", "100", within=10)
    assert changing.fetch("M1", "100", within=10).data == JPEG
    assert [call.request.headers["Authorization"] for call in meta.calls] == ["Bearer old"] + ["Bearer new"] * 2


def test_no_request_begins_after_the_deadline_and_none_lasts_beyond_it(meta: responses.RequestsMock) -> None:
    moments = iter([0.0, 6.0, 9.5, 9.6, 9.7])
    meta.get(ASK, json=about())
    meta.get(ADDRESS, status=404)
    with pytest.raises(TryAgain):
        store(lambda: next(moments, 10.0)).fetch("M1", "100", within=9.0)
    connect, read = meta.calls[0].request.req_kwargs["timeout"]  # pyright: ignore[reportAttributeAccessIssue]
    assert connect + read <= 3.0
    assert len(meta.calls) == 1


def test_an_endless_description_is_not_read_to_its_end(meta: responses.RequestsMock) -> None:
    meta.get(ASK, body=b"{" + b" " * 200_000)
    with pytest.raises(TryAgain):
        store().fetch("M1", "100", within=10)


@pytest.mark.parametrize("status", [500, 503, 401, 302])
def test_what_may_pass_is_tried_again(meta: responses.RequestsMock, status: int) -> None:
    meta.get(ASK, json={}, status=status)
    with pytest.raises(TryAgain):
        store().fetch("M1", "100", within=10)


def test_a_redirect_is_not_followed(meta: responses.RequestsMock) -> None:
    meta.get(ASK, json=about())
    meta.get(ADDRESS, status=302, headers={"Location": "https://elsewhere.example.com/"})
    with pytest.raises(TryAgain):
        store().fetch("M1", "100", within=10)
    assert len(meta.calls) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example.com/x",
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com@elsewhere.example.com/x",
        "https://lookaside.fbsbx.com.example.com/x",
        "file:///etc/passwd",
    ],
)
def test_the_token_goes_to_meta_alone(meta: responses.RequestsMock, url: str) -> None:
    meta.get(ASK, json=about(url=url))
    with pytest.raises(TryAgain):
        store().fetch("M1", "100", within=10)
    assert len(meta.calls) == 1


def test_media_that_meta_has_no_more_is_gone(meta: responses.RequestsMock) -> None:
    meta.get(ASK, json={"error": {"code": 100}}, status=400)
    with pytest.raises(Unusable, match="GONE"):
        store().fetch("M1", "100", within=10)


def test_a_file_that_claims_to_be_too_large_is_not_downloaded(meta: responses.RequestsMock) -> None:
    meta.get(ASK, json=about(file_size="120000000"))
    with pytest.raises(Unusable, match="TOO_LARGE"):
        store().fetch("M1", "100", within=10)
    assert len(meta.calls) == 1


def test_a_file_that_is_larger_than_it_claims_is_cut(meta: responses.RequestsMock) -> None:
    meta.get(ASK, json=about())
    meta.get(ADDRESS, body=JPEG + bytes(MAX_BYTES))
    with pytest.raises(Unusable, match="TOO_LARGE"):
        store().fetch("M1", "100", within=10)


def test_a_download_has_an_end_in_time(meta: responses.RequestsMock) -> None:
    moments = iter([0.0, 0.0, 1.0, 2.0, 11.0])
    meta.get(ASK, json=about())
    meta.get(ADDRESS, body=JPEG)
    with pytest.raises(TryAgain, match="slow"):
        store(lambda: next(moments)).fetch("M1", "100", within=10)


def test_a_cut_connection_is_tried_again(meta: responses.RequestsMock) -> None:
    meta.get(ASK, body=requests.ConnectionError("cut"))
    with pytest.raises(TryAgain):
        store().fetch("M1", "100", within=10)


def test_without_a_token_nothing_is_asked(meta: responses.RequestsMock) -> None:
    with pytest.raises(MissingSetting):
        store(access_token="").fetch("M1", "100", within=10)
    assert not meta.calls


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (JPEG, "jpg"),
        (b"\x89PNG\r\n\x1a\n...", "png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (b"\x00\x00\x00\x18ftypheic", "heic"),
        (b"%PDF-1.7", "pdf"),
        (b"PK\x03\x04 a zip", ""),
        (b"<html>", ""),
        (b"\x00\x00\x00\x18ftypmp42", ""),
        (b"", ""),
    ],
)
def test_the_bytes_say_what_a_file_is(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


@pytest.mark.parametrize("declared", [DIGEST, DIGEST.upper(), base64.b64encode(bytes.fromhex(DIGEST)).decode()])
def test_a_digest_is_read_in_base64_and_in_hex(declared: str) -> None:
    assert hex_digest(declared) == DIGEST


@pytest.mark.parametrize("declared", ["", "?", "abc"])
def test_what_is_no_digest_matches_nothing(declared: str) -> None:
    assert hex_digest(declared) in ("", "69b7")
