from socket import gaierror
from typing import Any

import pytest
import requests
import responses
from responses.matchers import header_matcher, json_params_matcher
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from cobranza.whatsapp.client import (
    CONNECT_TIMEOUT,
    LONGEST_CALL,
    READ_TIMEOUT,
    Accepted,
    Refused,
    Unclear,
    WhatsApp,
    pooled_session,
    read_error,
)
from cobranza.whatsapp.errors import Action, ProviderError, is_known, rule_for, rules
from tests.unit.meta import MESSAGE, SENDER, TAKEN, TOKEN, URL, error_body, send

# Meta's codes as its "Error codes" page groups them, by what we do next.
CODES = {
    Action.RETRY: {4, 80007, 130429, 131056, 131057, 133015, 2494100},
    Action.UNCLEAR: {1, 2, 131000, 131016, 133004},
    Action.STOP_ACCOUNT: {0, 3, 10, 190, 368, 131005, 131031, 131042, 131064, 134011} | set(range(200, 300)),
    Action.STOP_NUMBER: {33, 131037, 131045, 131048} | {133000, 133005, 133006, 133008, 133009, 133010, 133016},
    Action.STOP_TEMPLATE: {131063, 132000, 132001, 132007, 132008, 132015, 132016, 132068, 132069},
    Action.GIVE_UP: {130403, 130472, 130497, 131030, 131047, 131049, 131050},
    Action.OTHER_PHONE: {131021, 131026, 131062},
    Action.OUR_BUG: {100, 131008, 131009, 131035, 131036, 131051, 131052, 131053, 131055}
    | {132005, 132012, 132018, 134100, 134101, 134102, 135000},
}
ALL_CODES = [(code, action) for action, codes in CODES.items() for code in sorted(codes)]


def test_a_taken_message_has_its_id_and_the_recipients_name_at_whatsapp(meta: responses.RequestsMock) -> None:
    meta.post(URL, json=TAKEN)
    assert send() == Accepted("wamid.HBgTEST")


def test_the_request_is_what_meta_expects(meta: responses.RequestsMock) -> None:
    bearer = header_matcher({"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
    meta.post(URL, json=TAKEN, match=[bearer, json_params_matcher(MESSAGE)])
    assert isinstance(send(), Accepted)
    assert [call.request.url for call in meta.calls] == [URL]


def test_no_call_waits_for_ever(meta: responses.RequestsMock) -> None:
    meta.post(URL, json=TAKEN)
    send()
    sent: Any = meta.calls[0].request
    assert sent.req_kwargs["timeout"] == (CONNECT_TIMEOUT, READ_TIMEOUT)
    assert LONGEST_CALL >= CONNECT_TIMEOUT + READ_TIMEOUT


@pytest.mark.parametrize(
    ("code", "header", "wait"),
    [
        (130429, "", 30),
        (130429, "120", 120),
        (130429, "5", 30),
        (130429, "86400", 900),
        (130429, "soon", 30),
        (131026, "120", 0),
    ],
)
def test_a_refusal_waits_as_long_as_the_table_and_the_answer_say(
    meta: responses.RequestsMock, code: int, header: str, wait: int
) -> None:
    meta.post(URL, status=429, json=error_body(code), headers={"Retry-After": header})
    answer = send()
    assert isinstance(answer, Refused)
    assert answer.retry_after == wait


def test_a_session_for_many_threads_keeps_nothing_of_an_answer(meta: responses.RequestsMock) -> None:
    meta.post(URL, json=TAKEN, headers={"Set-Cookie": "datr=x; Path=/"})
    session = pooled_session(20)
    client = WhatsApp("https://graph.facebook.com", "v25.0", lambda: {"access_token": TOKEN}, session)
    for _ in range(2):
        assert isinstance(client.send(SENDER, MESSAGE), Accepted)
    assert not session.cookies
    assert ["Cookie" in call.request.headers for call in meta.calls] == [False, False]


@pytest.mark.parametrize("contacts", [[], [{}], [{"input": "+525555550100", "user_id": "MX.1"}], None])
def test_a_taken_message_may_hide_how_whatsapp_names_the_recipient(
    meta: responses.RequestsMock, contacts: Any
) -> None:
    meta.post(URL, json=TAKEN | {"contacts": contacts})
    assert send() == Accepted("wamid.HBgTEST")


@pytest.mark.parametrize("status", ["held_for_quality_assessment", "paused"])
def test_a_message_that_is_held_was_taken(meta: responses.RequestsMock, status: str) -> None:
    meta.post(URL, json=TAKEN | {"messages": [{"id": "wamid.HBgTEST", "message_status": status}]})
    assert isinstance(send(), Accepted)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"success": True},
        {"messages": []},
        {"messages": None},
        {"messages": "wamid.HBgTEST"},
        {"messages": [{}]},
        {"messages": [None]},
        {"messages": [{"id": ""}]},
        {"messages": [{"id": None}]},
        [],
        "ok",
        None,
    ],
    ids=repr,
)
def test_a_200_that_we_cannot_read_may_have_been_taken(meta: responses.RequestsMock, body: Any) -> None:
    meta.post(URL, json=body)
    answer = send()
    assert isinstance(answer, Unclear)
    assert answer.error.code == 0


def test_a_200_that_is_no_json_may_have_been_taken(meta: responses.RequestsMock) -> None:
    meta.post(URL, body=b"\xff\xfe<html>", content_type="text/html")
    assert isinstance(send(), Unclear)


# Meta's errors.


def test_every_code_we_know_is_in_the_table() -> None:
    told = [code for rule in rules() for code in range(rule.code, rule.last + 1)]
    assert sorted(told) == sorted(code for code, _ in ALL_CODES)
    assert len(told) == len(set(told))


