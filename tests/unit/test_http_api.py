"""A request of API Gateway, and an answer in JSON."""

import base64
import json
from datetime import UTC, date, datetime

import pytest

from cobranza.http_api import answer_json, body_of, request_of

WORDS = "Buenos días"


@pytest.mark.parametrize(
    "event",
    [
        {"body": WORDS},
        {"body": WORDS, "isBase64Encoded": False},
        {"body": base64.b64encode(WORDS.encode()).decode(), "isBase64Encoded": True},
    ],
)
def test_a_body_is_the_bytes_that_were_sent(event: dict[str, object]) -> None:
    assert body_of(event) == WORDS.encode()
    request = request_of({**event, "headers": {"X-Signature": "a"}})
    assert (request.body, dict(request.headers)) == (WORDS.encode(), {"x-signature": "a"})


@pytest.mark.parametrize("event", [{}, {"body": None}, {"body": ""}])
def test_no_body_is_an_empty_one(event: dict[str, object]) -> None:
    assert body_of(event) == b""


def test_an_answer_is_kept_by_nobody_on_its_way() -> None:
    answer = answer_json(409, {})
    assert answer["statusCode"] == 409
    assert answer["headers"] == {"content-type": "application/json", "cache-control": "no-store"}


def test_an_answer_has_its_words_as_they_are_and_its_moments_as_texts() -> None:
    told = {"text": WORDS, "day": date(2026, 11, 24), "at": datetime(2026, 11, 24, 17, 0, tzinfo=UTC), "no": None}
    body = answer_json(200, told)["body"]
    assert WORDS in body
    assert json.loads(body) == {
        "text": WORDS,
        "day": "2026-11-24",
        "at": "2026-11-24T17:00:00+00:00",
        "no": None,
    }


def test_what_json_cannot_say_is_an_error_and_no_guess() -> None:
    with pytest.raises(TypeError, match="bytes"):
        answer_json(200, {"body": b"x"})
