"""A document is fetched from the creditor's page without the token, and uploaded to Meta with it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import responses

from cobranza.errors import InvalidInput, MissingSetting
from cobranza.ledger.debt import Uploaded
from cobranza.policy.strategy import Rule, Step
from cobranza.whatsapp.documents import LONGEST_DOCUMENT, MAX_BYTES, DocumentCourier, TokenRefused
from cobranza.whatsapp.guarded import TryAgain, Unusable
from cobranza.whatsapp.messages import document_name, reminder_components
from local.simulator import uploads
from tests.unit.books import borrower, debt, ladder, portfolio, sent
from tests.unit.meta import error_body
from tests.unit.simulator_calls import NUMBER_ID, TOKEN, new_state

META = "https://graph.facebook.com"
UPLOAD = f"{META}/v25.0/100/media"
LINK = "https://pagos.example.com/f1.pdf"
WITH_DOCUMENT = ladder(rules=(Rule(name="all", steps=(Step(days=1, template="factura_documento"),)),))
PDF = b"%PDF-1.7 an invoice"


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def deliver(seconds: Callable[[], float] = lambda: 0.0, token: str = "token", number: str = "100") -> str:
    courier = DocumentCourier(META, "v25.0", lambda: {"access_token": token}, requests.Session(), seconds)
    return courier.deliver(LINK, "F-1.pdf", number)


def test_a_pdf_goes_from_the_creditors_page_to_meta_and_the_token_to_meta_alone(
    web: responses.RequestsMock,
) -> None:
    web.get(LINK, body=PDF)
    web.post(UPLOAD, json={"id": "M1"})
    assert deliver() == "M1"
    fetched, uploaded = (call.request for call in web.calls)
    assert "Authorization" not in fetched.headers
    assert fetched.headers["Accept-Encoding"] == "identity"
    assert uploaded.headers["Authorization"] == "Bearer token"
    assert uploaded.body is not None
    assert PDF in uploaded.body  # pyright: ignore[reportOperatorIssue]


@pytest.mark.parametrize("renewed", ["new", "old"])
def test_a_token_that_is_refused_at_the_upload_is_read_again_once(
    web: responses.RequestsMock, renewed: str
) -> None:
    web.get(LINK, body=PDF)
    web.post(UPLOAD, json=error_body(190), status=401)
    web.post(UPLOAD, json={"id": "M1"})
    old, again = {"access_token": "old"}, {"access_token": renewed}
    courier = DocumentCourier(META, "v25.0", lambda: old, requests.Session(), lambda: 0.0, lambda: again)
    if renewed == "old":
        with pytest.raises(TokenRefused, match="190"):
            courier.deliver(LINK, "F-1.pdf", "100")
        assert len(web.calls) == 2
    else:
        assert courier.deliver(LINK, "F-1.pdf", "100") == "M1"
        assert web.calls[2].request.headers["Authorization"] == "Bearer new"


def test_what_is_uploaded_is_what_meta_wants(web: responses.RequestsMock) -> None:
    """As the simulator judges it, by Meta's rules."""
    web.get(LINK, body=PDF)
    web.post(f"{META}/v25.0/{NUMBER_ID}/media", json={"id": "M1"})
    deliver(number=NUMBER_ID)
    request: Any = web.calls[1].request
    upload = uploads.Upload(NUMBER_ID, TOKEN, request.headers["Content-Type"], request.body)
    kept: Any = uploads.check(upload, new_state())
    assert (kept.mime_type, kept.content) == ("application/pdf", PDF)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>please log in</html>", "NOT_PDF"),
        (b"", "NOT_PDF"),
        (b"\x89PNG\r\n\x1a\n", "NOT_PDF"),
        (PDF + bytes(MAX_BYTES), "TOO_LARGE"),
    ],
)
def test_what_is_no_pdf_or_too_large_is_not_uploaded(web: responses.RequestsMock, body: bytes, code: str) -> None:
    web.get(LINK, body=body, content_type="application/pdf")
    with pytest.raises(Unusable, match=code):
        deliver()
    assert len(web.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 401, 403, 404, 500])
def test_a_redirect_is_not_followed_and_an_error_is_no_document(web: responses.RequestsMock, status: int) -> None:
    web.get(LINK, body=PDF, status=status, headers={"Location": "https://elsewhere.example/f1.pdf"})
    with pytest.raises(TryAgain, match=f"HTTP {status}"):
        deliver()
    assert len(web.calls) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "{}"),
        (200, "<html>"),
        (200, '{"id": ""}'),
        (200, "[]"),
        (400, '{"error": {"code": 131053}}'),
        (503, ""),
    ],
)
def test_an_answer_without_a_media_id_is_no_upload(web: responses.RequestsMock, status: int, body: str) -> None:
    web.get(LINK, body=PDF)
    web.post(UPLOAD, body=body, status=status)
    with pytest.raises(TryAgain):
        deliver()


def test_both_calls_together_have_an_end_in_time(web: responses.RequestsMock) -> None:
    moments = iter([0.0, 1.0, 2.0])
    web.get(LINK, body=PDF)
    web.post(UPLOAD, json={"id": "M1"})
    with pytest.raises(TryAgain, match="no time left"):
        deliver(lambda: next(moments, LONGEST_DOCUMENT))
    assert len(web.calls) == 1


def test_a_page_that_drips_is_given_up(web: responses.RequestsMock) -> None:
    moments = iter([0.0, 1.0])
    web.get(LINK, body=PDF)
    with pytest.raises(TryAgain, match="slow"):
        deliver(lambda: next(moments, LONGEST_DOCUMENT + 1))


def test_without_a_token_nothing_is_asked(web: responses.RequestsMock) -> None:
    with pytest.raises(MissingSetting):
        deliver(token="")
    assert not web.calls


# What is kept of it.

NOW = datetime(2026, 11, 24, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("link", "number", "age", "serves"),
    [
        (LINK, "100", timedelta(0), True),
        (LINK, "100", timedelta(days=28, hours=23), True),
        (LINK, "100", timedelta(days=29), False),
        (f"{LINK}?v=2", "100", timedelta(0), False),
        (LINK, "200", timedelta(0), False),
    ],
)
def test_an_upload_serves_its_link_and_number_while_meta_keeps_it(
    link: str, number: str, age: timedelta, serves: bool
) -> None:
    assert Uploaded(LINK, "100", "M1", NOW - age).serves(link, number, NOW) is serves


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("factura-100.pdf", "factura-100.pdf"),
        ("Factura 100", "Factura 100.pdf"),
        ("", "F-1.pdf"),
        ("a/b", "a-b.pdf"),
    ],
)
def test_a_file_is_called_as_the_creditor_calls_it_and_is_a_pdf(told: str, shown: str) -> None:
    assert document_name(debt(document_name=told).terms) == shown


def test_the_head_of_the_message_is_the_upload() -> None:
    place = portfolio(link_bases=("https://pagos.example.com/",))
    send = sent(debt(3, document_url=LINK), portfolios=[place], strategy=WITH_DOCUMENT)
    assert (send.template, send.document) == ("factura_documento", LINK)
    told = reminder_components(replace(send, media_id="M1"), borrower())
    document = {"id": "M1", "filename": "F-1.pdf"}
    assert told[0] == {"type": "header", "parameters": [{"type": "document", "document": document}]}
    with pytest.raises(InvalidInput, match="BAD_PARAMETERS"):
        reminder_components(send, borrower())