@pytest.mark.parametrize(("code", "action"), ALL_CODES)
def test_a_code_asks_for_one_action(code: int, action: Action) -> None:
    assert rule_for(code).action is action
    assert is_known(code)


@pytest.mark.parametrize(("code", "action"), [each for each in ALL_CODES if each[0] not in range(202, 299)])
@pytest.mark.parametrize("status", [400, 500])
def test_the_code_decides_and_not_the_http_status(
    meta: responses.RequestsMock, status: int, code: int, action: Action
) -> None:
    meta.post(URL, json=error_body(code), status=status)
    answer = send()
    said = ProviderError(code, f"(#{code}) Something went wrong", "What Meta says about it", "Aabc123")
    if action is Action.UNCLEAR:
        assert answer == Unclear(said)
    else:
        assert answer == Refused(action, said, rule_for(code).retry_after)


@pytest.mark.parametrize("code", CODES[Action.RETRY])
def test_who_may_try_again_knows_when(meta: responses.RequestsMock, code: int) -> None:
    meta.post(URL, json=error_body(code), status=400)
    answer = send()
    assert isinstance(answer, Refused)
    assert 0 < answer.retry_after <= 900


@pytest.mark.parametrize("code", [999_999, 131999, 7, 199, 300, -1])
def test_a_code_nobody_knows_is_given_up_with_its_number_and_words(
    meta: responses.RequestsMock, code: int
) -> None:
    meta.post(URL, json=error_body(code, message="News"), status=400)
    error = ProviderError(code, "News", "What Meta says about it", "Aabc123")
    assert not is_known(code)
    assert send() == Refused(Action.GIVE_UP, error, 0)


@pytest.mark.parametrize("status", [400, 404, 429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body",
    ["<html><h1>Bad gateway</h1></html>", "", '{"message": "Endpoint request timed out"}', "[]", '{"error"'],
)
def test_an_error_that_is_not_metas_may_have_come_after_the_message_left(
    meta: responses.RequestsMock, status: int, body: str
) -> None:
    meta.post(URL, body=body, status=status)
    answer = send()
    assert isinstance(answer, Unclear)
    assert answer.error.code == 0
    assert str(status) in answer.error.title


@pytest.mark.parametrize(
    "error", [None, "down", [], {}, {"code": None}, {"code": "190"}, {"message": "no code"}], ids=repr
)
def test_an_error_without_a_code_is_unclear(meta: responses.RequestsMock, error: Any) -> None:
    assert read_error(error) is None
    meta.post(URL, json={"error": error}, status=500)
    assert isinstance(send(), Unclear)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 190}, ProviderError(190, "", "")),
        ({"code": 190, "error_data": None}, ProviderError(190, "", "")),
        ({"code": 190, "error_data": "text"}, ProviderError(190, "", "")),
        ({"code": 190, "error_data": {}}, ProviderError(190, "", "")),
        (
            {"code": 190, "message": "m" * 999, "error_data": {"details": "d" * 999}, "fbtrace_id": "t" * 999},
            ProviderError(190, "m" * 200, "d" * 500, "t" * 64),
        ),
    ],
)
def test_an_error_is_read_as_far_as_it_goes(error: dict[str, Any], expected: ProviderError) -> None:
    assert read_error(error) == expected


# The network.


def cannot_connect(reason: Exception) -> requests.ConnectionError:
    """As requests raises it when urllib3 got no connection."""
    return requests.ConnectionError(MaxRetryError(pool(), URL, reason))


def pool() -> HTTPSConnectionPool:
    return HTTPSConnectionPool("graph.facebook.com")


NEVER_LEFT = {
    "connect timeout": requests.ConnectTimeout(),
    "connection refused": cannot_connect(NewConnectionError(HTTPSConnection("x"), "Connection refused")),
    "no such name": cannot_connect(NameResolutionError("x", HTTPSConnection("x"), gaierror())),
}
MAY_HAVE_LEFT = {
    "read timeout": requests.ReadTimeout(f"Bearer {TOKEN}"),
    "reset": requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))),
    "cut": requests.exceptions.ChunkedEncodingError(ProtocolError("Connection broken")),
    "nothing is known": requests.ConnectionError(),
    "retries": cannot_connect(ProtocolError("Connection aborted.")),
    "proxy": requests.exceptions.ProxyError(),
}


@pytest.mark.parametrize("error", NEVER_LEFT.values(), ids=NEVER_LEFT)
def test_a_request_that_never_left_may_be_tried_again(meta: responses.RequestsMock, error: Exception) -> None:
    meta.post(URL, body=error)
    answer = send()
    assert isinstance(answer, Refused)
    assert answer.action is Action.RETRY
    assert answer.retry_after > 0
    assert answer.error.code == 0


@pytest.mark.parametrize("error", MAY_HAVE_LEFT.values(), ids=MAY_HAVE_LEFT)
def test_a_request_that_may_have_left_is_never_tried_again(meta: responses.RequestsMock, error: Exception) -> None:
    meta.post(URL, body=error)
    answer = send()
    assert isinstance(answer, Unclear)
    assert answer.error.title == type(error).__name__
    assert len(meta.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(meta: responses.RequestsMock, status: int) -> None:
    """The token goes to Meta and to nobody that Meta names."""
    elsewhere = "https://graph.example.net/messages"
    meta.post(URL, status=status, headers={"Location": elsewhere}, json={})
    meta.post(elsewhere, json=TAKEN)
    meta.get(elsewhere, json=TAKEN)
    assert isinstance(send(), Unclear)
    assert [call.request.url for call in meta.calls] == [URL]
