from typing import Any

import pytest
import requests
import responses
from responses.matchers import header_matcher, query_param_matcher

from cobranza.policy.registered import Registered
from cobranza.whatsapp.account import Account
from cobranza.whatsapp.errors import ProviderError

URL = "https://graph.facebook.com/v25.0/200/message_templates"
FIELDS = {"fields": "id,name,language,status,category,quality_score,components", "limit": "200"}
SALDO = {
    "id": "1",
    "name": "saldo_vencido",
    "language": "es",
    "status": "APPROVED",
    "category": "UTILITY",
    "quality_score": {"score": "GREEN", "date": 1_795_370_400},
}
AVISO = {"id": "2", "name": "aviso", "language": "es", "status": "SOMETHING_NEW", "category": "MARKETING"}


def account() -> Account:
    return Account("https://graph.facebook.com", "v25.0", "200", lambda: "a-token", requests.Session())


@responses.activate
def test_all_pages_are_read_by_their_cursor_and_never_by_an_address_that_an_answer_gives() -> None:
    bearer = header_matcher({"Authorization": "Bearer a-token"})
    paging = {"cursors": {"after": "QVFI"}, "next": "https://example.net/steal"}
    first = [bearer, query_param_matcher(FIELDS)]
    second = [bearer, query_param_matcher(FIELDS | {"after": "QVFI"})]
    responses.get(URL, json={"data": [SALDO], "paging": paging}, match=first)
    responses.get(URL, json={"data": [AVISO], "paging": {"cursors": {"after": "x"}}}, match=second)
    assert account().templates() == [
        Registered("aviso", "es", "SOMETHING_NEW", "MARKETING", "UNKNOWN", "2"),
        Registered("saldo_vencido", "es", "APPROVED", "UTILITY", "GREEN", "1"),
    ]


@responses.activate
def test_a_new_template_may_come_back_in_another_category() -> None:
    responses.post(URL, json={"id": "9", "status": "PENDING", "category": "MARKETING"})
    told = account().create({"name": "aviso", "language": "es", "category": "UTILITY"})
    assert told == Registered("aviso", "es", "PENDING", "MARKETING", "UNKNOWN", "9")


@pytest.mark.parametrize(
    ("answer", "code", "title"),
    [
        (
            {"status": 400, "json": {"error": {"code": 100, "message": "Invalid parameter"}}},
            100,
            "Invalid parameter",
        ),
        ({"status": 502, "body": "<html>"}, 0, "JSONDecodeError"),
        ({"status": 500, "json": {}}, 0, "HTTP 500"),
        ({"status": 200, "json": []}, 0, "HTTP 200"),
        ({"body": requests.ConnectionError("cut")}, 0, "ConnectionError"),
    ],
)
@responses.activate
def test_what_is_no_answer_of_metas_is_an_error_and_no_empty_list(
    answer: dict[str, Any], code: int, title: str
) -> None:
    responses.get(URL, **answer)
    told = account().templates()
    assert isinstance(told, ProviderError)
    assert (told.code, told.title) == (code, title)
